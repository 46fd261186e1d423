/// @file Defines what query/to_sql.hpp declares: how the terms of a query are written as SQL.
#pragma once

#include <phantomdb/base/array_view.hpp>
#include <phantomdb/base/growing_array.hpp>
#include <phantomdb/query/lower.hpp>
#include <phantomdb/query/to_sql.hpp>
#include <phantomdb/value/numeric_text.hpp>
#include <phantomdb/value/temporal_text.hpp>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

namespace phantomdb::query {

namespace detail {

/// How tightly parts of an expression hold together; a part that holds less than its place asks for gets parentheses.
enum class binding : std::uint8_t { any, or_, and_, not_, comparison, operators, sum, product, sign, postfix };

/// Writes the terms of one query.
class sql_writer {
public:
    sql_writer(array_view<term> terms, growing_array<std::string_view> const& parameters)
        : terms_(terms), parameters_(parameters) {}

    std::string run() {
        write_query(static_cast<node>(terms_.size()) - 1);
        return std::move(out_);
    }

private:
    using scope = growing_array<term const*>;  // the from and join terms

    growing_array<node> children(node at) const {
        growing_array<node> made(static_cast<std::size_t>(terms_[at].arity));
        node next = at - 1;
        for (std::size_t i = made.size(); i-- > 0;) {
            made[i] = next;
            next -= terms_[next].size;
        }
        return made;
    }

    void add_name(std::string_view name) {
        bool plain = !name.empty() && !(name[0] >= '0' && name[0] <= '9') && !is_reserved(name);
        for (char c : name) plain = plain && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_');
        if (plain) {
            out_ += name;
            return;
        }
        out_ += '"';
        for (char c : name) out_ += c == '"' ? std::string_view("\"\"") : std::string_view(&c, 1);
        out_ += '"';
    }
    static bool is_reserved(std::string_view name) {
        for (std::string_view word :
             {"all",      "and",    "as",      "asc",        "case",   "check", "column", "default", "desc",
              "distinct", "do",     "else",    "end",        "false",  "for",   "from",   "grant",   "group",
              "having",   "in",     "into",    "limit",      "not",    "null",  "offset", "on",      "only",
              "or",       "order",  "primary", "references", "select", "table", "then",   "to",      "true",
              "union",    "unique", "user",    "using",      "when",   "where", "with"}) {
            if (word == name) return true;
        }
        return false;
    }
    void add_text(std::string_view text) {
        out_ += '\'';
        for (char c : text) out_ += c == '\'' ? std::string_view("''") : std::string_view(&c, 1);
        out_ += '\'';
    }
    template <class Each>
    void list(growing_array<node> const& items, std::size_t from, std::string_view between, Each each) {
        for (std::size_t i = from; i < items.size(); ++i) {
            if (i > from) out_ += between;
            each(items[i]);
        }
    }

    void write_literal(term const& said) {
        switch (said.type.id) {
            case type_id::boolean: out_ += said.low != 0 ? "true" : "false"; return;
            case type_id::int2:
            case type_id::int4:
            case type_id::int8: out_ += std::to_string(static_cast<std::int64_t>(said.low)); return;
            case type_id::float4:
            case type_id::float8: {
                char digits[40];
                out_.append(digits, std::to_chars(digits, digits + sizeof digits, std::bit_cast<double>(said.low)).ptr);
                out_ += said.type.id == type_id::float4 ? "::real" : "::double precision";
                return;
            }
            case type_id::text: add_text(said.text); return;
            default: break;
        }
        literal packed{said.type, false, said.low, said.high, {}};
        datum const raw = datum_of(query_view{}, packed);
        std::string text;
        switch (said.type.id) {
            case type_id::numeric: out_ += to_text(raw.n); return;
            case type_id::date: append_date_text(text, raw.i); break;
            case type_id::time: append_time_text(text, raw.i); break;
            case type_id::timestamp: append_timestamp_text(text, raw.i); break;
            case type_id::timestamptz: append_timestamp_text(text, raw.i), text += "+00"; break;
            default: text = said.text; break;
        }
        add_text(text);
        out_ += "::";
        out_ += facts(said.type.id).pg_name;
    }

