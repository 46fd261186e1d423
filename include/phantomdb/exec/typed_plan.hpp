/// @file Defines `typed_plan`: turns a frozen plan into a tree of operator templates that the compiler fuses.
///
///     struct scope { static constexpr auto const& query = …; static constexpr auto const& plan = …; using tables = stored_tables; };
///     typed_plan<scope>::run(context, [](auto const& row) { use(row.template get<0>()); return flow_signal::more; });
///
/// The same operators run SQL (exec/plan_compiler.hpp); here their parts are expressions the compiler can see through.
#pragma once

#include <phantomdb/codec/key.hpp>
#include <phantomdb/codec/row.hpp>
#include <phantomdb/exec/functions/aggregate.hpp>
#include <phantomdb/exec/operators/aggregate.hpp>
#include <phantomdb/exec/operators/distinct.hpp>
#include <phantomdb/exec/operators/filter.hpp>
#include <phantomdb/exec/operators/hash_join.hpp>
#include <phantomdb/exec/operators/limit.hpp>
#include <phantomdb/exec/operators/lookup_join.hpp>
#include <phantomdb/exec/operators/loop_join.hpp>
#include <phantomdb/exec/operators/project.hpp>
#include <phantomdb/exec/operators/sort.hpp>
#include <phantomdb/exec/operators/table_scan.hpp>
#include <phantomdb/exec/stored_reader.hpp>
#include <phantomdb/exec/typed_expression.hpp>

#include <array>
#include <tuple>
#include <utility>
#include <vector>

namespace phantomdb::exec {

using query::slice;

/// The tables policy of a database: every table's rows are in the store. A policy may keep some tables elsewhere:
/// `in_memory<T>` true, `rows<T>(view)` a span, and `cells<Scope, T>{&row}` an object with `get<C>()`; see database/rows.hpp.
/// `reader` reads those that are stored.
struct stored_tables {
    using reader = stored_reader;
    template <node Table>
    static constexpr bool in_memory = false;
};

namespace detail {

template <class Scope, node N>
inline constexpr plan::plan_node const& plan_at = Scope::plan.nodes[static_cast<std::size_t>(N)];
template <class Scope, node R>
inline constexpr query::relation const& relation_at = Scope::query.relations[static_cast<std::size_t>(R)];

/// Calls f.operator()<node...>() with the entries of a run of one of the arrays named `lists`.
template <auto const& Lists, slice S, class F>
constexpr decltype(auto) with_nodes(F&& f) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) -> decltype(auto) {
        return f.template operator()<Lists[static_cast<std::size_t>(S.first) + I]...>();
    }(std::make_index_sequence<static_cast<std::size_t>(S.count)>{});
}

/// The column types of a source as a `codec::typed_row`.
template <class Scope, node Source>
struct row_codec_of {
    static constexpr slice columns = Scope::query.sources[static_cast<std::size_t>(Source)].columns;
    template <std::size_t... I>
    static auto pick(std::index_sequence<I...>)
        -> codec::typed_row<Scope::query.columns[static_cast<std::size_t>(columns.first) + I].type.id...>;
    using type = decltype(pick(std::make_index_sequence<static_cast<std::size_t>(columns.count)>{}));
};

/// A stored row: fields are decoded when they are read. Borrowed from the batch it came in.
template <class Scope, node Source>
struct stored_cells {
    std::string_view bytes;
    schema::table_layout const* layout = nullptr;

    stored_cells kept(arena& memory) const { return {memory.copy(bytes), layout}; }

    template <node C>
    auto get() const {
        using codec_type = typename row_codec_of<Scope, Source>::type;
        constexpr auto first =
            static_cast<std::size_t>(Scope::query.sources[static_cast<std::size_t>(Source)].columns.first);
        constexpr auto const& column = Scope::query.columns[first + static_cast<std::size_t>(C)];
        constexpr auto ordinal = static_cast<std::size_t>(C);
        using T = physical_type<column.type.id>;
        if (codec::column_count(bytes) != codec_type::size) [[unlikely]]
            return short_row<T, column.nullable>(bytes, layout, ordinal);
        if constexpr (column.nullable) {
            if (codec_type::template is_null<ordinal>(bytes)) return nullable<T>();
            return nullable<T>(unpack<T>(codec_type::template field<ordinal>(bytes)));
        } else {
            return unpack<T>(codec_type::template field<ordinal>(bytes));
        }
    }

private:
    /// By value, so that the row stays in registers.
    template <class T, bool Nullable>
    [[gnu::noinline, gnu::cold]] static auto short_row(std::string_view bytes, schema::table_layout const* layout,
                                                       std::size_t ordinal) {
        nullable<T> v = from_nullable_datum<T>(read_column(*layout, bytes, ordinal));
        if constexpr (Nullable) return v;
        else return v.value;
    }
};

