/// @file Implements how the binder gives values their types: literals, casts, common types.
#pragma once

#include <phantomdb/base/arena.hpp>
#include <phantomdb/sql/binding.hpp>
#include <phantomdb/sql/types.hpp>
#include <phantomdb/value/cast.hpp>
#include <phantomdb/value/text_io.hpp>

#include <algorithm>

namespace phantomdb::sql {

using query::expression_kind;

node binding::add_literal(sql_type type, datum raw, std::int64_t location) {
    query::literal constant = query::literal_of(type, raw);
    if (physical_of(type.id) == physical::text) constant.characters = q_.add_text(raw.t);
    query::expression made;
    made.kind = expression_kind::literal;
    made.type = type;
    made.nullable = false;
    made.detail = q_.add(constant);
    made_.literal_sources.emplace_back();
    made.position = static_cast<node>(location + 1);
    return q_.add(made);
}

node binding::add_null(sql_type type, std::int64_t location) {
    query::literal constant;
    constant.type = type;
    query::expression made;
    made.kind = expression_kind::literal;
    made.type = type;
    made.detail = q_.add(constant);
    made_.literal_sources.emplace_back();
    made.position = static_cast<node>(location + 1);
    return q_.add(made);
}

node binding::add_text_literal(sql_type type, std::string_view text, std::int64_t location) {
    return add_literal(type, datum{text}, location);
}

/// A constant of the statement's own text: `e` stands for what is written at `location`.
node binding::noted_token(node e, std::int64_t location) {
    if (!positions_) return e;
    literal_source& source = source_of(e);
    source.how = literal_source::step::token;
    source.location = location;
    return e;
}

/// A literal made of another one by reading or casting it.
node binding::noted_step(node e, node from, literal_source::step how, bool explicit_cast) {
    literal_source& source = source_of(e);
    source.how = how;
    source.explicit_cast = explicit_cast;
    source.from = expr(from).detail;
    return e;
}

/// A constant cast now; none where that must wait for the statement to run: settings matter, or it fails.
node binding::folded_cast(node e, sql_type to, bool explicit_cast) {
    if (expr(e).kind != expression_kind::literal) return none;
    sql_type from = expr(e).type;
    auto const constant = q_.literals[static_cast<std::size_t>(expr(e).detail)];
    std::int64_t location = expr(e).position - 1;
    if (constant.null) return add_null(to, location);
    bool plain = (is_number(from.id) && is_number(to.id)) || (is_string(from.id) && is_string(to.id));
    if (!plain) return none;
    arena memory;
    std::string text(q_.view().name(constant.characters));
    datum raw =
        physical_of(from.id) == physical::text ? datum{std::string_view(text)} : query::datum_of(q_.view(), constant);
    try {
        auto context = explicit_cast ? cast_context::explicit_only : cast_context::assignment;
        node made = add_literal(to, cast(raw, from, to, memory, *context_.formats, context), location);
        return noted_step(made, e, literal_source::step::cast, explicit_cast);
    } catch (error const&) {
        source_of(e).decides = true;
        return none;
    }
}

node binding::make_cast(node e, sql_type to, bool explicit_cast) {
    if (node folded = folded_cast(e, to, explicit_cast); folded != none) return folded;
    query::expression made;
    made.kind = expression_kind::cast;
    made.flag = explicit_cast;
    made.nullable = expr(e).nullable;
    made.type = to;
    node const operand[] = {e};
    made.arguments = q_.add_list(operand);
    return q_.add(made);
}

bool asks_the_clock(std::string_view text, type_id to) {
    if (facts(to).category != 'D') return false;
    std::string lower(text);
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    for (std::string_view word : {"now", "today", "tomorrow", "yesterday"}) {
        if (lower.find(word) != std::string::npos) return true;
    }
    return false;
}

namespace {

/// `interval '3' day`: a bare number counts the last field that the type allows.
std::string_view interval_unit(std::int32_t modifier) {
    switch (modifier < 0 ? 0 : modifier >> 16) {
        case 1 << 2: return " years";
        case 1 << 1:
        case 1 << 2 | 1 << 1: return " months";
        case 1 << 3: return " days";
        case 1 << 10:
        case 1 << 3 | 1 << 10: return " hours";
        case 1 << 11:
        case 1 << 3 | 1 << 10 | 1 << 11:
        case 1 << 10 | 1 << 11: return " minutes";
        default: return " seconds";
    }
}

}  // namespace

node binding::coerce_literal(node e, sql_type to, coercion how) {
    std::int64_t location = expr(e).position - 1;
    auto const constant = q_.literals[static_cast<std::size_t>(expr(e).detail)];
    if (constant.null) return add_null(to, location);
    std::string text(q_.view().name(constant.characters));
    sql_type plain = to;
    if (to.id == type_id::interval) {
        bool number = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
            return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == ' ';
        });
        if (to.modifier >= 0) source_of(e).decides = true;  // the unit depends on what is there
        if (number && to.modifier >= 0) text += interval_unit(to.modifier);
    } else {
        plain.modifier = -1;
    }
    if (asks_the_clock(text, to.id)) made_.cacheable = false;
    arena memory;
    node made = none;
    try {
        made = add_literal(plain, parse_text(plain, text, memory, *context_.formats), location);
        noted_step(made, e, literal_source::step::read, false);
    } catch (error& failed) {
        throw at(std::move(failed), location);
    }
    return plain.modifier == to.modifier ? made : make_cast(made, to, how == coercion::explicit_);
}

