// phantomsql as people use it: commands, formats, scripts, errors, COPY, and at a terminal.

#include "support/catch.hpp"
#include "support/phantomd.hpp"
#include "support/postgres.hpp"
#include "support/process.hpp"

#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <poll.h>

#include <filesystem>
#include <utility>

namespace {

using namespace phantomdb::test;

program_result shell(std::string const& where, std::vector<std::string> arguments, std::string const& input = "") {
    std::vector<std::string> command{tool("phantomsql"), where};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run_program(command, input);
}

constexpr char const* pets =
    "create table pets (id int primary key, name text not null, weight numeric(5,2), born date, tame boolean default "
    "true);"
    "insert into pets values (1, 'Rex', 12.5, '2020-02-29', true), (2, 'Møns, \"Tom\"', null, null, false);";

}  // namespace

TEST_CASE("phantomsql: tables look like psql's") {
    temporary_folder folder;
    std::string db = folder / "db";
    REQUIRE(shell(db, {"-q", "-c", pets}).status == 0);
    auto said = shell(db, {"-c", "select id, name, weight from pets order by id"});
    CHECK(said.status == 0);
    CHECK(said.output ==
          " id |    name     | weight \n"
          "----+-------------+--------\n"
          "  1 | Rex         |  12.50\n"
          "  2 | Møns, \"Tom\" |       \n"
          "(2 rows)\n\n");
    CHECK(shell(db, {"-t", "-c", "select name from pets where id = 1"}).output == " Rex\n");
    auto expanded = shell(db, {"-x", "-c", "select id, name from pets where id = 1"});
    CHECK(expanded.output == "-[ RECORD 1 ]\nid   | 1\nname | Rex\n\n");
    CHECK(shell(db, {"-c", "update pets set weight = 13 where id = 1"}).output == "UPDATE 1\n");
}

TEST_CASE("phantomsql: CSV and JSON") {
    temporary_folder folder;
    std::string db = folder / "db";
    REQUIRE(shell(db, {"-q", "-c", pets}).status == 0);
    CHECK(shell(db, {"--csv", "-c", "select id, name, weight, tame from pets order by id"}).output ==
          "id,name,weight,tame\n1,Rex,12.50,t\n2,\"Møns, \"\"Tom\"\"\",,f\n");
    CHECK(shell(db, {"--json", "-c", "select id, name, weight, tame from pets order by id"}).output ==
          "[\n  {\"id\": 1, \"name\": \"Rex\", \"weight\": 12.50, \"tame\": true},\n"
          "  {\"id\": 2, \"name\": \"Møns, \\\"Tom\\\"\", \"weight\": null, \"tame\": false}\n]\n");
    CHECK(shell(db, {"--json", "-c", "select 1 as a where false"}).output == "[]\n");
}

TEST_CASE("phantomsql: documents are documents in JSON, and what is no number is text") {
    temporary_folder folder;
    CHECK(shell(folder / "db",
                {"--json", "-c",
                 "select '{\"a\": [1, \"Infinity\"]}'::jsonb as j, 'NaN'::float8 as n, '-Infinity'::float8 as i, "
                 "1e30::float8 as e, null::json as z"})
              .output ==
          "[\n  {\"j\": {\"a\": [1, \"Infinity\"]}, \"n\": \"NaN\", \"i\": \"-Infinity\", \"e\": 1e+30, \"z\": "
          "null}\n]\n");
}

TEST_CASE("phantomsql: what is stored cannot steer the terminal") {
    temporary_folder folder;
    CHECK(shell(folder / "db", {"-c", R"(select E'a\tb' as t, E'\x1b[31mred\r\u009b' as "e
x", E'l1\nl2' as l)"})
              .output ==
          "     t     |         e x         | l  \n"
          "-----------+---------------------+----\n"
          " a       b | \\x1B[31mred\\r\\u009B | l1+\n"
          "           |                     | l2\n"
          "(1 row)\n\n");
    CHECK(shell(folder / "db", {"-c", "select 1 as one"}).output == " one \n-----\n   1\n(1 row)\n\n");
}

