-- path: an owner without a tag
-- state: closed
-- by: src/enforce/wall.c, src/enforce/enforce_expressions.c
-- as: founder
SELECT * FROM ledger;
COPY ledger TO STDOUT;
SELECT max(word) FROM ledger;
CREATE VIEW mine AS SELECT * FROM ledger;
SELECT * FROM mine;
UPDATE ledger SET id = id RETURNING word;
ALTER TABLE ledger NO FORCE ROW LEVEL SECURITY;
CREATE FUNCTION spied(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RAISE NOTICE 'saw %', $1; RETURN $1; END$$;
CREATE INDEX ON ledger (spied(word));
ALTER TABLE ledger ADD CHECK (spied(word) <> '');
SELECT most_common_vals FROM pg_stats WHERE tablename = 'ledger';
SECURITY LABEL FOR jurisdiction ON COLUMN ledger.residency IS NULL;
SELECT * FROM ledger;
