/// @file Implements `literal_slots` and `take_literals`.
#pragma once

#include <phantomdb/exec/executable.hpp>
#include <phantomdb/sql/literal_slots.hpp>
#include <phantomdb/value/cast.hpp>
#include <phantomdb/value/text_io.hpp>

#include <algorithm>
#include <charconv>
#include <limits>

namespace phantomdb::sql {

namespace {

/// The characters of a token: those between the quotes, or the digits with their sign.
std::string_view characters_of(literal_token const& token, std::string_view spelled, bool negative, arena& memory) {
    if (token.kind != literal_kind::text) {
        return negative ? memory.copy("-" + std::string(spelled)) : spelled;
    }
    spelled = spelled.substr(1, spelled.size() - 2);
    if (spelled.find('\'') == std::string_view::npos) return spelled;
    std::string plain;
    for (std::size_t i = 0; i < spelled.size(); ++i) {
        plain += spelled[i];
        if (spelled[i] == '\'') ++i;  // the second of two
    }
    return memory.copy(plain);
}

/// The type the binder gives a token before anything is done with it.
type_id type_of(literal_token const& token) {
    switch (token.kind) {
        case literal_kind::integer: return type_id::int4;
        case literal_kind::bigint: return type_id::int8;
        case literal_kind::numeric:
        case literal_kind::text: break;
    }
    return type_id::unknown;
}

bool same(datum a, datum b, type_id type) { return physical_of(type) == physical::text ? a.t == b.t : a.i == b.i; }

constexpr std::uint32_t no_token = UINT32_MAX;

/// The token of each literal, by way of what it was made of; `no_token` for those that come from elsewhere.
class token_map {
public:
    token_map(bound_statement const& statement, literal_scan const& scan) : scan_(scan) {
        auto const& sources = statement.literal_sources;
        tokens_.assign(sources.size(), no_token);
        for (std::size_t i = 0; i < sources.size(); ++i) {
            if (sources[i].how == literal_source::step::token) tokens_[i] = at(sources[i].location);
            else if (sources[i].how != literal_source::step::other) tokens_[i] = tokens_[index(sources[i].from)];
        }
    }
    std::uint32_t of(std::size_t literal) const { return tokens_[literal]; }
    static std::size_t index(query::node n) { return static_cast<std::size_t>(n); }
    bool is_negative(std::int64_t location) const { return scan_.text()[index(location)] == '-'; }
    static std::size_t index(std::int64_t n) { return static_cast<std::size_t>(n); }

private:
    /// The token that begins at a byte, or right behind the sign there.
    std::uint32_t at(std::int64_t location) const {
        if (location < 0 || index(location) >= scan_.text().size()) return no_token;
        std::size_t const begin = index(location) + (is_negative(location) ? 1 : 0);
        auto const& all = scan_.tokens();
        auto const found = std::lower_bound(all.begin(), all.end(), begin,
                                            [](literal_token const& token, std::size_t b) { return token.begin < b; });
        if (found == all.end() || found->begin != begin) return no_token;
        if (is_negative(location) && found->kind == literal_kind::text) return no_token;
        return static_cast<std::uint32_t>(found - all.begin());
    }

