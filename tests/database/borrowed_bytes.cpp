/// Typed queries over a store that takes its bytes back: what a cursor gave out is overwritten when it moves on or goes.
/// Whoever keeps a row beyond its batch without copying it gets a wrong answer here.
#include "query/shop.hpp"
#include "support/catch.hpp"

#include <phantomdb/exec/statement_view.hpp>
#include <phantomdb/exec/table_access.hpp>
#include <phantomdb/phantomdb.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// Bytes that were given out. They stay readable to the end of the program, but do not stay what they were.
std::deque<std::string>& given_out() {
    static std::deque<std::string> bytes;
    return bytes;
}

using stored_cursor = pdb::storage::database_store::cursor_type;
using stored_snapshot = pdb::storage::database_store::snapshot_type;

class forgetful_cursor {
public:
    forgetful_cursor() = default;
    explicit forgetful_cursor(stored_cursor at) : at_(std::move(at)) {}
    forgetful_cursor(forgetful_cursor const& other) : at_(other.at_) {}
    forgetful_cursor& operator=(forgetful_cursor const& other) {
        forget();
        at_ = other.at_;
        return *this;
    }
    ~forgetful_cursor() { forget(); }

    void seek(std::string_view key) { forget(), at_.seek(key); }
    void seek_before(std::string_view key) { forget(), at_.seek_before(key); }
    void next() { forget(), at_.next(); }
    void prev() { forget(), at_.prev(); }
    bool valid() const { return at_.valid(); }
    std::string_view key() const { return at_.key(); }
    std::string_view value() const { return at_.value(); }
    pdb::storage::lsn_type lsn() const { return at_.lsn(); }

    std::size_t next_chunk(std::span<pdb::storage::slice> out, std::string_view to) {
        forget();
        return lend(out, at_.next_chunk(few(out), to));
    }
    std::size_t prev_chunk(std::span<pdb::storage::slice> out, std::string_view from) {
        forget();
        return lend(out, at_.prev_chunk(few(out), from));
    }

private:
    static std::span<pdb::storage::slice> few(std::span<pdb::storage::slice> out) {
        return out.first(std::min<std::size_t>(out.size(), 3));
    }
    std::size_t lend(std::span<pdb::storage::slice> out, std::size_t count) {
        for (auto& one : out.first(count)) one = {copy(one.key), copy(one.value)};
        return count;
    }
    std::string_view copy(std::string_view bytes) {
        lent_.push_back(&given_out().emplace_back(bytes));
        return *lent_.back();
    }
    /// Leaves the head of a row, so that a wrong reader reads wrong values and not beyond the row.
    void forget() {
        for (std::string* bytes : lent_) {
            for (std::size_t i = pdb::codec::row_prefix_bytes; i < bytes->size(); ++i) (*bytes)[i] = '\0';
        }
        lent_.clear();
    }

    stored_cursor at_;
    std::vector<std::string*> lent_;
};

struct forgetful_snapshot : stored_snapshot {
    forgetful_cursor cursor() const { return forgetful_cursor(stored_snapshot::cursor()); }
};

struct forgetful_store {
    using snapshot_type = forgetful_snapshot;
    using cursor_type = forgetful_cursor;
    void apply(pdb::storage::write_batch const&, pdb::storage::lsn_type) {}
    pdb::storage::lsn_type applied() const { return 0; }
    snapshot_type snapshot() const { return {}; }
};
static_assert(pdb::storage::ordered_store<forgetful_store>);

/// As `stored_reader` does it, over any store.
class forgetful_reader {
public:
    forgetful_reader(pdb::schema::table_layout const& layout, pdb::plan::access access, int index, bool reverse)
        : in_key_order_(!reverse && (access == pdb::plan::access::full || access == pdb::plan::access::primary_range)),
          reader_(layout, access, index, reverse),
          access_(access),
          index_(index) {}

    pdb::schema::table_layout const& layout() const { return reader_.layout(); }

    template <class View, class Sink>
    pdb::exec::flow_signal read(View const& view, pdb::exec::scan_bounds const& bounds, Sink&& sink) {
        if (!in_key_order_) return reader_.read(view, bounds, sink);
        return pdb::exec::key_order_reader(layout(), access_, index_).read(view, bounds, sink);
    }

private:
    bool in_key_order_;
    pdb::exec::table_reader reader_;
    pdb::plan::access access_;
    int index_;
};

template <auto const& Query>
struct forgetful_scope : pdb::query_scope_of<Query> {
    struct tables : pdb::exec::stored_tables {
        using reader = forgetful_reader;
    };
};

