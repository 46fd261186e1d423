/// @file PostgreSQL 15 as the oracle: a private server of the test's own, and a client for it or for phantomd.
#pragma once

#include <libpq-fe.h>
#include <poll.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/process.hpp"

namespace phantomdb::test {

/// What one statement answered.
struct sql_result {
    std::vector<std::string> columns;
    std::vector<unsigned> types;  ///< pg_type oids
    std::vector<std::vector<std::optional<std::string>>> rows;
    std::string tag;                              ///< command tag, "" after an error
    std::string sqlstate, message, detail, hint;  ///< "" without an error
    int position = 0;

    bool ok() const { return sqlstate.empty(); }
    /// The first column of the first row. Throws std::out_of_range if there is none, or it is null.
    std::string const& value() const {
        auto const& cell = rows.at(0).at(0);
        if (!cell) throw std::out_of_range("null");
        return *cell;
    }
};

/// A libpq connection. Throws std::runtime_error when it cannot connect.
class sql_client {
public:
    explicit sql_client(std::string const& connection) : handle_(PQconnectdb(connection.c_str()), PQfinish) {
        if (PQstatus(handle_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(handle_.get()));
        PQsetNoticeProcessor(handle_.get(), [](void*, char const*) {}, nullptr);
    }

    PGconn* handle() { return handle_.get(); }

    /// Runs `text` in one simple query; the answer of its last statement.
    sql_result query(std::string const& text) { return read(PQexec(handle_.get(), text.c_str())); }

    /// Runs one statement through the extended protocol with text parameters.
    sql_result query(std::string const& text, std::vector<std::optional<std::string>> const& parameters) {
        std::vector<char const*> values;
        for (auto const& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
        return read(PQexecParams(handle_.get(), text.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                                 nullptr, nullptr, 0));
    }

    /// As `query`, with parameters if there are any, for a server that may never answer: nothing once `limit` has passed. Such a connection is of no more use.
    std::optional<sql_result> query_within(std::chrono::milliseconds limit, std::string const& text,
                                           std::vector<std::optional<std::string>> const& parameters = {}) {
        auto const deadline = std::chrono::steady_clock::now() + limit;
        std::vector<char const*> values;
        for (auto const& parameter : parameters) values.push_back(parameter ? parameter->c_str() : nullptr);
        bool alive = parameters.empty()
                         ? PQsendQuery(handle_.get(), text.c_str()) == 1
                         : PQsendQueryParams(handle_.get(), text.c_str(), static_cast<int>(values.size()), nullptr,
                                             values.data(), nullptr, nullptr, 0) == 1;
        std::optional<sql_result> answer;
        for (;;) {
            while (alive && PQisBusy(handle_.get())) {
                auto const left =
                    std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
                if (left.count() <= 0) return std::nullopt;
                pollfd ready{PQsocket(handle_.get()), POLLIN, 0};
                ::poll(&ready, 1, static_cast<int>(left.count()));
                alive = PQconsumeInput(handle_.get()) == 1;
            }
            PGresult* const next = PQgetResult(handle_.get());
            if (next == nullptr && answer) return answer;
            // Of several statements the last one counts, or the one that failed.
            answer = read(next);
            if (next == nullptr) return answer;
        }
    }

    /// Every answer of a simple query of several statements.
    std::vector<sql_result> query_all(std::string const& text) {
        std::vector<sql_result> results;
        PQsendQuery(handle_.get(), text.c_str());
        while (PGresult* result = PQgetResult(handle_.get())) results.push_back(read(result));
        return results;
    }

private:
    sql_result read(PGresult* raw) {
        std::unique_ptr<PGresult, void (*)(PGresult*)> const owned(raw, PQclear);
        sql_result result;
        auto const status = PQresultStatus(raw);
        auto const field = [&](int code) {
            char const* text = PQresultErrorField(raw, code);
            return std::string(text ? text : "");
        };
        if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY &&
            status != PGRES_COPY_IN && status != PGRES_COPY_OUT) {
            result.sqlstate = field(PG_DIAG_SQLSTATE);
            if (result.sqlstate.empty()) result.sqlstate = "08006";  // the connection broke
            result.message = field(PG_DIAG_MESSAGE_PRIMARY);
            if (result.message.empty()) result.message = PQerrorMessage(handle_.get());
            result.detail = field(PG_DIAG_MESSAGE_DETAIL);
            result.hint = field(PG_DIAG_MESSAGE_HINT);
            result.position = std::atoi(field(PG_DIAG_STATEMENT_POSITION).c_str());
            return result;
        }
        result.tag = PQcmdStatus(raw);
        for (int column = 0; column < PQnfields(raw); ++column) {
            result.columns.emplace_back(PQfname(raw, column));
            result.types.push_back(PQftype(raw, column));
        }
        for (int row = 0; row < PQntuples(raw); ++row) {
            auto& cells = result.rows.emplace_back();
            for (int column = 0; column < PQnfields(raw); ++column) {
                if (PQgetisnull(raw, row, column)) cells.emplace_back();
                else
                    cells.emplace_back(std::string(PQgetvalue(raw, row, column),
                                                   static_cast<std::size_t>(PQgetlength(raw, row, column))));
            }
        }
        return result;
    }

    std::unique_ptr<PGconn, void (*)(PGconn*)> handle_;
};

/// A PostgreSQL 15 server on a free loopback port with an empty cluster: C collation, UTF-8 with its letter cases, UTC, role `postgres`.
class private_postgres {
public:
    /// The one server of this test program, started at first use; null where PostgreSQL 15 is not installed.
    static private_postgres* shared() {
        static std::unique_ptr<private_postgres> const server =
            std::filesystem::exists(programs + "/initdb") ? std::make_unique<private_postgres>() : nullptr;
        return server.get();
    }

