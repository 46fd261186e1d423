-- Statements that change the store, in order. Every answer, tag and returned row must be PostgreSQL's.

-- a new genre
insert into genre (genre_id, name) values (26, 'Chiptune'), (27, 'Polka');

-- returning
insert into artist values (1000, 'The Phantoms'), (1001, null) returning artist_id, name, length(name) as letters;

-- insert from select
insert into album (album_id, title, artist_id) select 2000 + artist_id, 'Best of ' || coalesce(name, 'nobody'), artist_id from artist
where artist_id >= 1000 returning *;

-- update with expression
update track set unit_price = unit_price * 1.1 where genre_id = 25;

-- the new price
select track_id, unit_price from track where genre_id = 25 order by track_id;

-- update from a join
update invoice i set billing_state = c.country from customer c where c.customer_id = i.customer_id and i.billing_state is null and c.country = 'Norway'
returning i.invoice_id, i.billing_state;

-- update to a subquery
update customer set support_rep_id = (select min(employee_id) from employee where title = 'Sales Support Agent') where customer_id in (1, 2, 3)
returning customer_id, support_rep_id;

-- upsert does nothing
insert into genre values (26, 'Again') on conflict do nothing;

-- upsert updates
insert into genre values (26, 'Eight bit'), (28, 'Drone') on conflict (genre_id) do update set name = excluded.name || ' (was ' || genre.name || ')'
returning *;

-- delete with using
delete from album a using artist r where r.artist_id = a.artist_id and r.name is null returning a.album_id, a.title;

-- delete nothing
delete from genre where genre_id = 4711;

-- a transaction begins
begin;

-- it deletes
delete from playlist_track where playlist_id = 1;

-- it sees what it did
select count(*) from playlist_track where playlist_id = 1;

-- it marks a place
savepoint before_more;

-- it goes on
delete from playlist_track;

-- it goes back
rollback to before_more;

-- it sees the first change only
select count(*) from playlist_track;

-- it gives up
rollback;

-- everything is there again
select count(*) from playlist_track;

-- another one commits
begin isolation level repeatable read;

-- it changes a name
update artist set name = 'The Revenants' where artist_id = 1000;

-- and commits
commit;

-- it stays
select name from artist where artist_id = 1000;

-- a view
create view customer_totals as select c.customer_id, c.last_name, sum(i.total) as total from customer c left join invoice i using (customer_id) group by c.customer_id;

-- the view answers
select last_name, total from customer_totals where total > 45 order by total desc, last_name;

-- a table of our own
create table review (id bigint primary key, track_id int references track, stars smallint not null check (stars between 1 and 5), body text default 'no words',
  written timestamptz default '2024-01-01 00:00:00+00', tags jsonb, unique (track_id, id));

-- reviews
insert into review (id, track_id, stars) values (1, 1, 5), (2, 1, 4), (3, 2, 1) returning *;

-- index on it
create index review_stars on review (stars desc, id);

-- asked by the index
select id, stars from review where stars >= 4 order by stars desc, id;

-- alter it
alter table review add column helpful int not null default 0;

-- old rows have the default
select id, helpful, body from review order by id;

-- empty it
truncate review;

-- gone
select count(*) from review;

-- drop everything
drop table review;

-- drop the view
drop view customer_totals;
