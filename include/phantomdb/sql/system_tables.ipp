#include <phantomdb/sql/system_rows.hpp>
#include <phantomdb/sql/system_tables.hpp>
#include <phantomdb/sql/types.hpp>

namespace phantomdb::sql {

namespace {

std::string_view name_of_system_schema(schema::object_id id) {
    if (id == schema::pg_catalog_id) return "pg_catalog";
    return id == schema::information_schema_id ? "information_schema" : "phantom";
}

schema::table_descriptor described(system_table const& table) {
    schema::table_descriptor made;
    made.id = table.id;
    made.schema = table.schema;
    made.schema_name = name_of_system_schema(table.schema);
    made.name = table.name;
    std::string_view rest = table.columns;
    while (!rest.empty()) {
        std::string_view one = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
        while (one.starts_with(' ')) one.remove_prefix(1);
        std::size_t space = one.find(' ');
        schema::column_descriptor column;
        column.name = one.substr(0, space);
        auto type = find_type(one.substr(space + 1));
        PHANTOMDB_ASSERT(type);
        column.type.id = *type;
        made.columns.push_back(std::move(column));
    }
    return made;
}

template <class Visit>
void each_system_table(Visit const& visit) {
    for (auto const& table : pg_catalog_tables()) visit(table);
    for (auto const& table : statistics_tables()) visit(table);
    for (auto const& table : information_schema_tables()) visit(table);
    for (auto const& table : cluster_tables()) visit(table);
}

}  // namespace

void add_system_tables(schema::catalog_edit& edit) {
    for (auto const id : {schema::pg_catalog_id, schema::information_schema_id, schema::phantom_id}) {
        schema::schema_descriptor home;
        home.id = id;
        home.name = name_of_system_schema(id);
        edit.put(std::move(home));
    }
    each_system_table([&](system_table const& table) { edit.put(described(table)); });
}

std::function<void(exec::dynamic_context&, exec::tuple_store&)> producer_of(session_core& session,
                                                                            schema::table_descriptor const& table) {
    void (*fill)(system_rows&) = nullptr;
    each_system_table([&](system_table const& one) {
        if (one.id == table.id) fill = one.fill;
    });
    return [&session, fill](exec::dynamic_context&, exec::tuple_store& into) {
        if (!fill) return;
        system_rows rows(session, into);
        fill(rows);
    };
}

}  // namespace phantomdb::sql
