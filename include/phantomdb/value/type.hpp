/// @file Defines `type_id` and `sql_type`: the SQL types, with PostgreSQL's object ids and modifiers.
#pragma once

#include <cstdint>
#include <string_view>

namespace phantomdb {

/// The SQL types. The order is the order of numeric promotion within a category.
enum class type_id : std::uint8_t {
    unknown,  ///< an untyped literal or NULL, resolved by its context
    boolean,
    int2,
    int4,
    int8,
    numeric,
    float4,
    float8,
    text,
    varchar,
    bpchar,  ///< char(n), blank padded
    name,    ///< PostgreSQL's identifier type; behaves as text
    bytea,
    date,
    time,
    timestamp,
    timestamptz,
    interval,
    uuid,
    json,
    jsonb,
    oid,
    void_,  ///< the result of a function called for its effect
};
inline constexpr int type_count = static_cast<int>(type_id::void_) + 1;

/// How a value of a type lies in a `datum`.
enum class physical : std::uint8_t {
    integer,   ///< `datum::i`: boolean, int2, int4, int8, oid, date (days since 2000-01-01), time, timestamp(tz) (µs)
    floating,  ///< `datum::d`: float4 (rounded to float), float8
    text,      ///< `datum::t`: text, varchar, bpchar, name, bytea, json (as text), jsonb (as binary document), unknown
    numeric,   ///< `datum::n`
    interval,  ///< `datum::v`
    uuid,      ///< `datum::u`
};

/// A type with its modifier: length for varchar and bpchar, `(precision << 16 | scale)` for numeric,
/// fractional digits for time and timestamps; -1 where there is none. (On the wire PostgreSQL adds 4 to the first two.)
struct sql_type {
    type_id id = type_id::unknown;
    std::int32_t modifier = -1;

    friend constexpr bool operator==(sql_type const&, sql_type const&) = default;
};

/// One row of the table of types.
struct type_facts {
    std::string_view name;     ///< as `format_type` prints it
    std::string_view pg_name;  ///< `pg_type.typname`
    std::uint32_t oid;
    std::uint32_t array_oid;
    std::int16_t size;  ///< `pg_type.typlen`; -1 for variable
    char category;      ///< `pg_type.typcategory`
    physical storage;
    std::uint8_t width;  ///< bytes in a stored row; 0 for variable
};

inline constexpr type_facts type_table[type_count] = {
    {"unknown", "unknown", 705, 0, -2, 'X', physical::text, 0},
    {"boolean", "bool", 16, 1000, 1, 'B', physical::integer, 1},
    {"smallint", "int2", 21, 1005, 2, 'N', physical::integer, 2},
    {"integer", "int4", 23, 1007, 4, 'N', physical::integer, 4},
    {"bigint", "int8", 20, 1016, 8, 'N', physical::integer, 8},
    {"numeric", "numeric", 1700, 1231, -1, 'N', physical::numeric, 16},
    {"real", "float4", 700, 1021, 4, 'N', physical::floating, 4},
    {"double precision", "float8", 701, 1022, 8, 'N', physical::floating, 8},
    {"text", "text", 25, 1009, -1, 'S', physical::text, 0},
    {"character varying", "varchar", 1043, 1015, -1, 'S', physical::text, 0},
    {"character", "bpchar", 1042, 1014, -1, 'S', physical::text, 0},
    {"name", "name", 19, 1003, 64, 'S', physical::text, 0},
    {"bytea", "bytea", 17, 1001, -1, 'U', physical::text, 0},
    {"date", "date", 1082, 1182, 4, 'D', physical::integer, 4},
    {"time without time zone", "time", 1083, 1183, 8, 'D', physical::integer, 8},
    {"timestamp without time zone", "timestamp", 1114, 1115, 8, 'D', physical::integer, 8},
    {"timestamp with time zone", "timestamptz", 1184, 1185, 8, 'D', physical::integer, 8},
    {"interval", "interval", 1186, 1187, 16, 'T', physical::interval, 16},
    {"uuid", "uuid", 2950, 2951, 16, 'U', physical::uuid, 16},
    {"json", "json", 114, 199, -1, 'U', physical::text, 0},
    {"jsonb", "jsonb", 3802, 3807, -1, 'U', physical::text, 0},
    {"oid", "oid", 26, 1028, 4, 'N', physical::integer, 4},
    {"void", "void", 2278, 0, 4, 'P', physical::text, 0},
};

constexpr type_facts const& facts(type_id id) { return type_table[static_cast<int>(id)]; }
constexpr physical physical_of(type_id id) { return facts(id).storage; }
constexpr bool is_integer(type_id id) { return id == type_id::int2 || id == type_id::int4 || id == type_id::int8; }
constexpr bool is_number(type_id id) { return facts(id).category == 'N' && id != type_id::oid; }
constexpr bool is_string(type_id id) { return facts(id).category == 'S'; }

/// The type with this PostgreSQL object id, or `unknown` with `found` false.
struct type_lookup {
    bool found;
    type_id id;
};
constexpr type_lookup type_by_oid(std::uint32_t oid) {
    for (int i = 0; i < type_count; ++i) {
        if (type_table[i].oid == oid) return {true, static_cast<type_id>(i)};
    }
    return {false, type_id::unknown};
}

constexpr sql_type numeric_type(int precision, int scale) {
    return {type_id::numeric, (precision << 16) | (scale & 0xffff)};
}
constexpr int numeric_precision(sql_type type) { return type.modifier >> 16; }
constexpr int numeric_scale(sql_type type) { return static_cast<std::int16_t>(type.modifier & 0xffff); }

}  // namespace phantomdb
