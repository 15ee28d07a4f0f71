#!/bin/sh
# sqlite3: the same answers in memory and in a file, with and without the library.
. "$(dirname "$0")/common.sh"
need sqlite3

programs=$source_directory/bench/programs
same_with_and_without sqlite3 -batch -init "$programs/rows.sql" :memory: .exit

cat >"$scratch/file.sql" <<'SQL'
DROP TABLE IF EXISTS item;
DROP TABLE IF EXISTS text;
CREATE TABLE item(id INTEGER PRIMARY KEY, body BLOB);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
INSERT INTO item SELECT i, zeroblob(i * 131 % 20000) FROM n;
COMMIT;
UPDATE item SET body = CAST(printf('%.*c', id % 7000, 'x') AS BLOB) WHERE id % 3 = 0;
DELETE FROM item WHERE id % 4 = 1;
VACUUM;
PRAGMA integrity_check;
SELECT count(*), sum(length(body)), sum(id) FROM item;
CREATE VIRTUAL TABLE text USING fts5(body);
INSERT INTO text SELECT 'word' || (id % 50) || ' word' || (id % 77) || ' common' FROM item;
SELECT count(*) FROM text WHERE text MATCH 'word7 AND common';
SQL
same_with_and_without sqlite3 -batch -init "$scratch/file.sql" "$scratch/file.db" .exit
