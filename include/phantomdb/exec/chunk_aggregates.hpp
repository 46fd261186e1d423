/// @file Defines `chunk_aggregates`: the states of all aggregates of a `hash_aggregate`, for chunks.
#pragma once

#include <phantomdb/exec/chunk_flow.hpp>
#include <phantomdb/exec/functions/aggregate.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <vector>

namespace phantomdb::exec {

namespace detail {
inline constexpr std::align_val_t state_alignment{64};  // enough for any state
struct release_states {
    void operator()(std::byte* p) const { ::operator delete(p, state_alignment); }
};
}  // namespace detail

/// One aggregate call: its kernel, and what comes before it.
struct chunk_aggregate {
    aggregate_kernel const* kernel = nullptr;
    expression_row arguments;
    std::vector<sql_type> argument_types;
    conjunction filter;  ///< FILTER (WHERE …)
    bool distinct = false;
    std::optional<chunk_flow::order_reader> order;  ///< ORDER BY inside the call
    sql_type result{};
};

/// The recipe; `make` gives the states for one run.
struct chunk_aggregates {
    std::vector<chunk_aggregate> calls;
    std::vector<sql_type> key_types;

    class states {
    public:
        explicit states(chunk_aggregates& from) : recipe_(from), columns_(from.calls.size()), numbers_(chunk_capacity) {
            for (std::size_t i = 0; i < columns_.size(); ++i) {
                chunk_aggregate const& call = recipe_.calls[i];
                columns_[i].kernel = call.kernel;
                columns_[i].stride =
                    (call.kernel->size + call.kernel->alignment - 1) / call.kernel->alignment * call.kernel->alignment;
                if (call.distinct) {
                    std::vector<sql_type> types{{type_id::int8, -1}};
                    types.insert(types.end(), call.argument_types.begin(), call.argument_types.end());
                    columns_[i].seen.emplace(datum_keys(types));
                }
            }
        }
        states(states const&) = delete;
        states& operator=(states const&) = delete;
        ~states() {
            for (auto& c : columns_) {
                if (c.kernel->destroy == nullptr) continue;
                for (std::size_t n = 0; n < size_; ++n) c.kernel->destroy(c.at(n));
            }
        }

        std::size_t size() const { return size_; }

        void grow(std::size_t groups) {
            for (auto& c : columns_) {
                if (groups > c.room) c.enlarge(size_, groups);
                for (std::size_t n = size_; n < groups; ++n) c.kernel->init(c.at(n));
            }
            size_ = groups;
        }
        void assign(chunk_row const& row, std::uint32_t group) { numbers_[row.number] = group; }
        void add(dynamic_context& context, chunk const& unit) { add(context, unit, numbers_.data()); }
        void add_all(dynamic_context& context, chunk const& unit) { add(context, unit, nullptr); }

        /// The columns of a group: its keys, then the results.
        struct group_row {
            states* of;
            tuple_store const* keys;
            std::size_t number;
            std::vector<nullable_datum> results;
            nullable_datum at(std::size_t column) const {
                std::size_t width = of->recipe_.key_types.size();
                return column < width ? keys->at(number, column) : results[column - width];
            }
        };
        template <class Groups>
        group_row row(dynamic_context& context, Groups const& groups, std::size_t number) {
            if (!ordered_done_) finish_ordered(context);
            group_row made{this, &groups.policy().kept(), number, {}};
            for (auto& c : columns_) made.results.push_back(c.kernel->finish(context.call, c.at(number)));
            return made;
        }

    private:
        struct column {
            aggregate_kernel const* kernel = nullptr;
            std::size_t stride = 0, room = 0;
            std::unique_ptr<std::byte[], detail::release_states> bytes;
            std::optional<group_table<datum_keys>> seen;  // DISTINCT: (group, arguments)
            // ORDER BY: rows wait here until all have come
            struct waiting {
                std::string key;
                std::uint32_t group;
                std::size_t row;
            };
            std::vector<waiting> queue;
            std::unique_ptr<tuple_store> queued;

