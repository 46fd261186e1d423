/// @file Defines `row_flow`: the words operators are written in (exec/flow.hpp), for rows whose shape the compiler knows.
///
/// A row is an environment of sources: a table's row, a joined pair, the results of an aggregate. `get<S, C>(row)` finds
/// column C of source S at compile time. Everything here is meant to be inlined away.
#pragma once

#include <phantomdb/base/arena.hpp>
#include <phantomdb/exec/flow.hpp>
#include <phantomdb/exec/group_table.hpp>
#include <phantomdb/exec/typed_value.hpp>
#include <phantomdb/query/ir.hpp>
#include <phantomdb/value/compare.hpp>

#include <cstddef>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace phantomdb::exec {

using query::node;

/// The columns of one source. `Cells` has `get<C>()`, and `kept(arena&)` where it borrows from the batch it came in.
template <node Source, class Cells>
struct source_row {
    Cells cells;

    template <node S>
    static constexpr bool has = S == Source;
    template <node S, node C>
    auto get() const {
        return cells.template get<C>();
    }
};

template <class Left, class Right>
struct joined_row {
    Left left;
    Right right;

    template <node S>
    static constexpr bool has = Left::template has<S> || Right::template has<S>;
    template <node S, node C>
    auto get() const {
        if constexpr (Left::template has<S>) return left.template get<S, C>();
        else return right.template get<S, C>();
    }
};

/// The optional side of an outer join: every column may be NULL.
template <class Row>
struct outer_row {
    Row row{};
    bool absent = true;

    template <node S>
    static constexpr bool has = Row::template has<S>;
    template <node S, node C>
    auto get() const {
        using T = plain_of<decltype(row.template get<S, C>())>;
        if (absent) return nullable<T>();
        return nullable<T>(row.template get<S, C>());
    }
};

/// Computed columns.
template <class... Ts>
struct tuple_cells {
    std::tuple<Ts...> values;
    template <node C>
    auto get() const {
        return std::get<static_cast<std::size_t>(C)>(values);
    }
};

namespace detail {

template <class T>
T copied(arena& memory, T const& v) {
    if constexpr (std::is_same_v<plain_of<T>, std::string_view>) {
        if (missing(v)) return v;
        return T(memory.copy(plain(v)));
    } else {
        return v;
    }
}

/// Hash and equality of plan values, as GROUP BY means it: NaN equals NaN, 1.0 equals 1.00, a month is 30 days.
template <class T>
std::uint64_t hash_value(T const& v) {
    if constexpr (std::is_integral_v<T>) return hash_of(static_cast<std::uint64_t>(v));
    else if constexpr (std::is_same_v<T, interval>) return hash_of(type_id::interval, datum{v});
    else if constexpr (std::is_same_v<T, numeric>) return hash_of(type_id::numeric, datum{v});
    else return hash_of(v);
}
template <class T>
bool equal_values(T const& a, T const& b) {
    if constexpr (std::is_integral_v<T> || std::is_same_v<T, std::string_view> || std::is_same_v<T, uuid>)
        return a == b;
    else if constexpr (std::is_same_v<T, double>) return compare(a, b) == 0;
    else if constexpr (std::is_same_v<T, interval>) return equals(type_id::interval, datum{a}, datum{b});
    else return equals(type_id::numeric, datum{a}, datum{b});
}

}  // namespace detail

/// A row that outlives the batch it came in: what it borrows is copied. Bytes of a store are valid until its cursor moves on.
template <class Cells, node S>
source_row<S, Cells> kept(arena& memory, source_row<S, Cells> const& row) {
    if constexpr (requires { row.cells.kept(memory); }) return {row.cells.kept(memory)};
    else return row;
}
template <node S, class... Ts>
source_row<S, tuple_cells<Ts...>> kept(arena& memory, source_row<S, tuple_cells<Ts...>> const& row) {
    return {{std::apply([&](auto const&... v) { return std::tuple<Ts...>(detail::copied(memory, v)...); },
                        row.cells.values)}};
}
template <class L, class R>
joined_row<L, R> kept(arena& memory, joined_row<L, R> const& row) {
    return {kept(memory, row.left), kept(memory, row.right)};
}
template <class R>
outer_row<R> kept(arena& memory, outer_row<R> const& row) {
    if (row.absent) return row;
    return {kept(memory, row.row), false};
}

/// A `group_table` policy for tuples of plan values.
template <class... Ts>
class typed_keys {
public:
    using key = std::tuple<Ts...>;

