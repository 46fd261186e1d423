/// @file Defines `sqlite_sales`, the same table in SQLite, used as well as SQLite can be used.
#pragma once

#include "sales.hpp"

#include <sqlite3.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace bench {

/// One connection without SQLite's own locks, holding its file alone as PhantomDB does, with statements prepared once.
/// Commits as durably as PhantomDB's default: to the write-ahead log and synced before the call returns.
class sqlite_sales {
public:
    /// `file` may be ":memory:".
    explicit sqlite_sales(std::string const& file) {
        sqlite3* opened = nullptr;
        int const flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
        int const code = sqlite3_open_v2(file.c_str(), &opened, flags, nullptr);
        connection_.reset(opened);
        check(code);
        execute("pragma locking_mode = exclusive");
        execute("pragma journal_mode = wal");
        execute("pragma synchronous = full");
        execute(
            "create table sales (id integer primary key, customer int not null, quantity int not null, "
            "cents int not null, note text not null)");
        find_ = prepare("select id, customer, quantity, cents, note from sales where id = ?");
        insert_ = prepare("insert into sales values (?, ?, ?, ?, ?)");
    }

    void execute(char const* sql) { check(sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr)); }

    void insert(sale const& row) {
        sqlite3_stmt* into = insert_.get();
        sqlite3_bind_int64(into, 1, row.id);
        sqlite3_bind_int(into, 2, row.customer);
        sqlite3_bind_int(into, 3, row.quantity);
        sqlite3_bind_int64(into, 4, row.cents);
        sqlite3_bind_text(into, 5, row.note.data(), static_cast<int>(row.note.size()), SQLITE_STATIC);
        check(sqlite3_step(into));
        check(sqlite3_reset(into));
    }

    std::optional<sale> find(std::int64_t id) {
        sqlite3_stmt* query = find_.get();
        sqlite3_bind_int64(query, 1, id);
        std::optional<sale> found;
        if (check(sqlite3_step(query)) == SQLITE_ROW) {
            auto const* note = reinterpret_cast<char const*>(sqlite3_column_text(query, 4));
            found = sale{sqlite3_column_int64(query, 0), sqlite3_column_int(query, 1), sqlite3_column_int(query, 2),
                         sqlite3_column_int64(query, 3),
                         std::string(note, static_cast<std::size_t>(sqlite3_column_bytes(query, 4)))};
        }
        check(sqlite3_reset(query));
        return found;
    }

private:
    struct close_connection {
        void operator()(sqlite3* connection) const { sqlite3_close(connection); }
    };
    struct end_statement {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    using statement = std::unique_ptr<sqlite3_stmt, end_statement>;

    int check(int code) const {
        if (code != SQLITE_OK && code != SQLITE_ROW && code != SQLITE_DONE) {
            throw std::runtime_error(sqlite3_errmsg(connection_.get()));
        }
        return code;
    }
    statement prepare(char const* sql) {
        sqlite3_stmt* made = nullptr;
        check(sqlite3_prepare_v3(connection_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr));
        return statement(made);
    }

    std::unique_ptr<sqlite3, close_connection> connection_;
    statement find_, insert_;
};

}  // namespace bench
