/// @file The same bytes go to PostgreSQL 15 and to phantomd, and the same messages must come back.
///
/// Left out of the comparison: the place in PostgreSQL's source (F, L, R) and the object ids of tables.
#include "support/catch.hpp"
#include "support/phantomd.hpp"
#include "support/postgres.hpp"
#include "wire_client.hpp"

using namespace phantomdb::test;

namespace {

std::string printable(std::string_view bytes) {
    std::string text;
    for (char const c : bytes) {
        if (c >= ' ' && c <= '~') text += c;
        else text += "\\" + std::to_string(static_cast<unsigned char>(c));
    }
    return text;
}

/// A message as a line to compare.
std::string normalised(reply const& each) {
    std::string line(1, each.type);
    if (each.type == 'E' || each.type == 'N') {
        for (char const code : std::string_view("SVCMDHPWstcdn")) {
            if (auto const text = each.field(code); !text.empty()) line += std::string(" ") + code + "=" + text;
        }
        return line;
    }
    std::string body = each.body;
    if (each.type == 'T') {
        for (std::size_t at = 2; at < body.size();) {
            at = body.find('\0', at) + 1;
            body.replace(at, 4, 4, '\0');
            at += 18;
        }
    }
    return line + " " + printable(body);
}

struct transcript {
    std::string name;
    std::vector<std::string> batches;  ///< each ends in something that is answered by ReadyForQuery
};

std::vector<std::string> play(int port, transcript const& script) {
    wire_client client(port);
    client.start();
    std::vector<std::string> lines;
    for (auto const& batch : script.batches) {
        client.send(batch);
        std::size_t ready = 0;
        // A batch may hold several Query or Sync messages: one ReadyForQuery each.
        std::size_t wanted = 0;
        for (std::size_t at = 0; at + 5 <= batch.size();) {
            wanted += batch[at] == 'Q' || batch[at] == 'S' || batch[at] == 'F';
            std::size_t length = 0;
            for (std::size_t i = 1; i < 5; ++i) length = length << 8 | static_cast<std::uint8_t>(batch[at + i]);
            at += 1 + length;
        }
        while (ready < wanted) {
            auto const each = client.next();
            if (!each) {
                lines.push_back("the connection ended");
                return lines;
            }
            ready += each->type == 'Z';
            lines.push_back(normalised(*each));
        }
    }
    return lines;
}

std::string const rows = "select a, a::text from generate_series(1, 5) as g(a)";

std::vector<transcript> const transcripts{
    {"simple queries",
     {query("select 1 as one, 'x' as x, null::int as n"), query(""), query(";"), query("select 1; select 2"),
      query("begin; select 1"), query("commit")}},
    {"an error ends a script and its implicit transaction",
     {query(
          "create table t_script(a int primary key); insert into t_script values (1); insert into t_script values (1)"),
      query("select * from t_script")}},
    {"transaction status",
     {query("begin"), query("select 1/0"), query("select 1"), query("rollback"), query("begin"), query("savepoint s"),
      query("nonsense"), query("rollback to s"), query("commit"), query("commit")}},
    {"syntax and name errors carry positions",
     {query("selec 1"), query("select * from missing"), query("select missing from generate_series(1,2)"),
      query("select 'ä', missing"), query("select 1 +"), query("select nofunction(1)")}},
    {"extended: text",
     {parse("", "select $1::int4 + 1 as next, $2::text as t") + describe('S', "") + bind("", "", {"41", "x"}) +
      describe('P', "") + execute("") + sync_point()}},
    {"extended: binary both ways",
     {parse("s", "select $1::int4 as i, $2::text as t, $3::float8 as f, $4::bool as b, $5::int8 as l") +
      describe('S', "s") +
      bind("p", "s",
           {big_endian(7, 4), "text", std::string("\x3f\xf0\0\0\0\0\0\0", 8), std::string("\1"), std::nullopt}, 1, 1) +
      describe('P', "p") + execute("p") + sync_point()}},
    {"extended: types of parameters are inferred",
     {parse("", "select $1 + 1") + describe('S', "") + sync_point(),
      parse("", "select $1") + describe('S', "") + sync_point(),
      parse("", "select $1 = 'x'", {0}) + describe('S', "") + sync_point(),
      parse("", "select $1 || 'x'", {25}) + describe('S', "") + sync_point()}},
    {"extended: a portal in pieces",
     {query("begin"),
      parse("", rows) + bind("p", "") + execute("p", 2) + execute("p", 2) + execute("p", 2) + execute("p", 2) +
          sync_point(),
      query("commit")}},
    {"extended: portals survive Sync in a transaction and end with it",
     {query("begin"), parse("s", rows) + bind("p1", "s") + bind("p2", "s") + execute("p1", 1) + sync_point(),
      execute("p2", 2) + execute("p1", 1) + sync_point(), query("commit"), execute("p1", 1) + sync_point()}},
    {"extended: portals end at Sync without a transaction",
     {parse("", rows) + bind("p", "") + execute("p", 1) + sync_point(), execute("p", 1) + sync_point()}},
    {"extended: after an error all is skipped up to Sync",
     {parse("", "select 1 / a from generate_series(0, 0) as g(a)") + bind("", "") + execute("") +
          parse("", "select 2") + bind("", "") + execute("") + sync_point(),
      parse("", "select 3") + bind("", "") + execute("") + sync_point()}},
    {"extended: an error inside a transaction fails it",
     {query("begin"), parse("", "selec 1") + sync_point(),
      parse("", "select 1") + bind("", "") + execute("") + sync_point(),
      parse("", "rollback") + bind("", "") + execute("") + sync_point()}},
    {"extended: names",
     {parse("a", "select 1") + sync_point(), parse("a", "select 2") + sync_point(), bind("", "b") + sync_point(),
      bind("", "") + sync_point(), execute("nope") + sync_point(), describe('S', "nope") + sync_point(),
      describe('P', "nope") + sync_point(), close('S', "a") + close('P', "none") + sync_point(),
      bind("", "a") + sync_point(), parse("", "select 5") + bind("p", "") + bind("p", "") + sync_point()}},
    {"extended: an empty query",
     {parse("", "") + describe('S', "") + bind("", "") + describe('P', "") + execute("") + sync_point()}},
    {"extended: a query forgets the unnamed statement",
     {parse("", "select 1") + sync_point(), query("select 2"), bind("", "") + execute("") + sync_point()}},
    {"extended: no rows, no data",
     {parse("", "begin") + describe('S', "") + bind("", "") + describe('P', "") + execute("") + sync_point(),
      query("rollback")}},
    {"extended: several statements are refused", {parse("", "select 1; select 2") + sync_point()}},
    {"extended: counts that don't fit",
     {parse("", "select $1::int") + bind("", "", {}) + sync_point(),
      parse("", "select $1::int") + bind("", "", {"1", "2"}) + sync_point()}},
    {"extended: bad values",
     {parse("", "select $1::int") + bind("", "", {"x"}) + sync_point(),
      parse("", "select $1::int") + bind("", "", {"abcde"}, 1) + sync_point(),
      parse("", "select $1::text") + bind("", "", {"\xff"}) + sync_point()}},
    {"extended: rows changed and returned",
     {query("create table t_dml(a int primary key, b varchar(5), c numeric(10,2))"),
      parse("", "insert into t_dml values ($1, $2, $3) returning *") + describe('S', "") +
          bind("", "", {"1", "one", "1.5"}) + execute("") + sync_point(),
      parse("", "insert into t_dml values ($1, $2, $3)") + bind("", "", {"1", "two", "2"}) + execute("") + sync_point(),
      parse("", "update t_dml set b = b || $1") + bind("", "", {"too long"}) + execute("") + sync_point(),
      parse("", "update t_dml set b = $1") + bind("", "", {"new"}) + execute("") + sync_point(),
      parse("", "delete from t_dml") + bind("", "") + execute("") + sync_point()}},
    {"pipelined implicit transactions",
     {query("create table t_pipe(a int primary key)"), parse("i", "insert into t_pipe values ($1)") +
                                                           bind("", "i", {"1"}) + execute("") + bind("", "i", {"1"}) +
                                                           execute("") + sync_point() + bind("", "i", {"2"}) +
                                                           execute("") + sync_point() + query("select * from t_pipe")}},
    {"settings are reported",
     {query("set application_name = 'x'"), query("set timezone = 'UTC'"),
      query("begin; set local application_name = 'y'; rollback")}},
    {"prepared by SQL",
     {query("prepare q(int) as select $1 + 1"), query("execute q(2)"), query("deallocate q"), query("execute q(2)")}},
    {"names of prepared statements are SQL's too",
     {parse("w", "select $1::int4 + 1 as n") + sync_point(), query("execute w(4)"), query("deallocate w"),
      bind("", "w", {"1"}) + sync_point(), query("prepare v as select 7 as n"),
      bind("", "v") + execute("") + sync_point(), query("deallocate all"), bind("", "v") + sync_point(),
      parse("v", "select 8") + sync_point(), query("discard all"), describe('S', "v") + sync_point()}},
    {"copy in and out",
     {query("create table t_copy(a int, b text)"),
      query("copy t_copy from stdin") + message('d', "1\tone\n2\t\\N\n") + message('d', "") + message('d', "3\tth") +
          message('d', "ree\n") + message('c', ""),
      query("copy t_copy to stdout"),
      query("copy (select a from t_copy where a > 1) to stdout with (format csv, header)"),
      query("copy t_copy from stdin") + message('d', "4\tx\n") + message('f', zero_ended("enough")),
      query("select count(*) from t_copy")}},
    {"copy of bad rows leaves nothing and goes on",
     {query("create table t_bad(a int)"),
      query("copy t_bad from stdin") + message('d', "1\nx\n") + message('d', "3\n") + message('c', ""),
      query("select count(*) from t_bad")}},
};

}  // namespace

TEST_CASE("the same bytes bring the same messages as from PostgreSQL 15") {
    auto* const oracle = private_postgres::shared();
    if (!oracle) PHANTOMDB_SKIP("PostgreSQL 15 is not installed");
    temporary_folder folder;
    phantomd_server server(folder / "data");
    for (auto const& script : transcripts) {
        auto const expected = play(oracle->port(), script);
        auto const got = play(server.port(), script);
        for (std::size_t i = 0; i < std::max(expected.size(), got.size()); ++i) {
            INFO(script.name << ", reply " << i);
            CHECK((i < got.size() ? got[i] : "nothing") == (i < expected.size() ? expected[i] : "nothing"));
        }
    }
    CHECK(server.stop() == 0);
}
