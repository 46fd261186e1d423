/// @file Defines `chunk_flow`: the words operators are written in (exec/flow.hpp), for chunks and dynamic expressions.
#pragma once

#include <phantomdb/codec/key.hpp>
#include <phantomdb/exec/any_operator.hpp>
#include <phantomdb/exec/datum_key.hpp>
#include <phantomdb/exec/dynamic_expression.hpp>
#include <phantomdb/exec/flow.hpp>
#include <phantomdb/query/ir.hpp>

#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace phantomdb::exec {

/// A kept row, to be paired with a row in flight.
struct kept_row {
    tuple_store const* rows;
    std::size_t number;
    nullable_datum at(std::size_t column) const { return rows->at(number, column); }
};

struct chunk_flow {
    using unit = chunk;
    using row = chunk_row;
    using context = dynamic_context;

    template <class Sink>
    static flow_signal keep_if(context& c, chunk& unit, conjunction& predicate, Sink& sink) {
        predicate.narrow(c, unit);
        return unit.count == 0 ? flow_signal::more : sink(unit);
    }

    /// Passes on the vectors of `projection`, one per expression.
    template <class Sink>
    static flow_signal transform(context& c, chunk& unit, expression_row& projection, Sink& sink) {
        projection.prepare(c, unit);
        chunk made;
        made.columns = projection.inputs();
        made.selection = unit.selection;
        made.count = unit.count;
        return sink(made);
    }

    template <class F>
    static void for_each(chunk const& unit, F&& f) {
        for (std::size_t i = 0; i < unit.count; ++i) f(chunk_row{&unit, unit.row(i)});
    }

    /// Passes on the rows for which `keep(row)`.
    template <class Keep, class Sink>
    static flow_signal keep_rows(chunk& unit, Keep&& keep, Sink& sink) {
        std::vector<std::uint16_t> kept;
        for_each(unit, [&](chunk_row const& r) {
            if (keep(r)) kept.push_back(static_cast<std::uint16_t>(r.number));
        });
        return pass(unit, kept, sink);
    }

    /// Rows of a unit from number `skip` on, at most `most` of them.
    template <class Sink>
    static flow_signal cut(chunk& unit, std::uint64_t skip, std::uint64_t most, Sink& sink) {
        std::vector<std::uint16_t> kept;
        for (std::uint64_t i = skip; i < unit.count && i - skip < most; ++i) {
            kept.push_back(static_cast<std::uint16_t>(unit.row(i)));
        }
        return pass(unit, kept, sink);
    }
    static std::uint64_t size(chunk const& unit) { return unit.count; }

    /// Passes on `unit` with another selection.
    template <class Sink>
    static flow_signal pass(chunk const& unit, std::vector<std::uint16_t> const& selection, Sink& sink) {
        if (selection.empty()) return flow_signal::more;
        chunk part;
        part.columns = unit.columns;
        part.selection = selection.data();
        part.count = selection.size();
        return sink(part);
    }

    /// Group and join keys.
    class key_reader {
    public:
        key_reader() = default;
        key_reader(expression_row expressions, std::vector<sql_type> types)
            : expressions_(std::move(expressions)), types_(std::move(types)) {}
        void prepare(context& c, chunk const& unit) { expressions_.prepare(c, unit); }
        std::span<nullable_datum const> get(context&, chunk_row const& r) { return expressions_.get(r.number); }
        group_table<datum_keys> make_table() const { return group_table<datum_keys>(datum_keys(types_)); }
        std::size_t size() const { return types_.size(); }
        static bool is_null(std::span<nullable_datum const> key) { return has_null(key); }

    private:
        expression_row expressions_;
        std::vector<sql_type> types_;
    };

    /// Sort keys as bytes that memcmp orders.
    class order_reader {
    public:
        order_reader(expression_row expressions, std::vector<std::pair<type_id, codec::key_order>> parts)
            : expressions_(std::move(expressions)), parts_(std::move(parts)) {}
        void prepare(context& c, chunk const& unit) { expressions_.prepare(c, unit); }
        void append(context&, std::string& out, chunk_row const& r) {
            auto cells = expressions_.get(r.number);
            for (std::size_t i = 0; i < parts_.size(); ++i) {
                codec::append_key(out, parts_[i].first, cells[i], parts_[i].second);
            }
        }

    private:
        expression_row expressions_;
        std::vector<std::pair<type_id, codec::key_order>> parts_;
    };

