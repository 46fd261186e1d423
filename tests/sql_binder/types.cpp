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
    // of everything once more
    "select t similar to 'a%', t not similar to 'b' escape 'x', t like 'a' escape '!', t ilike v escape '' from "
    "everything",
    "select substring(t from 'a.c'), substring(t similar 'a#\"b#\"c' escape '#'), substr(t, 1), left(t, 2), right(v, "
    "2), reverse(t), initcap(t), ascii(t), chr(65), translate(t, 'a', 'b'), strpos(t, 'a'), rpad(t, 5, 'x'), ltrim(t), "
    "rtrim(t, 'x'), btrim(t) from everything",
    "select greatest('a', t), least(v, 'b'), greatest(null, null), least(i2, i4) from everything",
    "select sum(case when b then 1 else 0 end), count(*) filter (where b), avg(n2), max(v), min(c), sum(i8), sum(n2) "
    "from everything",
    "select i4 || ' ' || t, t || null, null || t, 'a' || 'b', 1 || 'a' from everything",
    "select b = true, b <> 'f', d = '2020-01-01', ts > '2020-01-01', tz < now(), u = "
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', iv > '1 day', jb = '{}', y = '\\x00', c = 'a  ', v > c, v = t, c = t from "
    "everything",
    "select '{\"a\":1}'::json -> 'a', '{\"a\":1}'::jsonb ->> 'a', jb['a'] from everything",
    "select d + 1, 1 + d, d - 7, ts::date - d, d + time '10:00', d + interval '1 month', iv / 2, 2 * iv, -iv, ts - d, "
    "tz - tz, now() - interval '1 day', tm + iv, tm - iv from everything",
    "select extract(epoch from iv), extract(dow from d), extract(hour from tm), date_part('year', ts), extract(century "
    "from tz) from everything",
    "select date_trunc('month', ts), date_trunc('month', tz), date_trunc('month', d), date_trunc('hour', iv), "
    "make_date(2020, 1, 1), make_interval(1), make_timestamp(2020,1,1,1,1,1), to_timestamp(0), age(ts), "
    "justify_days(iv) from everything",
    "select round(n), round(f4), round(i4), ceil(i4), abs(i2), abs(f4), mod(i8, i4), mod(n, 2), power(n, 2), power(i4, "
    "i4), sqrt(n), exp(n), ln(n), log(n), log(2, n), random(), pi(), sin(f8), trunc(f8), trunc(n, 1), div(n, 2), "
    "sign(n), width_bucket(f8, 0, 1, 5), gcd(i4, 4), cbrt(f8), degrees(f8) from everything",
    "select i4 / i8, i2 / i4, n / i4, f4 / i4, f4 * n, i4 % 2, n % 2, i8 % i2, i4 ^ 2, |/ f8, @ i4, ||/ f8, n ^ 2 from "
    "everything",
    "select -i4, +i4, - n, ~ i8, i4 << 1, i4 >> i2 from everything",
    "select not (i4 > 1), b and not b or b, b is not true, (i4 > 1) is unknown from everything",
    "select '2020-01-01'::timestamp, '10:00'::time, time '10:00', '1 day'::interval, interval '1' day, interval '1-2' "
    "year to month, interval(3) '1.23456 sec', timestamptz '2020-01-01 00:00+00', date 'today', '10:00'::time(2), "
    "now()::timestamp(0)",
    "select null, null::int, null is null, null = null, null + 1, 1 + null, not null, null and true, coalesce(null, "
    "null), nullif(null, 1), case when null then null end",
    "select 1 in (1), 1 in (null), null in (1), 1 not in (1, 2), 'a' in ('a', 'b'), i4 in (i2, i8), t in ('a'), v in "
    "('a', 'b'), c in ('a', 'b'), d in ('2020-01-01'), i4 in (1, i8) from everything",
    "select i4 between 1 and 2.5, t between 'a' and v, d between now() and now(), i4 not between symmetric 1 and 5 "
    "from everything",
    "select * from (select 1 a) x, (select 'b' b) y, (select null c) z",
    "select x.a, (select x.a + y.b from (select 2 b) y) from (select 1 a) x",
    "select * from track t where exists (select * from album where album_id = t.album_id and exists (select 1 from "
    "artist where artist_id = album.artist_id and name = t.name))",
    "select a.name, (select count(*) from track t where t.album_id in (select album_id from album b where b.artist_id "
    "= a.artist_id)) from artist a",
    "select * from track where (album_id, genre_id) in (select album_id, genre_id from track where bytes > 5)",
    "select * from track where (album_id, genre_id) not in ((1, 2), (3, 4)) and (milliseconds, bytes) > (1, 2)",
    "select * from track where (album_id, genre_id) = (select 1, 2)",
    "select track_id from track where milliseconds > all (select milliseconds from track where album_id = 1) and "
    "album_id = some (select 1)",
    "select row_number() over () r, t.* from track t order by r",
    "select avg(total) over (partition by customer_id order by invoice_date rows between 2 preceding and current row) "
    "from invoice",
    "select total - lag(total) over (order by invoice_date), sum(total) over (order by invoice_date desc) from invoice",
    "select billing_country, sum(total), rank() over (order by sum(total) desc) from invoice group by billing_country "
    "order by 3",
    "select customer_id, count(*) over (partition by billing_country) from invoice window w as (order by total) order "
    "by 1",
    "select extract(year from invoice_date), to_char(invoice_date, 'YYYY-MM'), sum(total) from invoice group by 1, 2 "
    "order by 1",
    "select date_trunc('month', invoice_date) m, count(*) from invoice group by m having count(*) > 2 order by m desc "
    "nulls last limit 5 offset 1",
    "select c.first_name || ' ' || c.last_name as full_name, sum(il.unit_price * il.quantity) from customer c join "
    "invoice i using (customer_id) join invoice_line il using (invoice_id) group by c.customer_id order by 2 desc",
    "select string_agg(distinct name, ', '), string_agg(name, ', ' order by milliseconds desc, name) from track",
    "select max(length(name)), min(upper(name)), sum(milliseconds) filter (where bytes > 5) / nullif(count(*), 0) from "
    "track",
    "select album_id, max(milliseconds) - min(milliseconds) from track group by album_id, genre_id order by album_id + "
    "genre_id",
    "select distinct upper(country) from customer order by upper(country)",
    "select distinct on (country) country, email from customer order by country, email",
    "select country from customer group by country order by count(*) desc, country",
    "select country, count(*) n from customer group by country having count(*) > 1 order by n",
    "select count(*) from customer group by ()",
    "select name from track union all select name from artist union select title from album order by name limit 5",
    "select 1 as a, 2 as b union select 3, 4 order by b desc, a",
    "(select name from track order by name limit 1) union all (select name from artist order by name desc limit 1)",
    "select 1 except select 2 intersect select 3",
    "with a as (select * from track), b as (select * from a where bytes > 1) select count(*) from a, b where "
    "a.track_id = b.track_id",
    "with recursive t(n) as (values (1) union all select n + 1 from t where n < 100) select sum(n) from t",
    "with recursive emp as (select customer_id, support_rep_id, 1 as lvl, cast(first_name as text) as path from "
    "customer where support_rep_id is null union all select c.customer_id, c.support_rep_id, e.lvl + 1, e.path || '/' "
    "|| c.first_name from customer c join emp e on c.support_rep_id = e.customer_id) select * from emp order by path",
    "with recursive s as (select 'a' as x union all select x || 'b' from s where length(x) < 5) select * from s",
    "with ins as (insert into artist values (1, 'x') returning artist_id) select * from ins",
    "with upd as (update artist set name = 'y' returning *), del as (delete from album) select count(*) from upd",
    "insert into artist select max(artist_id) + 1, 'new' from artist",
    "insert into artist values ((select max(artist_id) + 1 from artist), upper('x')) returning artist_id + 1 as next, "
    "*",
    "insert into artist (artist_id, name) values (1, 'a'), (2, default), (3, null)",
    "insert into invoice values (1, 2, '2020-01-01', 'x', 5), (2, 3, now(), null, 1.5)",
    "insert into artist overriding system value values (1, 'x')",
    "insert into stock (id, name) overriding system value values (5, 'x')",
    "insert into stock (id, name) values (default, 'x')",
    "insert into artist (artist_id) values ($1), ($2) returning name",
    "insert into artist with x as (select 1 as a) select a, 'x' from x",
    "update artist set name = default, artist_id = artist_id + 1",
    "update track set unit_price = (select avg(unit_price) from track), name = case when bytes > 5 then 'a' else name "
    "end",
    "update track t set name = a.title from album a join artist r using (artist_id) where t.album_id = a.album_id and "
    "r.name = 'x' returning t.track_id, a.title, r.*",
    "update artist set name = $1 where artist_id = any (array[1, 2])",
    "delete from artist",
    "delete from artist where artist_id = $1 returning *",
    "delete from track using album a, artist r where track.album_id = a.album_id and a.artist_id = r.artist_id",
    "select $1 || $2, $3::int + 1, $4 = 5, $5 > now(), $6 like 'a'",
    "select $1 from track where $1 = name",
    "select $1 + 1, $1::text",
    "select * from track limit $1::int",
    "select * from track where name ilike $1 || '%'",
    "select coalesce($1, 'x'), nullif($2, 5), greatest($3, 1.5)",
    "select * from track where track_id in ($1, $2, 5)",
    "select count(*) over w, rank() over (w order by name) from track window w as (partition by album_id)",
    "select 1 as \"a.b\", 2 as a",
    "select artist.* from artist, album",
    "select album.artist_id, artist.artist_id from artist join album using (artist_id)",
    "select artist_id from artist join album using (artist_id) join track on track.album_id = album.album_id",
    "select * from artist natural left join album natural join track",
    "select * from (artist join album using (artist_id)) j",
    "select j.name, j.artist_id from (artist join album using (artist_id)) as j",
    "select x.artist_id from artist join album using (artist_id) as x",
    "select * from artist a left join (album b join track c on b.album_id = c.album_id) on a.artist_id = b.artist_id",
    "select t.name, l.n from track t cross join lateral (select count(*) n from invoice_line i where i.track_id = "
    "t.track_id) l where l.n > 0",
    "select * from generate_series(1, 10, 2) with ordinality as g (v, n)",
    "select * from upper('a'), now() n, lower('B') as l (c)",
    "values (1, 2), (3, null)",
    "values ('a', 1), (null, 2.5), ('c', null) order by 2 desc",
    "table artist",
    "select all name from track",
    "select name as n from track for share of track nowait",
    "select * from sales s join artist on true",
    "select max(total) from sales",
    "select i4 is distinct from null, (i4, t) is not distinct from (1, 'a'), (i4, t) is null, row(1, 2) is not null "
    "from everything",
    "select gen_random_uuid(), md5('x'), encode('x', 'hex'), decode('aa', 'hex'), sha256('x')",
    "select 1::bool, 'yes'::bool, true::int, true::text, 0::boolean",
    "select 'a'::text = 'a'::varchar, 'a'::char(2) = 'a'::text, 'a'::name = 'b', 'a'::varchar || 'b'::char",
    "select 9223372036854775807, 9223372036854775808, -9223372036854775808, 2147483648, -2147483648",
    "select count(*) from track where track_id = 1::oid",
    "select 1 from everything where i4 in (select i8 from everything) and f8 > all (select i4 from everything)",
    "select (select 1 union select 2)",
    "select a from (select 1 a union all select 2) x order by a desc",
    "select * from (select 1 a, 2 b) x natural join (select 1 a, 3 c) y",
    "select coalesce(sum(total), 0) from invoice where false",
    "select count(*), name from track group by 2 order by 1 desc, 2",
    "select upper(name) u from track group by u having upper(name) > 'A' order by u",
    "select milliseconds, sum(count(*)) over () from track group by milliseconds",
    "select t.album_id, a.title from track t join album a using (album_id) group by t.album_id, a.album_id",
    "select album_id, a.title from track t left join album a using (album_id) group by album_id, a.album_id",
    "select max(name) from track group by album_id order by max(milliseconds)",
    "select album_id + 1 from track group by album_id + 1",
    "select 1 from track order by count(*)",
    "select distinct count(*) from track group by album_id order by count(*)",
    "select name from track limit -1",
    "select name from track offset null limit null",
    "select a.name from artist a order by a.artist_id + (select count(*) from album b where b.artist_id = a.artist_id)",
    "select (select a.name) from artist a",
    "select (select count(*) from album where artist_id = a.artist_id and exists (select 1 from track where album_id = "
    "album.album_id and name = a.name)) from artist a",
    "select * from artist a where (select count(*) from album b where b.artist_id = a.artist_id) > (select avg(c) from "
    "(select count(*) c from album group by artist_id) x)",
    "select * from artist where artist_id = (select artist_id from album)",
    "select * from artist where exists (select)",
    "select from artist",
    "select 1 having true",
    "select 1 where false group by 1",
    "select * from artist order by name collate \"C\" desc nulls last",
    "select * from artist where (artist_id, name) is null",
    "select '1' || '2'",
    "select '1' = '2'",
    "select '10' < 5, 5 < '10'",
    "select true and 'f'",
    "select null::int + '5'",
    "select interval '1 day' * '2'",
    "select 1 union select null union select '2'",
    "select '{\"a\":1}'::json::jsonb, '1'::jsonb::int",
    "select 'abc'::text::int",
    "select 3000000000::int",
    "select 40000::int2",
    "select public.artist.name from artist",
    "select postgres.public.artist.name from artist",
    "insert into artist (name) values (5), ('x'), (now())",
    "insert into artist (name) select 5 union select 6",
    "insert into artist values ('5', 5)",
    "insert into artist values (5.5, true)",
    "update artist set name = (select title from album), artist_id = default where artist_id in (select 1)",
    "update artist a set name = b.name from artist b where a.artist_id = b.artist_id",
    "update artist set (name, artist_id) = row('x', 1)",
    "update artist set (name, artist_id) = (default, 1)",
    "with x as (select 1) insert into artist select * from x",
    "with recursive x as (select 1 as n union all select n from (select * from x) y) select * from x",
    "with recursive x(a) as (select 'a' union all select 'b' || a from x) select * from x",
    "select sum(1) over (order by 1), rank() over (partition by 'a')",
    "select sum(distinct total), sum(all total) from invoice",
};

}  // namespace

TEST_CASE("statements have PostgreSQL's columns and parameters", "[binder][oracle]") {
    auto* server = test::private_postgres::shared();
    if (!server) PHANTOMDB_SKIP("PostgreSQL 15 is not installed");
    test::sql_client client(server->connection());
    REQUIRE(client.query("drop schema public cascade; create schema public").ok());  // statements name it
    std::string script = test::binder_schema;
    REQUIRE(client.query(script).ok());
    test::stage place(script);
    for (std::string statement : statements) {
        auto expected = test::describe(client, statement);
        INFO(statement);
        CHECK(expected.sqlstate == "");
        CHECK(test::describe(place, statement).shown() == expected.shown());
    }
    client.query("drop schema public cascade; create schema public");
}
