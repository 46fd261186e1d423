-- Wrong statements. SQLSTATE and position must be PostgreSQL's.

-- a word misspelt
selct * from artist;

-- unfinished
select name from artist where;

-- no such table
select * from musicians;

-- no such column
select title from artist;

-- no such column of a table
select a.title from artist a;

-- ambiguous
select artist_id from artist, album;

-- no such function
select shout(name) from artist;

-- no such operator
select name + 1 from artist;

-- types that do not compare
select * from track where name = 5;

-- not grouped
select artist_id, title, count(*) from album group by artist_id;

-- an aggregate in where
select * from invoice where sum(total) > 5;

-- no number
select 'abc'::int;

-- too large
select 2147483647 + 1;

-- too large a literal for its column
insert into genre values (3000000000, 'big');

-- division by zero
select total / 0 from invoice;

-- no date
select '2024-02-30'::date;

-- duplicate key
insert into genre values (1, 'Rock again');

-- null where none may be
insert into track (track_id, name) values (99999, null);

-- foreign key, child
insert into album values (9999, 'Orphan', 99999);

-- foreign key, parent
delete from artist where artist_id = 1;

-- too long
insert into customer (customer_id, first_name, last_name, email) values (999, repeat('x', 41), 'y', 'z');

-- more than one row
select (select artist_id from artist);

-- two columns where one may be
select (select artist_id, name from artist limit 1);

-- more expressions than columns
insert into genre (genre_id) values (99, 'x');

-- columns of a union differ
select artist_id, name from artist union select genre_id from genre;

-- types of a union differ
select 1 union select 'x'::date;

-- duplicate alias
select * from artist a join album a on true;

-- table exists
create table artist (id int);

-- no such schema
create table nowhere.things (id int);

-- dropping what others need
drop table artist;

-- order by a place that is not there
select name from genre order by 2;

-- negative limit
select * from genre limit -1;

-- bad json
select '{"a": }'::jsonb;

-- bad regular expression
select 'a' ~ '(';

-- two primary keys
create table twice (a int primary key, b int primary key);

-- unknown type
create table odd (a colour);

-- outside a transaction
savepoint nowhere;

-- no such setting
set no_such_setting = 1;

-- parameters without values
select $1::int;