/// The conditions in a run of the plan's lists, over one row.
template <class Scope, slice S>
struct typed_condition {
    template <class Context, class Row>
    bool operator()(Context& context, Row const& row) const {
        return with_nodes<Scope::plan.lists, S>(
            [&]<node... E>() { return (... && holds(evaluate<Scope, E>(context, row))); });
    }
};

/// Two runs of conditions.
template <class Scope, slice First, slice Second>
struct typed_conditions {
    template <class Context, class Row>
    bool operator()(Context& context, Row const& row) const {
        return typed_condition<Scope, First>{}(context, row) && typed_condition<Scope, Second>{}(context, row);
    }
};

/// SELECT without FROM.
struct typed_one_row {
    using flow = row_flow<empty_row>;
    template <class Context, class Sink>
    flow_signal run(Context&, Sink&& sink) {
        empty_row unit;
        return sink(unit);
    }
};

/// Expressions as the columns of a source.
template <class Scope, node Source, slice S, class Context>
struct typed_projection {
    template <class Row>
    static auto make(Context& context, Row const& row) {
        return with_nodes<Scope::query.lists, S>([&]<node... E>() {
            using cells = tuple_cells<decltype(evaluate<Scope, E>(context, row))...>;
            return source_row<Source, cells>{cells{{evaluate<Scope, E>(context, row)...}}};
        });
    }
    template <class Row>
    auto operator()(Context& context, Row const& row) const {
        return make(context, row);
    }
    template <class Flow>
    using flow_after = row_flow<decltype(make(std::declval<Context&>(), std::declval<typename Flow::row const&>()))>;
};

/// Keys to hash: expressions E over rows of type Row.
template <class Scope, class Context, class Row, node... E>
struct typed_key_reader {
    using key = std::tuple<decltype(evaluate<Scope, E>(std::declval<Context&>(), std::declval<Row const&>()))...>;
    template <class K>
    struct policy_of;
    template <class... Ts>
    struct policy_of<std::tuple<Ts...>> {
        using type = typed_keys<Ts...>;
    };
    void prepare(Context&, Row const&) {}
    key get(Context& context, Row const& row) { return key(evaluate<Scope, E>(context, row)...); }
    auto make_table() const { return group_table<typename policy_of<key>::type>(); }
    static constexpr std::size_t size() { return sizeof...(E); }
    template <class... Ts>
    static bool is_null(std::tuple<Ts...> const& k) {
        return std::apply([](auto const&... v) { return (false || ... || missing(v)); }, k);
    }
};

/// The same keys, each of a type that can be null.
template <class Reader>
struct nullable_key_reader : Reader {
    template <class K>
    struct with_nulls;
    template <class... Ts>
    struct with_nulls<std::tuple<Ts...>> {
        using key = std::tuple<nullable<plain_of<Ts>>...>;
        using policy = typed_keys<nullable<plain_of<Ts>>...>;
    };
    using key = typename with_nulls<typename Reader::key>::key;
    template <class Context, class Row>
    key get(Context& context, Row const& row) {
        return key(Reader::get(context, row));
    }
    auto make_table() const { return group_table<typename with_nulls<typename Reader::key>::policy>(); }
};

/// The keys of one side of a hash join: as they are, or all nullable where the other side's differ in that.
template <class Reader, class Other>
using join_key_reader =
    std::conditional_t<std::is_same_v<typename Reader::key, typename Other::key>, Reader, nullable_key_reader<Reader>>;

/// No keys: one group.
template <class Context, class Row>
struct no_keys {
    static constexpr bool none_at_all = true;
    struct nothing {};
    nothing make_table() const { return {}; }
};

