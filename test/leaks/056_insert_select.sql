-- path: INSERT ... SELECT and UPDATE ... FROM into a table without a tag
-- state: closed
-- by: src/enforce/enforce_flow.c
-- as: cleared
-- seen by: others
INSERT INTO hall.leaflet SELECT id, name FROM patient;
INSERT INTO hall.leaflet SELECT 100 + id, diagnosis FROM patient WHERE id < 10;
UPDATE hall.leaflet SET line = word FROM vault;
INSERT INTO hall.leaflet VALUES (5, (SELECT max(word) FROM measure));
WITH w AS (INSERT INTO hall.leaflet SELECT 6, max(name) FROM person RETURNING line) SELECT * FROM w;
DO $$DECLARE t text; BEGIN t := (SELECT max(name) FROM public.patient); INSERT INTO hall.leaflet VALUES (7, t); END$$;