    /// Keeps whole rows.
    class row_store {
    public:
        explicit row_store(std::vector<sql_type> types) : kept_(std::move(types)) {}
        std::size_t push(context&, chunk_row const& r) { return kept_.push(r); }
        std::size_t size() const { return kept_.size(); }
        kept_row operator[](std::size_t number) const { return {&kept_, number}; }
        void clear() { kept_.clear(); }
        tuple_store const& tuples() const { return kept_; }

    private:
        tuple_store kept_;
    };

    /// Passes kept rows on, 2048 at a time.
    class emitter {
    public:
        explicit emitter(std::vector<sql_type> types) : out_(std::move(types)) {}

        template <class Row, class Sink>
        flow_signal put(context& c, Row const& r, Sink& sink) {
            for (std::size_t i = 0; i < out_.width(); ++i) out_.put(i, r.at(i));
            out_.next_row();
            if (!out_.full()) return flow_signal::more;
            flow_signal signal = flush(sink);
            c.call.memory.reset();
            return signal;
        }
        template <class Sink>
        flow_signal flush(Sink& sink) {
            if (out_.size() == 0) return flow_signal::more;
            flow_signal signal = sink(out_.take());
            out_.clear();
            return signal;
        }

    private:
        chunk_builder out_;
    };

    /// Pairs rows of a unit with rows from elsewhere and does what the join's kind asks for.
    ///
    /// For each unit: `begin`, then for each row any number of `candidate`s, then `end`. `condition` is over both sides' columns.
    /// Right rows have `at(column)`; their number (for full joins) is told by the caller.
    class joiner {
    public:
        joiner(query::join_kind kind, std::size_t left_width, std::vector<sql_type> columns, conjunction& condition)
            : kind_(kind),
              left_width_(left_width),
              right_width_(columns.size() - left_width),
              condition_(condition),
              out_(std::move(columns)),
              left_rows_(chunk_capacity),
              right_rows_(chunk_capacity) {}

        void begin(chunk const& unit) {
            unit_ = &unit;
            if (kind_ != query::join_kind::inner) matched_.assign(chunk_capacity, 0);
        }

        /// Whether more candidates for this row could change anything.
        bool wants_more(chunk_row const& left) const {
            bool existence = kind_ == query::join_kind::semi || kind_ == query::join_kind::anti;
            return !existence || matched_[left.number] == 0;
        }

        template <class Right, class Sink>
        flow_signal candidate(context& c, chunk_row const& left, Right const& right, std::size_t right_number,
                              Sink& sink) {
            bool existence = kind_ == query::join_kind::semi || kind_ == query::join_kind::anti;
            if (existence && condition_.empty()) {
                matched_[left.number] = 1;
                return flow_signal::more;
            }
            for (std::size_t i = 0; i < left_width_; ++i) out_.put(i, left.at(i));
            for (std::size_t i = 0; i < right_width_; ++i) out_.put(left_width_ + i, right.at(i));
            left_rows_[out_.size()] = static_cast<std::uint16_t>(left.number);
            right_rows_[out_.size()] = static_cast<std::uint32_t>(right_number);
            out_.next_row();
            return out_.full() ? judge(c, sink) : flow_signal::more;
        }

        /// Passes on what was paired so far.
        template <class Sink>
        flow_signal settle(context& c, Sink& sink) {
            return judge(c, sink);
        }

        template <class Sink>
        flow_signal end(context& c, Sink& sink) {
            if (judge(c, sink) == flow_signal::stop) return flow_signal::stop;
            switch (kind_) {
                case query::join_kind::left_outer:
                case query::join_kind::full_outer:
                    for (std::size_t i = 0; i < unit_->count; ++i) {
                        std::size_t row = unit_->row(i);
                        if (matched_[row] != 0) continue;
                        for (std::size_t k = 0; k < left_width_; ++k) out_.put(k, unit_->at(k, row));
                        for (std::size_t k = 0; k < right_width_; ++k) out_.put(left_width_ + k, {});
                        out_.next_row();
                        if (out_.full() && pass(sink) == flow_signal::stop) return flow_signal::stop;
                    }
                    return pass(sink);
                case query::join_kind::semi:
                case query::join_kind::anti: {
                    std::vector<std::uint16_t> kept;
                    for (std::size_t i = 0; i < unit_->count; ++i) {
                        std::size_t row = unit_->row(i);
                        if ((matched_[row] != 0) == (kind_ == query::join_kind::semi)) {
                            kept.push_back(static_cast<std::uint16_t>(row));
                        }
                    }
                    return chunk_flow::pass(*unit_, kept, sink);
                }
                default: return flow_signal::more;
            }
        }

