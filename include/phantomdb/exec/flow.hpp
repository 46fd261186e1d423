/// @file Defines what flows between operators, and the vocabulary operators are written in.
///
/// An operator pushes *units* into a sink: `run(context, sink)`, where `sink(unit)` answers whether to go on. In a typed plan a
/// unit is one row, known to the compiler; in a plan made at run time it is a `chunk` of up to 2048 rows. Operators are
/// written once, over a **flow**: `row_flow` (exec/row_flow.hpp) or `chunk_flow` (exec/chunk_flow.hpp). A flow offers
///
///     unit, row                      what is pushed; one row of it
///     keep_if(context, unit, predicate, sink)            pass on the rows a predicate holds for
///     transform(context, unit, projection, sink)         pass on what a projection makes of each row
///     for_each(unit, f)                                  f(row) for each row, in order
///     key_reader<Keys>                                   prepare(context, unit), then get(row): a key to hash and compare
///     row_store<Child>                                   keeps rows: push(row) → number
///     joiner<Left, Right, Kind, Condition>               pairs rows and applies the join's kind and condition
///     emitter<Shape>                                     passes on rows made one by one
///
/// so that `hash_join`, `aggregate` or `sort` read the same whether one inlined instruction or a loop over vectors is behind
/// each word.
#pragma once

#include <concepts>
#include <cstdint>

namespace phantomdb::exec {

/// A sink's answer. `stop` ends the statement's (or a subquery's) run early and is no error.
enum class flow_signal : bool { more, stop };

}  // namespace phantomdb::exec