std::shared_ptr<pdb::data_directory> filled() {
    auto directory = pdb::data_directory::in_memory();
    pdb::database<shop> db(directory, {});
    db.transact([](auto& tx) {
        for (int i = 1; i <= 40; ++i) {
            std::optional<std::int64_t> boss;
            if (i > 5) boss = i % 5 + 1;
            tx.insert(
                user{i, "name " + std::to_string(i * 7 % 41), 20 + i % 6, boss, profile{"bio", {}, {"Oslo", ""}}});
        }
        for (int i = 1; i <= 60; ++i) {
            tx.insert(order{i, i % 40 + 1, pdb::decimal<12, 2>::parse(std::to_string(i % 9) + ".50"), {}});
        }
    });
    return directory;
}

/// The rows of a query over the database as it is, and over one that forgets.
template <auto const& Query, class... Arguments>
void same_rows(Arguments const&... arguments) {
    static auto const directory = filled();
    auto const expected = pdb::database<shop>(directory, {}).run<Query>(arguments...).to_vector();
    REQUIRE(expected.size() > 1);

    constexpr auto const& tables = pdb::query::lowered<Query>.tables;
    std::array<pdb::schema::table_layout const*, tables.size()> layouts{};
    std::vector<pdb::row_of<Query>> made;
    auto use = [&](auto const& row) {
        made.push_back(pdb::detail::read_row<Query, pdb::row_of<Query>>(row));
        return pdb::exec::flow_signal::more;
    };
    pdb::untyped_database(directory, {}, shop::shapes)
        .read(tables, layouts, [&](pdb::exec::statement_view const& seen, pdb::exec::call_context const& call) {
            forgetful_snapshot const snapshot{seen.base()};
            pdb::mvcc::read_view<forgetful_store> const view(snapshot, {}, nullptr);
            pdb::detail::run_query<Query, forgetful_scope<Query>>(view, layouts, call, use, arguments...);
        });
    CHECK(made == expected);
}

constexpr auto& id = pdb::col<&user::id>;
constexpr auto& name = pdb::col<&user::name>;
constexpr auto& age = pdb::col<&user::age>;
constexpr auto& total = pdb::col<&order::total>;
inline constexpr auto other = pdb::alias<"other", orders>;

constexpr auto sorted = pdb::from<users> | pdb::select(id, name, age) | pdb::order_by(name);
constexpr auto first_few = pdb::from<users> | pdb::select(id, name) | pdb::order_by(pdb::desc(name)) | pdb::take(7);
constexpr auto backwards = pdb::from<users> | pdb::select(id, name) | pdb::order_by(pdb::desc(id));
constexpr auto grouped =
    pdb::from<users> | pdb::group_by(name) | pdb::select(name, pdb::count(), pdb::min(age)) | pdb::order_by(name);
constexpr auto extremes =
    pdb::from<users> | pdb::group_by(age) | pdb::select(age, pdb::min(name), pdb::max(name)) | pdb::order_by(age);
constexpr auto all_ages = pdb::from<users> | pdb::select(age) | pdb::distinct() | pdb::order_by(age);
constexpr auto of_age = pdb::from<users> | pdb::where(age == "age"_arg) | pdb::select(id, name) | pdb::order_by(id);
constexpr auto above = pdb::from<users> | pdb::where(id > "least"_arg) | pdb::select(id, name, age);
constexpr auto bosses = pdb::from<users> | pdb::left_join<boss>(boss(&user::id) == pdb::col<&user::boss_id>) |
                        pdb::select(id, name, boss(&user::name)) | pdb::order_by(id);
constexpr auto pairs = pdb::from<orders> | pdb::join<other>(other(&order::total) == total) |
                       pdb::where(other(&order::id) > pdb::col<&order::id>) |
                       pdb::select(pdb::col<&order::id>, other(&order::id), total) |
                       pdb::order_by(pdb::col<&order::id>, other(&order::id));
constexpr auto younger = pdb::from<users> | pdb::left_join<boss>(boss(&user::age) < age + -3) |
                         pdb::select(id, name, boss(&user::id), boss(&user::name)) | pdb::order_by(id, boss(&user::id));
constexpr auto spent = pdb::from<users> | pdb::join<orders>() | pdb::group_by(name) |
                       pdb::select(name, pdb::sum(total)) | pdb::order_by(name);

}  // namespace

TEST_CASE("rows that are sorted are kept") {
    same_rows<sorted>();
    same_rows<first_few>();
    same_rows<backwards>();
}

TEST_CASE("keys of groups, and what aggregates remember, are kept") {
    same_rows<grouped>();
    same_rows<extremes>();
    same_rows<all_ages>();
    same_rows<spent>();
}

TEST_CASE("both sides of joins are kept as long as they are paired") {
    same_rows<bosses>();
    same_rows<pairs>();
    same_rows<younger>();
}

TEST_CASE("rows of ranges and indexes are read while they are there") {
    same_rows<of_age>("age"_arg = 22);
    same_rows<above>("least"_arg = 11);
}
