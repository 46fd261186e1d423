#include <phantomdb/sql/ddl.hpp>
#include <phantomdb/sql/source_text.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>
#include <map>

namespace phantomdb::sql::ddl {

namespace {

/// A view's text must mean the same for ever: names get their schema, stars become the columns they stand for now.
class view_text {
public:
    view_text(session_core& session, prepared_statement const& prepared, std::size_t begin, std::size_t end)
        : session_(session), prepared_(prepared), begin_(begin), end_(end) {}

    std::string write() {
        ast query = prepared_.node()["query"];
        collect_ctes(query);
        qualify(query);
        expand_stars(query);
        std::string text(prepared_.text().substr(begin_, end_ - begin_));
        for (auto edit = edits_.rbegin(); edit != edits_.rend(); ++edit) {
            text.replace(edit->first - begin_, edit->second.first, edit->second.second);
        }
        return text;
    }

private:
    template <class Visit>
    static void walk(boost::json::value const& node, Visit const& visit) {
        if (auto const* object = node.if_object()) {
            for (auto const& field : *object) {
                visit(std::string_view(field.key()), field.value());
                walk(field.value(), visit);
            }
        } else if (auto const* array = node.if_array()) {
            for (auto const& element : *array) walk(element, visit);
        }
    }
    template <class Visit>
    static void walk(ast node, Visit const& visit) {
        if (auto const* root = static_cast<boost::json::value const*>(node.identity())) walk(*root, visit);
    }

    void collect_ctes(ast query) {
        walk(query, [&](std::string_view kind, boost::json::value const& fields) {
            if (kind == "CommonTableExpr") ctes_.emplace_back(ast(&fields).text("ctename"));
        });
    }

    void qualify(ast query) {
        walk(query, [&](std::string_view kind, boost::json::value const& fields) {
            if (kind != "RangeVar") return;
            written_name name = name_of(ast(&fields));
            if (!name.schema.empty() || std::find(ctes_.begin(), ctes_.end(), name.name) != ctes_.end()) return;
            auto found = find(session_, name);
            if (!found || name.location < 0) return;
            schema::catalog const& now = session_.edit().now();
            std::string schema = found->type == schema::relation_type::table      ? now.table(found->id)->schema_name
                                 : found->type == schema::relation_type::view     ? now.view(found->id)->schema_name
                                 : found->type == schema::relation_type::sequence ? now.sequence(found->id)->schema_name
                                                                                  : std::string();
            if (schema.empty() || schema == "pg_catalog") return;
            edits_[static_cast<std::size_t>(name.location)] = {0, quote_name(schema) + "."};
        });
    }

    /// The stars of the outermost select list. (Those of subqueries are bound with the query; see docs.)
    void expand_stars(ast query) {
        if (query.text("op") != "SETOP_NONE" && query.has("op")) return;
        ast_list targets = query.list("targetList");
        std::vector<std::size_t> stars;
        for (std::size_t i = 0; i < targets.size(); ++i) {
            ast value = targets[i]["val"];
            ast_list fields = value.list("fields");
            if (value.is("ColumnRef") && !fields.empty() && fields.back().is("A_Star")) stars.push_back(i);
        }
        for (std::size_t star : stars) {
            // What this star stands for: the select list with every other star replaced by a constant.
            std::string text(prepared_.text().substr(begin_, end_ - begin_));
            std::map<std::size_t, std::size_t> others;  // offset → length
            for (std::size_t other : stars) {
                if (other != star) others[star_begin(targets[other])] = star_length(targets[other]);
            }
            for (auto at = others.rbegin(); at != others.rend(); ++at)
                text.replace(at->first - begin_, at->second, "1");
            bind_context context = session_.binding();
            parsed_script script = parse(text);
            bound_statement bound = sql::bind(script.statements().front().node, script.text(), context);
            std::size_t width = bound.columns.size() - (targets.size() - 1);
            std::string prefix = star_prefix(targets[star]), names;
            for (std::size_t i = 0; i < width; ++i) {
                names += (i ? ", " : "") + prefix + quote_name(bound.columns[star + i].name);
            }
            edits_[star_begin(targets[star])] = {star_length(targets[star]), names};
        }
    }

    std::size_t star_begin(ast target) const { return static_cast<std::size_t>(target["val"].location()); }
    std::size_t star_length(ast target) const {
        std::size_t begin = star_begin(target);
        token_reader reader(prepared_.text(), begin);
        token t = reader.next();
        while (!t.is('*')) t = reader.next();
        return t.end() - begin;
    }
    std::string star_prefix(ast target) const {
        std::string prefix;
        for (ast field : target["val"].list("fields")) {
            if (!field.is("A_Star")) prefix += quote_name(field.text("sval")) + ".";
        }
        return prefix;
    }

