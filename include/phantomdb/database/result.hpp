/// @file Defines `result`, the rows of a query.
#pragma once

#include <phantomdb/query/typed_query.hpp>

#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace phantomdb {

/// Rows that were read, in order. A view in the sense of std::ranges (include <ranges> for adaptors): copies share the rows and cost nothing, so it can be
/// piped as it comes, `db.run<q>() | std::views::take(3)`. Never changes; read from any thread.
template <class Row>
class result {
public:
    using value_type = Row;
    using iterator = typename std::vector<Row>::const_iterator;

    result() : rows_(std::make_shared<std::vector<Row> const>()) {}
    explicit result(std::vector<Row> rows) : rows_(std::make_shared<std::vector<Row> const>(std::move(rows))) {}

    iterator begin() const { return rows_->begin(); }
    iterator end() const { return rows_->end(); }
    std::size_t size() const { return rows_->size(); }
    bool empty() const { return rows_->empty(); }
    explicit operator bool() const { return !empty(); }
    Row const* data() const { return rows_->data(); }
    Row const& operator[](std::size_t number) const { return (*rows_)[number]; }
    Row const& front() const { return rows_->front(); }
    Row const& back() const { return rows_->back(); }

    /// The first row, or nothing.
    std::optional<Row> first() const { return rows_->empty() ? std::nullopt : std::optional<Row>(rows_->front()); }
    /// The rows as a vector of one's own.
    std::vector<Row> to_vector() const { return *rows_; }

private:
    std::shared_ptr<std::vector<Row> const> rows_;
};

namespace detail {

/// The sentence for a struct that a query's rows are to be put into.
template <auto const& Query, class View>
inline constexpr auto problem_of_view = make_sentence([] {
    using compiled = query::compiled<Query>;
    auto const& members = record_of<View>.members;
    for (auto const& member : members) {
        bool found = false;
        for (std::size_t i = 0; i < compiled::width; ++i) {
            if (compiled::column_name(i) != member.name) continue;
            found = true;
            auto const& column = compiled::columns[i];
            if (column.type.id != member.type.id) {
                return wording("phantomdb: member `", member.name, "` is ", facts(member.type.id).name,
                               ", the query selects ", facts(column.type.id).name, " under that name");
            }
            if (member.not_null && column.nullable) {
                return wording("phantomdb: member `", member.name,
                               "` must be std::optional, what the query selects under that name can be null");
            }
        }
        if (!found) return wording("phantomdb: the query selects nothing called `", member.name, "`");
    }
    return wording();
});

}  // namespace detail

}  // namespace phantomdb

// Declared wherever std::span is: <ranges> itself would cost every program a tenth of a second.
template <class Row>
inline constexpr bool std::ranges::enable_view<phantomdb::result<Row>> = true;