/// Every column of a row of one source, as a key.
template <node Source, std::size_t Width, class Context, class Row>
struct whole_row_key {
    template <std::size_t... I>
    static auto read(Row const& row, std::index_sequence<I...>) {
        return std::make_tuple(row.template get<Source, static_cast<node>(I)>()...);
    }
    using key = decltype(read(std::declval<Row const&>(), std::make_index_sequence<Width>{}));
    template <class K>
    struct policy_of;
    template <class... Ts>
    struct policy_of<std::tuple<Ts...>> {
        using type = typed_keys<Ts...>;
    };
    void prepare(Context&, Row const&) {}
    key get(Context&, Row const& row) { return read(row, std::make_index_sequence<Width>{}); }
    auto make_table() const { return group_table<typename policy_of<key>::type>(); }
};

/// Sort keys as bytes.
template <class Scope, slice S>
struct typed_order {
    template <class Context, class Row>
    void prepare(Context&, Row const&) {}
    template <class Context, class Row>
    void append(Context& context, std::string& out, Row const& row) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (append_one<static_cast<std::size_t>(S.first) + I>(context, out, row), ...);
        }(std::make_index_sequence<static_cast<std::size_t>(S.count)>{});
    }

private:
    template <std::size_t K, class Context, class Row>
    static void append_one(Context& context, std::string& out, Row const& row) {
        constexpr auto const& key = Scope::query.sort_keys[K];
        constexpr type_id type = expression_at<Scope, key.expression>.type.id;
        codec::append_key(out, type, to_nullable_datum(evaluate<Scope, key.expression>(context, row)),
                          codec::key_order{key.descending, key.nulls_first, false});
    }
};

/// A row count: LIMIT, OFFSET. Negative: none.
template <class Scope, node E, bool Offset>
struct typed_count {
    template <class Context>
    std::int64_t count(Context& context) const {
        if constexpr (E == none) {
            return -1;
        } else {
            auto v = evaluate<Scope, E>(context, empty_row{});
            if (missing(v)) return -1;
            if (plain(v) < 0) {
                throw Offset ? error(errc::invalid_offset, "OFFSET must not be negative")
                             : error(errc::invalid_limit, "LIMIT must not be negative");
            }
            return static_cast<std::int64_t>(plain(v));
        }
    }
};
template <class Scope, node Limit, node Offset>
struct typed_bound {
    template <class Context>
    std::int64_t count(Context& context) const {
        std::int64_t most = typed_count<Scope, Limit, false>{}.count(context);
        std::int64_t skipped = typed_count<Scope, Offset, true>{}.count(context);
        std::int64_t sum;
        if (most < 0 || skipped < 0) return most;
        return __builtin_add_overflow(most, skipped, &sum) ? -1 : sum;
    }
};

/// The bounds of a scan, from parameters, literals or a row that drives it.
template <class Scope, node N>
struct typed_bounds {
    static constexpr auto const& p = plan_at<Scope, N>;
    std::array<nullable_datum, static_cast<std::size_t>(p.equal.count)> equal{};

    template <class Context, class Row>
    scan_bounds at(Context& context, Row const& row) {
        scan_bounds made;
        with_nodes<Scope::plan.lists, p.equal>([&]<node... E>() {
            [[maybe_unused]] std::size_t i = 0;
            ((equal[i++] = to_nullable_datum(evaluate<Scope, E>(context, row))), ...);
        });
        made.equal = equal;
        if constexpr (p.lower.expression != none) {
            made.lower = to_nullable_datum(evaluate<Scope, p.lower.expression>(context, row));
            made.lower_inclusive = p.lower.inclusive;
        }
        if constexpr (p.upper.expression != none) {
            made.upper = to_nullable_datum(evaluate<Scope, p.upper.expression>(context, row));
            made.upper_inclusive = p.upper.inclusive;
        }
        return made;
    }
    template <class Context>
    scan_bounds evaluate_alone(Context& context) {
        return at(context, empty_row{});
    }
};

template <class Scope, node N>
struct scan_start : typed_bounds<Scope, N> {
    template <class Context>
    scan_bounds evaluate(Context& context) {
        return this->evaluate_alone(context);
    }
};

/// A loop over at most 2^31 rows: `loop(sink)`, on a copy of the aggregate's states where the sink lends one.
template <class Context, class Sink, class Loop>
[[gnu::always_inline]] inline flow_signal with_copied_states([[maybe_unused]] Context& context, Sink& sink,
                                                             Loop&& loop) {
    if constexpr (requires { sink.copied_states(); }) {
        auto states = sink.copied_states();
        lone_group_sink<Context, decltype(states)> into{context, states};
        flow_signal const answer = loop(into);
        states.settle();
        sink.state = states;
        return answer;
    } else {
        return loop(sink);
    }
}