    void write(node at, scope const& tables, binding place = binding::any) {
        term const& said = terms_[at];
        auto parts = children(at);
        auto guarded = [&](binding own, auto body) {
            bool parentheses = own < place;
            if (parentheses) out_ += '(';
            body();
            if (parentheses) out_ += ')';
        };
        auto call_of = [&](std::string_view name) {
            out_ += name;
            out_ += '(';
            list(parts, 0, ", ", [&](node part) { write(part, tables); });
            out_ += ')';
        };
        auto infix = [&](binding own, std::string_view symbol) {
            guarded(own, [&] {
                write(parts[0], tables, own);
                out_ += ' ', out_ += symbol, out_ += ' ';
                write(parts[1], tables, static_cast<binding>(static_cast<int>(own) + 1));
            });
        };
        switch (said.kind) {
            case term_kind::column: write_column(said, tables); break;
            case term_kind::literal: write_literal(said); break;
            case term_kind::null: out_ += "null"; break;
            case term_kind::parameter:
                for (std::size_t i = 0; i < parameters_.size(); ++i) {
                    if (parameters_[i] == said.text) out_ += '$' + std::to_string(i + 1);
                }
                break;
            case term_kind::call:
                if (said.text == "extract") {
                    out_ += "extract(" + std::string(terms_[parts[0]].text) + " from ";
                    write(parts[1], tables);
                    out_ += ')';
                } else if (!said.flag) {
                    call_of(said.text);
                } else if (parts.size() == 1) {
                    guarded(binding::sign, [&] { out_ += said.text, write(parts[0], tables, binding::postfix); });
                } else if (is_comparison_symbol(said.text)) {
                    guarded(binding::comparison, [&] {
                        write(parts[0], tables, binding::operators);
                        out_ += ' ', out_ += said.text, out_ += ' ';
                        write(parts[1], tables, binding::operators);
                    });
                } else {
                    static constexpr std::string_view words[][2] = {
                        {"~~", "like"}, {"!~~", "not like"}, {"~~*", "ilike"}, {"!~~*", "not ilike"}};
                    std::string_view symbol = said.text;
                    for (auto const& word : words) {
                        if (word[0] == symbol) symbol = word[1];
                    }
                    infix(said.text == "+" || said.text == "-"                       ? binding::sum
                          : said.text == "*" || said.text == "/" || said.text == "%" ? binding::product
                                                                                     : binding::operators,
                          symbol);
                }
                break;
            case term_kind::aggregate:
                out_ += said.text;
                out_ += said.flag ? "(distinct " : "(";
                if (parts.empty()) out_ += '*';
                list(parts, 0, ", ", [&](node part) { write(part, tables); });
                out_ += ')';
                break;
            case term_kind::logical_and: infix(binding::and_, "and"); break;
            case term_kind::logical_or: infix(binding::or_, "or"); break;
            case term_kind::logical_not:
                guarded(binding::not_, [&] { out_ += "not ", write(parts[0], tables, binding::comparison); });
                break;
            case term_kind::is_null:
            case term_kind::is_not_null:
                guarded(binding::comparison, [&] {
                    write(parts[0], tables, binding::operators);
                    out_ += said.kind == term_kind::is_null ? " is null" : " is not null";
                });
                break;
            case term_kind::is_distinct:
                guarded(binding::comparison, [&] {
                    write(parts[0], tables, binding::operators);
                    out_ += " is distinct from ";
                    write(parts[1], tables, binding::operators);
                });
                break;
            case term_kind::case_when:
                out_ += "case";
                for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
                    out_ += " when ", write(parts[i], tables);
                    out_ += " then ", write(parts[i + 1], tables);
                }
                if (parts.size() % 2 == 1) out_ += " else ", write(parts.back(), tables);
                out_ += " end";
                break;
            case term_kind::coalesce: call_of("coalesce"); break;
            case term_kind::nullif: call_of("nullif"); break;
            case term_kind::greatest: call_of("greatest"); break;
            case term_kind::least: call_of("least"); break;
            case term_kind::in_list:
                guarded(binding::comparison, [&] {
                    write(parts[0], tables, binding::operators);
                    out_ += said.flag ? " not in (" : " in (";
                    list(parts, 1, ", ", [&](node part) { write(part, tables); });
                    out_ += ')';
                });
                break;
            case term_kind::cast: write_cast(parts[0], said.type.id, tables); break;
            case term_kind::path:
                if (said.flag && said.type.id != type_id::text) {
                    out_ += '(';
                    write_path(said, parts[0], tables);
                    out_ += ")::", out_ += facts(said.type.id).pg_name;
                } else {
                    guarded(binding::operators, [&] { write_path(said, parts[0], tables); });
                }
                break;
            case term_kind::exists:
                out_ += said.flag ? "not exists (" : "exists (";
                write_query(parts[0]), out_ += ')';
                break;
            case term_kind::in_query:
                guarded(binding::comparison, [&] {
                    write(parts[0], tables, binding::operators);
                    out_ += said.flag ? " not in (" : " in (";
                    write_query(parts[1]), out_ += ')';
                });
                break;
            case term_kind::subquery: out_ += '(', write_query(parts[0]), out_ += ')'; break;
            case term_kind::named:
                write(parts[0], tables);
                out_ += " as ", add_name(said.text);
                break;
            case term_kind::output: add_name(said.text); break;
            case term_kind::descending: write(parts[0], tables), out_ += " desc"; break;
            case term_kind::nulls_first: write(parts[0], tables), out_ += " nulls first"; break;
            case term_kind::nulls_last: write(parts[0], tables), out_ += " nulls last"; break;
            default: break;
        }
    }

