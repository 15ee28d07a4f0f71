-- An in-memory database: rows, indexes, joins, JSON, text aggregation, deletes. Prints sums that cannot vary.
PRAGMA cache_size = -200000;
CREATE TABLE person(id INTEGER PRIMARY KEY, name TEXT, town INTEGER, note TEXT);
CREATE TABLE town(id INTEGER PRIMARY KEY, name TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
INSERT INTO town SELECT i, 'town ' || i FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000)
INSERT INTO person SELECT i, 'name ' || (i * 7919 % 120000), i * 31 % 500 + 1, substr(hex(i * 123456789), 1, i % 40) FROM n;
CREATE INDEX person_name ON person(name);
CREATE INDEX person_town ON person(town, name);
SELECT count(*), sum(length(note)) FROM person JOIN town ON town.id = person.town WHERE town.name LIKE 'town 1%';
SELECT town, count(DISTINCT name), max(length(note)) FROM person GROUP BY town ORDER BY 2 DESC, 1 LIMIT 5;
SELECT length(group_concat(name, ',')) FROM person WHERE id % 3 = 0;
SELECT sum(json_extract(object, '$.id')) FROM
  (SELECT json_object('id', id, 'name', name, 'list', json_array(town, note)) AS object FROM person WHERE id <= 40000);
UPDATE person SET note = note || name WHERE id % 5 = 0;
DELETE FROM person WHERE id % 7 = 0;
SELECT count(*), sum(length(note)) FROM person;
SELECT count(*) FROM (SELECT name, row_number() OVER (PARTITION BY town ORDER BY name) AS place FROM person) WHERE place = 1;
PRAGMA integrity_check;