TEST_CASE("phantomsql: what it cannot open or write ends it with words and a status") {
    temporary_folder folder;
    std::string db = folder / "db";
    auto refused = [](program_result const& said, int status, std::string const& words) {
        INFO(said.errors);
        CHECK(said.status == status);
        CHECK(said.errors.find(words) != std::string::npos);
    };
    refused(run_program({tool("phantomsql"), "--nonsense"}), 1, "--nonsense");
    refused(run_program({tool("phantomsql"), db, "--format", "xml"}), 1, "xml not in {table,csv,json}");
    CHECK(run_program({tool("phantomsql"), "--help"}).status == 0);
    refused(shell(db, {"-f", folder / ""}), 3, "cannot read");
    refused(shell(db, {"-c", "\\i " + (folder / "")}), 3, "cannot read");
    refused(shell(db, {"-c", "create table t(a int)", "-c", "\\copy t from '" + (folder / "") + "'"}), 3,
            "cannot read");
    refused(shell(db, {"-c", "\\copy t to '" + (folder / "no/such") + "'"}), 3, "cannot write");
    refused(run_program({"/bin/sh", "-c", tool("phantomsql") + " " + db + " -c 'select 1' > /dev/full"}), 3,
            "could not write the output");
    write_file(folder / "file", "");
    refused(shell(folder / "file", {"-c", "select 1"}), 2, "Not a directory");
    refused(shell("", {"-c", "select 1"}), 2, "could not open directory");
}

TEST_CASE("phantomsql: a directory of other things is left alone") {
    temporary_folder folder;
    std::filesystem::create_directory(folder / "home");
    write_file(folder / "home/letter.txt", "dear");
    auto refused = shell(folder / "home", {"-c", "select 1"});
    CHECK(refused.status == 2);
    CHECK(refused.errors ==
          "ERROR:  directory \"" + (folder / "home") +
              "\" is not empty and holds no database\nHINT:  Name a directory that is empty or does not exist yet.\n");
    CHECK(!std::filesystem::exists(folder / "home/lock"));
    std::filesystem::create_directories(folder / "disk/lost+found");
    CHECK(shell(folder / "disk", {"-t", "-c", "select 1"}).output == "        1\n");
    write_file(folder / "disk/notes.txt", "");
    CHECK(shell(folder / "disk", {"-t", "-c", "select 1"}).status == 0);
}

TEST_CASE("phantomsql: errors point at the place, scripts go on or stop") {
    temporary_folder folder;
    std::string db = folder / "db";
    auto wrong = shell(db, {"-c", "select 1,\n  nothing from nowhere"});
    CHECK(wrong.status == 3);
    CHECK(wrong.errors ==
          "ERROR:  relation \"nowhere\" does not exist\nLINE 2:   nothing from nowhere\n                       ^\n");

    write_file(folder / "script.sql", "select 1 as one;\nselect oops;\nselect 2 as two;\n");
    auto went_on = shell(db, {"-t", "-f", folder / "script.sql"});
    CHECK(went_on.status == 3);
    CHECK(went_on.output == "   1\n   2\n");
    CHECK(went_on.errors.find("script.sql:2: ERROR:  column \"oops\" does not exist") != std::string::npos);
    auto stopped = shell(db, {"-t", "--stop-on-error", "-f", folder / "script.sql"});
    CHECK(stopped.output == "   1\n");
    CHECK(shell(db, {"-f", folder / "missing.sql"}).status == 3);
    CHECK(shell("postgresql://127.0.0.1:1/postgres", {"-c", "select 1"}).status == 2);
}

TEST_CASE("phantomsql: statements end where SQL says they do") {
    temporary_folder folder;
    auto said = shell(folder / "db", {"-t"},
                      "select 'a;b' as \"x;y\" /* ; /* nested ; */ */ -- ; comment\n;\n"
                      "select $tag$;$$;\n$tag$ as z; select e'\\';' as w\n\\g\nselect (\n1;\n) + 1");
    CHECK(said.output.find(" a;b\n") == 0);
    CHECK(said.output.find(" ;$$;+\n") != std::string::npos);
    CHECK(said.output.find(" ';\n") != std::string::npos);
    CHECK(said.errors.find("syntax error at or near \";\"") != std::string::npos);
}

