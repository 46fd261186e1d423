/// @file Defines random spellings of values of every type, right and wrong ones.
#pragma once

#include <phantomdb/value/type.hpp>

#include <string>
#include <vector>

#include "value/oracle.hpp"

namespace phantomdb::test {

inline std::string random_json(dice& random, int depth = 0) {
    std::string names[] = {R"("")",    R"("a")", R"("b")", R"("aa")", R"("\u00e9")", R"("\n\t")", R"("é\ud83d\ude00")",
                           R"("x\/y")"};
    auto name = [&] { return names[random.between(0, 7)]; };
    if (depth > 3 || random.one_in(2)) {
        return random.of("0", "1", "-1", "1.0", "1.50", "-0", "-0.0", "1e3", "1.5E-3", "12345678901234567890", "1e40",
                         "127", "128", "-32769", "1e-50", "true", "false", "null", name(), name(), name());
    }
    bool object = random.one_in(2);
    std::string text = object ? "{" : "[";
    for (auto left = random.between(0, 4); left > 0; --left) {
        if (object) text += name() + random.of(":", " : ");
        text += random_json(random, depth + 1);
        if (left > 1) text += random.of(",", " , ");
    }
    return text + (object ? "}" : "]");
}

/// A spelling of a value of the type, now and then one that is wrong.
inline std::string random_text(dice& random, type_id type) {
    std::string sign = random.of("", "-", "+", "");
    if (random.one_in(15)) return random.of("", " ", "x", "1", "t", "-", "1.5", "2024-01-01", "{}", "é");
    switch (type) {
        case type_id::boolean:
            return random.of("t", "TRUE", " yes ", "on", "1", "f", "False", "no", "off", "0", "tru", "o", "of");
        case type_id::int2: return sign + random.digits(5);
        case type_id::int4: return random.of("", " ") + sign + random.digits(10) + random.of("", " ");
        case type_id::int8: return sign + random.digits(19);
        case type_id::oid: return random.digits(10);
        case type_id::numeric: return sign + random.digits(12) + "." + random.digits(6);
        case type_id::float4:
        case type_id::float8:
            return sign + random.of(random.digits(4), random.digits(9) + "." + random.digits(9),
                                    "." + random.digits(5) + "e" + random.of("", "-", "+") + random.digits(2), "NaN",
                                    "Infinity", "1e400", "1e-400", "0.1", random.digits(17), "0");
        case type_id::date: return random.of("1999-12-31", "infinity", "0044-03-15 BC", "20240229", "294277-01-01");
        case type_id::time: return random.of("12:34:56.789", "00:00", "23:59:59.999999", "24:00:00", "04:05 PM");
        case type_id::timestamp:
        case type_id::timestamptz:
            return random.of("1999-12-31 23:59:59.999999", "2024-02-29 12:00", "-infinity", "0044-03-15 BC",
                             "2000-01-01T00:00:00+05:30");
        case type_id::interval:
            return random.of("1 day", "-3 mons 02:03:04.5", "P1Y2M", "30 hours ago", "1.5 weeks", "00:00");
        case type_id::uuid:
            return random.of("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}",
                             "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
                             "00000000-0000-0000-0000-000000000000");
        case type_id::bytea:
            return random.of("\\x00ff10", "\\xabc", "\\xzz", "a\\\\b", "\\000\\377x", "a\\b", "", "\\x", "\\xé0");
        case type_id::json:
        case type_id::jsonb: {
            std::string text = random_json(random);
            if (!random.one_in(4)) return text;
            auto at = static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(text.size())));
            while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;  // not within é
            if (random.one_in(2)) return text.substr(0, at);
            return text.insert(at, random.of("{", "]", ",", ":", "\"", "x", "-", ".5", "tru", "\\", "\\u12"));
        }
        default:
            return random.of("abc", "", "abc   ", "  é ü", "a much longer text than that", "42", "true", "2024-01-01");
    }
}

/// The types that have values.
inline std::vector<type_id> const& value_types() {
    static std::vector<type_id> const types = [] {
        std::vector<type_id> made;
        for (int i = 1; i < type_count; ++i) {
            if (static_cast<type_id>(i) != type_id::void_) made.push_back(static_cast<type_id>(i));
        }
        return made;
    }();
    return types;
}

inline std::string sql_name(type_id type) { return std::string(facts(type).pg_name); }

}  // namespace phantomdb::test