/// `e` as a value of type `to`; none where no such cast exists.
node binding::coerce(node e, sql_type to, coercion how) {
    sql_type from = expr(e).type;
    if (from.id == type_id::unknown) {
        if (expr(e).kind == expression_kind::literal) return coerce_literal(e, to, how);
        if (expr(e).kind == expression_kind::parameter) {
            auto number = static_cast<std::size_t>(expr(e).detail);
            sql_type& known = made_.parameters[number];
            if (known.id != type_id::unknown && known.id != to.id) {
                throw at(
                    error(errc::ambiguous_parameter,
                          "inconsistent types deduced for parameter $" + std::to_string(number + 1))
                        .with_detail(std::string(facts(known.id).name) + " versus " + std::string(facts(to.id).name)),
                    location_of(e));
            }
            known = {to.id, -1};
            query::expression typed = expr(e);
            typed.type = known;
            node made = q_.add(typed);
            return to.modifier < 0 ? made : make_cast(made, to, how == coercion::explicit_);
        }
        return make_cast(e, to, how == coercion::explicit_);
    }
    if (from.id == to.id)
        return to.modifier < 0 || to.modifier == from.modifier ? e : make_cast(e, to, how == coercion::explicit_);
    cast_context allowed = castable(from.id, to.id);
    bool possible = allowed == cast_context::implicit ||
                    (allowed == cast_context::assignment && how != coercion::implicit) ||
                    (allowed == cast_context::explicit_only && how == coercion::explicit_);
    if (!possible) return none;
    node made = make_cast(e, to, how == coercion::explicit_);
    return made;
}

node binding::must_coerce(node e, sql_type to, coercion how, std::int64_t location) {
    std::int64_t start = location >= 0 ? location : location_of(e);
    std::string_view from = facts(type(e)).name;
    if (node made = coerce(e, to, how); made != none) return made;
    throw at(
        error(errc::cannot_coerce, "cannot cast type " + std::string(from) + " to " + std::string(facts(to.id).name)),
        start);
}

node binding::to_boolean(node e, std::string_view what) {
    if (type(e) == type_id::boolean) return e;
    std::string_view from = facts(type(e)).name;
    if (node made = coerce(e, {type_id::boolean}, coercion::assignment); made != none) return made;
    throw at(error(errc::datatype_mismatch,
                   "argument of " + std::string(what) + " must be type boolean, not type " + std::string(from)),
             location_of(e));
}

node binding::resolve_unknown(node e) {
    return type(e) == type_id::unknown ? coerce(e, {type_id::text}, coercion::implicit) : e;
}