/// Stored rows one by one.
template <class Scope, node Source>
struct stored_rows {
    using row = source_row<Source, stored_cells<Scope, Source>>;
    using flow = row_flow<row>;

    template <class Context>
    static auto const& view(Context& context) {
        return context.view;
    }
    template <class Context, class Sink>
    [[gnu::always_inline]] flow_signal pass(Context& context, schema::table_layout const& layout,
                                            storage::entry_run const& rows, Sink& sink) {
        return with_copied_states(context, sink, [&](auto& into) { return each(layout, rows, into); });
    }

private:
    template <class Sink>
    [[gnu::always_inline]] static flow_signal each(schema::table_layout const& layout, storage::entry_run const& rows,
                                                   Sink& sink) {
        auto const end = rows.end();
        for (auto at = rows.begin(); at != end; ++at) {
            row unit{{(*at).value, &layout}};
            if (sink(unit) == flow_signal::stop) return flow_signal::stop;
        }
        return flow_signal::more;
    }
};

/// A scan of a table that the policy keeps in memory.
template <class Scope, node Source, node Table, class Context>
struct memory_scan {
    using cells = typename Scope::tables::template cells<Scope, Table>;
    using flow = row_flow<source_row<Source, cells>>;
    static constexpr std::size_t rows_at_once = std::size_t{1} << 20;

    template <class Sink>
    flow_signal run(Context& context, Sink&& sink) {
        auto const rows = Scope::tables::template rows<Table>(context.view);
        for (std::size_t at = 0; at < rows.size(); at += rows_at_once) {
            auto const some = rows.subspan(at, std::min(rows_at_once, rows.size() - at));
            auto const answer = with_copied_states(context, sink, [&](auto& into) {
#pragma GCC unroll 4  // what a row costs is about what the loop does
                for (auto const& row : some) {
                    source_row<Source, cells> unit{cells{&row}};
                    if (into(unit) == flow_signal::stop) return flow_signal::stop;
                }
                return flow_signal::more;
            });
            if (answer == flow_signal::stop) return answer;
        }
        return flow_signal::more;
    }
};

/// The partner rows of an index lookup.
template <class Scope, node N>
struct typed_lookup {
    static constexpr node source = relation_at<Scope, plan_at<Scope, N>.relation>.source;
    using row = source_row<source, stored_cells<Scope, source>>;

    typename Scope::tables::reader reader;
    typed_bounds<Scope, N> bounds{};

    template <class Context, class Row>
    void prepare(Context&, Row const&) {}
    template <class Context, class Row, class F>
    void visit(Context& context, Row const& driving, F&& f) {
        reader.read(context.view, bounds.at(context, driving), [&](storage::entry_run const& found) {
            for (auto const stored : found) {
                if (f(row{{stored.value, &reader.layout()}}) == flow_signal::stop) return flow_signal::stop;
            }
            return flow_signal::more;
        });
    }
};

/// The state and input of one aggregate call.
template <class Scope, node E>
struct typed_aggregate {
    static constexpr auto const& e = expression_at<Scope, E>;
    using definition = typed_aggregate_of<e.aggregate>;
    using state = typename definition::state;
    static_assert(e.order.count == 0, "phantomdb: ORDER BY inside an aggregate is not typed");

