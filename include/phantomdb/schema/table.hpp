/// @file Defines `table` and `schema_of`: a database's tables as types.
///
///     using users  = table<"users", user, primary_key<&user::id>, unique<&user::name>, index<"by_age", &user::age>,
///                          foreign_key<&user::boss_id, &user::id>>;
///     using orders = table<"orders", order, primary_key<&order::id>, foreign_key<&order::user_id, &user::id>,
///                          hash_index<"by_user", &order::user_id>, engine::lsm>;
///     using shop   = schema_of<users, orders>;
///
/// Types only; nothing here exists at run time but constant descriptions. What is wrong with a table is said as a sentence
/// when the table is first used, and can be asked for without an error: `problem_of<users>` is empty for a sound table.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/fixed_string.hpp>
#include <phantomdb/schema/record.hpp>
#include <phantomdb/schema/sentence.hpp>
#include <phantomdb/schema/table_options.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

namespace phantomdb {

/// A key or index of a table, by ordinals of members. `name` is empty where PostgreSQL's convention names it.
struct key_shape {
    std::string_view name;
    array_view<std::int16_t> columns;
    bool unique = false;
    bool primary = false;
    std::optional<schema::engine> method{};  ///< nothing: the program does not mind

    constexpr bool is_hashed() const { return method == schema::engine::hash; }
};

struct foreign_key_shape {
    array_view<std::int16_t> columns;
    record_shape const* referenced = nullptr;
    array_view<std::int16_t> referenced_columns;
    schema::referential_action on_delete = schema::referential_action::no_action;
};

/// The SQL text of a member's default.
struct default_shape {
    std::int16_t column = -1;
    std::string_view expression;
};

/// Everything there is to know of a table. One object a table type; its address is the table's identity.
struct table_shape {
    std::string_view name;
    record_shape const* record = nullptr;
    array_view<key_shape> keys;  ///< the primary key first, if there is one
    array_view<foreign_key_shape> foreign_keys;
    array_view<default_shape> defaults;
    std::optional<schema::engine> method{};  ///< nothing: the program does not mind
    std::size_t engines_said = 0;

