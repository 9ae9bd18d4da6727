-- path: MERGE, in the condition by which it joins its target
-- state: closed
-- by: src/enforce/enforce_columns.c
CREATE FUNCTION spy(v text) RETURNS bool LANGUAGE plpgsql COST 0.0001
	AS $$BEGIN RAISE NOTICE 'saw %', v; RETURN true; END$$;
MERGE INTO patient p USING (VALUES (1), (2)) AS s (id) ON p.id = s.id AND spy(p.diagnosis)
	WHEN MATCHED THEN DO NOTHING;
MERGE INTO patient p USING (VALUES (1), (1001)) AS s (id) ON p.id = s.id AND spy(p.name)
	WHEN MATCHED THEN UPDATE SET note = 'met';
MERGE INTO patient p USING visit v ON p.diagnosis LIKE 'quo%' AND spy(p.diagnosis) AND p.id = v.id
	WHEN MATCHED THEN DO NOTHING;
MERGE INTO vault t USING (VALUES (1)) AS s (id) ON t.id = s.id AND spy(t.word) WHEN MATCHED THEN DO NOTHING;
