#include "sql_session/stage.hpp"

using namespace phantomdb;
using namespace phantomdb::test;

TEST_CASE("a prepared statement runs often, and follows the catalog") {
    stage s;
    s.run("create table t (a int primary key, b text)");
    s.run("insert into t values (1, 'one'), (2, 'two')");
    auto select = s.session.prepare("select * from t where a = $1", {});
    auto described = s.session.describe(*select);
    REQUIRE(described.parameters.size() == 1);
    CHECK(described.parameters[0].id == type_id::int4);
    REQUIRE(described.columns.size() == 2);
    CHECK(described.columns[1].name == "b");

    collecting_sink sink(s.session);
    for (std::int64_t key : {1, 2, 3}) {
        auto portal = s.session.bind(select, {value({type_id::int4, -1}, datum{key})});
        sink.last = {};
        CHECK(s.session.execute(*portal, 0, sink) == sql::session::outcome::complete);
        CHECK(stage::flat(sink.last) == (key == 1 ? "1,one" : key == 2 ? "2,two" : ""));
    }
    s.session.sync(sink);
    CHECK(s.session.status() == sql::transaction_status::idle);
    s.run("alter table t add column c int default 5");
    CHECK(s.session.describe(*select).columns.size() == 3);
    CHECK_THROWS_AS(s.session.bind(select, {}), error);
}

TEST_CASE("a portal gives its rows in portions") {
    stage s;
    collecting_sink sink(s.session);
    auto statement = s.session.prepare("select i from generate_series(1, 5) i", {});
    auto portal = s.session.bind(statement, {});
    CHECK(s.session.execute(*portal, 2, sink) == sql::session::outcome::suspended);
    CHECK(stage::flat(sink.last) == "1|2");
    CHECK(s.session.execute(*portal, 2, sink) == sql::session::outcome::suspended);
    CHECK(stage::flat(sink.last) == "3|4");
    CHECK(s.session.execute(*portal, 2, sink) == sql::session::outcome::complete);
    CHECK(stage::flat(sink.last) == "5");
    CHECK(sink.last.tag == "SELECT 1");
    s.session.sync(sink);
}

TEST_CASE("statements between two syncs are one transaction") {
    stage s;
    s.run("create table t (a int primary key)");
    collecting_sink sink(s.session);
    auto insert = s.session.prepare("insert into t values ($1)", {});
    auto one = [&](std::int64_t key) {
        s.session.execute(*s.session.bind(insert, {value({type_id::int4, -1}, datum{key})}), 0, sink);
    };
    one(1);
    one(2);
    CHECK_THROWS_AS(one(1), error);
    s.session.sync(sink);
    CHECK(s.rows("select count(*) from t") == "0");
    one(1);
    s.session.sync(sink);
    CHECK(s.rows("select count(*) from t") == "1");
    auto empty = s.session.prepare("", {});
    CHECK(s.session.execute(*s.session.bind(empty, {}), 0, sink) == sql::session::outcome::empty);
    CHECK_THROWS_AS(s.session.prepare("select 1; select 2", {}), error);
}

TEST_CASE("several statements in one query are one transaction") {
    stage s;
    s.run("create table t (a int primary key)");
    CHECK(s.run("insert into t values (1); insert into t values (2); insert into t values (1)").sqlstate == "23505");
    CHECK(s.rows("select count(*) from t") == "0");
    collecting_sink sink(s.session);
    s.session.run("insert into t values (1); select a from t; begin; insert into t values (2)", sink);
    CHECK(sink.tags == std::vector<std::string>{"INSERT 0 1", "SELECT 1", "BEGIN", "INSERT 0 1"});
    CHECK(s.session.status() == sql::transaction_status::active);
    CHECK(s.run("selec").sqlstate == "42601");
    CHECK(s.session.status() == sql::transaction_status::failed);
    CHECK(s.run("rollback").tag == "ROLLBACK");
    CHECK(s.rows("select count(*) from t") == "0");
}