/// PostgreSQL's select_common_type: the first type, unless a later one of the same category is preferred or takes it in.
std::optional<type_id> binding::try_common_type(std::span<node const> values, node* offender) const {
    type_id common = type_id::unknown;
    for (node value : values) {
        type_id next = type(value);
        if (next == type_id::unknown || next == common) continue;
        if (common == type_id::unknown) {
            common = next;
        } else if (facts(next).category != facts(common).category) {
            if (offender) *offender = value;
            return std::nullopt;
        } else if (!is_preferred(common) && query::casts_implicitly(common, next) &&
                   !query::casts_implicitly(next, common)) {
            common = next;
        }
    }
    return common == type_id::unknown ? type_id::text : common;
}

sql_type binding::common_type(std::span<node const> values, std::string_view what) {
    node offender = none;
    auto found = try_common_type(values, &offender);
    if (!found) {
        type_id before = type_id::unknown;
        for (node value : values) {
            if (value == offender) break;
            if (type(value) != type_id::unknown) before = type(value);
        }
        // The type the offender was compared with is the common one so far.
        std::vector<node> earlier;
        for (node value : values) {
            if (value == offender) break;
            earlier.push_back(value);
        }
        before = try_common_type(earlier).value_or(before);
        throw at(
            error(errc::datatype_mismatch, std::string(what) + " types " + std::string(facts(before).name) + " and " +
                                               std::string(facts(type(offender)).name) + " cannot be matched"),
            location_of(offender));
    }
    sql_type common{*found, -1};
    bool first = true;
    for (node value : values) {  // a modifier stays if all have it
        sql_type next = expr(value).type;
        if (next.id != common.id || (!first && next.modifier != common.modifier)) return {common.id, -1};
        common.modifier = next.modifier;
        first = false;
    }
    return common;
}

namespace {

/// The parts of a name as it stands in a string: folded to lower case unless quoted.
std::vector<std::string> split_name(std::string_view text) {
    std::vector<std::string> parts(1);
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"') {
            parts.back() += text[++i];
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == '.' && !quoted) {
            parts.emplace_back();
        } else if (!quoted && c == ' ') {
            continue;
        } else {
            parts.back() += !quoted && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        }
    }
    return parts;
}

}  // namespace

/// `'name'::regclass` and its kin: object ids by name. The result is a plain oid.
node binding::to_object_id(node e, std::string_view type_name, std::int64_t location) {
    if (type(e) != type_id::unknown || expr(e).kind != expression_kind::literal || expr(e).nullable) {
        if (is_string(type(e)) && type_name == "regclass") return call("to_regclass", {e}, location);
        return must_coerce(e, {type_id::oid}, coercion::explicit_, location);
    }
    std::string text(q_.view().name(q_.literals[static_cast<std::size_t>(expr(e).detail)].characters));
    source_of(e).decides = true;
    std::int64_t place = expr(e).position - 1;
    if (text == "-") return add_literal({type_id::oid}, datum{std::int64_t{0}}, place);
    if (!text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        return coerce_literal(e, {type_id::oid}, coercion::explicit_);
    }
    auto parts = split_name(text);
    auto found_id = [&](std::uint32_t id) { return add_literal({type_id::oid}, datum{std::int64_t{id}}, place); };
    if (type_name == "regclass" && parts.size() <= 3) {
        auto found = context_.names.find(parts.size() > 1 ? parts[parts.size() - 2] : "", parts.back());
        if (!found) throw at(error(errc::undefined_table, "relation \"" + text + "\" does not exist"), place);
        return found_id(found->id);
    }
    if (type_name == "regtype") {
        parsed_expression parsed = parse_expression("NULL::" + text);
        return found_id(facts(type_of(parsed.root["typeName"], {}).id).oid);
    }
    if (type_name == "regnamespace") {
        auto const* schema = context_.names.catalog->find_schema(context_.names.database, parts.back());
        if (!schema) throw at(error(errc::invalid_schema_name, "schema \"" + text + "\" does not exist"), place);
        return found_id(schema->id);
    }
    throw at(error(errc::feature_not_supported, "type " + std::string(type_name) + " is not supported"), location);
}

}  // namespace phantomdb::sql
