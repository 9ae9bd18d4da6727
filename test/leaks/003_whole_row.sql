-- path: whole rows: row_to_json, p::text, hstore-like casts, records
-- state: closed
-- by: src/enforce/enforce_columns.c, src/enforce/wall.c
SELECT row_to_json(p) FROM patient p;
SELECT p::text FROM patient p WHERE id < 10;
SELECT p FROM patient p WHERE id < 10;
SELECT to_jsonb(p) -> 'salary' FROM patient p WHERE id < 10;
SELECT jsonb_agg(p) FROM patient p;
SELECT (p).diagnosis FROM patient p WHERE id < 10;
SELECT array_agg(p) FROM patient p;
SELECT hash_record(p) = hash_record(ROW(p.id, p.residency, p.name, 'x', p.salary, p.code, p.note)), (p.*)::text FROM patient p;
SELECT json_populate_record(NULL::patient, to_json(p)) FROM patient p;
SELECT v::text FROM vault v;
