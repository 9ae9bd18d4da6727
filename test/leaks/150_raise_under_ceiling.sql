-- path: a raised column copied into another by one who is cleared for the ceiling
-- state: closed
-- by: src/enforce/enforce_columns.c, src/enforce/enforce_flow.c
-- as: cleared
-- seen by: others
\! psql -XAtq -U clinic -c "CREATE TABLE public.card (id int, residency jurisdiction.label NOT NULL, name text, plain text); CREATE TABLE public.other (residency jurisdiction.label NOT NULL, name text); INSERT INTO card SELECT g, 'DE', 'quo' || 'kka_card' FROM generate_series(1, 6) g; GRANT ALL ON card, other TO PUBLIC" 2>&1
\! test "$(psql -XAtqc "SELECT count(*) FROM pg_seclabel WHERE objoid = 'patient'::regclass")" = 0 || psql -XAtq -U clinic -c "SECURITY LABEL FOR jurisdiction ON COLUMN card.residency IS 'rows within DE:restricted/health,personal'; SECURITY LABEL FOR jurisdiction ON COLUMN card.name IS '/personal'; SECURITY LABEL FOR jurisdiction ON COLUMN other.residency IS 'rows within DE:restricted/health,personal'" 2>&1
UPDATE card SET plain = name WHERE id = 1;
UPDATE card SET plain = card::text WHERE id = 2;
UPDATE card SET plain = (SELECT name FROM card c WHERE c.id = card.id) WHERE id = 3;
INSERT INTO card (id, residency, plain) SELECT id + 10, residency, name FROM card WHERE id = 4;
INSERT INTO other (residency, name) SELECT residency, name FROM card WHERE id = 5;
INSERT INTO other (residency, name) SELECT residency, c::text FROM card c WHERE id = 5;
MERGE INTO other o USING card c ON false WHEN NOT MATCHED THEN INSERT VALUES (c.residency, c.name);
WITH moved AS (DELETE FROM card WHERE id = 6 RETURNING *) INSERT INTO other SELECT residency, name FROM moved;
\! psql -XAtqc "SELECT id, name, plain FROM card" -U anna >$LEAK_DIR/anna 2>&1
\! psql -XAtqc "SELECT name FROM other" -U anna >$LEAK_DIR/other 2>&1
