// Settings from files, the command line and ALTER SYSTEM: who may set what, and where a value comes from.

#include "sql_session/stage.hpp"

#include <phantomdb/mvcc/local_shard.hpp>
#include <phantomdb/mvcc/store_services.hpp>
#include <phantomdb/sql/configuration.hpp>

#include <filesystem>
#include <fstream>

using namespace phantomdb;
using namespace phantomdb::test;

namespace {

void write(std::filesystem::path const& path, std::string const& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

std::string shown(sql::session& in, std::string const& name) {
    return stage::flat(stage::run(in,
                                  "select setting, source, coalesce(sourceline, 0), pending_restart from pg_settings "
                                  "where name = '" +
                                      name + "'"));
}

}  // namespace

TEST_CASE("lines of a configuration file") {
    auto lines = sql::parse_configuration(
        "# a comment\n"
        "work_mem = 8MB   # more words\n"
        "\n"
        "  search_path 'a, b'\n"
        "application_name = 'it''s \\'here\\''\n"
        "TimeZone=Europe/Oslo\n"
        "statement_timeout = \n"
        "nonsense ! = 1\n"
        "lc_messages = 'open",
        "f");
    REQUIRE(lines.size() == 7);
    CHECK(lines[0].name == "work_mem");
    CHECK(lines[0].value == "8MB");
    CHECK(lines[0].line == 2);
    CHECK(lines[1].value == "a, b");
    CHECK(lines[2].value == "it's 'here'");
    CHECK(lines[3].value == "Europe/Oslo");
    for (std::size_t i = 0; i < 4; ++i) CHECK(lines[i].problem.empty());
    for (std::size_t i = 4; i < 7; ++i) CHECK(lines[i].problem.starts_with("syntax error near"));
}

TEST_CASE("who may set what is said as PostgreSQL does") {
    compare_with_postgres(R"(
alter system set nope = 1;
alter system set work_mem = 'x';
alter system set work_mem = '5XB';
alter system set work_mem = 1;
alter system set block_size = 1;
alter system set data_directory = '/x';
alter system set transaction_isolation = 'serializable';
begin;
alter system set work_mem = '5MB';
rollback;
set shared_buffers = 5;
set port = 5;
set block_size = 5;
set autovacuum = off;
set checkpoint_completion_target = 3;
reset shared_buffers;
reset block_size;
reset autovacuum;
set work_mem = 1;
set work_mem = '5 XB';
set statement_timeout = '5 XB';
set work_mem = '99999999999GB';
set random_page_cost = -1;
set random_page_cost = 'abc';
set random_page_cost = 1.5;
show random_page_cost;
set effective_cache_size = '1GB';
show effective_cache_size;
set maintenance_work_mem = '1GB';
show maintenance_work_mem;
set deadlock_timeout = '2s';
show deadlock_timeout;
set vacuum_cost_delay = '10ms';
show vacuum_cost_delay;
select name, setting, unit, category, context, vartype, source, min_val, max_val, boot_val, reset_val, sourcefile, sourceline, pending_restart
from pg_settings where name in ('work_mem', 'effective_cache_size', 'random_page_cost', 'autovacuum', 'vacuum_cost_delay',
'checkpoint_completion_target', 'autovacuum_work_mem', 'block_size', 'maintenance_work_mem', 'autovacuum_naptime') order by name;
reset all;
select name, setting, source from pg_settings where name in ('effective_cache_size', 'maintenance_work_mem') order by 1;
)");
}

TEST_CASE("files and the command line set what sessions begin with") {
    temporary_folder folder;
    auto const directory = folder.path() / "db";
    write(directory / "phantomdb.conf",
          "work_mem = 8MB\nshared_buffers = '512MB'\nmax_wal_size = 1GB\nstatement_timeout = 5s\nmy.own = 'thing'\n"
          "work_mem = 16MB\n");
    sql::instance_options options;
    options.settings["statement_timeout"] = "7s";
    options.cache_bytes = std::uint64_t{64} << 20;
    auto store = sql::instance::open(directory, options);
    sql::session session(store, {});
    CHECK(shown(session, "work_mem") == "16384,configuration file,6,f");
    CHECK(shown(session, "shared_buffers") == "8192,command line,0,f");
    CHECK(shown(session, "max_wal_size") == "1024,configuration file,3,f");
    CHECK(shown(session, "statement_timeout") == "7000,command line,0,f");
    CHECK(shown(session, "fsync") == "on,default,0,f");
    CHECK(stage::flat(stage::run(session, "show my.own")) == "thing");
    CHECK(stage::flat(stage::run(session, "show max_wal_size")) == "1GB");
    CHECK(stage::flat(stage::run(session, "show wal_segment_size")) == "64MB");
    CHECK(stage::flat(stage::run(session, "show full_page_writes")) == "off");
    CHECK(stage::flat(stage::run(session,
                                 "select short_desc like 'Always off: %' from pg_settings where name = "
                                 "'full_page_writes'")) == "t");
    CHECK(stage::flat(stage::run(session, "show data_directory")) == directory.string());
    stage::run(session, "set work_mem = '32MB'");
    CHECK(shown(session, "work_mem") == "32768,session,0,f");
    stage::run(session, "reset work_mem");
    CHECK(shown(session, "work_mem") == "16384,configuration file,6,f");
}

TEST_CASE("a directory whose configuration is wrong is not opened") {
    temporary_folder folder;
    auto const directory = folder.path() / "db";
    auto opening = [&](std::string const& text) {
        write(directory / "phantomdb.conf", text);
        try {
            auto store = sql::instance::open(directory);
        } catch (error const& wrong) {
            return wrong.detail;
        }
        return std::string("opened");
    };
    CHECK(opening("work_mem = 1\n") ==
          "Line 1: 1 kB is outside the valid range for parameter \"work_mem\" (64 .. 2147483647).");
    CHECK(opening("\nnope = 1\n") == "Line 2: unrecognized configuration parameter \"nope\".");
    CHECK(opening("work_mem 8MB MB\n") == "Line 1: syntax error near \"MB\".");
    CHECK(opening("wal_segment_size = 1MB") == "Line 1: parameter \"wal_segment_size\" cannot be changed.");
    CHECK(opening("work_mem = 8MB") == "opened");
}

TEST_CASE("ALTER SYSTEM takes effect with a reload, in sessions that have said nothing themselves") {
    temporary_folder folder;
    auto const directory = folder.path() / "db";
    {
        auto store = sql::instance::open(directory);
        sql::session session(store, {}), stubborn(store, {});
        stage::run(stubborn, "set work_mem = '2MB'");
        CHECK(stage::run(session, "alter system set work_mem = '8MB'").tag == "ALTER SYSTEM");
        CHECK(stage::run(session, "alter system set shared_buffers = '300MB'").ok());
        CHECK(stage::run(session, "alter system set search_path = app, \"My Schema\"").ok());
        CHECK(stage::run(session, "alter system set checkpoint_completion_target = 0.5").ok());
        CHECK(shown(session, "work_mem") == "4096,default,0,f");
        CHECK(stage::flat(stage::run(session, "select pg_reload_conf()")) == "t");
        CHECK(shown(session, "work_mem") == "8192,configuration file,2,f");
        CHECK(shown(stubborn, "work_mem") == "2048,session,0,f");
        stage::run(stubborn, "reset work_mem");
        CHECK(shown(stubborn, "work_mem") == "8192,configuration file,2,f");
        CHECK(shown(session, "checkpoint_completion_target") == "0.5,configuration file,5,f");
        CHECK(stage::flat(stage::run(session, "show search_path")) == "app, \"My Schema\"");
        if (!mvcc::can_be_tuned<mvcc::local_shard>) {
            CHECK(shown(session, "shared_buffers") == "32768,configuration file,3,t");
        }
        CHECK(stage::flat(stage::run(session,
                                     "select name, setting, applied from pg_file_settings order by seqno limit "
                                     "1")) == "work_mem,8MB,t");
        CHECK(stage::run(session, "alter system reset work_mem").ok());
        CHECK(stage::run(session, "alter system set statement_timeout = '9s'").ok());
        stage::run(session, "select pg_reload_conf()");
        CHECK(shown(session, "work_mem") == "4096,default,0,f");
        CHECK(shown(session, "statement_timeout") == "9000,configuration file,5,f");
        // A file that was spoiled by hand leaves everything as it was.
        write(directory / "phantomdb.conf", "work_mem = 9MB\nthis is nothing\n");
        stage::run(session, "select pg_reload_conf()");
        CHECK(shown(session, "work_mem") == "4096,default,0,f");
        CHECK(stage::flat(stage::run(session,
                                     "select count(*) from pg_file_settings where error like 'syntax error%'")) == "1");
        // A value that is wrong leaves that setting alone.
        write(directory / "phantomdb.conf", "work_mem = 9MB\nstatement_timeout = soon\n");
        stage::run(session, "select pg_reload_conf()");
        CHECK(shown(session, "work_mem") == "9216,configuration file,1,f");
        write(directory / "phantomdb.conf", "");
    }
    auto store = sql::instance::open(directory);
    sql::session session(store, {});
    CHECK(shown(session, "shared_buffers") == "38400,configuration file,2,f");
    CHECK(stage::run(session, "alter system reset all").ok());
    stage::run(session, "select pg_reload_conf()");
    CHECK(shown(session, "statement_timeout") == "0,default,0,f");
}