TEST_CASE("phantomsql: backslash commands") {
    temporary_folder folder;
    std::string db = folder / "db";
    REQUIRE(shell(db, {"-q", "-c", pets, "-c", "create index pets_name on pets (name)", "-c",
                       "create view tame_pets as select * from pets where tame", "-c", "create database zoo"})
                .status == 0);
    auto described = shell(db, {"-c", "\\d pets"}).output;
    CHECK(described.find("Table \"public.pets\"") != std::string::npos);
    CHECK(described.find("| numeric(5,2)") != std::string::npos);
    CHECK(described.find("\"pets_pkey\" PRIMARY KEY, btree (id)") != std::string::npos);
    CHECK(described.find("\"pets_name\" btree (name)") != std::string::npos);
    CHECK(described.find(" rows)") == std::string::npos);
    CHECK(described.find("Access method") == std::string::npos);
    CHECK(shell(db, {"-c", "\\d+ pets"}).output.find("Access method: heap\n") != std::string::npos);
    REQUIRE(shell(db, {"-q", "-c", "create table owners (name text) using lsm", "-c",
                       "create index owners_name on owners using hash (name)"})
                .status == 0);
    described = shell(db, {"-c", "\\d owners"}).output;
    CHECK(described.find("\"owners_name\" hash (name)") != std::string::npos);
    CHECK(described.find("Access method: lsm\n") != std::string::npos);
    CHECK(shell(db, {"-t", "-c", "\\di+ owners*"}).output ==
          " public | owners_name | index | postgres | owners | hash          | 0 bytes | \n");
    CHECK(shell(db, {"-t", "-c", "\\dt+ owners"}).output ==
          " public | owners | table | postgres | lsm           | 0 bytes | \n");
    CHECK(shell(db, {"-q", "-c", "drop table owners"}).status == 0);
    CHECK(shell(db, {"-t", "-c", "\\dt"}).output == " public | pets | table | postgres\n");
    CHECK(shell(db, {"-t", "-c", "\\dv"}).output == " public | tame_pets | view | postgres\n");
    CHECK(shell(db, {"-t", "-c", "\\di pets_n*"}).output == " public | pets_name | index | postgres | pets\n");
    CHECK(shell(db, {"-t", "-c", "\\l"}).output.find(" zoo ") != std::string::npos);
    auto moved =
        shell(db, {"-t", "-q"}, "\\c zoo;\nselect current_database();\n\\c nowhere\nselect current_database();\n");
    CHECK(moved.output == " zoo\n zoo\n");
    CHECK(moved.errors.find("database \"nowhere\" does not exist") != std::string::npos);
    write_file(folder / "inner.sql", "select 'from a file';\n");
    CHECK(shell(db, {"-t"}, "\\i " + folder / "inner.sql" + "\n").output == " from a file\n");
    CHECK(shell(db, {}, "\\timing\nselect 1;\n").output.find("Time: ") != std::string::npos);
    CHECK(shell(db, {"-c", "\\nonsense"}).errors.find("invalid command \\nonsense") != std::string::npos);
    CHECK(shell(db, {"-c", "\\d unicorns"}).errors == "Did not find any relation named \"unicorns\".\n");
    CHECK(shell(db, {"-c", "\\?"}).output.find("\\copy") != std::string::npos);
}