TEST_CASE("copy brings rows in and out") {
    stage s;
    s.run("create table t (a int primary key, b text, c numeric(5,2) default 1.5)");
    collecting_sink sink(s.session);
    sink.to_copy = {"1\ton", "e\t2.5\n2\t\\N\t\\N\n3\ttab\\there\\nline\t0\n\\.\n"};
    s.session.run("copy t from stdin", sink);
    CHECK(sink.last.tag == "COPY 3");
    CHECK(s.rows("select a, b is null, c from t order by a") == "1,f,2.50|2,t,~|3,f,0.00");
    s.session.run("copy t to stdout", sink);
    CHECK(sink.copied == "1\tone\t2.50\n2\t\\N\t\\N\n3\ttab\\there\\nline\t0.00\n");

    sink.to_copy = {"b,a\n\"with \"\"quotes\"\", and\nlines\",4\n,5\n\"\",6\n"};
    s.session.run("copy t (b, a) from stdin with (format csv, header)", sink);
    CHECK(s.rows("select b, c from t where a > 3 order by a") == "with \"quotes\", and\nlines,1.50|~,1.50|,1.50");
    sink.copied.clear();
    s.session.run("copy (select b, a from t where a > 3 order by a) to stdout csv header", sink);
    CHECK(sink.copied == "b,a\n\"with \"\"quotes\"\", and\nlines\",4\n,5\n\"\",6\n");

    auto fails = [&](std::string const& bytes, std::string const& state, std::string const& message,
                     std::string const& context) {
        sink.to_copy = {bytes};
        try {
            s.session.run("copy t from stdin", sink);
            FAIL("no error");
        } catch (error const& wrong) {
            CHECK(wrong.code.view() == state);
            CHECK(wrong.message == message);
            CHECK(wrong.context == context);
        }
    };
    fails("7\tx\n", "22P04", "missing data for column \"c\"", "COPY t, line 1: \"7\tx\"");
    fails("7\tx\t1\t2\n", "22P04", "extra data after last expected column", "COPY t, line 1: \"7\tx\t1\t2\"");
    fails("7\tx\t1\n8x\ty\t1\n", "22P02", "invalid input syntax for type integer: \"8x\"",
          "COPY t, line 2, column a: \"8x\"");
    fails("1\tx\t1\n", "23505", "duplicate key value violates unique constraint \"t_pkey\"",
          "COPY t, line 1: \"1\tx\t1\"");
    CHECK(s.rows("select count(*) from t") == "6");
    CHECK(s.run("copy t from '/etc/passwd'").sqlstate == "0A000");
}

TEST_CASE("notices, completion and settings reach the client") {
    stage s;
    collecting_sink sink(s.session);
    s.session.run("drop table if exists nothing", sink);
    CHECK(sink.notices == std::vector<std::string>{"table \"nothing\" does not exist, skipping"});
    s.run("create table invoice (invoice_id int, total int)");
    CHECK(s.session.complete("select inv") == std::vector<std::string>{"invoice", "invoice_id"});
    CHECK(s.session.complete("SEL") == std::vector<std::string>{"SELECT"});
    CHECK(s.session.setting("server_encoding") == "UTF8");
    CHECK(s.session.reported_settings().size() == 13);
}

TEST_CASE("the catalog can be asked as PostgreSQL's") {
    stage s;
    s.run("create table p (id int primary key)");
    s.run(
        "create table t (a serial primary key, b varchar(20) not null default 'x', c numeric(8,2), p int references p "
        "on delete cascade, "
        "constraint positive check (c > 0))");
    s.run("create index t_b on t (b desc, c)");
    CHECK(s.rows("select relname, relkind from pg_class where relname like 't%' and relnamespace = "
                 "'public'::regnamespace order by 1") == "t,r|t_a_seq,S|t_b,i|t_pkey,i");
    CHECK(s.rows("select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute where attrelid = "
                 "'t'::regclass and "
                 "attnum > 0 order by attnum") == "a,integer,t|b,character varying(20),t|c,numeric(8,2),f|p,integer,f");
    CHECK(s.rows("select pg_get_indexdef('t_b'::regclass)") == "CREATE INDEX t_b ON public.t USING btree (b DESC, c)");
    CHECK(
        s.rows(
            "select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = 't'::regclass order by 1") ==
        "positive,CHECK ((c > 0))|t_p_fkey,FOREIGN KEY (p) REFERENCES p(id) ON DELETE CASCADE|t_pkey,PRIMARY KEY (a)");
    CHECK(s.rows("select column_name, data_type, is_nullable from information_schema.columns where table_name = 't' "
                 "order by "
                 "ordinal_position") == "a,integer,NO|b,character varying,NO|c,numeric,YES|p,integer,YES");
    CHECK(s.rows("select constraint_name, constraint_type from information_schema.table_constraints where table_name = "
                 "'p' and "
                 "constraint_type = 'PRIMARY KEY'") == "p_pkey,PRIMARY KEY");
    CHECK(
        s.rows("select column_default from information_schema.columns where table_name = 't' and column_name = 'a'") ==
        "nextval('t_a_seq'::regclass)");
    CHECK(s.rows("select datname from pg_database order by 1") == "postgres|template1");
    CHECK(s.rows("select count(*) > 50 from pg_settings") == "t");
    CHECK(s.rows("select count(*) from pg_stat_activity") == "1");
    for (char const* table : {"pg_type",
                              "pg_proc",
                              "pg_am",
                              "pg_tables",
                              "pg_views",
                              "pg_indexes",
                              "pg_roles",
                              "pg_user",
                              "pg_attrdef",
                              "pg_description",
                              "pg_shdescription",
                              "pg_sequence",
                              "pg_sequences",
                              "pg_tablespace",
                              "pg_collation",
                              "pg_namespace",
                              "pg_index",
                              "information_schema.schemata",
                              "information_schema.tables",
                              "information_schema.key_column_usage",
                              "information_schema.constraint_column_usage",
                              "information_schema.referential_constraints",
                              "information_schema.views",
                              "information_schema.sequences",
                              "information_schema.check_constraints"}) {
        CHECK(s.run("select * from " + std::string(table)).ok());
    }
    CHECK(s.run("insert into pg_class (relname) values ('x')").sqlstate == "42501");
    CHECK(s.run("drop table pg_class").sqlstate == "42501");
}
