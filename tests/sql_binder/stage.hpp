/// @file A catalog made from a CREATE script, to bind statements against without a database.
#pragma once

#include <phantomdb/schema/catalog.hpp>
#include <phantomdb/sql/binder.hpp>
#include <phantomdb/sql/parser.hpp>
#include <phantomdb/sql/types.hpp>

#include <string>
#include <string_view>

namespace phantomdb::test {

/// Understands CREATE TABLE (keys, NOT NULL, DEFAULT, CHECK, generated columns) and CREATE VIEW; skips other statements.
class stage {
public:
    explicit stage(std::string_view script) {
        schema::catalog_edit edit{schema::catalog{}};
        schema::schema_descriptor space;
        space.id = public_id, space.database = 1, space.name = "public";
        edit.put(space);
        schema::object_id next = schema::first_user_id;
        auto parsed = sql::parse(script);
        for (auto const& statement : parsed.statements()) {
            if (statement.node.is("CreateStmt")) edit.put(table(statement.node, parsed.text(), next));
            if (statement.node.is("ViewStmt")) {
                schema::view_descriptor view;
                view.id = next++, view.schema = public_id, view.schema_name = "public";
                view.name = statement.node["view"].text("relname");
                std::string_view text = parsed.text(statement);
                std::size_t as = text.find(" as ");
                view.query = text.substr((as == std::string_view::npos ? text.find(" AS ") : as) + 4);
                edit.put(view);
            }
        }
        catalog = std::move(edit).finish(1);
        context.names = {catalog.get(), 1, {schema::pg_catalog_id, public_id}};
        context.formats = &formats;
        context.database_name = "postgres";
        context.infer_parameters = true;
    }

    sql::bound_statement bind(std::string_view text) const {
        auto parsed = sql::parse(text);
        return sql::bind(parsed.statements().at(0).node, parsed.text(), context);
    }

    std::shared_ptr<schema::catalog const> catalog;
    format_settings formats;
    sql::bind_context context;

private:
    static constexpr schema::object_id public_id = 2200;

    static std::string quoted_part(std::string_view text, std::int64_t from, std::string_view word) {
        std::size_t open = text.find('(', text.find(word, static_cast<std::size_t>(from)));
        std::size_t at = open + 1;
        for (int depth = 1; depth > 0; ++at) depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
        return std::string(text.substr(open + 1, at - open - 2));
    }

    static schema::table_descriptor table(sql::ast node, std::string_view text, schema::object_id& next) {
        schema::table_descriptor made;
        made.id = next++, made.schema = public_id, made.schema_name = "public";
        made.name = node["relation"].text("relname");
        auto key = [&](std::vector<std::string_view> names, bool primary) {
            schema::index_descriptor index;
            index.id = next++, index.unique = index.constraint = true, index.primary = primary;
            index.name = made.name;
            for (auto name : names) {
                if (!primary) index.name += "_" + std::string(name);
                index.keys.push_back({static_cast<std::int16_t>(made.find_column(name))});
                if (primary) made.columns[static_cast<std::size_t>(index.keys.back().column)].not_null = true;
            }
            index.name += primary ? "_pkey" : "_key";
            made.indexes.insert(primary ? made.indexes.begin() : made.indexes.end(), index);
        };
        auto constraint = [&](sql::ast each, std::vector<std::string_view> names) {
            std::string_view kind = each.text("contype");
            if (kind == "CONSTR_NOTNULL") made.columns.back().not_null = true;
            if (kind == "CONSTR_PRIMARY") key(names, true);
            if (kind == "CONSTR_UNIQUE") key(names, false);
            if (kind == "CONSTR_CHECK") made.checks.push_back({"check", quoted_part(text, each.location(), "check")});
            if (kind == "CONSTR_DEFAULT") made.columns.back().default_expression = default_text(text, each.location());
            if (kind == "CONSTR_GENERATED") {
                made.columns.back().generated = schema::generation::always_stored;
                made.columns.back().default_expression = quoted_part(text, each.location(), "as");
            }
            if (kind == "CONSTR_IDENTITY") made.columns.back().generated = schema::generation::always_as_identity;
        };
        for (sql::ast element : node.list("tableElts")) {
            if (element.is("ColumnDef")) {
                schema::column_descriptor column;
                column.name = element.text("colname");
                column.type = sql::type_of(element["typeName"], text);
                made.columns.push_back(column);
                std::string name = column.name;
                for (sql::ast each : element.list("constraints")) constraint(each, {name});
            } else if (element.is("Constraint")) {
                constraint(element, element.names("keys"));
            }
        }
        return made;
    }

    /// A default up to the comma or parenthesis that ends it.
    static std::string default_text(std::string_view text, std::int64_t from) {
        std::size_t begin = static_cast<std::size_t>(from) + 8, at = begin;
        for (int depth = 0; text[at] != ',' || depth > 0; ++at) {
            if (text[at] == '(') ++depth;
            if (text[at] == ')' && depth-- == 0) break;
        }
        auto made = text.substr(begin, at - begin);
        for (std::string_view next : {" not null", " check"}) made = made.substr(0, made.find(next));
        return std::string(made);
    }
};

}  // namespace phantomdb::test