TEST_CASE("phantomsql: \\copy in and out, and COPY data in a script") {
    temporary_folder folder;
    std::string db = folder / "db";
    REQUIRE(shell(db, {"-q", "-c", pets}).status == 0);
    auto out = shell(db, {"-c", "\\copy pets to '" + folder / "pets.csv" + "' csv header"});
    CHECK(out.output == "COPY 2\n");
    CHECK(read_file(folder / "pets.csv") ==
          "id,name,weight,born,tame\n1,Rex,12.50,2020-02-29,t\n2,\"Møns, \"\"Tom\"\"\",,,f\n");
    CHECK(shell(db, {"-q", "-c", "delete from pets", "-c", "\\copy pets from '" + folder / "pets.csv" + "' csv header"})
              .status == 0);
    CHECK(shell(db, {"-t", "-c", "select count(*), sum(weight) from pets"}).output == "     2 | 12.50\n");
    auto script = shell(
        db, {"-t"},
        "copy pets (id, name) from stdin;\n3\tMila\n4\tOtto\n\\.\nselect name from pets where id > 2 order by id;\n");
    CHECK(script.output == "COPY 2\n Mila\n Otto\n");
    auto piped = shell(db, {"-t", "-c", "copy pets (id, name) from stdin", "-c", "select name from pets where id > 4"},
                       "5\tUna\n");
    CHECK(piped.output == "COPY 1\n Una\n");
}

TEST_CASE("phantomsql: the same over a server") {
    temporary_folder folder;
    phantomd_server server(folder / "data");
    std::string url = "postgresql://postgres@127.0.0.1:" + std::to_string(server.port()) + "/postgres";
    REQUIRE(shell(url, {"-q", "-c", pets}).status == 0);
    CHECK(shell(url, {"-c", "select id, name from pets order by id"}).output ==
          " id |    name     \n----+-------------\n  1 | Rex\n  2 | Møns, \"Tom\"\n(2 rows)\n\n");
    CHECK(shell(url, {"-t", "-c", "\\dt"}).output == " public | pets | table | postgres\n");
    auto wrong = shell(url, {"-c", "select name frm pets"});
    CHECK(wrong.errors.find("LINE 1: select name frm pets\n") != std::string::npos);
    CHECK(shell(url, {"-q", "-t"}, "copy pets (id, name) from stdin;\n3\tMila\n\\.\nselect count(*) from pets;\n")
              .output == "     3\n");
}

TEST_CASE("phantomsql: a directory in use is refused with its holder") {
    temporary_folder folder;
    phantomd_server server(folder / "data");
    auto refused = shell(folder / "data", {"-c", "select 1"});
    CHECK(refused.status == 2);
    CHECK(refused.errors.find(std::to_string(server.handle().pid())) != std::string::npos);
}

TEST_CASE("phantomsql: the listings also work on PostgreSQL") {
    auto* oracle = private_postgres::shared();
    if (oracle == nullptr) PHANTOMDB_SKIP("PostgreSQL 15 is not installed");
    std::string url = "postgresql://postgres@127.0.0.1:" + std::to_string(oracle->port()) + "/postgres";
    REQUIRE(shell(url, {"-q", "-c", pets}).status == 0);
    CHECK(shell(url, {"-t", "-c", "\\dt"}).output == " public | pets | table | postgres\n");
    auto described = shell(url, {"-c", "\\d pets"}).output;
    CHECK(described.find("\"pets_pkey\" PRIMARY KEY, btree (id)") != std::string::npos);
    CHECK(shell(url, {"-q", "-c", "drop table pets"}).status == 0);
}

