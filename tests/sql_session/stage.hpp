/// @file A session in this process for tests, and scripts whose every statement is compared with PostgreSQL's answer.
#pragma once

#include <phantomdb/sql/session.hpp>
#include <phantomdb/sql/source_text.hpp>
#include <phantomdb/value/text_io.hpp>

#include <optional>
#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/postgres.hpp"

namespace phantomdb::test {

/// Collects what a statement answers.
struct collecting_sink final : sql::result_sink {
    sql::session const& session;
    sql_result last;
    std::vector<std::string> notices, tags;
    std::string copied;                ///< COPY TO
    std::vector<std::string> to_copy;  ///< COPY FROM, in pieces
    std::vector<sql::result_column> described;

    explicit collecting_sink(sql::session const& of) : session(of) {}
    void begin_rows(std::vector<sql::result_column> const& columns) override {
        described = columns;
        last.columns.clear();
        last.types.clear();
        last.rows.clear();
        for (auto const& column : columns) {
            last.columns.push_back(column.name);
            last.types.push_back(facts(column.type.id).oid);
        }
    }
    bool rows(sql::row_block const& block) override {
        for (std::size_t i = 0; i < block.rows; ++i) {
            auto& cells = last.rows.emplace_back();
            for (std::size_t c = 0; c < described.size(); ++c) {
                if (block.nulls[c][i]) cells.emplace_back();
                else cells.emplace_back(to_text(described[c].type, block.columns[c][i], session.formats()));
            }
        }
        return true;
    }
    void complete(std::string_view tag) override {
        last.tag = tag;
        tags.emplace_back(tag);
    }
    void on_notice(sql::notice const& said) override { notices.push_back(said.message); }
    void begin_copy_out(sql::copy_request const&) override {}
    void copy_out(std::string_view bytes) override { copied += bytes; }
    void begin_copy_in(sql::copy_request const&) override {}
    bool copy_in(std::string& piece) override {
        if (to_copy.empty()) return false;
        piece = to_copy.front();
        to_copy.erase(to_copy.begin());
        return true;
    }
};

/// A database in memory with one session (more with `another`).
class stage {
public:
    sql_result run(std::string const& text) { return run(session, text); }

    static sql_result run(sql::session& in, std::string const& text) {
        collecting_sink sink(in);
        try {
            in.run(text, sink);
        } catch (error const& wrong) {
            sql_result failed;
            failed.sqlstate = wrong.code.view();
            failed.message = wrong.message;
            failed.detail = wrong.detail;
            failed.position = wrong.position;
            return failed;
        }
        return sink.last;
    }

    /// Rows as "1,a|2,~" ('~' is null).
    static std::string flat(sql_result const& result) {
        if (!result.ok()) return result.sqlstate + " " + result.message;
        std::string text;
        for (auto const& row : result.rows) {
            if (!text.empty()) text += '|';
            for (std::size_t i = 0; i < row.size(); ++i) text += (i ? "," : "") + row[i].value_or("~");
        }
        return text;
    }
    std::string rows(std::string const& text) { return flat(run(text)); }

    std::unique_ptr<sql::session> another() { return std::make_unique<sql::session>(store, sql::session_options{}); }

    sql::instance store = sql::instance::in_memory();
    sql::session session{store, {}};
};

/// The statements of a script, ended by semicolons.
inline std::vector<std::string> statements_of(std::string_view script) {
    std::vector<std::string> list;
    sql::token_reader reader(script);
    std::size_t begin = 0;
    bool any = false;
    for (sql::token t = reader.next(); !t.text.empty(); t = reader.next()) {
        if (!any) begin = t.begin;
        any = true;
        if (!t.is(';')) continue;
        list.emplace_back(script.substr(begin, t.begin - begin));
        any = false;
    }
    return list;
}

/// Runs each statement here and in PostgreSQL and compares: columns, types, rows, tag; SQLSTATE, message and detail.
/// Says so and does nothing where PostgreSQL is not installed.
inline void compare_with_postgres(std::string_view script) {
    auto* server = private_postgres::shared();
    if (!server) {
        WARN("skipped: PostgreSQL 15 is not installed");
        return;
    }
    static int made = 0;
    std::string database = "compare_" + std::to_string(++made);
    sql_client(server->connection()).query("create database " + database);
    sql_client theirs(server->connection(database));
    stage ours;
    for (std::string const& statement : statements_of(script)) {
        sql_result expected = theirs.query(statement), actual = ours.run(statement);
        INFO(statement);
        CHECK(actual.sqlstate == expected.sqlstate);
        CHECK(actual.message == expected.message);
        CHECK(actual.detail == expected.detail);
        if (!expected.ok() || !actual.ok()) continue;
        CHECK(actual.tag == expected.tag);
        CHECK(actual.columns == expected.columns);
        CHECK(stage::flat(actual) == stage::flat(expected));
    }
}

}  // namespace phantomdb::test