    void write_cast(node inner, type_id to, scope const& tables) {
        write(inner, tables, binding::postfix);
        out_ += "::", out_ += facts(to).pg_name;
    }
    void write_path(term const& said, node document, scope const& tables) {
        write(document, tables, binding::operators);
        out_ += said.flag ? " ->> " : " -> ";
        add_text(said.text);
    }

    void write_column(term const& said, scope const& tables) {
        std::string_view table = said.text;
        std::size_t here = 0;
        for (term const* one : tables) {
            if (!is_same(*one->table->record, *said.record)) continue;
            ++here;
            if (table.empty()) table = one->text.empty() ? one->table->name : one->text;
        }
        for (auto const* outer : scopes_) {  // a column of the query around this one
            for (term const* one : *outer) {
                if (table.empty() && is_same(*one->table->record, *said.record)) {
                    table = one->text.empty() ? one->table->name : one->text;
                }
            }
        }
        std::size_t visible = 0;
        for (auto const* one : scopes_) visible += one->size();
        if (visible > 1 || here == 0) add_name(table), out_ += '.';
        add_name(said.record->members[said.ordinal].name);
    }

    void write_query(node root) {
        growing_array<node> verbs;
        for (node at = root;; at = children(at)[0]) {
            verbs.push_back(at);
            if (terms_[at].kind == term_kind::from || terms_[at].kind == term_kind::set_operation) break;
        }
        std::reverse(verbs.begin(), verbs.end());
        scope tables;
        for (node at : verbs) {
            if (terms_[at].table != nullptr && !terms_[at].absent) tables.push_back(&terms_[at]);
        }
        scopes_.push_back(&tables);
        if (terms_[verbs.front()].kind == term_kind::set_operation) {
            term const& said = terms_[verbs.front()];
            static constexpr std::string_view words[] = {"union", "intersect", "except"};
            auto sides = children(verbs.front());
            write_query(sides[0]);
            out_ += ' ', out_ += words[said.ordinal], out_ += said.flag ? " all " : " ";
            write_query(sides[1]);
        } else {
            write_selection(verbs, tables);
            write_sources(verbs, tables);
        }
        auto clause = [&](term_kind kind, std::string_view word, std::string_view between, binding place) {
            growing_array<node> said;
            for (node at : verbs) {
                if (terms_[at].kind != kind || terms_[at].absent) continue;
                said.append(array_view(children(at)).subspan(1));
            }
            for (std::size_t i = 0; i < said.size(); ++i) {
                out_ += i == 0 ? word : between;
                write(said[i], tables, said.size() > 1 ? place : binding::any);
            }
        };
        clause(term_kind::where, " where ", " and ", binding::and_);
        clause(term_kind::group_by, " group by ", ", ", binding::any);
        clause(term_kind::having, " having ", " and ", binding::and_);
        clause(term_kind::order_by, " order by ", ", ", binding::any);
        clause(term_kind::take, " limit ", "", binding::any);
        clause(term_kind::skip, " offset ", "", binding::any);
        scopes_.pop_back();
    }

