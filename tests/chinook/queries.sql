-- What a music store asks. Run on phantomd and on PostgreSQL alike; the answers must be the same.
-- Each query begins with a line "-- name"; a name that ends in "(any order)" compares rows as a set.

-- all genres
select * from genre order by genre_id;

-- one artist
select name from artist where artist_id = 51;

-- artists that contain rock
select artist_id, name from artist where name ilike '%rock%' order by name;

-- counting everything
select (select count(*) from artist) as artists, (select count(*) from album) as albums, (select count(*) from track) as tracks,
       (select count(*) from customer) as customers, (select count(*) from invoice) as invoices;

-- albums of an artist
select a.title, count(*) as tracks, sum(t.milliseconds) / 60000 as minutes
from album a join track t on t.album_id = a.album_id
where a.artist_id = 22 group by a.album_id, a.title order by a.title;

-- the longest tracks
select name, milliseconds, round(milliseconds / 60000.0, 2) as minutes from track order by milliseconds desc, track_id limit 10;

-- second page of tracks
select track_id, name from track order by name, track_id limit 20 offset 20;

-- genres by tracks
select g.name, count(t.track_id) as tracks from genre g left join track t using (genre_id)
group by g.genre_id, g.name order by tracks desc, g.name;

-- genres nobody buys
select g.name from genre g
where not exists (select 1 from invoice_line l join track t on t.track_id = l.track_id where t.genre_id = g.genre_id)
order by g.name;

-- revenue by country
select billing_country, count(*) as invoices, sum(total) as revenue, round(avg(total), 4) as average
from invoice group by billing_country having sum(total) > 50 order by revenue desc, billing_country;

-- best customers
select c.first_name || ' ' || c.last_name as customer, c.country, sum(i.total) as spent
from customer c join invoice i on i.customer_id = c.customer_id
group by c.customer_id order by spent desc, customer limit 10;

-- average invoice, unrounded
select avg(total), min(total), max(total), sum(total), count(*) from invoice;

-- statistics of track lengths
select count(distinct composer) as composers, avg(milliseconds) as mean, stddev(milliseconds)::numeric(12,2) as deviation,
       variance(bytes::float8) > 0 as spread from track;

-- sales by support agent, four tables
select e.first_name, e.last_name, count(distinct c.customer_id) as customers, count(distinct i.invoice_id) as invoices,
       sum(l.unit_price * l.quantity) as sales
from employee e join customer c on c.support_rep_id = e.employee_id join invoice i on i.customer_id = c.customer_id
join invoice_line l on l.invoice_id = i.invoice_id
group by e.employee_id order by sales desc;

-- best selling artists, five tables
select ar.name, sum(l.quantity) as sold, sum(l.unit_price * l.quantity) as revenue
from invoice_line l join track t on t.track_id = l.track_id join album al on al.album_id = t.album_id
join artist ar on ar.artist_id = al.artist_id
group by ar.artist_id, ar.name order by revenue desc, ar.name limit 15;

-- who reports to whom
select e.last_name as employee, coalesce(m.last_name, 'nobody') as manager, e.title
from employee e left join employee m on m.employee_id = e.reports_to order by e.employee_id;

-- the whole chain of command
with recursive chain as (
  select employee_id, last_name, reports_to, 1 as level, last_name::text as path from employee where reports_to is null
  union all
  select e.employee_id, e.last_name, e.reports_to, c.level + 1, c.path || ' > ' || e.last_name
  from employee e join chain c on e.reports_to = c.employee_id)
select level, path from chain order by path;

-- customers without a company
select count(*) filter (where company is null) as private, count(company) as business, count(*) as everybody from customer;

-- nulls sort last
select last_name, company from customer order by company, last_name limit 15;

-- nulls sort first when asked
select last_name, fax from customer order by fax desc nulls last, last_name limit 10;

-- nulls first by default when descending
select composer from track order by composer desc, track_id limit 5;

-- invoices per year and month
select extract(year from invoice_date) as year, extract(month from invoice_date) as month, count(*), sum(total)
from invoice group by 1, 2 order by 1, 2;

-- date functions
select invoice_id, invoice_date::date as day, date_trunc('month', invoice_date) as month, to_char(invoice_date, 'YYYY-MM-DD Dy') as shown,
       invoice_date + interval '30 days' as due, age(timestamp '2026-01-01', invoice_date) as age
from invoice order by invoice_id limit 12;

-- ages at hiring
select last_name, birth_date::date, hire_date::date, extract(year from age(hire_date, birth_date)) as years, hire_date - birth_date as lived
from employee order by employee_id;

-- text functions
select name, length(name) as characters, octet_length(name) as bytes, upper(name), initcap(lower(name)), reverse(name),
       substring(name from 1 for 5) as head, position('a' in name) as first_a, replace(name, 'a', '@') as replaced
