// Statements that bind: the columns' names, types and modifiers, and the parameters' types are PostgreSQL's.
#include "sql_binder/oracle.hpp"
#include "sql_binder/schema.hpp"
#include "support/catch.hpp"

using namespace phantomdb;

namespace {

char const* const statements[] = {
    // names and plain types
    "select 1, 'a', null, true, 1.5, 12345678901, -3, 1e10",
    "select * from track",
    "select t.*, a.title from track t join album a using (album_id)",
    "select track_id, t.name as title, t.unit_price from track t",
    "select i2 + i4, i4 + i8, i2 * i2, i4 / 2, i8 % 3, n + 1, n2 * 2, f4 + f8, f4 + 1, f8 * i4, -i2, -n2, i4 + n, i2 + "
    "n2 from everything",
    "select i4 = i8, i2 < f8, t || v, v || i4, c || t, t || 'x', 'x' || i4, v = 'a', c = 'a', t like 'a%', v not like "
    "'b', c ilike 'd' from everything",
    "select d - d, d + 1, d - 1, ts - ts, ts + interval '1 day', tz - interval '1 hour', d + tm, tz - ts, iv * 2, iv + "
    "iv, d + iv, tm - tm from everything",
    "select i4 & 3, i4 | i2, i8 << 2, ~i4, i4 # 1 from everything",
    "select count(*), count(name), sum(milliseconds), avg(milliseconds), min(name), max(unit_price), sum(unit_price), "
    "avg(unit_price), sum(bytes) from track",
    "select sum(i2), sum(f4), avg(f4), sum(f8), avg(i8), max(d), min(ts), max(c), sum(iv), avg(iv), bool_and(b), "
    "every(b), string_agg(t, ',') from everything",
    "select stddev(i4), variance(f8), var_pop(n), stddev_samp(f4) from everything",
    "select case when b then 1 else 2.5 end, case i4 when 1 then 'a' else t end, case when b then v end, case when b "
    "then null else 1 end from everything",
    "select case when b then n2 else n2 end, case when b then v else v end, coalesce(v, v), coalesce(v, 'x'), "
    "coalesce(n2, 0) from everything",
    "select coalesce(i2, i4, i8), coalesce(null, 1), coalesce('a', t), nullif(i4, 0), nullif(v, 'x'), nullif(i4, 1.5), "
    "greatest(i4, i8, 3.5), least(d, ts) from everything",
    "select i4::text, '1'::int, cast(i4 as bigint), n::numeric(6,1), t::varchar(3), v::char(2), '2020-01-01'::date, "
    "timestamp '2020-01-01 00:00:00', interval '1 day', 1::boolean from everything",
    "select '12'::numeric(5,2), cast(null as int), i8::int, f8::int, ts::date, d::timestamp, tz::timestamp, jb::text, "
    "u::text, 'a'::varchar from everything",
    "select i4::int2, (i4 + 1)::bigint, (case when b then 1 end)::text, (select 1)::text, x::text from everything, "
    "(select 1 as x) s",
    "select upper(name), lower(v), length(t), char_length(c), substring(t from 2 for 3), trim(both ' ' from t), "
    "position('a' in t), overlay(t placing 'x' from 1) from everything, artist",
    "select extract(year from ts), date_part('month', d), date_trunc('day', ts), now(), current_date, "
    "current_timestamp, localtimestamp, age(ts, ts) from everything",
    "select abs(i4), abs(n), round(n, 2), round(f8), ceil(n), floor(f8), sqrt(i4), power(2, 3), mod(i4, 2), trunc(n2), "
    "sign(f8), ln(f8), exp(1) from everything",
    "select to_char(ts, 'YYYY'), to_char(i4, '999'), to_date('x', 'y'), md5(t), repeat('a', 3), replace(t, 'a', 'b'), "
    "split_part(t, ',', 1), concat(t, i4, null), lpad(t, 3) from everything",
    "select jb -> 'a', jb ->> 'a', jb #> '{a}', jb @> '{}', jb ? 'k', jb - 'k', j -> 0, j ->> 'x', jsonb_typeof(jb) "
    "from everything",
    "select b is true, b is not unknown, i4 is null, t is not null, not b, b and i4 > 3, b or null, i4 is distinct "
    "from i8 from everything",
    "select exists (select 1), (select max(track_id) from track), 3 in (1, 2), 3 in (select track_id from track), 3 > "
    "any (select 1), (1, 2) = (3, 4)",
    "select i4 between 1 and 3, i8 not between 2 and i4, t between 'a' and 'b', d between '2020-01-01' and "
    "'2020-12-31', i4 between symmetric 3 and 1 from everything",
    "select i4 in (1, 2.5), t in ('a', v), (i4, t) in ((1, 'a'), (2, 'b')), i8 not in (1, null), i4 = any (array[1, 2, "
    "3]), t = any ('{a,b}') from everything",
    "select 'a' collate \"C\", t collate \"C\" from everything",
    "select current_user, session_user, current_schema, current_catalog, user, localtime(0), current_timestamp(3)",
    "select ts at time zone 'UTC', tz at time zone 'UTC' from everything",
    "select i4 as \"Mixed Case\", i4 \"order\" from everything",
    // FROM
    "select * from artist natural join album",
    "select * from artist left join album using (artist_id)",
    "select * from artist right join album using (artist_id)",
    "select artist_id, ar.artist_id, al.artist_id from artist ar full join album al using (artist_id)",
    "select * from (artist natural join album) as x (a, b, c)",
    "select * from artist a cross join album b, track t where a.artist_id = b.artist_id and t.album_id = b.album_id",
    "select x.a, x.name from artist as x (a)",
    "select s.* from (select 1 as a, 'x' as b, null as c) s",
    "select * from (values (1, 'a'), (2.5, null)) v (n, s)",
    "values (1, 'a'), (2, 'b') order by column2 limit 1",
    "select * from sales",
    "select s.country, s.total * 2 from sales s where invoices > 3",
    "select a.name, n from artist a, lateral (select count(*) as n from album b where b.artist_id = a.artist_id) l",
    "select a.name, l.title from artist a left join lateral (select title from album b where b.artist_id = a.artist_id "
    "limit 1) l on true",
    "select * from generate_series(1, 3)",
    "select g, x.* from generate_series(1, 3) g, generate_series(g, 4) as x (y)",
    "select generate_series(1, 2), 'x'",
    "select * from jsonb_each('{}') e, jsonb_each_text('{}') as t (a, b), jsonb_array_elements('[]') x, "
    "jsonb_object_keys('{}') k",
    "select e.value from everything, jsonb_array_elements(jb) e where i4 = 1",
    "select * from track t1 join (track t2 join album using (album_id)) on t1.track_id = t2.track_id",
    "select a from (select album as a from (select title as album from album) x) y",
    // grouping, ordering
    "select album_id, count(*) from track group by album_id having count(*) > 3 order by 2 desc, 1",
    "select a.*, count(*) from album a join track t on t.album_id = a.album_id group by a.album_id",
    "select upper(name), count(*) from track group by upper(name) order by upper(name)",
    "select genre_id + 1 as g, sum(milliseconds) / count(*) from track group by g order by g nulls first",
    "select name as genre_id from track group by name, genre_id",
    "select extract(year from invoice_date) as y, sum(total) from invoice group by 1 order by 1",
    "select count(*) filter (where total > 5), count(distinct customer_id), string_agg(billing_country, ', ' order by "
    "billing_country desc) from invoice",
    "select 1 from track having count(*) > 1",
    "select (select count(*) from album b where b.artist_id = a.artist_id) from artist a group by a.artist_id",
    "select artist_id, (select sum(t.milliseconds) from track t where t.album_id = max(al.album_id)) from album al "
    "group by artist_id",
    "select (select max(a.artist_id)) from artist a",
    "select distinct country from customer order by country",
    "select distinct on (customer_id) customer_id, total from invoice order by customer_id, total desc",
    "select distinct on (customer_id) total from invoice order by customer_id, invoice_date",
    "select name from track order by milliseconds desc, unit_price + 1 limit 5 offset 2",
    "select name from track order by 1 fetch first 3 rows with ties",
    "select name from track limit all",
    // windows
    "select row_number() over (order by total desc), rank() over w, sum(total) over w, lag(total) over w, lag(total, "
    "1, 0) over w, ntile(4) over w, percent_rank() over w from invoice window w as (partition by customer_id order by "
    "total)",
    "select sum(sum(total)) over (order by customer_id), customer_id from invoice group by customer_id",
    "select first_value(name) over (partition by album_id order by milliseconds rows between 1 preceding and unbounded "
    "following), nth_value(name, 2) over () from track",
    "select count(*) over (), avg(milliseconds) over (order by track_id range between 10 preceding and 5 following) "
    "from track",
    "select name from track order by row_number() over (order by milliseconds)",
    // set operations, WITH
    "select 1 union select 2.5 union all select null",
    "select 'a' union select name from artist",
    "select null union select null",
    "select artist_id from artist intersect select artist_id from album except select 3",
    "select i4 from everything union all select i8 from everything order by 1 desc limit 3",
    "select v from everything union select v from everything",
    "select v from everything union select t from everything",
    "(select 1 as a order by 1) union (select 2 limit 1) order by a",
    "with x as (select 1 as a), y (b) as (select a + 1 from x) select * from x, y",
    "with recursive n (i) as (select 1 union all select i + 1 from n where i < 5) select i, sum(i) over () from n",
    "with recursive boss (id, level) as (select 1, 0 union select customer_id, level + 1 from customer, boss where "
    "support_rep_id = id) select * from boss",
    "with a as (select 1 as x) select * from a where x in (with b as (select 2 as y) select y from b, a)",
    "with gone as (delete from track where track_id = 1 returning *) select name from gone",
    "with a as materialized (select 1 as x) select * from a a1 join a a2 using (x)",
    // changes
    "insert into artist values (1, 'x')",
    "insert into artist (name, artist_id) values ('x', 1), (default, 2) returning *",
    "insert into artist select artist_id + 1000, 'x' from artist",
    "insert into artist (artist_id) select 5 union select 6 returning artist_id, name as n",
    "insert into artist values (1, 'x') on conflict do nothing",
    "insert into artist as a values (1, 'x') on conflict (artist_id) do update set name = excluded.name || a.name "
    "where a.name is null returning a.*",
    "insert into stock (price) values (1.5) returning *",
    "insert into stock default values returning id, worth",
    "insert into everything (i4, n2, v, d, iv) values ('1', '2.5', 3, '2020-01-01', '1 day')",
    "update track set name = upper(name), milliseconds = milliseconds + 1 where track_id = 3 returning track_id, name",
    "update track t set (name, composer) = (select a.title, 'x' from album a where a.album_id = t.album_id), bytes = "
    "default",
    "update track set unit_price = unit_price * 1.1 from album a where a.album_id = track.album_id and a.title like "
    "'A%' returning a.title, track.*",
    "update track set (name, bytes) = ('x', 5)",
    "delete from track where album_id in (select album_id from album where title = 'x')",
    "delete from track t using album a where t.album_id = a.album_id returning t.*, a.title",
    "select * from track for update",
    "select * from track t join album a using (album_id) order by 1 limit 1 for no key update of t skip locked",
    // parameters
    "select * from track where track_id = $1 and name like $2 and unit_price > $3",
    "insert into artist values ($1, $2)",
    "update track set name = $1, bytes = $2 where track_id = $3",
    "select $1::int + $2, $3 || 'x', coalesce($4, 1), $5 = $6",
    "select name from track limit $1 offset $2",
    "select case when $1 then $2 else 1.5 end, $3 in (1, 2), $4 between now() and now()",
    "select * from track where milliseconds between $1 and $2 or album_id in ($3, $4)",
    "select $2::text, $1::date",
    "select lower($1), length($2), substr($3, $4)",
    "insert into everything (ts, j, u, b, f4, iv) values ($1, $2, $3, $4, $5, $6)",
};

}  // namespace

TEST_CASE("statements have PostgreSQL's columns and parameters", "[binder][oracle]") {
    auto* server = test::private_postgres::shared();
    if (!server) PHANTOMDB_SKIP("PostgreSQL 15 is not installed");
    test::sql_client client(server->connection());
    REQUIRE(client.query("create schema types_test; set search_path = types_test").ok());
    std::string script = test::binder_schema;
    REQUIRE(client.query(script).ok());
    test::stage place(script);
    for (std::string statement : statements) {
        auto expected = test::describe(client, statement);
        INFO(statement);
        CHECK(expected.sqlstate == "");
        CHECK(test::describe(place, statement).shown() == expected.shown());
    }
    client.query("drop schema types_test cascade");
}
