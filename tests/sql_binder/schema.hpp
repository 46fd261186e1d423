/// @file The tables that statements in the binder's tests are about.
#pragma once

namespace phantomdb::test {

inline constexpr char binder_schema[] = R"(
create table artist (artist_id int primary key, name varchar(120));
create table album (album_id int primary key, title varchar(160) not null, artist_id int not null);
create table track (track_id int primary key, name varchar(200) not null, album_id int, genre_id int,
    composer varchar(220), milliseconds int not null, bytes bigint, unit_price numeric(10,2) not null);
create table customer (customer_id int primary key, first_name varchar(40) not null, last_name varchar(20) not null,
    country varchar(40), email varchar(60) not null unique, support_rep_id int);
create table invoice (invoice_id int primary key, customer_id int not null, invoice_date timestamp not null,
    billing_country varchar(40), total numeric(10,2) not null);
create table invoice_line (invoice_line_id int primary key, invoice_id int not null, track_id int not null,
    unit_price numeric(10,2) not null, quantity int not null);
create table playlist_track (playlist_id int not null, track_id int not null, primary key (playlist_id, track_id));
create table everything (b boolean, i2 smallint, i4 int, i8 bigint, n numeric, n2 numeric(8,3), f4 real, f8 double precision,
    t text, v varchar(10), c char(5), y bytea, d date, tm time, ts timestamp, tz timestamptz, iv interval, u uuid, j json, jb jsonb);
create table stock (id int generated always as identity, name text default 'none' not null, amount int default 1 + 1 check (amount > 0),
    price numeric(8,2), worth numeric(12,2) generated always as (amount * price) stored);
create view sales as select c.country, sum(i.total) as total, count(*) as invoices from customer c
    join invoice i on i.customer_id = c.customer_id group by c.country;
)";

}  // namespace phantomdb::test
