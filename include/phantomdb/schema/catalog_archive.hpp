/// @file Defines how the catalog lies in the store: one record an object, under keys that begin with the catalog's own id.
///
///     key     u32 big-endian `catalog_records_id` · kind (`record_kind`, a letter) · u32 big-endian object id
///     value   codec/archive.hpp of the descriptor; for the header (id 0): `catalog_header`
#pragma once

#include <phantomdb/codec/archive.hpp>
#include <phantomdb/codec/row.hpp>
#include <phantomdb/schema/catalog.hpp>
#include <phantomdb/schema/store_keys.hpp>

#include <array>
#include <string>
#include <string_view>

namespace phantomdb::schema {

/// What is true of the whole catalog.
struct catalog_header {
    std::uint64_t version = 1;  ///< grows with every change that is committed
    object_id next_id = first_user_id;

    template <class Archive>
    void serialize(Archive& a, unsigned) {
        a & version & next_id;
    }
};

inline std::string record_key(record_kind kind, object_id id) {
    std::string key;
    append_id(key, catalog_records_id);
    key.push_back(static_cast<char>(kind));
    append_id(key, id);
    return key;
}

}  // namespace phantomdb::schema

namespace boost::serialization {

namespace schema = phantomdb::schema;

template <class Archive>
void serialize(Archive& a, phantomdb::sql_type& type, unsigned) {
    a & type.id & type.modifier;
}

/// A value is stored as a row of one column.
template <class Archive>
void serialize(Archive& a, phantomdb::value& value, unsigned) {
    phantomdb::sql_type type = value.type();
    std::string row;
    auto layout_of = [](phantomdb::type_id id) { return phantomdb::codec::make_row_layout(std::array{id}); };
    if constexpr (Archive::is_saving::value) {
        phantomdb::nullable_datum held = value.get();
        std::uint8_t null = held.null;
        layout_of(type.id).encode(row, &held.value, &null);
        a & type & row;
    } else {
        a & type & row;
        if (static_cast<int>(type.id) >= phantomdb::type_count) {
            throw phantomdb::error(phantomdb::errc::data_corrupted, "a stored record has an unknown type");
        }
        auto layout = layout_of(type.id);
        if (!layout.is_sound(row)) throw phantomdb::error(phantomdb::errc::data_corrupted, "a stored value is damaged");
        phantomdb::nullable_datum held = layout.read(row, 0);
        value = held.null ? phantomdb::value(type) : phantomdb::value(type, held.value);
    }
}

template <class Archive>
void serialize(Archive& a, schema::column_descriptor& c, unsigned) {
    a & c.name & c.type & c.not_null & c.dropped & c.generated & c.default_expression & c.missing & c.sequence &
        c.comment;
}
template <class Archive>
void serialize(Archive& a, schema::index_key& k, unsigned) {
    a & k.column & k.descending & k.nulls_first;
}
template <class Archive>
void serialize(Archive& a, schema::index_descriptor& i, unsigned) {
    a & i.id & i.name & i.keys & i.unique & i.primary & i.constraint & i.method & i.comment;
}
template <class Archive>
void serialize(Archive& a, schema::check_descriptor& c, unsigned) {
    a & c.name & c.expression;
}
template <class Archive>
void serialize(Archive& a, schema::foreign_key_descriptor& f, unsigned) {
    a & f.name & f.columns & f.referenced_table & f.referenced_columns & f.on_delete & f.on_update & f.deferrable &
        f.initially_deferred;
}
template <class Archive>
void serialize(Archive& a, schema::table_descriptor& t, unsigned) {
    a & t.id & t.schema & t.schema_name & t.name & t.columns & t.indexes & t.checks & t.foreign_keys & t.referenced_by &
        t.method & t.comment;
}
template <class Archive>
void serialize(Archive& a, schema::view_descriptor& v, unsigned) {
    a & v.id & v.schema & v.schema_name & v.name & v.query & v.columns & v.uses & v.comment;
}
template <class Archive>
void serialize(Archive& a, schema::sequence_descriptor& s, unsigned) {
    a & s.id & s.schema & s.schema_name & s.name & s.type & s.start & s.increment & s.minimum & s.maximum & s.cycle &
        s.owner_table & s.owner_column & s.comment;
}
template <class Archive>
void serialize(Archive& a, schema::schema_descriptor& s, unsigned) {
    a & s.id & s.database & s.name & s.comment;
}
template <class Archive>
void serialize(Archive& a, schema::database_descriptor& d, unsigned) {
    a & d.id & d.name & d.owner & d.comment;
}
template <class Archive>
void serialize(Archive& a, schema::role_descriptor& r, unsigned) {
    a & r.id & r.name & r.superuser & r.can_login & r.password;
}

}  // namespace boost::serialization

namespace phantomdb::schema {

/// The record of an object of `from`, or nothing if it is not there (any more).
inline std::optional<std::string> record_of(catalog const& from, record_kind kind, object_id id) {
    auto packed = [](auto const& found) -> std::optional<std::string> {
        if (!found) return std::nullopt;
        return codec::pack(*found);
    };
    switch (kind) {
        case record_kind::table: return packed(from.table(id));
        case record_kind::view: return packed(from.view(id));
        case record_kind::sequence: return packed(from.sequence(id));
        case record_kind::schema: return packed(from.schema(id));
        case record_kind::database: return packed(from.database(id));
        case record_kind::role: return packed(from.role(id));
        case record_kind::header: break;
    }
    return std::nullopt;
}

/// Puts the object of a record into `into`. Headers are passed over. Throws data_corrupted for damaged bytes.
inline void load_record(catalog_edit& into, std::string_view key, std::string_view bytes) {
    if (key.size() != 9) throw error(errc::data_corrupted, "a catalog record has a damaged key");
    switch (static_cast<record_kind>(key[4])) {
        case record_kind::header: return;
        case record_kind::table: return into.put(codec::unpack<table_descriptor>(bytes));
        case record_kind::view: return into.put(codec::unpack<view_descriptor>(bytes));
        case record_kind::sequence: return into.put(codec::unpack<sequence_descriptor>(bytes));
        case record_kind::schema: return into.put(codec::unpack<schema_descriptor>(bytes));
        case record_kind::database: return into.put(codec::unpack<database_descriptor>(bytes));
        case record_kind::role: return into.put(codec::unpack<role_descriptor>(bytes));
    }
    throw error(errc::data_corrupted, "a catalog record is of an unknown kind");
}

}  // namespace phantomdb::schema
