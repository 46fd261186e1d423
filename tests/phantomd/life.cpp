/// @file Starting and stopping.
#include "support/catch.hpp"
#include "support/phantomd.hpp"
#include "support/postgres.hpp"
#include "wire_client.hpp"

#include <sys/stat.h>

#include <filesystem>

using namespace phantomdb::test;
using namespace std::chrono_literals;

TEST_CASE("SIGTERM tells clients, keeps what was committed and ends with status 0") {
    temporary_folder folder;
    {
        phantomd_server server(folder / "data");
        sql_client writer(server.connection());
        writer.query("create table kept(a int); insert into kept values (1)");
        wire_client idle(server.port()), busy(server.port()), open(server.port());
        idle.start();
        busy.start();
        open.start();
        open.send(query("begin; insert into kept values (2)"));
        open.until('Z');
        busy.send(query("select count(*) from generate_series(1, 4000000000) as g(a)"));
        std::this_thread::sleep_for(100ms);
        auto const started = std::chrono::steady_clock::now();
        CHECK(server.stop() == 0);
        CHECK(std::chrono::steady_clock::now() - started < 5s);
        for (auto* client : {&idle, &busy, &open}) {
            auto const told = client->until('E');
            REQUIRE_FALSE(told.empty());
            CHECK(told.back().field('S') == "FATAL");
            CHECK(told.back().field('C') == "57P01");
            CHECK(client->at_end());
        }
        CHECK_THAT(server.log(), contains("event=stopped"));
    }
    phantomd_server again(folder / "data");
    CHECK(sql_client(again.connection()).query("select a from kept").rows.size() == 1);
    CHECK(again.stop(SIGINT) == 0);
}

TEST_CASE("a second server on the same directory is refused with words") {
    temporary_folder folder;
    phantomd_server first(folder / "data");
    auto const second = run_program({tool("phantomd"), "--data", folder / "data", "--listen", "127.0.0.1:0"}, "", 20s);
    CHECK(second.status == 1);
    CHECK_THAT(second.errors, contains(std::to_string(first.handle().pid())));
    CHECK_THAT(second.errors, contains("sqlstate=F0001"));
    CHECK(sql_client(first.connection()).query("select 1").ok());
}

TEST_CASE("a taken port and addresses beyond this machine are refused with words") {
    temporary_folder folder;
    phantomd_server first(folder / "data");
    auto const start = [&](std::vector<std::string> const& arguments) {
        std::vector<std::string> command{tool("phantomd"), "--data", folder / "other"};
        command.insert(command.end(), arguments.begin(), arguments.end());
        return run_program(std::move(command), "", 20s);
    };
    auto const taken = start({"--listen", "127.0.0.1:" + std::to_string(first.port())});
    CHECK(taken.status == 1);
    CHECK_THAT(taken.errors, contains("Address already in use"));
    for (std::vector<std::string> const& open : {std::vector<std::string>{"--listen", "0.0.0.0:0"},
                                                 {"--listen", "127.0.0.1:0", "--listen", "[::]:0"},
                                                 {"--listen", "0.0.0.0:0", "--auth", "trust"}}) {
        auto const refused = start(open);
        CHECK(refused.status == 1);
        CHECK_THAT(refused.errors, contains("no role has a password"));
        CHECK_THAT(refused.errors, contains("alter role postgres password"));
    }
    CHECK(start({"--listen", ""}).status == 1);
    for (std::string const address :
         {"127.0.0.1:port", "127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:", ":5432", "5432"}) {
        INFO(address);
        auto const refused = start({"--listen", address});
        CHECK(refused.status == 1);
        CHECK_THAT(refused.errors, contains("is not an address to listen on"));
        CHECK_THAT(refused.errors, contains("host:port"));
    }
}

TEST_CASE("options that make no sense and places that cannot be written are refused with words") {
    temporary_folder folder;
    auto const start = [&](std::vector<std::string> const& arguments) {
        std::vector<std::string> command{tool("phantomd"), "--listen", "127.0.0.1:0"};
        command.insert(command.end(), arguments.begin(), arguments.end());
        auto said = run_program(std::move(command), "", 20s);
        CHECK(said.status == 1);
        return said.errors;
    };
    CHECK_THAT(start({}), contains("--data is required"));
    CHECK_THAT(start({"--data", folder / "data", "--no-such-option"}), contains("--no-such-option"));
    CHECK_THAT(start({"--data", folder / "data", "--log-format", "xml"}), contains("xml not in {json,text}"));
    CHECK_THAT(start({"--data", folder / "data", "--port-file", folder / "no/port"}),
               contains("could not write the port file"));
    std::filesystem::create_directory(folder / "home");
    write_file(folder / "home/letter.txt", "dear");
    CHECK_THAT(start({"--data", folder / "home"}), contains("is not empty and holds no database"));
    CHECK_THAT(start({"--data", folder / "home/letter.txt"}), contains("Not a directory"));
    auto const help = run_program({tool("phantomd"), "--help"}, "", 20s);
    CHECK(help.status == 0);
    CHECK_THAT(help.output, contains("--auth TEXT:{auto,scram,trust}"));
    CHECK(help.output.find_first_of("\x1b\x01\x02") == std::string::npos);
}

TEST_CASE("beyond this machine is allowed once there is a password") {
    temporary_folder folder;
    {
        phantomd_server local(folder / "data");
        CHECK(sql_client(local.connection()).query("alter role postgres password 'pencil'").ok());
    }
    phantomd_server open(folder / "data", {}, "0.0.0.0:0");
    CHECK(sql_client(open.connection("password=pencil")).query("select 1").ok());
}

TEST_CASE("a Unix socket serves as well, and its leftover is no obstacle") {
    temporary_folder folder;
    std::string const sockets = folder / "sockets";
    REQUIRE(::mkdir(sockets.c_str(), 0700) == 0);
    int const port = free_port();
    std::string const address = "127.0.0.1:" + std::to_string(port),
                      connection = "user=postgres dbname=postgres host=" + sockets + " port=" + std::to_string(port);
    {
        phantomd_server killed(folder / "data", {"--socket-dir", sockets}, address);
        CHECK(sql_client(connection).query("select 1").ok());
        killed.stop(SIGKILL);
    }
    phantomd_server server(folder / "data", {"--socket-dir", sockets}, address);
    CHECK(sql_client(connection).query("select 1").ok());
    CHECK(server.stop() == 0);
    CHECK_FALSE(std::filesystem::exists(sockets + "/.s.PGSQL." + std::to_string(port)));
}

TEST_CASE("the log is one JSON object a line where asked for") {
    temporary_folder folder;
    phantomd_server server(folder / "data", {"--log-format", "json", "--log-slow-ms", "0"});
    sql_client(server.connection()).query("select 'a \"quoted\" word'");
    sql_client(server.connection()).query("alter role postgres password 'secret word'");
    CHECK(server.stop() == 0);
    std::istringstream lines(server.log());
    std::string line, whole;
    while (std::getline(lines, line)) {
        CHECK(line.starts_with("{\"time\":\""));
        CHECK(line.ends_with("}"));
        whole += line + "\n";
    }
    CHECK_THAT(whole, contains("\"event\":\"ready\""));
    CHECK_THAT(whole, contains(R"("statement":"select 'a \"quoted\" word'")"));
    CHECK(whole.find("secret word") == whole.npos);
    CHECK_THAT(whole, contains("\"event\":\"stopped\""));
}
