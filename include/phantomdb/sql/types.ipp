/// @file Implements the reading and writing of type names.
#pragma once

#include <phantomdb/base/error.hpp>
#include <phantomdb/sql/parser.hpp>
#include <phantomdb/sql/types.hpp>

#include <unordered_map>
#include <vector>

namespace phantomdb::sql {

std::optional<type_id> find_type(std::string_view name) {
    static auto const index = [] {
        std::unordered_map<std::string_view, type_id> made;
        for (int i = 0; i < type_count; ++i) made.emplace(type_table[i].pg_name, static_cast<type_id>(i));
        // Catalog types that are told apart by name only.
        for (std::string_view text_like : {"char", "cstring", "int2vector", "oidvector", "pg_node_tree", "aclitem"}) {
            made.emplace(text_like, type_id::text);
        }
        for (std::string_view oid_like :
             {"regclass", "regtype", "regproc", "regprocedure", "regnamespace", "regrole", "xid", "cid"}) {
            made.emplace(oid_like, type_id::oid);
        }
        return made;
    }();
    auto found = index.find(name);
    if (found == index.end()) return std::nullopt;
    return found->second;
}

namespace {

std::int32_t length_modifier(std::string_view shown, std::vector<std::int64_t> const& given, int position) {
    auto wrong = [&](std::string message) -> error {
        return error(errc::invalid_parameter_value, std::move(message)).at(position);
    };
    if (given.size() != 1) throw wrong("invalid type modifier");
    if (given[0] < 1) throw wrong("length for type " + std::string(shown) + " must be at least 1");
    if (given[0] > 10485760) throw wrong("length for type " + std::string(shown) + " cannot exceed 10485760");
    return static_cast<std::int32_t>(given[0]);
}

std::int32_t numeric_modifier(std::vector<std::int64_t> const& given, int position) {
    auto wrong = [&](std::string message) -> error {
        return error(errc::invalid_parameter_value, std::move(message)).at(position);
    };
    if (given.size() > 2) throw wrong("invalid NUMERIC type modifier");
    std::int64_t precision = given[0], scale = given.size() > 1 ? given[1] : 0;
    if (precision < 1 || precision > 1000) {
        throw wrong("NUMERIC precision " + std::to_string(precision) + " must be between 1 and 1000");
    }
    if (scale < -1000 || scale > 1000) {
        throw wrong("NUMERIC scale " + std::to_string(scale) + " must be between -1000 and 1000");
    }
    return numeric_type(static_cast<int>(precision), static_cast<int>(scale)).modifier;
}

std::int32_t fraction_modifier(std::vector<std::int64_t> const& given, std::string_view shown, int position) {
    if (given.size() != 1) throw error(errc::invalid_parameter_value, "invalid type modifier").at(position);
    if (given[0] < 0) {
        throw error(errc::invalid_parameter_value,
                    std::string(shown) + "(" + std::to_string(given[0]) + ") precision must not be negative")
            .at(position);
    }
    return static_cast<std::int32_t>(given[0] > 6 ? 6 : given[0]);
}

/// PostgreSQL's own packing: the fields allowed in the upper half, the fractional digits (or 0xffff) in the lower.
std::int32_t interval_modifier(std::vector<std::int64_t> const& given, int position) {
    constexpr std::int64_t all_fields = 0x7fff, all_digits = 0xffff;
    std::int64_t digits = given.size() > 1 ? given[1] : all_digits;
    if (given.size() > 1 && digits < 0) {
        throw error(errc::invalid_parameter_value,
                    "INTERVAL(" + std::to_string(digits) + ") precision must not be negative")
            .at(position);
    }
    if (given.size() > 1 && digits > 6) digits = 6;
    if (given[0] == all_fields && digits == all_digits) return -1;
    return static_cast<std::int32_t>(given[0] << 16 | digits);
}

}  // namespace

sql_type type_of(ast type_name, std::string_view text) {
    int position = character_position(text, type_name.location());
    auto names = type_name.names("names");
    std::string shown;
    for (auto part : names) shown += (shown.empty() ? "" : ".") + std::string(part);
    if (!type_name.list("arrayBounds").empty()) {
        throw error(errc::feature_not_supported, "arrays are not supported (type " + shown + "[])").at(position);
    }
    auto found = names.empty() || names.size() > 2 || (names.size() == 2 && names[0] != "pg_catalog")
                     ? std::nullopt
                     : find_type(names.back());
    if (!found || *found == type_id::void_) {
        if (!names.empty() && names.back().starts_with('_') && find_type(names.back().substr(1))) {
            throw error(errc::feature_not_supported, "arrays are not supported (type " + shown + ")").at(position);
        }
        throw error(errc::undefined_object, "type \"" + shown + "\" does not exist").at(position);
    }

    sql_type made{*found, -1};
    std::vector<std::int64_t> given;
    for (ast modifier : type_name.list("typmods")) {
        if (!modifier.is("A_Const") || !modifier.has("ival")) {
            throw error(errc::syntax_error, "type modifiers must be simple constants or identifiers").at(position);
        }
        given.push_back(integer_constant(modifier, text));
    }
    if (given.empty()) return made;
    switch (made.id) {
        case type_id::varchar: made.modifier = length_modifier("varchar", given, position); break;
        case type_id::bpchar: made.modifier = length_modifier("char", given, position); break;
        case type_id::numeric: made.modifier = numeric_modifier(given, position); break;
        case type_id::time: made.modifier = fraction_modifier(given, "TIME", position); break;
        case type_id::timestamp:
        case type_id::timestamptz: made.modifier = fraction_modifier(given, "TIMESTAMP", position); break;
        case type_id::interval: made.modifier = interval_modifier(given, position); break;
        default:
            throw error(errc::syntax_error, "type modifier is not allowed for type \"" + shown + "\"").at(position);
    }
    return made;
}

std::string format_type(sql_type type) {
    std::string name(facts(type.id).name);
    if (type.modifier < 0) return type.id == type_id::bpchar ? "bpchar" : name;
    auto with = [&](std::string arguments) {
        std::size_t space = type.id == type_id::time || type.id == type_id::timestamp || type.id == type_id::timestamptz
                                ? name.find(' ')
                                : name.size();
        return name.substr(0, space) + "(" + arguments + ")" + name.substr(space);
    };
    switch (type.id) {
        case type_id::varchar:
        case type_id::bpchar:
        case type_id::time:
        case type_id::timestamp:
        case type_id::timestamptz: return with(std::to_string(type.modifier));
        case type_id::numeric:
            return with(std::to_string(numeric_precision(type)) + "," + std::to_string(numeric_scale(type)));
        case type_id::interval: {
            static constexpr std::pair<int, std::string_view> fields[] = {
                {1 << 2, " year"},
                {1 << 1, " month"},
                {1 << 2 | 1 << 1, " year to month"},
                {1 << 3, " day"},
                {1 << 10, " hour"},
                {1 << 11, " minute"},
                {1 << 12, " second"},
                {1 << 3 | 1 << 10, " day to hour"},
                {1 << 3 | 1 << 10 | 1 << 11, " day to minute"},
                {1 << 3 | 1 << 10 | 1 << 11 | 1 << 12, " day to second"},
                {1 << 10 | 1 << 11, " hour to minute"},
                {1 << 10 | 1 << 11 | 1 << 12, " hour to second"},
                {1 << 11 | 1 << 12, " minute to second"}};
            for (auto const& [mask, words] : fields) {
                if (mask == type.modifier >> 16) name += words;
            }
            if ((type.modifier & 0xffff) != 0xffff) name += "(" + std::to_string(type.modifier & 0xffff) + ")";
            return name;
        }
        default: return name;
    }
}

}  // namespace phantomdb::sql
