// A music store asks its questions: Chinook, loaded unchanged, in phantomd and in PostgreSQL 15 beside it.

#include "support/catch.hpp"
#include "support/corpus.hpp"
#include "support/phantomd.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"

#include <algorithm>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace phantomdb::test;

struct named_statement {
    std::string name, text;
};

/// Reads a file of statements, each under a line "-- name" after an empty line.
std::vector<named_statement> statements_of(std::string const& file) {
    std::ifstream in(std::string(PHANTOMDB_SOURCE_FOLDER "/tests/chinook/") + file);
    REQUIRE(in);
    std::vector<named_statement> found;
    std::string line, previous;
    while (std::getline(in, line)) {
        if (line.rfind("-- ", 0) == 0) {
            if (previous.empty() && !found.empty() && found.back().text.empty()) found.pop_back();
            if (previous.empty()) found.push_back({line.substr(3), {}});
        } else if (!found.empty() && !line.empty()) {
            found.back().text += line + "\n";
        }
        previous = line;
    }
    return found;
}

std::string shown(sql_result const& r) {
    std::string text;
    for (std::size_t i = 0; i < r.columns.size(); ++i) {
        text += (i == 0 ? "" : " | ") + r.columns[i] + ":" + std::to_string(r.types[i]);
    }
    text += "\n";
    for (auto const& row : r.rows) {
        for (std::size_t i = 0; i < row.size(); ++i) text += (i == 0 ? "" : " | ") + row[i].value_or("NULL");
        text += "\n";
    }
    return text + r.tag +
           (r.ok() ? "" : "error " + r.sqlstate + ": " + r.message + " at " + std::to_string(r.position));
}

/// Both servers with Chinook in them, loaded once for all tests of this program.
struct two_stores {
    temporary_folder folder;
    phantomd_server phantom{folder / "data"};
    private_postgres& oracle = *private_postgres::shared();

    two_stores() {
        for (std::string const& connection : {phantom.connection(), oracle.connection()}) {
            run({"psql", "--no-psqlrc", "-q", "-v", "ON_ERROR_STOP=1", "-d", connection, "-f",
                 corpus_file("chinook/chinook.sql")});
        }
    }
    static void run(std::vector<std::string> command) {
        temporary_folder files;
        process_options options;
        options.output = files / "out";
        options.errors = files / "err";
        process p(command, options);
        int status = p.wait_for(std::chrono::seconds(120));
        INFO(read_file(files / "err"));
        REQUIRE(status == 0);
    }
    sql_client ask_phantom() { return sql_client(phantom.connection("dbname=chinook")); }
    sql_client ask_oracle() { return sql_client(oracle.connection("chinook")); }
};

two_stores& stores() {
    static two_stores made;
    return made;
}

bool can_run() {
    if (corpus_file("chinook/chinook.sql").empty()) {
        WARN("skipped: no corpus");
        return false;
    }
    if (private_postgres::shared() == nullptr) {
        WARN("skipped: PostgreSQL 15 is not installed");
        return false;
    }
    return true;
}

void compare(std::string const& file, bool messages) {
    auto mine = stores().ask_phantom();
    auto theirs = stores().ask_oracle();
    for (auto const& statement : statements_of(file)) {
        sql_result a = mine.query(statement.text), b = theirs.query(statement.text);
        if (statement.name.find("(any order)") != std::string::npos) {
            std::sort(a.rows.begin(), a.rows.end());
            std::sort(b.rows.begin(), b.rows.end());
        }
        INFO(statement.name << "\n" << statement.text << "phantomd:\n" << shown(a) << "\nPostgreSQL:\n" << shown(b));
        CHECK(a.columns == b.columns);
        CHECK(a.types == b.types);
        CHECK(a.rows == b.rows);
        CHECK(a.tag == b.tag);
        CHECK(a.sqlstate == b.sqlstate);
        if (messages) CHECK(a.position == b.position);
    }
}

}  // namespace

TEST_CASE("chinook: queries answer as PostgreSQL's") {
    if (!can_run()) return;
    CHECK(statements_of("queries.sql").size() >= 60);
    compare("queries.sql", false);
}

TEST_CASE("chinook: mistakes have PostgreSQL's SQLSTATE and place") {
    if (!can_run()) return;
    CHECK(statements_of("mistakes.sql").size() >= 20);
    compare("mistakes.sql", true);
}

TEST_CASE("chinook: changes, transactions and definitions answer as PostgreSQL's") {
    if (!can_run()) return;
    compare("changes.sql", false);
}

TEST_CASE("chinook: queries and mistakes answer the same from the statement cache") {
    if (!can_run()) return;
    sql_client cached = stores().ask_phantom(), anew = stores().ask_phantom();
    REQUIRE(anew.query("set plan_cache_mode = force_custom_plan").ok());
    // Some mistakes are none any more with another constant; the store stays as it is.
    auto const answer = [](sql_client& who, std::string const& text) {
        who.query("begin");
        sql_result answered = who.query(text);
        who.query("rollback");
        return answered;
    };
    std::mt19937 random(1);
    for (char const* file : {"queries.sql", "mistakes.sql"}) {
        for (auto const& statement : statements_of(file)) {
            // A digit of every number another one from time to time: constants change, names and layout don't.
            for (int round = 0; round < 6; ++round) {
                std::string text = statement.text;
                for (std::size_t i = 1; round != 0 && round != 3 && i < text.size(); ++i) {
                    bool const in_number =
                        text[i] >= '1' && text[i] <= '9' && (text[i - 1] == ' ' || text[i - 1] == '(');
                    if (in_number && random() % 2 == 0) text[i] = static_cast<char>('1' + random() % 9);
                }
                sql_result const a = answer(cached, text), b = answer(anew, text);
                INFO(statement.name << "\n" << text << "cached:\n" << shown(a) << "\nanew:\n" << shown(b));
                CHECK(shown(a) == shown(b));
            }
        }
    }
    auto const hits = cached.query("select hits from phantomdb_stat_statement_cache where pid = pg_backend_pid()");
    CHECK(std::stoll(hits.value()) > 100);
}