    std::uint64_t hash(key const& k) const {
        std::uint64_t running = 0x243f6a8885a308d3u;
        std::apply(
            [&](auto const&... v) {
                ((running = mix_hash(running, missing(v) ? 0x9216d5d98979fb1bu : detail::hash_value(plain(v)))), ...);
            },
            k);
        return running;
    }
    bool equal(std::uint32_t number, key const& k) const {
        return same(kept_[number], k, std::index_sequence_for<Ts...>{});
    }
    void keep(key const& k) {
        kept_.push_back(std::apply([&](auto const&... v) { return key(detail::copied(memory_, v)...); }, k));
    }
    key const& operator[](std::size_t number) const { return kept_[number]; }

private:
    template <std::size_t... I>
    static bool same(key const& a, key const& b, std::index_sequence<I...>) {
        return (... &&
                (missing(std::get<I>(a)) == missing(std::get<I>(b)) &&
                 (missing(std::get<I>(a)) || detail::equal_values(plain(std::get<I>(a)), plain(std::get<I>(b))))));
    }
    std::vector<key> kept_;
    arena memory_;
};

template <class Row>
struct row_flow {
    using row = Row;
    using unit = Row;

    template <class Context, class Predicate, class Sink>
    static flow_signal keep_if(Context& context, Row& unit, Predicate& predicate, Sink& sink) {
        return predicate(context, unit) ? sink(unit) : flow_signal::more;
    }
    template <class Context, class Projection, class Sink>
    static flow_signal transform(Context& context, Row& unit, Projection& projection, Sink& sink) {
        auto made = projection(context, unit);
        return sink(made);
    }
    template <class F>
    static void for_each(Row const& unit, F&& f) {
        f(unit);
    }
    template <class Keep, class Sink>
    static flow_signal keep_rows(Row& unit, Keep&& keep, Sink& sink) {
        return keep(unit) ? sink(unit) : flow_signal::more;
    }
    template <class Sink>
    static flow_signal cut(Row& unit, std::uint64_t, std::uint64_t, Sink& sink) {
        return sink(unit);
    }
    static std::uint64_t size(Row const&) { return 1; }

    class row_store {
    public:
        template <class Context>
        std::size_t push(Context&, Row const& r) {
            rows_.push_back(kept(memory_, r));
            return rows_.size() - 1;
        }
        std::size_t size() const { return rows_.size(); }
        Row& operator[](std::size_t number) { return rows_[number]; }

    private:
        std::vector<Row> rows_;
        arena memory_;
    };
    struct row_stores {
        row_store make() const { return {}; }
    };

    /// Passes rows on as they are.
    struct emitter {
        template <class Context, class Sink>
        flow_signal put(Context&, Row& r, Sink& sink) {
            return sink(r);
        }
        template <class Context, class Sink>
        flow_signal put(Context&, Row&& r, Sink& sink) {
            return sink(r);
        }
        template <class Sink>
        flow_signal flush(Sink&) {
            return flow_signal::more;
        }
    };
    struct emitters {
        using flow = row_flow;
        emitter make() const { return {}; }
    };
};

/// Pairs rows as the join's kind asks for; see `chunk_flow::joiner`. `Condition` is called with (context, joined row).
template <query::join_kind Kind, class Left, class Right, class Condition>
class row_joiner {
    static constexpr bool existence = Kind == query::join_kind::semi || Kind == query::join_kind::anti;
    static constexpr bool optional_right = Kind == query::join_kind::left_outer || Kind == query::join_kind::full_outer;
    static_assert(Kind != query::join_kind::full_outer, "phantomdb: full outer joins are not typed");

public:
    using row = std::conditional_t<
        existence, Left,
        std::conditional_t<optional_right, joined_row<Left, outer_row<Right>>, joined_row<Left, Right>>>;

    explicit row_joiner(Condition& condition) : condition_(condition) {}

    void begin(Left const& unit) {
        unit_ = &unit;
        matched_ = false;
    }
    bool wants_more(Left const&) const { return !existence || !matched_; }

    template <class Context, class Sink>
    flow_signal candidate(Context& context, Left const& left, Right const& right, std::size_t, Sink& sink) {
        joined_row<Left, Right> pair{left, right};
        if (!condition_(context, pair)) return flow_signal::more;
        matched_ = true;
        if constexpr (existence) {
            return flow_signal::more;
        } else if constexpr (optional_right) {
            row made{left, {right, false}};
            return sink(made);
        } else {
            return sink(pair);
        }
    }
    template <class Context, class Sink>
    flow_signal end(Context&, Sink& sink) {
        if constexpr (existence) {
            Left passed = *unit_;
            return matched_ == (Kind == query::join_kind::semi) ? sink(passed) : flow_signal::more;
        } else if constexpr (optional_right) {
            if (matched_) return flow_signal::more;
            row made{*unit_, {}};
            return sink(made);
        } else {
            return flow_signal::more;
        }
    }
    template <class Context, class Store, class Sink>
    flow_signal unmatched_right(Context&, Store const&, Sink&) {
        return flow_signal::more;
    }

private:
    Condition& condition_;
    Left const* unit_ = nullptr;
    bool matched_ = false;
};

template <query::join_kind Kind, class Left, class Right, class Condition>
struct row_joiners {
    using joiner = row_joiner<Kind, Left, Right, Condition>;
    using flow = row_flow<typename joiner::row>;
    Condition condition;
    joiner make() { return joiner(condition); }
};

}  // namespace phantomdb::exec