namespace {

/// phantomsql at a terminal of its own.
class terminal {
public:
    explicit terminal(std::vector<std::string> command, std::string const& history) {
        pid_ = forkpty(&fd_, nullptr, nullptr, nullptr);
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            setenv("TERM", "dumb", 1);
            setenv("PHANTOMSQL_HISTORY", history.c_str(), 1);
            std::vector<char*> words;
            for (auto& w : command) words.push_back(w.data());
            words.push_back(nullptr);
            execv(words[0], words.data());
            _exit(127);
        }
    }
    ~terminal() {
        close(fd_);
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    terminal(terminal const&) = delete;
    terminal& operator=(terminal const&) = delete;

    void type(std::string const& text) {
        REQUIRE(write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    }

    /// Everything shown until `text` has appeared (or ten seconds have passed).
    std::string until(std::string const& text) {
        std::string shown = std::exchange(unread_, {});
        for (int i = 0; i < 1000 && shown.find(text) == std::string::npos; ++i) {
            pollfd waiting{fd_, POLLIN, 0};
            if (poll(&waiting, 1, 10) <= 0) continue;
            char bytes[4096];
            ssize_t n = read(fd_, bytes, sizeof bytes);
            if (n <= 0) break;
            shown.append(bytes, static_cast<std::size_t>(n));
        }
        if (std::size_t const at = shown.find(text); at != shown.npos) {
            unread_ = shown.substr(at + text.size());
            shown.resize(at + text.size());
        }
        return shown;
    }

private:
    int fd_ = -1;
    pid_t pid_ = -1;
    std::string unread_;  ///< shown behind what was waited for
};

}  // namespace

TEST_CASE("phantomsql: at a terminal it edits, completes, remembers and shows where it is") {
    temporary_folder folder;
    std::string db = folder / "db";
    REQUIRE(shell(db, {"-q", "-c", pets}).status == 0);
    {
        terminal t({tool("phantomsql"), db}, folder / "history");
        CHECK(t.until("postgres=> ").find("\\? for help") != std::string::npos);
        t.type("select name\n");
        CHECK(t.until("postgres-> ").find("postgres-> ") != std::string::npos);
        t.type("from pe\t where id = 1;\n");
        CHECK(t.until("(1 row)").find("Rex") != std::string::npos);
        t.until("postgres=> ");
        t.type("SEL\t 'done' || ' it';\n");
        CHECK(t.until("(1 row)").find("done it") != std::string::npos);
        t.until("postgres=> ");
        t.type("begin;\n");
        CHECK(t.until("postgres=*> ").find("BEGIN") != std::string::npos);
        t.type("select 'half\n");
        t.until("postgres'");
        t.type("\x03");
        CHECK(t.until("postgres=*> ").find("postgres=*> ") != std::string::npos);
        t.type(
            "\x12"
            "Rex");  // a search in what was typed before
        CHECK(t.until("i-search)").find("i-search)") != std::string::npos);
        t.type("\x03");
        CHECK(t.until("postgres=*> ").find("postgres=*> ") != std::string::npos);
        t.type("select oops;\n");
        CHECK(t.until("postgres=!> ").find("does not exist") != std::string::npos);
        t.type("rollback;\n");
        t.until("postgres=> ");
        t.type("\\q\n");
        t.until("nothing more");
    }
    CHECK(read_file(folder / "history").find("rollback;") != std::string::npos);
}

TEST_CASE("phantomsql: Ctrl-C ends what is typed for COPY, and the session goes on") {
    temporary_folder folder;
    phantomd_server server(folder / "data");
    std::string url = "postgresql://postgres@127.0.0.1:" + std::to_string(server.port()) + "/postgres";
    for (std::string const& where : {folder / "db", url}) {
        INFO(where);
        REQUIRE(shell(where, {"-q", "-c", "create table t(a int)"}).status == 0);
        terminal t({tool("phantomsql"), where}, "");
        t.until("postgres=> ");
        t.type("copy t from stdin;\n");
        CHECK(t.until("EOF signal.").find("Enter data to be copied") != std::string::npos);
        t.type("1\n");
        t.type("\x03");
        CHECK(t.until("postgres=> ").find("canceling statement due to user request") != std::string::npos);
        t.type("copy t from stdin;\n");
        t.until("EOF signal.");
        t.type("2\n\\.\n");
        CHECK(t.until("COPY 1").find("COPY 1") != std::string::npos);
        t.type("copy t from stdin;\n");
        t.until("EOF signal.");
        t.type("3\n\x04");
        CHECK(t.until("COPY 1").find("COPY 1") != std::string::npos);
        t.type("select 'sum ' || sum(a) from t;\n");
        CHECK(t.until("(1 row)").find("sum 5") != std::string::npos);
    }
}