    template <class Context, class Row>
    static void add(Context& context, state& into, Row const& row) {
        if constexpr (e.filter != none) {
            if (!holds(evaluate<Scope, e.filter>(context, row))) return;
        }
        with_arguments<Scope, E>(
            [&]<node... A>() { add_values(context.call, into, evaluate<Scope, A>(context, row)...); });
    }
    template <class... Ts>
    static void add_values(call_context& call, state& into, Ts const&... values) {
        if constexpr (signature_of(e.aggregate).is_strict()) {
            if ((false || ... || missing(values))) return;
        }
        add_with(&definition::add, call, into, values...);
    }
    /// Whether rows can be added under a condition without a branch: the arguments are at hand and cannot fail, so that it
    /// does no harm to read those of a row that is left out.
    static constexpr bool masks = [] {
        if (e.flag || e.filter != none) return false;
        for (node i = 0; i < e.arguments.count; ++i) {
            node const argument = Scope::query.lists[static_cast<std::size_t>(e.arguments.first + i)];
            auto const kind = Scope::query.expressions[static_cast<std::size_t>(argument)].kind;
            if (kind != query::expression_kind::column && kind != query::expression_kind::parameter) return false;
        }
        return requires { &definition::add_if; };
    }();
    static void settle(state& of) {
        if constexpr (requires { definition::settle(of); }) definition::settle(of);
    }
    template <class Context, class Row>
    static void add_if(Context& context, bool keep, state& into, Row const& row) {
        with_arguments<Scope, E>(
            [&]<node... A>() { add_values_if(&definition::add_if, keep, into, evaluate<Scope, A>(context, row)...); });
    }
    static auto finish(call_context& call, state const& kept) {
        // A copy where that is cheap: a state whose address goes nowhere stays in registers while rows are added.
        using copy = std::conditional_t<std::is_trivially_copyable_v<state>, state, state const&>;
        copy s = kept;
        if constexpr (requires { definition::finish(call, s); })
            return as_plan_value<e.type.id>(definition::finish(call, s));
        else return as_plan_value<e.type.id>(definition::finish(s));
    }

private:
    template <class... Ps, class... Ts>
    static void add_values_if(void (*f)(bool, state&, Ps...), bool keep, state& into, Ts const&... values) {
        if constexpr (signature_of(e.aggregate).is_strict()) keep = (keep & ... & !missing(values));
        f(keep, into, as_parameter<Ps>(values)...);
    }
    template <class... Ps, class... Ts>
    static void add_with(void (*f)(call_context&, state&, Ps...), call_context& call, state& into,
                         Ts const&... values) {
        if constexpr (std::is_same_v<std::tuple<std::remove_cvref_t<Ps>...>, std::tuple<call_arguments>>) {
            nullable_datum cells[] = {to_nullable_datum(values)..., nullable_datum{}};
            kernel_input inputs[sizeof...(Ts) + 1];
            with_arguments<Scope, E>([&]<node... A>() {
                [[maybe_unused]] std::size_t i = 0;
                ((inputs[i++].type = expression_at<Scope, A>.type), ...);
            });
            f(call, into, call_arguments{cells, inputs, sizeof...(Ts)});
        } else {
            f(call, into, as_parameter<Ps>(values)...);
        }
    }
    template <class... Ps, class... Ts>
    static void add_with(void (*f)(state&, Ps...), call_context&, state& into, Ts const&... values) {
        f(into, as_parameter<Ps>(values)...);
    }
};

/// Whether every aggregate of a relation can be added to under a condition without a branch.
template <class Scope, node Relation>
inline constexpr bool masks_all = with_nodes<Scope::query.lists, relation_at<Scope, Relation>.aggregates>(
    []<node... E>() { return (true && ... && typed_aggregate<Scope, E>::masks); });

/// The states of all aggregates of a relation, per group. `Mask`: a condition on the rows that are added, or void.
template <class Scope, node Relation, class Context, class Row, class Keys, class Mask = void>
struct typed_aggregates {
    static constexpr auto const& r = relation_at<Scope, Relation>;

    template <node... A>
    struct of {
        /// DISTINCT arguments already seen, by group.
        template <node E, class = std::bool_constant<expression_at<Scope, E>.flag>>
        struct seen_by {
            bool fresh(Context&, std::uint32_t, Row const&) { return true; }
        };
        template <node E>
        struct seen_by<E, std::true_type> {
            template <node... Arg>
            static auto make() {
                return group_table<
                    typed_keys<std::int64_t, decltype(evaluate<Scope, Arg>(std::declval<Context&>(),
                                                                           std::declval<Row const&>()))...>>();
            }
            decltype(with_arguments<Scope, E>([]<node... Arg>() { return make<Arg...>(); })) table;
            bool fresh(Context& context, std::uint32_t group, Row const& row) {
                return with_arguments<Scope, E>([&]<node... Arg>() {
                    return table.insert(std::make_tuple(std::int64_t{group}, evaluate<Scope, Arg>(context, row)...))
                        .second;
                });
            }
        };

        /// Without keys there is one group, whose state the compiler can keep in registers.
        static constexpr bool alone = requires { Keys::none_at_all; };
        static constexpr bool is_copied = !std::is_void_v<Mask>;  // what can be masked is numbers
        using state = std::tuple<typename typed_aggregate<Scope, A>::state...>;
        std::conditional_t<alone, std::array<state, 1>, std::vector<state>> groups{};
        std::tuple<seen_by<A>...> seen = std::tuple<seen_by<A>...>();
        std::uint32_t current = 0;

