-- The database that examples/music_store.cpp made, asked in SQL.

\d tracks

-- The same question as the typed query `takings`, and the same plan.
SELECT a.name, sum(l.quantity) AS sold, sum(t.price * l.quantity) AS earned
FROM lines l
JOIN tracks t ON t.id = l.track_id
JOIN albums b ON b.id = t.album_id
JOIN artists a ON a.id = b.artist_id
GROUP BY a.name
ORDER BY earned DESC;

-- Structs stored as documents are jsonb.
SELECT name, likes ->> 'genre' AS genre, likes -> 'instruments' AS instruments
FROM customers
WHERE likes ->> 'newsletter' = 'true'
ORDER BY name;

-- The longest track of each album.
SELECT title, album, length
FROM (SELECT t.title, b.title AS album, t.seconds / 60 || ':' || lpad((t.seconds % 60)::text, 2, '0') AS length,
             rank() OVER (PARTITION BY t.album_id ORDER BY t.seconds DESC) AS place
      FROM tracks t JOIN albums b ON b.id = t.album_id) ranked
WHERE place = 1
ORDER BY album;

-- Customers above the average invoice.
WITH totals AS (
    SELECT i.customer_id, i.id, sum(t.price * l.quantity) AS total
    FROM invoices i JOIN lines l ON l.invoice_id = i.id JOIN tracks t ON t.id = l.track_id
    GROUP BY i.customer_id, i.id)
SELECT c.name, total
FROM totals JOIN customers c ON c.id = totals.customer_id
WHERE total > (SELECT avg(total) FROM totals)
ORDER BY total DESC;

-- Keys made in C++ hold in SQL: all of it, or nothing.
BEGIN;
UPDATE tracks SET price = price + 0.10 WHERE album_id = 2;
SELECT title, price FROM tracks WHERE album_id = 2 ORDER BY id;
ROLLBACK;
SELECT title, price FROM tracks WHERE album_id = 2 ORDER BY id;