    literal_scan const& scan_;
    std::vector<std::uint32_t> tokens_;
};

}  // namespace

bool literal_slots::fits(literal_scan const& scan) const {
    return std::all_of(fixed_.begin(), fixed_.end(),
                       [&](auto const& each) { return scan.spelling(each.first) == each.second; });
}

bool literal_slots::fill_one(slot const& one, literal_scan const& scan, arena& memory, format_settings const& settings,
                             std::vector<nullable_datum> const& made, datum& into) const {
    switch (one.how) {
        case literal_source::step::token: {
            literal_token const& token = scan.tokens()[one.source];
            std::string_view const spelled = scan.spelling(one.source);
            if (one.type.id == type_id::unknown) {
                into = datum{characters_of(token, spelled, one.negative, memory)};
                return true;
            }
            std::int64_t whole = 0;
            std::from_chars(spelled.data(), spelled.data() + spelled.size(), whole);
            if (one.negative) whole = -whole;
            // Of all numbers only -2147483648 is spelled with the digits of an int8 and is an int4.
            bool const small =
                whole >= std::numeric_limits<std::int32_t>::min() && whole <= std::numeric_limits<std::int32_t>::max();
            into = datum{whole};
            return small == (one.type.id == type_id::int4);
        }
        case literal_source::step::read: {
            std::string_view const text = made[one.source].value.t;
            if (asks_the_clock(text, one.type.id)) return false;
            into = parse_text(one.type, text, memory, settings);
            return true;
        }
        case literal_source::step::cast: {
            auto const context = one.explicit_cast ? cast_context::explicit_only : cast_context::assignment;
            into = cast(made[one.source].value, slots_[one.source].type, one.type, memory, settings, context);
            return true;
        }
        case literal_source::step::other: break;
    }
    return false;
}

bool literal_slots::fill(literal_scan const& scan, arena& memory, format_settings const& settings,
                         std::vector<nullable_datum>& parameters) const {
    parameters.clear();
    try {
        for (slot const& one : slots_) {
            datum made{};
            if (!fill_one(one, scan, memory, settings, parameters, made)) return false;
            parameters.emplace_back(made);
        }
    } catch (error const&) {
        return false;  // binding the text says what is wrong, and where
    }
    return true;
}

literal_slots take_literals(bound_statement& statement, literal_scan const& scan) {
    query::query_builder& q = statement.query;
    auto& sources = statement.literal_sources;
    token_map const tokens(statement, scan);
    auto const literal_of = [&](query::node e) {
        return e != query::none && q.expressions[token_map::index(e)].kind == query::expression_kind::literal
                   ? q.expressions[token_map::index(e)].detail
                   : query::none;
    };
    auto const decide = [&](query::node e) {
        if (query::node const literal = literal_of(e); literal != query::none)
            sources[token_map::index(literal)].decides = true;
    };
    for (query::relation const& relation : q.relations) decide(relation.limit);
    for (query::expression const& e : q.expressions) {
        if (e.kind != query::expression_kind::in_list || e.arguments.count <= exec::longest_list_not_hashed) continue;
        for (query::node item : q.view().list(e.arguments)) decide(item);
    }

    std::vector<bool> taken(scan.tokens().size(), false), fixed(scan.tokens().size(), false);
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (tokens.of(i) == no_token) continue;
        (sources[i].decides ? fixed : taken)[tokens.of(i)] = true;
    }

    literal_slots made;
    std::vector<query::node> parameter_of(sources.size(), query::none);
    std::vector<nullable_datum> values;
    arena memory;
    format_settings const no_settings;
    auto const is_free = [&](std::size_t literal) {
        return tokens.of(literal) != no_token && taken[tokens.of(literal)] && !fixed[tokens.of(literal)];
    };
    // What the text says must be what the binder read there.
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (sources[i].how != literal_source::step::token || !is_free(i)) continue;
        literal_slots::slot first;
        first.negative = tokens.is_negative(sources[i].location);
        first.source = tokens.of(i);
        first.type = {type_of(scan.tokens()[first.source])};
        datum value{};
        query::literal const& literal = q.literals[i];
        if (literal.null || literal.type != first.type ||
            !made.fill_one(first, scan, memory, no_settings, values, value) ||
            !same(value, query::datum_of(q.view(), literal), literal.type.id)) {
            fixed[first.source] = true;
        }
    }
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (!is_free(i)) continue;
        literal_source const& source = sources[i];
        literal_slots::slot next;
        next.how = source.how;
        next.explicit_cast = source.explicit_cast;
        next.type = q.literals[i].type;
        if (source.how == literal_source::step::token) {
            next.source = tokens.of(i);
            next.negative = tokens.is_negative(source.location);
        } else {
            next.source = static_cast<std::uint32_t>(parameter_of[token_map::index(source.from)]);
        }
        parameter_of[i] = static_cast<query::node>(made.slots_.size());
        made.slots_.push_back(next);
        statement.parameters.push_back(next.type);
        query::parameter parameter;
        parameter.type = next.type;
        q.parameters.push_back(parameter);
    }
    for (query::expression& e : q.expressions) {
        if (e.kind != query::expression_kind::literal || parameter_of[token_map::index(e.detail)] == query::none)
            continue;
        e.kind = query::expression_kind::parameter;
        e.detail = parameter_of[token_map::index(e.detail)];
    }
    for (std::uint32_t token = 0; token < scan.tokens().size(); ++token) {
        if (!taken[token] || fixed[token]) made.fixed_.emplace_back(token, scan.spelling(token));
    }
    return made;
}

}  // namespace phantomdb::sql
