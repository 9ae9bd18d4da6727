-- path: joins of every kind, LATERAL, semi- and antijoins
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c, src/enforce/wall.c
CREATE TEMP TABLE guess AS SELECT 'quo' || w AS word FROM (VALUES ('kka_row'), ('kka_column')) v(w);
SELECT g.word || ' found' FROM guess g JOIN patient p ON p.name = g.word LIMIT 1;
SELECT p.id, g.word FROM patient p LEFT JOIN guess g ON g.word = p.diagnosis WHERE p.id < 10;
SELECT x.d FROM patient p, LATERAL (SELECT diagnosis AS d FROM patient q WHERE q.id = p.id) x;
SELECT g.word FROM guess g WHERE EXISTS (SELECT FROM patient p WHERE p.name = g.word);
SELECT v.name FROM visit JOIN patient v ON v.id = visit.patient;
SELECT p.name FROM patient p FULL JOIN visit USING (id) WHERE p.id > 1000 LIMIT 1;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SELECT g.word FROM guess g JOIN patient p ON p.diagnosis = g.word;
SET enable_nestloop = off;
SET enable_hashjoin = on;
SELECT g.word FROM guess g JOIN patient p ON p.diagnosis = g.word;