        /// No index the compiler doesn't know: that would keep a lone state in memory.
        state& group(std::size_t n) {
            if constexpr (alone) return groups[0];
            else return groups[n];
        }
        std::size_t size() const { return groups.size(); }
        void grow(std::size_t n) {
            if constexpr (!alone) groups.resize(n);
        }
        void assign(Row const&, std::uint32_t group) { current = group; }
        void add(Context& context, Row const& row) {
            add_to(context, row, current, std::index_sequence_for<seen_by<A>...>{});
        }
        /// After at most 2^31 rows.
        void settle() {
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                (typed_aggregate<Scope, A>::settle(std::get<I>(group(0))), ...);
            }(std::index_sequence_for<seen_by<A>...>{});
        }
        void add_all(Context& context, Row const& row) {
            if constexpr (std::is_void_v<Mask>) add_to(context, row, 0, std::index_sequence_for<seen_by<A>...>{});
            else add_masked(context, row, std::index_sequence_for<seen_by<A>...>{});
        }

        template <class Groups>
        auto row(Context& context, Groups const& numbered, std::size_t n) {
            auto results = [&]<std::size_t... I>(std::index_sequence<I...>) {
                return std::make_tuple(typed_aggregate<Scope, A>::finish(context.call, std::get<I>(group(n)))...);
            }(std::index_sequence_for<seen_by<A>...>{});
            auto keys = [&] {
                if constexpr (requires { Keys::none_at_all; }) return std::tuple<>();
                else return numbered.policy()[n];
            }();
            return std::apply(
                []<class... Ts>(Ts const&... v) {
                    return source_row<r.source, tuple_cells<Ts...>>{tuple_cells<Ts...>{{v...}}};
                },
                std::tuple_cat(keys, results));
        }

    private:
        template <std::size_t... I>
        void add_masked(Context& context, Row const& row, std::index_sequence<I...>) {
            bool const keep = Mask{}(context, row);
            (typed_aggregate<Scope, A>::add_if(context, keep, std::get<I>(group(0)), row), ...);
        }
        template <std::size_t... I>
        void add_to(Context& context, Row const& row, std::uint32_t number, std::index_sequence<I...>) {
            auto& states = group(number);
            ((std::get<I>(seen).fresh(context, number, row)
                  ? typed_aggregate<Scope, A>::add(context, std::get<I>(states), row)
                  : void()),
             ...);
        }
    };

    static auto make() {
        return with_nodes<Scope::query.lists, r.aggregates>([]<node... A>() { return of<A...>{}; });
    }
    using states = decltype(make());
    using group_type = decltype(std::declval<Keys>().make_table());
    using row = decltype(std::declval<states&>().row(std::declval<Context&>(), std::declval<group_type const&>(), 0));
};

/// A table scan without its filter.
template <class Scope, node N, class Context>
auto make_source(Context& context) {
    constexpr auto const& p = plan_at<Scope, N>;
    constexpr auto const& r = relation_at<Scope, p.relation>;
    if constexpr (Scope::tables::template in_memory<r.table>) {
        static_cast<void>(context);
        return memory_scan<Scope, r.source, r.table, Context>{};
    } else {
        using reader = typename Scope::tables::reader;
        return table_scan<reader, scan_start<Scope, N>, stored_rows<Scope, r.source>>{
            reader(*context.layouts[static_cast<std::size_t>(r.table)], p.access, p.index, p.reverse), {}, {}};
    }
}

/// Whether an aggregate without keys takes over the condition of the scan below it: then a row costs the same whether it is
/// kept or not, where a branch that goes either way costs as much as ten rows.
template <class Scope, node N>
inline constexpr bool masks_its_scan = [] {
    constexpr auto const& p = plan_at<Scope, N>;
    constexpr auto const& child = plan_at<Scope, p.left>;
    if constexpr (child.kind != plan::operator_kind::table_scan || child.filter.count == 0) return false;
    else if constexpr (relation_at<Scope, p.relation>.expressions.count != 0) return false;
    else return masks_all<Scope, p.relation>;
}();