    constexpr bool has_primary_key() const { return !keys.empty() && keys.front().primary; }
};

/// Whether both are one table of a schema, where names are unique.
constexpr bool is_same(table_shape const& a, table_shape const& b) {
    return std::is_constant_evaluated() ? a.name == b.name && is_same(*a.record, *b.record) : &a == &b;
}

namespace detail {

template <auto... Members>
inline constexpr std::array<std::int16_t, sizeof...(Members)> ordinals{
    static_cast<std::int16_t>(ordinal_of<Members>)...};

/// The owners of all members, to check that they are the table's struct.
template <auto... Members>
using owners = type_list<owner_of<Members>...>;

}  // namespace detail

/// Option of a table: the columns that identify a row. Rows are kept in the order of this key.
template <auto... Members>
struct primary_key {
    using owners = detail::owners<Members...>;
    static constexpr key_shape shape{{}, detail::ordinals<Members...>, true, true};
};

/// Option of a table: no two rows have the same values here (nulls aside).
template <auto... Members>
struct unique {
    using owners = detail::owners<Members...>;
    static constexpr key_shape shape{{}, detail::ordinals<Members...>, true, false};
};

/// Option of a table: an index to find rows by these columns, or by the first of them.
template <fixed_string Name, auto... Members>
struct index {
    using owners = detail::owners<Members...>;
    static constexpr key_shape shape{Name.view(), detail::ordinals<Members...>, false, false};
};
template <fixed_string Name, auto... Members>
struct unique_index {
    using owners = detail::owners<Members...>;
    static constexpr key_shape shape{Name.view(), detail::ordinals<Members...>, true, false};
};

/// Option of a table: `Member` is null or the value of `Referenced` in a row of the referenced struct's table.
template <auto Member, auto Referenced>
struct foreign_key {
    using owners = detail::owners<Member>;
    using referenced = owner_of<Referenced>;
    static constexpr foreign_key_shape shape{detail::ordinals<Member>, &record_of<referenced>,
                                             detail::ordinals<Referenced>};
};
/// A foreign key whose rows go when the row they refer to goes.
template <auto Member, auto Referenced>
struct cascading_foreign_key : foreign_key<Member, Referenced> {
    static constexpr foreign_key_shape shape{
        foreign_key<Member, Referenced>::shape.columns, &record_of<owner_of<Referenced>>,
        foreign_key<Member, Referenced>::shape.referenced_columns, schema::referential_action::cascade};
};

/// Option of a table: what rows hold that were stored before the member existed, as SQL text: `default_value<&user::age, "18">`.
template <auto Member, fixed_string Expression>
struct default_value {
    using owners = detail::owners<Member>;
    static constexpr default_shape shape{static_cast<std::int16_t>(ordinal_of<Member>), Expression.view()};
};

/// Options of a table: what keeps its rows (codec/engine.hpp has what each is good at). A table that names none is made with
/// `btree`, and may be kept by any later.
namespace engine {
struct btree {
    static constexpr schema::engine shape = schema::engine::btree;
};
struct lsm {
    static constexpr schema::engine shape = schema::engine::lsm;
};
struct hash {
    static constexpr schema::engine shape = schema::engine::hash;
};
struct hybrid {
    static constexpr schema::engine shape = schema::engine::hybrid;
};
}  // namespace engine

/// Option of a table: a key or index kept by an engine of its own, as in `kept_by<engine::lsm, unique<&user::name>>`.
template <class Engine, class Key>
struct kept_by {
    using owners = typename Key::owners;
    static constexpr key_shape shape = [] {
        key_shape made = Key::shape;
        made.method = Engine::shape;
        return made;
    }();
};

/// Option of a table: an index that finds rows by the value of one column, in one step, and in no order.
template <fixed_string Name, auto... Members>
struct hash_index : kept_by<engine::hash, index<Name, Members...>> {};

namespace detail {

template <class Wanted, class Option>
constexpr bool option_is = std::is_same_v<std::remove_cvref_t<decltype(Option::shape)>, Wanted>;

/// The shapes of one kind among the options, the primary key first.
template <class Shape, class... Options>
constexpr auto shapes_among() {
    std::array<Shape, (std::size_t{option_is<Shape, Options>} + ... + 0)> made{};
    [[maybe_unused]] std::size_t at = 0;
    [[maybe_unused]] auto take = [&]<class Option>(type_list<Option>) {
        if constexpr (option_is<Shape, Option>) made[at++] = Option::shape;
    };
    (take(type_list<Options>{}), ...);
    if constexpr (std::is_same_v<Shape, key_shape>) {
        for (std::size_t i = 1; i < made.size(); ++i) {
            if (made[i].primary && !made[0].primary) std::swap(made[0], made[i]);
        }
    }
    return made;
}

template <class Record, class Option>
constexpr bool owns_members_of() {
    if constexpr (requires { typename Option::owners; }) {
        return []<class... Owners>(type_list<Owners...>) {
            return (std::is_same_v<Owners, Record> && ...);
        }(typename Option::owners{});
    } else {
        return true;
    }
}

constexpr std::optional<schema::engine> engine_among(array_view<schema::engine> said) {
    return said.empty() ? std::nullopt : std::optional(said.front());
}

}  // namespace detail

/// A table called `Name` whose rows are objects of `Record`, an adapted struct.
template <fixed_string Name, class Record, class... Options>
struct table : private detail::must_be_adapted<Record> {
    using record = Record;
    static constexpr auto keys = detail::shapes_among<key_shape, Options...>();
    static constexpr auto foreign_keys = detail::shapes_among<foreign_key_shape, Options...>();
    static constexpr auto defaults = detail::shapes_among<default_shape, Options...>();
    static constexpr auto engines = detail::shapes_among<schema::engine, Options...>();
    static constexpr table_shape shape{
        Name.view(), &record_of<Record>, keys, foreign_keys, defaults, detail::engine_among(engines), engines.size()};

