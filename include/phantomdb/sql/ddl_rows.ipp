#include <phantomdb/sql/ddl_rows.hpp>
#include <phantomdb/sql/maintenance_work.hpp>
#include <phantomdb/sql/source_text.hpp>

namespace phantomdb::sql::ddl {

namespace {

std::string table_begin(schema::object_id table) {
    std::string key;
    schema::append_id(key, table);
    return key;
}

/// Shows every row of a table as this transaction sees it now: row key, stored row.
template <class Visit>
void each_stored_row(session_core& session, schema::object_id table, Visit const& visit) {
    std::string const from = table_begin(table), to = table_begin(table + 1);
    auto view = session.transaction->view();
    auto scan = view.scan(from, to);
    std::vector<storage::slice> rows(256);
    while (std::size_t n = scan.next_chunk(rows)) {
        session.cancel.check();
        for (std::size_t i = 0; i < n; ++i) visit(rows[i].key, rows[i].value);
    }
}

std::string written(schema::table_descriptor const& table) {
    return quote_name(table.schema_name) + "." + quote_name(table.name);
}

}  // namespace

void fill_index(session_core& session, schema::table_descriptor const& table, std::size_t index) {
    auto layout = session.layouts.of(session.catalog().table(table.id));
    exec::table_writer writer(session.writing());
    std::vector<datum> values;
    std::vector<std::uint8_t> nulls;
    work_report report(session, maintenance_work::kind::create_index, table.id, table.indexes[index].id);
    std::uint64_t done = 0,
                  total = session.transaction->view().estimate(table_begin(table.id), table_begin(table.id + 1));
    report.at(0, total);
    each_stored_row(session, table.id, [&](std::string_view key, std::string_view row) {
        if (++done % 1024 == 0) report.at(done, total);
        layout->decode(row, values, nulls);
        writer.add_index_entry(*layout, index, key, {values.data(), nulls.data()});
    });
}

void verify_check(session_core& session, schema::table_descriptor const& table, schema::check_descriptor const& check) {
    session.query("SELECT 1 FROM " + written(table) + " WHERE NOT (" + check.expression + ") LIMIT 1",
                  [&](std::span<nullable_datum const>) {
                      throw error(errc::check_violation, "check constraint \"" + check.name + "\" of relation \"" +
                                                             table.name + "\" is violated by some row")
                          .on_table(table.schema_name, table.name)
                          .on_constraint(check.name);
                  });
}

void verify_foreign_key(session_core& session, schema::table_descriptor const& table,
                        schema::foreign_key_descriptor const& key) {
    auto layout = session.layouts.of(session.catalog().table(table.id));
    exec::table_writer writer(session.writing());
    std::vector<datum> values;
    std::vector<std::uint8_t> nulls;
    each_stored_row(session, table.id, [&](std::string_view, std::string_view row) {
        layout->decode(row, values, nulls);
        writer.require_reference(*layout, key, {values.data(), nulls.data()});
    });
}

void verify_not_null(session_core& session, schema::table_descriptor const& table, std::size_t column) {
    session.query(
        "SELECT 1 FROM " + written(table) + " WHERE " + quote_name(table.columns[column].name) + " IS NULL LIMIT 1",
        [&](std::span<nullable_datum const>) {
            throw error(errc::not_null_violation, "column \"" + table.columns[column].name + "\" of relation \"" +
                                                      table.name + "\" contains null values")
                .on_table(table.schema_name, table.name)
                .on_column(table.columns[column].name);
        });
}

void erase_all(session_core& session, schema::object_id id) {
    each_stored_row(session, id, [&](std::string_view key, std::string_view) { session.transaction->erase(key); });
}

void write_again(session_core& session, schema::object_id id, mvcc::move_progress const& progress) {
    std::string const from = table_begin(id), to = table_begin(id + 1);
    // The newest rows, whatever the snapshot: what is not written again is gone.
    auto view = session.transaction->latest_view();
    std::uint64_t const total = view.estimate(from, to);
    std::uint64_t done = 0;
    auto scan = view.scan(from, to);
    std::vector<storage::slice> entries(256);
    while (std::size_t n = scan.next_chunk(entries)) {
        session.cancel.check();
        for (std::size_t i = 0; i < n; ++i) session.transaction->put(entries[i].key, entries[i].value);
        progress(done += n, std::max(done, total));
    }
}

void each_row_of(session_core& session, prepared_statement const& source,
                 std::function<void(schema::row_reference)> const& visit) {
    struct visiting_sink final : result_sink {
        std::function<void(schema::row_reference)> const& show;
        std::vector<datum> values;
        std::vector<std::uint8_t> nulls;
        explicit visiting_sink(std::function<void(schema::row_reference)> const& how) : show(how) {}
        void begin_rows(std::vector<result_column> const& columns) override {
            values.resize(columns.size());
            nulls.resize(columns.size());
        }
        bool rows(row_block const& block) override {
            for (std::size_t i = 0; i < block.rows; ++i) {
                for (std::size_t c = 0; c < values.size(); ++c) {
                    values[c] = block.columns[c][i];
                    nulls[c] = block.nulls[c][i];
                }
                show({values.data(), nulls.data()});
            }
            return true;
        }
    } sink(visit);
    run_query(session, source, {}, sink);
}

void rewrite(session_core& session, schema::table_descriptor const& before, schema::table_descriptor const& after,
             std::string const& query) {
    // The new rows are made first: writing them while reading would mix the two.
    exec::tuple_store rows([&] {
        std::vector<sql_type> types;
        for (auto const& column : after.columns) types.push_back(column.type);
        return types;
    }());
    std::vector<std::size_t> living;
    for (std::size_t i = 0; i < after.columns.size(); ++i) {
        if (!after.columns[i].dropped) living.push_back(i);
    }
    std::vector<nullable_datum> cells(after.columns.size());
    session.query(query, [&](std::span<nullable_datum const> row) {
        for (std::size_t i = 0; i < living.size(); ++i) cells[living[i]] = row[i];
        rows.push(cells);
    });
    erase_all(session, before.id);
    for (auto const& index : before.indexes) {
        if (!index.primary) erase_all(session, index.id);
    }
    session.edit().put(after);
    session.finish_edit();
    auto described = session.catalog().table(after.id);
    auto layout = session.layouts.of(described);
    exec::writer_surroundings around = session.writing();
    around.usage = nullptr;  // no rows of the user's
    exec::table_writer writer(std::move(around));
    std::vector<datum> values(after.columns.size());
    std::vector<std::uint8_t> nulls(after.columns.size());
    for (std::size_t r = 0; r < rows.size(); ++r) {
        for (std::size_t c = 0; c < values.size(); ++c) {
            nullable_datum cell = rows.at(r, c);
            values[c] = cell.value;
            nulls[c] = cell.null;
        }
        writer.insert(*layout, {values.data(), nulls.data()});
    }
    writer.finish();
}

}  // namespace phantomdb::sql::ddl