    void write_selection(growing_array<node> const& verbs, scope const& tables) {
        out_ += "select ";
        bool selected = false;
        for (node at : verbs) {
            if (terms_[at].kind == term_kind::distinct && !terms_[at].absent) out_ += "distinct ";
        }
        for (node at : verbs) {
            if (terms_[at].kind != term_kind::select) continue;
            selected = true;
            list(children(at), 1, ", ", [&](node part) { write(part, tables); });
        }
        if (!selected) out_ += '*';
    }

    void write_sources(growing_array<node> const& verbs, scope const& tables) {
        scope so_far;
        for (node at : verbs) {
            term const& said = terms_[at];
            if (said.table == nullptr || said.absent) continue;
            static constexpr std::string_view words[] = {" join ", " left join ", " right join ", " full join "};
            out_ += said.kind == term_kind::from ? " from " : words[static_cast<int>(said.join)];
            add_name(said.table->name);
            if (!said.text.empty()) out_ += " as ", add_name(said.text);
            if (said.kind == term_kind::join) {
                out_ += " on ";
                auto parts = children(at);
                if (parts.size() > 1) {
                    for (std::size_t i = 1; i < parts.size(); ++i) {
                        if (i > 1) out_ += " and ";
                        write(parts[i], tables, binding::and_);
                    }
                } else {
                    write_join_keys(said, so_far);
                }
            }
            so_far.push_back(&said);
        }
    }

    /// A join along a foreign key: the lowering has made sure that there is exactly one.
    void write_join_keys(term const& newest, scope const& others) {
        auto name = [](term const& table) { return table.text.empty() ? table.table->name : table.text; };
        auto write_key = [&](term const& from, term const& to, foreign_key_shape const& key) {
            for (std::size_t i = 0; i < key.columns.size(); ++i) {
                if (i > 0) out_ += " and ";
                add_name(name(from)), out_ += '.', add_name(from.table->record->members[key.columns[i]].name);
                out_ += " = ";
                add_name(name(to)), out_ += '.', add_name(to.table->record->members[key.referenced_columns[i]].name);
            }
        };
        for (term const* other : others) {
            for (auto const& key : newest.table->foreign_keys) {
                if (is_same(*key.referenced, *other->table->record)) return write_key(newest, *other, key);
            }
            for (auto const& key : other->table->foreign_keys) {
                if (is_same(*key.referenced, *newest.table->record)) return write_key(*other, newest, key);
            }
        }
    }

    array_view<term> terms_;
    growing_array<std::string_view> const& parameters_;
    growing_array<scope const*> scopes_;
    std::string out_;
};

}  // namespace detail

std::string sql_text(array_view<term> terms, query_view const& lowered) {
    growing_array<std::string_view> names;
    for (auto const& parameter : lowered.parameters) names.push_back(lowered.name(parameter.name));
    return detail::sql_writer(terms, names).run();
}

}  // namespace phantomdb::query