from artist where artist_id between 1 and 25 order by artist_id;

-- more text
select email, split_part(email, '@', 2) as domain, left(email, 3) || '***' as masked, lpad(customer_id::text, 5, '0') as number,
       trim(both ' ' from coalesce(phone, '')) as phone, regexp_replace(coalesce(phone, ''), '[^0-9]', '', 'g') as digits
from customer order by customer_id limit 20;

-- like with underscore and escape
select name from track where name like '%100\%%' or name like '_n The %' order by name, track_id;

-- case over prices
select case when total < 1 then 'small' when total < 10 then 'medium' else 'large' end as size, count(*), sum(total)
from invoice group by 1 order by 2 desc, 1;

-- simple case
select name, case genre_id when 1 then 'rock' when 2 then 'jazz' else 'other' end as kind from track where album_id = 8 order by track_id;

-- in a list
select last_name, country from customer where country in ('Brazil', 'Norway', 'Chile') order by country, last_name;

-- not in a subquery
select count(*) from track where track_id not in (select track_id from invoice_line);

-- in a subquery with grouping
select title from album where album_id in (select album_id from track group by album_id having count(*) > 25) order by title;

-- dearest invoice of each country
select billing_country, invoice_id, total from invoice i
where total = (select max(total) from invoice where billing_country = i.billing_country)
order by billing_country, invoice_id;

-- customers above their country's average
select c.last_name, c.country, s.spent from customer c
join (select customer_id, sum(total) as spent from invoice group by customer_id) s on s.customer_id = c.customer_id
where s.spent > (select avg(t.spent) from (select c2.country, sum(i2.total) as spent from customer c2 join invoice i2 using (customer_id)
                 group by c2.customer_id) t where t.country = c.country)
order by c.country, c.last_name;

-- any and all
select name, milliseconds from track where genre_id = 20 and milliseconds >= all (select milliseconds from track where genre_id = 20)
   or (genre_id = 24 and milliseconds = any (select max(milliseconds) from track where genre_id = 24)) order by name;

-- two most bought tracks of each genre
select genre, name, sold from (
  select g.name as genre, t.name, sum(l.quantity) as sold,
         row_number() over (partition by g.genre_id order by sum(l.quantity) desc, t.name, t.track_id) as place
  from genre g join track t on t.genre_id = g.genre_id join invoice_line l on l.track_id = t.track_id
  group by g.genre_id, g.name, t.track_id, t.name) ranked
where place <= 2 order by genre, place;

-- running total of a customer
select invoice_id, total, sum(total) over (order by invoice_date, invoice_id) as so_far,
       lag(total) over (order by invoice_date, invoice_id) as before, total - avg(total) over () as difference
from invoice where customer_id = 5 order by invoice_date, invoice_id;

-- ranks with ties
select last_name, spent, rank() over w as rank, dense_rank() over w as dense, ntile(4) over (order by spent desc, last_name) as quarter
from (select c.last_name, sum(i.total) as spent from customer c join invoice i using (customer_id) group by c.customer_id) x
window w as (order by spent desc) order by spent desc, last_name;

-- moving average over rows
select invoice_id, round(avg(total) over (order by invoice_id rows between 2 preceding and current row), 3) as moving
from invoice order by invoice_id limit 25;

-- share of each media type
select m.name, count(*), round(100.0 * count(*) / sum(count(*)) over (), 2) as percent
from track t join media_type m using (media_type_id) group by m.media_type_id, m.name order by percent desc;

-- playlists with the same name
select name, count(*), min(playlist_id), max(playlist_id) from playlist group by name having count(*) > 1 order by name;

-- playlists and their lengths
select p.playlist_id, p.name, count(pt.track_id) as tracks, coalesce(sum(t.milliseconds), 0) as length
from playlist p left join playlist_track pt on pt.playlist_id = p.playlist_id left join track t on t.track_id = pt.track_id
group by p.playlist_id order by p.playlist_id;

-- cities of customers and employees
select city, country from customer union select city, country from employee order by country, city;

-- countries with customers but without employees
select country from customer except select country from employee order by 1;

-- cities that have both
select city from customer intersect select city from employee order by city;

-- union all keeps everything
select count(*) from (select country from customer union all select country from employee) x;

-- distinct countries
select distinct country from customer order by country;

-- latest invoice of each customer
select distinct on (customer_id) customer_id, invoice_id, invoice_date, total from invoice
order by customer_id, invoice_date desc, invoice_id desc limit 20;

-- full join of playlists
select p.name, g.name as genre from (select * from playlist where playlist_id < 20) p
full join genre g on lower(g.name) = lower(p.name) order by p.name nulls last, g.name nulls last;

-- cross join
select a.n, b.n, a.n * b.n as product from (values (1), (2), (3)) a(n) cross join (values (10), (20)) b(n) order by 1, 2;

