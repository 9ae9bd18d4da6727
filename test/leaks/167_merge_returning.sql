-- path: MERGE ... RETURNING, and of rows that its source does not match
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c
-- since: 17
MERGE INTO patient p USING (VALUES (1), (1001)) AS s (id) ON p.id = s.id
	WHEN MATCHED THEN UPDATE SET note = 'met' RETURNING merge_action(), p.*;
MERGE INTO patient p USING (VALUES (1), (1001)) AS s (id) ON p.id = s.id
	WHEN MATCHED THEN UPDATE SET note = 'met' RETURNING p.diagnosis, p.name, p;
MERGE INTO patient p USING (VALUES (0)) AS s (id) ON p.id = s.id
	WHEN NOT MATCHED BY SOURCE AND p.diagnosis LIKE 'quo%' THEN UPDATE SET note = p.diagnosis RETURNING p.note;
MERGE INTO patient p USING (VALUES (0)) AS s (id) ON p.id = s.id
	WHEN NOT MATCHED BY SOURCE THEN UPDATE SET note = 'met' RETURNING p.id, p.name;
WITH m AS (MERGE INTO patient p USING (VALUES (1)) AS s (id) ON p.id = s.id
	WHEN MATCHED THEN UPDATE SET note = 'met' RETURNING p.*) SELECT * FROM m;
COPY (MERGE INTO patient p USING (VALUES (2), (1001)) AS s (id) ON p.id = s.id
	WHEN MATCHED THEN UPDATE SET note = 'met' RETURNING p.name, p.diagnosis) TO STDOUT;