            std::byte* at(std::size_t n) { return bytes.get() + n * stride; }
            void enlarge(std::size_t used, std::size_t least) {
                std::size_t wanted = room == 0 ? 1 : room;
                while (wanted < least) wanted *= 2;
                std::unique_ptr<std::byte[], detail::release_states> bigger(
                    static_cast<std::byte*>(::operator new(wanted * stride, detail::state_alignment)));
                if (used != 0) std::memcpy(bigger.get(), bytes.get(), used * stride);  // states move by their bytes
                bytes = std::move(bigger);
                room = wanted;
            }
        };

        void add(dynamic_context& context, chunk const& unit, std::uint32_t const* groups) {
            for (std::size_t i = 0; i < columns_.size(); ++i) {
                chunk_aggregate& call = recipe_.calls[i];
                column& c = columns_[i];
                chunk rows = unit;
                call.filter.narrow(context, rows);
                if (rows.count == 0) continue;
                call.arguments.prepare(context, rows);
                std::vector<std::uint16_t> fresh;
                if (call.distinct) {
                    keep_fresh(call, c, rows, groups, fresh);
                    rows.selection = fresh.data();
                    rows.count = fresh.size();
                }
                if (call.order) {
                    enqueue(context, call, c, rows, groups);
                    continue;
                }
                call.kernel->add(context.call, {call.arguments.inputs(), rows.selection, rows.count, c.bytes.get(),
                                                c.stride, groups});
            }
        }
        void keep_fresh(chunk_aggregate& call, column& c, chunk const& rows, std::uint32_t const* groups,
                        std::vector<std::uint16_t>& fresh) {
            std::vector<nullable_datum> key(call.argument_types.size() + 1);
            for (std::size_t k = 0; k < rows.count; ++k) {
                std::size_t row = rows.row(k);
                auto arguments = call.arguments.get(row);
                key[0] = datum{static_cast<std::int64_t>(groups != nullptr ? groups[row] : 0)};
                std::copy(arguments.begin(), arguments.end(), key.begin() + 1);
                if (c.seen->insert(std::span<nullable_datum const>(key)).second) {
                    fresh.push_back(static_cast<std::uint16_t>(row));
                }
            }
        }
        void enqueue(dynamic_context& context, chunk_aggregate& call, column& c, chunk const& rows,
                     std::uint32_t const* groups) {
            if (!c.queued) c.queued = std::make_unique<tuple_store>(call.argument_types);
            call.order->prepare(context, rows);
            std::vector<nullable_datum> kept;
            for (std::size_t k = 0; k < rows.count; ++k) {
                std::size_t row = rows.row(k);
                auto arguments = call.arguments.get(row);
                kept.assign(arguments.begin(), arguments.end());
                typename column::waiting entry;
                call.order->append(context, entry.key, chunk_row{&rows, row});
                entry.group = groups != nullptr ? groups[row] : 0;
                entry.row = c.queued->push(kept);
                c.queue.push_back(std::move(entry));
            }
        }
        void finish_ordered(dynamic_context& context) {
            ordered_done_ = true;
            for (std::size_t i = 0; i < columns_.size(); ++i) {
                column& c = columns_[i];
                std::sort(c.queue.begin(), c.queue.end(), [](auto const& a, auto const& b) {
                    int order = a.key.compare(b.key);
                    return order != 0 ? order < 0 : a.row < b.row;
                });
                chunk_builder rows(recipe_.calls[i].argument_types);
                std::vector<std::uint32_t> groups(chunk_capacity);
                auto pass = [&] {
                    if (rows.size() == 0) return;
                    chunk& unit = rows.take();
                    c.kernel->add(context.call,
                                  {unit.columns, nullptr, unit.count, c.bytes.get(), c.stride, groups.data()});
                    rows.clear();
                };
                for (auto const& entry : c.queue) {
                    groups[rows.size()] = entry.group;
                    for (std::size_t k = 0; k < rows.width(); ++k) rows.put(k, c.queued->at(entry.row, k));
                    rows.next_row();
                    if (rows.full()) pass();
                }
                pass();
            }
        }

        chunk_aggregates& recipe_;
        std::vector<column> columns_;
        std::vector<std::uint32_t> numbers_;
        std::size_t size_ = 0;
        bool ordered_done_ = false;
    };

    states make() { return states(*this); }
};

}  // namespace phantomdb::exec