/// Builds the operator of plan node N.
template <class Scope, node N, class Context>
auto make_operator(Context& context) {
    using plan::operator_kind;
    constexpr auto const& p = plan_at<Scope, N>;
    if constexpr (p.kind == operator_kind::table_scan) {
        auto source = make_source<Scope, N>(context);
        if constexpr (p.filter.count == 0) return source;
        else return filter<decltype(source), typed_condition<Scope, p.filter>>{std::move(source), {}};
    } else if constexpr (p.kind == operator_kind::filter) {
        auto child = make_operator<Scope, p.left>(context);
        return filter<decltype(child), typed_condition<Scope, p.filter>>{std::move(child), {}};
    } else if constexpr (p.kind == operator_kind::project) {
        constexpr auto const& r = relation_at<Scope, p.relation>;
        auto child = make_operator<Scope, p.left>(context);
        using columns = typed_projection<Scope, r.source, r.expressions, Context>;
        return project<decltype(child), columns>{std::move(child), {}};
    } else if constexpr (p.kind == operator_kind::lookup_join) {
        auto left = make_operator<Scope, p.left>(context);
        constexpr auto const& inner = plan_at<Scope, p.right>;
        constexpr auto const& r = relation_at<Scope, inner.relation>;
        using lookup = typed_lookup<Scope, p.right>;
        using pairs = row_joiners<p.join, typename decltype(left)::flow::row, typename lookup::row,
                                  typed_conditions<Scope, inner.filter, p.filter>>;
        return lookup_join<decltype(left), lookup, pairs>{
            std::move(left),
            lookup{{*context.layouts[static_cast<std::size_t>(r.table)], inner.access, inner.index, inner.reverse}, {}},
            {}};
    } else if constexpr (p.kind == operator_kind::hash_join || p.kind == operator_kind::loop_join) {
        auto left = make_operator<Scope, p.left>(context);
        auto right = make_operator<Scope, p.right>(context);
        using left_row = typename decltype(left)::flow::row;
        using right_row = typename decltype(right)::flow::row;
        using pairs = row_joiners<p.join, left_row, right_row, typed_condition<Scope, p.filter>>;
        using rows = typename row_flow<right_row>::row_stores;
        if constexpr (p.kind == operator_kind::loop_join) {
            return loop_join<decltype(left), decltype(right), rows, pairs>{std::move(left), std::move(right), {}, {}};
        } else {
            auto left_keys = with_nodes<Scope::plan.lists, p.left_keys>(
                []<node... E>() { return typed_key_reader<Scope, Context, left_row, E...>{}; });
            auto right_keys = with_nodes<Scope::plan.lists, p.right_keys>(
                []<node... E>() { return typed_key_reader<Scope, Context, right_row, E...>{}; });
            using left_reader = join_key_reader<decltype(left_keys), decltype(right_keys)>;
            using right_reader = join_key_reader<decltype(right_keys), decltype(left_keys)>;
            return hash_join<decltype(left), decltype(right), left_reader, right_reader, rows, pairs>{
                std::move(left), std::move(right), {}, {}, {}, {}};
        }
    } else if constexpr (p.kind == operator_kind::aggregate) {
        constexpr auto const& r = relation_at<Scope, p.relation>;
        constexpr bool masks = masks_its_scan<Scope, N>;
        auto child = [&] {
            if constexpr (masks) return make_source<Scope, p.left>(context);
            else return make_operator<Scope, p.left>(context);
        }();
        using row = typename decltype(child)::flow::row;
        using mask = std::conditional_t<masks, typed_condition<Scope, plan_at<Scope, p.left>.filter>, void>;
        auto keys = with_nodes<Scope::query.lists, r.expressions>([]<node... E>() {
            if constexpr (sizeof...(E) == 0) return no_keys<Context, row>{};
            else return typed_key_reader<Scope, Context, row, E...>{};
        });
        using states = typed_aggregates<Scope, p.relation, Context, row, decltype(keys), mask>;
        using emitters = typename row_flow<typename states::row>::emitters;
        return hash_aggregate<decltype(child), decltype(keys), states, emitters>{std::move(child), {}, {}, {}};
    } else if constexpr (p.kind == operator_kind::sort) {
        constexpr auto const& r = relation_at<Scope, p.relation>;
        auto child = make_operator<Scope, p.left>(context);
        using flow = typename decltype(child)::flow;
        return sort<decltype(child), typed_order<Scope, r.sort>, typename flow::row_stores,
                    typed_bound<Scope, p.bound, p.bound_offset>, typename flow::emitters>{
            std::move(child), {}, {}, {}, {}};
    } else if constexpr (p.kind == operator_kind::limit) {
        constexpr auto const& r = relation_at<Scope, p.relation>;
        auto child = make_operator<Scope, p.left>(context);
        return limit<decltype(child), typed_count<Scope, r.offset, true>, typed_count<Scope, r.limit, false>>{
            std::move(child), {}, {}};
    } else if constexpr (p.kind == operator_kind::distinct) {
        constexpr auto const& r = relation_at<Scope, p.relation>;
        auto child = make_operator<Scope, p.left>(context);
        using row = typename decltype(child)::flow::row;
        if constexpr (r.expressions.count != 0) {
            auto keys = with_nodes<Scope::query.lists, r.expressions>(
                []<node... E>() { return typed_key_reader<Scope, Context, row, E...>{}; });
            return distinct<decltype(child), decltype(keys)>{std::move(child), {}};
        } else {
            constexpr node source = relation_at<Scope, r.left>.source;
            constexpr auto width =
                static_cast<std::size_t>(Scope::query.sources[static_cast<std::size_t>(source)].columns.count);
            using keys = whole_row_key<source, width, Context, row>;
            return distinct<decltype(child), keys>{std::move(child), {}};
        }
    } else {
        static_assert(p.kind != operator_kind::set_operation,
                      "phantomdb: typed queries do not run unions, intersections and differences, SQL does");
        static_assert(p.kind == operator_kind::one_row, "phantomdb: this operator is not typed");
        return typed_one_row{};
    }
}

}  // namespace detail