    private_postgres() {
        if (::geteuid() == 0) {  // PostgreSQL refuses to be root
            passwd const* owner = ::getpwnam(user.c_str());
            if (!owner || ::chown(folder_.path().c_str(), owner->pw_uid, owner->pw_gid) != 0)
                throw std::runtime_error("cannot run PostgreSQL as its user");
        }
        process_options options;
        options.user = user;
        options.folder = folder_.path().string();
        options.output = options.errors = folder_ / "initdb.log";
        process initdb({programs + "/initdb", "-D", folder_ / "cluster", "-U", "postgres", "-A", "trust", "--no-sync",
                        "--locale=C", "--lc-ctype=C.UTF-8", "--encoding=UTF8"},
                       options);
        if (initdb.wait() != 0) throw std::runtime_error("initdb: " + read_file(options.output));
        options.output = options.errors = folder_ / "server.log";
        server_ =
            process({programs + "/postgres", "-D", folder_ / "cluster", "-p", std::to_string(port_), "-c", "fsync=off",
                     "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=" + folder_.path().string(),
                     "-c", "timezone=UTC", "-c", "max_connections=50"},
                    options);
        for (int attempt = 0; PQping(connection().c_str()) != PQPING_OK; ++attempt) {
            if (attempt > 600 || !server_.running())
                throw std::runtime_error("PostgreSQL does not start: " + read_file(options.output));
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }

    ~private_postgres() {
        server_.kill(SIGINT);  // fast shutdown
        server_.wait_for(std::chrono::seconds(20));
    }

    int port() const { return port_; }
    /// For `sql_client` and psql.
    std::string connection(std::string const& database = "postgres") const {
        return "host=127.0.0.1 user=postgres port=" + std::to_string(port_) + " dbname=" + database;
    }

private:
    static inline std::string const programs = "/usr/lib/postgresql/15/bin", user = "postgres";

    temporary_folder folder_;
    int port_ = free_port();
    process server_;
};

}  // namespace phantomdb::test
