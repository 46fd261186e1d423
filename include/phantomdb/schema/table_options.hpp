/// @file Defines what can be chosen about a table, by programs as by SQL.
#pragma once

#include <phantomdb/codec/engine.hpp>

#include <cstdint>

namespace phantomdb::schema {

/// The engine that holds a table's or index's bytes; see codec/engine.hpp.
using codec::engine;

/// What happens to the rows that refer to a row which goes or changes.
enum class referential_action : std::uint8_t { no_action, restrict_, cascade, set_null, set_default };

}  // namespace phantomdb::schema