    /// Whether every option is about members of `Record`.
    static constexpr bool owns_all_members = (detail::owns_members_of<Record, Options>() && ...);
};

template <class T>
inline constexpr bool is_table = requires {
    { T::shape } -> std::same_as<table_shape const&>;
};

namespace detail {

constexpr wording wrong_key(table_shape const& table, array_view<std::int16_t> columns) {
    for (std::int16_t column : columns) {
        if (column < 0) {
            return wording("phantomdb: a key of table `", table.name, "` names a member that is not adapted");
        }
    }
    return {};
}

constexpr wording wrong_engine(table_shape const& table, key_shape const& key) {
    if (!key.method) return {};
    if (key.primary) {
        return wording("phantomdb: the primary key of table `", table.name,
                       "` is the table itself; say its engine as an option of the table");
    }
    if (!key.is_hashed()) return {};
    if (key.unique) {
        return wording("phantomdb: a unique key of table `", table.name,
                       "` cannot be kept by engine `hash`, which keeps nothing unique");
    }
    if (key.columns.size() > 1) {
        return wording("phantomdb: hash index `", key.name, "` of table `", table.name, "` has more than one column");
    }
    return {};
}

/// What is wrong with a table on its own.
constexpr wording problem_of_table(table_shape const& table, bool owns_all_members) {
    std::string_view name = table.name;
    if (name.empty() || name.size() > 63) return wording("phantomdb: a table's name has 1 to 63 characters");
    if (!owns_all_members) {
        return wording("phantomdb: a key of table `", name, "` names a member of another struct than `",
                       table.record->name, "`");
    }
    if (table.engines_said > 1) return wording("phantomdb: table `", name, "` names more than one engine");
    if (table.method == schema::engine::hash) {
        return wording("phantomdb: table `", name, "` cannot be kept by engine `hash`, which is for indexes");
    }
    auto const& members = table.record->members;
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (!members[i].storable) {
            return wording("phantomdb: member `", members[i].name, "` of table `", name,
                           "` has a type that no SQL type stands for");
        }
    }
    for (std::size_t i = 0; i < table.keys.size(); ++i) {
        auto const& key = table.keys[i];
        if (auto wrong = wrong_key(table, key.columns); !wrong.empty()) return wrong;
        if (auto wrong = wrong_engine(table, key); !wrong.empty()) return wrong;
        if (key.columns.empty()) return wording("phantomdb: a key of table `", name, "` has no columns");
        if (key.primary && i > 0) return wording("phantomdb: table `", name, "` has two primary keys");
        for (std::int16_t column : key.columns) {
            if (key.primary && !members[column].not_null) {
                return wording("phantomdb: the primary key of table `", name, "` contains `", members[column].name,
                               "`, which is optional");
            }
        }
        for (std::size_t k = 0; k < i; ++k) {
            if (!key.name.empty() && table.keys[k].name == key.name) {
                return wording("phantomdb: table `", name, "` has two indexes called `", key.name, "`");
            }
        }
    }
    for (auto const& key : table.foreign_keys) {
        if (auto wrong = wrong_key(table, key.columns); !wrong.empty()) return wrong;
        for (std::size_t i = 0; i < key.columns.size(); ++i) {
            auto const& from = members[key.columns[i]];
            if (key.referenced_columns[i] < 0) {
                return wording("phantomdb: foreign key `", from.name, "` of table `", name,
                               "` refers to a member that is not adapted");
            }
            auto const& to = key.referenced->members[key.referenced_columns[i]];
            if (from.type.id != to.type.id) {
                return wording("phantomdb: foreign key `", from.name, "` (", facts(from.type.id).name, ") of table `",
                               name, "` refers to `", to.name, "` (", facts(to.type.id).name, ")");
            }
        }
    }
    return {};
}

/// The place of the table that a foreign key refers to: the one over that struct with a unique key over those columns. Behind the
/// last where there is none.
constexpr std::size_t referenced_table(array_view<table_shape const*> tables, foreign_key_shape const& key) {
    for (std::size_t i = 0; i < tables.size(); ++i) {
        if (!is_same(*tables[i]->record, *key.referenced)) continue;
        for (auto const& candidate : tables[i]->keys) {
            if (candidate.unique && candidate.columns == key.referenced_columns) return i;
        }
    }
    return tables.size();
}

/// What is wrong with tables together.
constexpr wording problem_of_tables(array_view<table_shape const*> tables) {
    for (std::size_t i = 0; i < tables.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            if (tables[k]->name == tables[i]->name) {
                return wording("phantomdb: a schema has two tables called `", tables[i]->name, "`");
            }
        }
        for (auto const& key : tables[i]->foreign_keys) {
            if (referenced_table(tables, key) == tables.size()) {
                return wording("phantomdb: foreign key `", tables[i]->record->members[key.columns[0]].name,
                               "` of table `", tables[i]->name, "` refers to `",
                               key.referenced->members[key.referenced_columns[0]].name, "` of struct `",
                               key.referenced->name, "`, which is no unique key of a table of this schema");
            }
        }
    }
    return {};
}

}  // namespace detail

/// A set of tables that know each other.
template <class... Tables>
struct schema_of {
    using tables = type_list<Tables...>;
    static constexpr std::array<table_shape const*, sizeof...(Tables)> shapes{&Tables::shape...};

    template <class Table>
    static constexpr bool has = (std::is_same_v<Tables, Table> || ...);
};

/// What is wrong with a table or schema, as a `sentence`; empty for a sound one. No error is raised.
template <class T>
inline constexpr auto problem_of = make_sentence([] {
    if constexpr (is_table<T>) {
        return detail::problem_of_table(T::shape, T::owns_all_members);
    } else {
        return detail::problem_of_tables(T::shapes);
    }
});

/// Raises the sentence about a table or schema that isn't sound.
template <class T>
struct must_be_sound {
    static constexpr bool done = say<problem_of<T>>::done;
};
template <class... Tables>
struct must_be_sound<schema_of<Tables...>> {
    static constexpr bool done = (must_be_sound<Tables>::done && ... && say<problem_of<schema_of<Tables...>>>::done);
};

}  // namespace phantomdb
