#include <phantomdb/sql/access_methods.hpp>
#include <phantomdb/sql/ddl.hpp>
#include <phantomdb/sql/ddl_rows.hpp>
#include <phantomdb/sql/source_text.hpp>
#include <phantomdb/sql/types.hpp>

#include <algorithm>

namespace phantomdb::sql::ddl {

namespace {

void refuse_unsupported_table(ast node) {
    auto unsupported = [](std::string_view what) {
        return error(errc::feature_not_supported, std::string(what) + " are not supported");
    };
    if (!node.list("inhRelations").empty()) throw unsupported(node["partbound"] ? "partitions" : "inherited tables");
    if (node["partspec"]) throw unsupported("partitioned tables");
    if (node["ofTypename"]) throw unsupported("typed tables");
    if (node["relation"].text("relpersistence") == "t") throw unsupported("temporary tables");
}

/// The place for a new table, or nothing if it is there and that is fine.
std::optional<schema::schema_descriptor> place_unless_there(session_core& session, written_name const& name,
                                                            bool if_not_exists, std::string_view text) {
    auto const& place = schema_for(session, name, text);
    if (if_not_exists && session.catalog().find_relation(place.id, name.name)) {
        session.note(severity::notice, errc::duplicate_table,
                     "relation \"" + name.name + "\" already exists, skipping");
        return std::nullopt;
    }
    return place_for(session, name, text);
}

/// What USING says, or else the setting.
schema::engine engine_of(session_core& session, ast node) {
    std::string_view method = node.text("accessMethod");
    return table_engine_named(method.empty() ? session.settings.raw("default_table_access_method")
                                             : std::string(method));
}

void refuse_for_hash(ast node) {
    auto unsupported = [](std::string_view what) {
        return error(errc::feature_not_supported, "access method \"hash\" does not support " + std::string(what));
    };
    if (node.flag("unique")) throw unsupported("unique indexes");
    if (!node.list("indexIncludingParams").empty()) throw unsupported("included columns");
    if (node.list("indexParams").size() > 1) throw unsupported("multicolumn indexes");
}

void refuse_order_for_hash(ast element) {
    auto said = [&](std::string_view field, std::string_view nothing) {
        std::string_view order = element.text(field);
        return !order.empty() && order != nothing;
    };
    if (said("ordering", "SORTBY_DEFAULT")) {
        throw error(errc::feature_not_supported, "access method \"hash\" does not support ASC/DESC options");
    }
    if (said("nulls_ordering", "SORTBY_NULLS_DEFAULT")) {
        throw error(errc::feature_not_supported, "access method \"hash\" does not support NULLS FIRST/LAST options");
    }
}

}  // namespace

std::string create_table(session_core& session, ast node, std::string_view text) {
    refuse_unsupported_table(node);
    auto name = name_of(node["relation"]);
    session.edit();
    auto place = place_unless_there(session, name, node.flag("if_not_exists"), text);
    if (!place) return "CREATE TABLE";
    schema::table_descriptor start;
    start.id = session.new_id();
    start.schema = place->id;
    start.schema_name = place->name;
    start.name = name.name;
    start.method = engine_of(session, node);
    session.made_here(start.id);
    table_builder builder(session, text, std::move(start), true);
    std::vector<ast> constraints;
    for (ast element : node.list("tableElts")) {
        if (element.is("ColumnDef")) builder.add_column(element);
        else if (element.is("TableLikeClause")) builder.add_like(element);
        else constraints.push_back(element);
    }
    for (ast constraint : constraints) builder.add_constraint(constraint);
    builder.finish();
    return "CREATE TABLE";
}

namespace {

/// SELECT … INTO t … without its INTO.
std::shared_ptr<prepared_statement const> without_into(prepared_statement const& prepared) {
    std::string text(prepared.script.text(*prepared.parsed));
    auto target = static_cast<std::size_t>(prepared.node()["intoClause"]["rel"].location()) - prepared.parsed->begin;
    token_reader reader(text);
    std::size_t begin = 0;
    token t = reader.next();
    for (; t.begin < target; t = reader.next()) {
        if (t.is_word("into")) begin = t.begin;
    }
    std::size_t end = t.end();
    for (t = reader.next(); t.is('.'); t = reader.next()) end = reader.next().end();
    text.erase(begin, end - begin);
    auto made = std::make_shared<prepared_statement>();
    made->script = parse(text);
    made->parsed = made->script.statements().front();
    return made;
}

}  // namespace

std::string create_table_as(session_core& session, prepared_statement const& prepared) {
    ast node = prepared.node();
    bool select_into = node.is("SelectStmt");
    ast into = node[select_into ? "intoClause" : "into"];
    if (node.text("objtype") == "OBJECT_MATVIEW") {
        throw error(errc::feature_not_supported, "materialized views are not supported");
    }
    if (into["rel"].text("relpersistence") == "t") {
        throw error(errc::feature_not_supported, "temporary tables are not supported");
    }
    auto name = name_of(into["rel"]);
    session.edit();
    auto place = place_unless_there(session, name, node.flag("if_not_exists"), prepared.script.text());
    if (!place) return "CREATE TABLE AS";
    auto source = select_into ? without_into(prepared) : inner_statement(prepared, node["query"]);
    if (!is_query(source->node())) throw error(errc::feature_not_supported, "CREATE TABLE AS EXECUTE is not supported");
    bind_context context = session.binding();
    bound_statement bound = sql::bind(source->node(), source->text(), context);

    schema::table_descriptor table;
    table.id = session.new_id();
    table.schema = place->id;
    table.schema_name = place->name;
    table.name = name.name;
    table.method = engine_of(session, into);
    ast_list names = into.list("colNames");
    if (names.size() > bound.columns.size()) throw error(errc::syntax_error, "too many column names were specified");
    for (std::size_t i = 0; i < bound.columns.size(); ++i) {
        schema::column_descriptor column;
        column.name = i < names.size() ? std::string(names[i].text("sval")) : bound.columns[i].name;
        column.type = bound.columns[i].type;
        if (column.type.id == type_id::unknown) column.type.id = type_id::text;
        if (table.find_column(column.name) >= 0) {
            throw error(errc::duplicate_column, "column \"" + column.name + "\" specified more than once");
        }
        table.columns.push_back(std::move(column));
    }
    session.made_here(table.id);
    schema::object_id id = table.id;
    session.edit().put(std::move(table));
    session.finish_edit();
    if (into.flag("skipData")) return "CREATE TABLE AS";

    auto layout = session.layouts.of(session.catalog().table(id));
    exec::table_writer writer(session.writing());
    std::size_t count = 0;
    each_row_of(session, *source, [&](schema::row_reference row) {
        writer.insert(*layout, row);
        ++count;
    });
    return "SELECT " + std::to_string(count);
}

std::string create_index(session_core& session, ast node, std::string_view text) {
    auto name = name_of(node["relation"]);
    auto found = find(session, name);
    if (!found) {
        throw error(errc::undefined_table, "relation \"" + name.text() + "\" does not exist")
            .at(character_position(text, name.location));
    }
    if (node.flag("concurrent") && session.block == block_state::block) {
        throw error(errc::active_sql_transaction, "CREATE INDEX CONCURRENTLY cannot run inside a transaction block");
    }
    auto before = table_named(session, name, text);
    std::string_view method = node.text("accessMethod");
    schema::index_descriptor index;
    index.method = method.empty() ? schema::engine::btree : index_engine_named(method);
    bool hashed = index.method == schema::engine::hash;
    if (hashed) refuse_for_hash(node);
    if (node["whereClause"]) throw error(errc::feature_not_supported, "partial indexes are not supported");
    if (node.flag("nulls_not_distinct"))
        throw error(errc::feature_not_supported, "NULLS NOT DISTINCT is not supported");

    session.edit();
    session.lock_for_definition(before->id);
    schema::table_descriptor table = *session.edit().now().table(before->id);
    index.unique = node.flag("unique");
    std::vector<std::string> names;
    for (ast element : node.list("indexParams")) {
        if (element["expr"]) throw error(errc::feature_not_supported, "indexes on expressions are not supported");
        std::string column(element.text("name"));
        schema::index_key key;
        int ordinal = table.find_column(column);
        if (ordinal < 0) throw error(errc::undefined_column, "column \"" + column + "\" does not exist");
        key.column = static_cast<std::int16_t>(ordinal);
        if (table.columns[static_cast<std::size_t>(ordinal)].type.id == type_id::json) {
            throw error(errc::undefined_object,
                        "data type json has no default operator class for access method \"" +
                            std::string(codec::engine_name(index.method)) + "\"")
                .with_hint(
                    "You must specify an operator class for the index or define a default operator class for the data "
                    "type.");
        }
        if (hashed) refuse_order_for_hash(element);
        key.descending = element.text("ordering") == "SORTBY_DESC";
        std::string_view nulls = element.text("nulls_ordering");
        key.nulls_first = nulls == "SORTBY_NULLS_FIRST" || (nulls != "SORTBY_NULLS_LAST" && key.descending);
        index.keys.push_back(key);
        names.push_back(std::move(column));
    }
    // INCLUDE columns only spare PostgreSQL a look at the row; the keys are what the index is.
    std::string given(node.text("idxname"));
    if (!given.empty() && session.edit().now().find_relation(table.schema, given)) {
        if (node.flag("if_not_exists")) {
            session.note(severity::notice, errc::duplicate_table,
                         "relation \"" + given + "\" already exists, skipping");
            return "CREATE INDEX";
        }
        throw error(errc::duplicate_table, "relation \"" + given + "\" already exists");
    }
    std::string columns;
    for (auto const& one : names) columns += (columns.empty() ? "" : "_") + one;
    index.name = given.empty() ? free_relation_name(session, table.schema, table.name, columns, "idx") : given;
    index.id = session.new_id();
    table.indexes.push_back(index);
    session.edit().put(table);
    session.finish_edit();
    fill_index(session, *session.catalog().table(table.id), table.indexes.size() - 1);
    return "CREATE INDEX";
}

std::string truncate(session_core& session, ast node, std::string_view text) {
    std::vector<std::shared_ptr<schema::table_descriptor const>> tables;
    for (ast relation : node.list("relations")) {
        auto table = table_named(session, name_of(relation), text);
        if (std::find(tables.begin(), tables.end(), table) == tables.end()) tables.push_back(std::move(table));
    }
    bool cascade = node.text("behavior") == "DROP_CASCADE";
    for (std::size_t i = 0; i < tables.size(); ++i) {
        auto const table = tables[i];
        for (schema::object_id id : table->referenced_by) {
            auto child = session.catalog().table(id);
            if (!child || std::find(tables.begin(), tables.end(), child) != tables.end()) continue;
            if (!cascade) {
                throw error(errc::feature_not_supported,
                            "cannot truncate a table referenced in a foreign key constraint")
                    .with_detail("Table \"" + child->name + "\" references \"" + table->name + "\".")
                    .with_hint("Truncate table \"" + child->name + "\" at the same time, or use TRUNCATE ... CASCADE.");
            }
            session.note(severity::notice, sqlstate{"00000"}, "truncate cascades to table \"" + child->name + "\"");
            tables.push_back(std::move(child));
        }
    }
    for (auto const& table : tables) {
        session.lock_for_definition(table->id);
        erase_all(session, table->id);
        for (auto const& index : table->indexes) {
            if (!index.primary) erase_all(session, index.id);
        }
        if (!node.flag("restart_seqs")) continue;
        for (auto const& [id, sequence] : session.catalog().sequences()) {
            if (sequence->owner_table == table->id) session.shared.sequences.set(*sequence, sequence->start, false);
        }
    }
    return "TRUNCATE TABLE";
}

}  // namespace phantomdb::sql::ddl