/// Runs a scope's plan. `sink(row)` gets rows with `row.template get<source, column>()`.
template <class Scope>
struct typed_plan {
    template <class Context, class Sink>
    static flow_signal run(Context& context, Sink&& sink) {
        auto root = detail::make_operator<Scope, Scope::plan.root>(context);
        return root.run(context, sink);
    }
};

template <class Scope, node E>
struct typed_subquery {
    static constexpr auto const& e = detail::expression_at<Scope, E>;
    static constexpr node root = Scope::plan.view().subplan_of(e.relation);

    /// The source of a subquery's one column: that of the project on top.
    static constexpr node result_source() {
        node r = e.relation;
        while (Scope::query.relations[static_cast<std::size_t>(r)].source == none) {
            r = Scope::query.relations[static_cast<std::size_t>(r)].left;
        }
        return Scope::query.relations[static_cast<std::size_t>(r)].source;
    }

    template <class Context, class Row, class F>
    static void each(Context& context, Row const& row, F&& f) {
        using link = outer_link<Row, std::remove_cvref_t<decltype(context.outer)>>;
        link outer{row, context.outer};
        arena scratch;
        typed_context<std::remove_cvref_t<decltype(context.view)>, std::remove_cvref_t<decltype(context.arguments)>,
                      link>
            inner{context.view, context.layouts, context.arguments, context.call.with_memory(scratch), outer};
        auto operators = detail::make_operator<Scope, root>(inner);
        operators.run(inner, f);
    }

    template <class Context, class Row>
    static auto answer(Context& context, Row const& row) {
        using query::expression_kind;
        if constexpr (e.kind == expression_kind::exists) {
            bool found = false;
            each(context, row, [&](auto&) {
                found = true;
                return flow_signal::stop;
            });
            return found != e.flag;
        } else if constexpr (e.kind == expression_kind::quantified) {
            auto left = evaluate<Scope, detail::argument_at<Scope, E, 0>>(context, row);
            nullable<bool> result(e.flag);
            each(context, row, [&](auto& inner) {
                auto right = inner.template get<result_source(), 0>();
                if (missing(left) || missing(right)) {
                    result = nullable<bool>();
                    return flow_signal::more;
                }
                bool held = plain(detail::call_function<Scope, E>(context.call, plain(left), plain(right)));
                if (held == e.flag) return flow_signal::more;
                result = nullable<bool>(!e.flag);
                return flow_signal::stop;
            });
            return result;
        } else {
            using T = physical_type<e.type.id>;
            nullable<T> found;
            std::size_t rows = 0;
            each(context, row, [&](auto& inner) {
                if (++rows > 1) {
                    throw error(errc::cardinality_violation,
                                "more than one row returned by a subquery used as an expression");
                }
                auto v = inner.template get<result_source(), 0>();
                if (!missing(v)) found = nullable<T>(detail::copied(context.call.memory, plain(v)));
                return flow_signal::more;
            });
            return found;
        }
    }
};

}  // namespace phantomdb::exec