    session_core& session_;
    prepared_statement const& prepared_;
    std::size_t begin_, end_;
    std::vector<std::string> ctes_;
    std::map<std::size_t, std::pair<std::size_t, std::string>> edits_;  // offset → (length replaced, text)
};

std::vector<schema::column_descriptor> columns_of(bound_statement const& bound) {
    std::vector<schema::column_descriptor> columns;
    for (result_column const& one : bound.columns) {
        schema::column_descriptor column;
        column.name = one.name;
        column.type = one.type.id == type_id::unknown ? sql_type{type_id::text, -1} : one.type;
        columns.push_back(std::move(column));
    }
    return columns;
}

}  // namespace

std::string create_view(session_core& session, prepared_statement const& prepared) {
    ast node = prepared.node();
    std::string_view text = prepared.text();
    if (node["view"].text("relpersistence") == "t")
        throw error(errc::feature_not_supported, "temporary views are not supported");
    if (node.text("withCheckOption") != "NO_CHECK_OPTION" && node.has("withCheckOption")) {
        throw error(errc::feature_not_supported, "WITH CHECK OPTION is not supported");
    }
    auto name = name_of(node["view"]);
    auto source = inner_statement(prepared, node["query"]);
    bind_context context = session.binding();
    bound_statement bound = sql::bind(source->node(), text, context);
    if (!bound.parameters.empty()) throw error(errc::undefined_parameter, "there is no parameter $1");

    schema::catalog_edit& edit = session.edit();
    auto const& place = session.creation_schema(name.schema);
    schema::view_descriptor view;
    auto found = edit.now().find_relation(place.id, name.name);
    bool replaces = found && found->type == schema::relation_type::view && node.flag("replace");
    if (!replaces) place_for(session, name);
    if (found && !replaces) throw error(errc::duplicate_table, "relation \"" + name.name + "\" already exists");

    std::size_t begin = after_word(text, static_cast<std::size_t>(std::max<std::int64_t>(name.location, 0)), "as");
    view.query = view_text(session, prepared, begin, prepared.parsed->end).write();
    view.columns = columns_of(bound);
    ast_list aliases = node.list("aliases");
    if (aliases.size() > view.columns.size()) {
        throw error(errc::syntax_error, "CREATE VIEW specifies more column names than columns");
    }
    for (std::size_t i = 0; i < aliases.size(); ++i) view.columns[i].name = aliases[i].text("sval");
    for (std::size_t i = 0; i < view.columns.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (view.columns[i].name == view.columns[j].name) {
                throw error(errc::duplicate_column, "column \"" + view.columns[i].name + "\" specified more than once");
            }
        }
    }
    view.uses = referenced_relations(session, node["query"]);
    view.schema = place.id;
    view.schema_name = place.name;
    view.name = name.name;
    if (replaces) {
        auto before = edit.now().view(found->id);
        view.id = before->id;
        view.comment = before->comment;
        if (view.columns.size() < before->columns.size()) {
            throw error(errc::invalid_table_definition, "cannot drop columns from view");
        }
        for (std::size_t i = 0; i < before->columns.size(); ++i) {
            if (before->columns[i].name != view.columns[i].name) {
                throw error(errc::invalid_table_definition, "cannot change name of view column \"" +
                                                                before->columns[i].name + "\" to \"" +
                                                                view.columns[i].name + "\"")
                    .with_hint("Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.");
            }
            if (!(before->columns[i].type == view.columns[i].type)) {
                throw error(errc::invalid_table_definition,
                            "cannot change data type of view column \"" + before->columns[i].name + "\" from " +
                                format_type(before->columns[i].type) + " to " + format_type(view.columns[i].type));
            }
        }
    } else {
        view.id = session.new_id();
    }
    edit.put(std::move(view));
    return "CREATE VIEW";
}

void check_views_over(session_core& session, schema::object_id relation, std::string_view action) {
    schema::catalog const& now = session.edit().now();
    for (schema::object_id id : views_over(now, relation)) {
        auto view = now.view(id);
        bind_context context = session.binding();
        bool same = false;
        try {
            parsed_script script = parse(view->query);
            auto columns = columns_of(sql::bind(script.statements().front().node, script.text(), context));
            same = columns.size() == view->columns.size() &&
                   std::equal(columns.begin(), columns.end(), view->columns.begin(),
                              [](auto const& a, auto const& b) { return a.type == b.type; });
        } catch (error const&) {
            same = false;
        }
        if (!same) {
            throw error(errc::dependent_objects_still_exist,
                        "cannot " + std::string(action) + " because other objects depend on it")
                .with_detail("view " + view->name + " depends on it")
                .with_hint("Drop the view first, and create it again afterwards.");
        }
        check_views_over(session, id, action);
    }
}

}  // namespace phantomdb::sql::ddl
