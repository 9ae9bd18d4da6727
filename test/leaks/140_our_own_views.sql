-- path: what the extension itself shows: stat, tag, lint(), discover(), explain()
-- state: closed
-- by: src/enforce/enforce_counters.c, src/enforce/lint_sql.c
-- canary: \b71[14]\b
-- untagged: hides nothing that could be counted, and shows no values
\o /dev/null
SELECT count(*) FROM patient;
\o
-- the log grows by the statement, not by the row, and its size may be any number
SELECT key, value FROM jurisdiction.stat, jsonb_each(to_jsonb(stat)) WHERE key NOT LIKE 'evidence%';
SELECT * FROM jurisdiction.tag;
SELECT * FROM jurisdiction.lint();
SELECT * FROM jurisdiction.discover();
SELECT * FROM jurisdiction.session();
SELECT * FROM jurisdiction.explain('DE:restricted/health', 'read');
SELECT jurisdiction.label_join(residency) FROM patient;
SELECT jurisdiction.mask_hash('x');
SELECT jurisdiction.flow_guard(1, 1);