-- values alone
values (1, 'one'), (2, 'two'), (3, null) order by 1 desc;

-- lateral: the three dearest lines of big invoices
select i.invoice_id, l.track_id, l.unit_price from invoice i
cross join lateral (select track_id, unit_price from invoice_line where invoice_id = i.invoice_id order by unit_price desc, track_id limit 3) l
where i.total > 15 order by i.invoice_id, l.unit_price desc, l.track_id;

-- a common table expression used twice
with spent as (select customer_id, sum(total) as total from invoice group by customer_id)
select count(*) filter (where s.total > m.mean) as above, count(*) filter (where s.total <= m.mean) as below
from spent s, (select avg(total) as mean from spent) m;

-- nested expressions of numbers
select 7 / 2 as whole, 7 % 3 as rest, 7 / 2.0 as exact, 2 ^ 10 as power, sqrt(2.0::float8) as root, round(2.5) as up, round(-2.5) as down,
       trunc(9.99, 1) as cut, abs(-3) as positive, ceil(1.2) as ceiling, floor(-1.2) as floor, mod(10, 4) as modulo;

-- types and casts
select 42::text || '!' as text, '17'::int + 1 as number, 3.999::int as rounded, true::text as word, '2024-02-29'::date + 1 as day,
       cast('12.50' as numeric(6,2)) as price, 'abc'::varchar(2) as short, 1::bool as truth, null::int is null as nothing;

-- string aggregation
select a.title, string_agg(t.name, '; ' order by t.track_id) as tracks from album a join track t using (album_id)
where a.album_id in (1, 2, 3, 4) group by a.album_id, a.title order by a.album_id;

-- boolean aggregates
select genre_id, bool_and(unit_price < 1) as cheap, bool_or(composer is null) as unknown from track group by genre_id order by genre_id;

-- group by expression
select upper(left(name, 1)) as letter, count(*) from artist group by upper(left(name, 1)) having count(*) >= 10 order by count(*) desc, letter;

-- order by an expression that is not selected
select name from genre order by length(name), name;

-- greatest, least, nullif
select track_id, greatest(milliseconds, bytes, 300000) as most, least(milliseconds, bytes) as fewest, nullif(genre_id, 1) as not_rock
from track order by track_id limit 8;

-- is distinct from
select count(*) from customer where state is distinct from 'SP';

-- three-valued logic
select count(*) filter (where fax = fax) as known, count(*) filter (where not (fax = fax)) as no, count(*) filter (where (fax = fax) is null) as unknown
from customer;

-- between dates
select count(*), sum(total) from invoice where invoice_date between '2022-01-01' and '2022-12-31';

-- intervals
select interval '1 day 2 hours' * 3 as longer, interval '1 month' + interval '15 days' as sum, date '2024-01-31' + interval '1 month' as clipped,
       extract(epoch from interval '1 hour 30 minutes') as seconds, timestamp '2024-03-01' - timestamp '2024-02-01' as february;

-- documents
select jsonb_build_object('id', artist_id, 'name', name) as document from artist where artist_id <= 3 order by artist_id;

-- inside a document
select doc ->> 'name' as name, doc #>> '{albums,0}' as first, jsonb_array_length(doc -> 'albums') as albums, doc @> '{"active": true}' as active
from (values ('{"name": "Queen", "albums": ["Jazz", "Innuendo"], "active": true}'::jsonb), ('{"name": "Nobody", "albums": []}'::jsonb)) d(doc);

-- series
select n, n * n as square from generate_series(1, 10, 3) as s(n) order by n;

-- months without sales
select m::date from generate_series(timestamp '2021-01-01', timestamp '2021-12-01', interval '1 month') m
where not exists (select 1 from invoice where date_trunc('month', invoice_date) = m and total > 20) order by m;

-- exists with correlation on two levels
select ar.name from artist ar where exists (
  select 1 from album al where al.artist_id = ar.artist_id and exists (
    select 1 from track t where t.album_id = al.album_id and t.milliseconds > 2500000)) order by ar.name;

-- tracks that share an album with a long track (any order)
select t.track_id, t.name from track t where exists
  (select 1 from track o where o.album_id = t.album_id and o.track_id <> t.track_id and o.milliseconds > 5000000);

-- self join: customers of one city
select a.last_name, b.last_name, a.city from customer a join customer b on a.city = b.city and a.customer_id < b.customer_id
order by a.city, a.last_name, b.last_name;

-- empty result keeps its columns
select name, unit_price, milliseconds from track where track_id < 0;

-- aggregate of nothing
select count(*), sum(total), avg(total), max(invoice_date) from invoice where total < 0;

-- grouping of nothing
select customer_id, sum(total) from invoice where total < 0 group by customer_id;

-- limit with ties
select milliseconds / 60000 as minutes from track where album_id < 10 order by 1 desc fetch first 3 rows with ties;
