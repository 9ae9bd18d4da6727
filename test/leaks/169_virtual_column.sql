-- path: a virtual generated column, which is computed when it is read
-- state: closed
-- by: src/store/object_label.c, src/enforce/enforce_columns.c
-- as: owner plain untagged superuser bypass
-- since: 18
ALTER TABLE patient ADD COLUMN v text GENERATED ALWAYS AS (diagnosis || '.') VIRTUAL;
ALTER TABLE patient ADD COLUMN w int GENERATED ALWAYS AS (salary + code * 0) VIRTUAL;
CREATE FUNCTION spy(v text) RETURNS bool LANGUAGE plpgsql COST 0.0001
	AS $$BEGIN RAISE NOTICE 'saw %', v; RETURN true; END$$;
SELECT v, w FROM patient;
SELECT p FROM patient p;
SELECT id FROM patient WHERE spy(v) AND spy(w::text);
SELECT v FROM patient GROUP BY v ORDER BY v;
SELECT v FROM patient FOR UPDATE;
UPDATE patient SET note = 'met' WHERE id < 4 RETURNING v, w;
UPDATE patient SET note = v WHERE id < 4 RETURNING note;
DELETE FROM patient WHERE id = 3 RETURNING v;
COPY (SELECT v FROM patient) TO STDOUT;
CREATE VIEW seen AS SELECT v FROM patient;
SELECT * FROM seen;
