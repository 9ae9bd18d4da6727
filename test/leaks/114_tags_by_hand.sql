-- path: DML on the catalogs that hold tags: pg_seclabel, pg_shseclabel
-- state: closed
-- by: src/enforce/wall_policy.c
-- as: superuser
DELETE FROM pg_seclabel;
UPDATE pg_seclabel SET label = 'unrestricted' WHERE provider = 'jurisdiction';
UPDATE pg_shseclabel SET label = 'backup' WHERE objoid = 'chief'::regrole;
INSERT INTO pg_shseclabel VALUES ('chief'::regrole, 'pg_authid'::regclass, 'jurisdiction', 'backup');
WITH d AS (DELETE FROM pg_seclabel RETURNING 1) SELECT count(*) > 0 FROM d;
SELECT name FROM patient WHERE id = 1001;
SELECT word FROM vault LIMIT 1;