        /// Full joins: the right rows nothing matched, of `count` in all.
        template <class Store, class Sink>
        flow_signal unmatched_right(context&, Store const& rows, Sink& sink) {
            right_matched_.resize(rows.size());
            for (std::size_t n = 0; n < rows.size(); ++n) {
                if (right_matched_[n]) continue;
                for (std::size_t k = 0; k < left_width_; ++k) out_.put(k, {});
                for (std::size_t k = 0; k < right_width_; ++k) out_.put(left_width_ + k, rows[n].at(k));
                out_.next_row();
                if (out_.full() && pass(sink) == flow_signal::stop) return flow_signal::stop;
            }
            return pass(sink);
        }

    private:
        template <class Sink>
        flow_signal pass(Sink& sink) {
            if (out_.size() == 0) return flow_signal::more;
            flow_signal signal = sink(out_.take());
            out_.clear();
            return signal;
        }
        /// Applies the condition to the candidates gathered so far.
        template <class Sink>
        flow_signal judge(context& c, Sink& sink) {
            if (out_.size() == 0) return flow_signal::more;
            chunk& candidates = out_.take();
            condition_.narrow(c, candidates);
            if (kind_ != query::join_kind::inner) {
                for (std::size_t i = 0; i < candidates.count; ++i) {
                    std::size_t place = candidates.row(i);
                    matched_[left_rows_[place]] = 1;
                    if (kind_ == query::join_kind::full_outer) {
                        if (right_rows_[place] >= right_matched_.size()) right_matched_.resize(right_rows_[place] + 1);
                        right_matched_[right_rows_[place]] = true;
                    }
                }
            }
            bool existence = kind_ == query::join_kind::semi || kind_ == query::join_kind::anti;
            flow_signal signal = existence || candidates.count == 0 ? flow_signal::more : sink(candidates);
            out_.clear();
            return signal;
        }

        query::join_kind kind_;
        std::size_t left_width_, right_width_;
        conjunction& condition_;
        chunk_builder out_;
        chunk const* unit_ = nullptr;
        std::vector<std::uint16_t> left_rows_;
        std::vector<std::uint32_t> right_rows_;
        std::vector<std::uint8_t> matched_;
        std::vector<bool> right_matched_;
    };

    // What operators keep between runs: recipes that `make` the above anew for each run.

    struct row_stores {
        std::vector<sql_type> types;
        row_store make() const { return row_store(types); }
    };
    struct emitters {
        using flow = chunk_flow;
        std::vector<sql_type> types;
        emitter make() const { return emitter(types); }
    };
    struct joiners {
        using flow = chunk_flow;
        query::join_kind kind;
        std::size_t left_width;
        std::vector<sql_type> columns;  ///< left, then right; for semi and anti joins too
        conjunction condition;
        joiner make() { return joiner(kind, left_width, columns, condition); }
    };

    /// The columns of a project.
    struct projection : expression_row {
        using expression_row::expression_row;
        template <class>
        using flow_after = chunk_flow;
    };

    /// A row count of LIMIT or OFFSET: null means none, negative numbers are refused.
    struct row_count {
        any_expression expression;  ///< int8; empty: none
        bool offset = false;

        std::int64_t count(context& c) {
            if (!expression) return -1;
            chunk one;
            one.count = 1;
            nullable_datum n = cell_at(expression->evaluate(c, one), 0);
            if (n.null) return -1;
            if (n.value.i < 0) {
                throw offset ? error(errc::invalid_offset, "OFFSET must not be negative")
                             : error(errc::invalid_limit, "LIMIT must not be negative");
            }
            return n.value.i;
        }
    };
    /// LIMIT plus OFFSET: how many rows a sort below has to deliver.
    struct row_bound {
        row_count limit, offset;
        std::int64_t count(context& c) {
            std::int64_t most = limit.count(c), skipped = offset.count(c);
            if (most < 0) return -1;
            if (skipped < 0) return most;
            std::int64_t sum;
            return __builtin_add_overflow(most, skipped, &sum) ? -1 : sum;
        }
    };
};

}  // namespace phantomdb::exec
