-- path: SQL/JSON constructors, queries and JSON_TABLE
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c
-- since: 17
SELECT JSON_OBJECT('of' VALUE diagnosis, 'is' VALUE name) FROM patient;
SELECT JSON_ARRAYAGG(p) FROM patient p;
SELECT JSON_VALUE(JSON_SCALAR(diagnosis)::jsonb, '$') FROM patient;
SELECT t.* FROM patient p, JSON_TABLE(jsonb_build_array(p.diagnosis, p.name), '$[*]' COLUMNS (v text PATH '$')) t;
SELECT t.* FROM patient p, JSON_TABLE(to_jsonb(p), '$' COLUMNS (v text PATH '$.diagnosis', s int PATH '$.salary')) t;
SELECT JSON_EXISTS(jsonb '"quo"', '$ ? (@ == $x)' PASSING diagnosis AS x), JSON_QUERY(to_jsonb(v), '$.word') FROM patient, vault v;
SELECT JSON_SERIALIZE(JSON_OBJECT('of' VALUE word)) FROM vault;
