-- path: SECURITY LABEL: a tag loosened or removed by owner or superuser
-- state: closed
-- by: src/enforce/enforce_relabel.c
-- as: owner superuser bypass
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS NULL;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.diagnosis IS NULL;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.diagnosis IS '/personal mask partial(30, 30)';
SELECT diagnosis FROM patient WHERE id = 1;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.diagnosis IS ':internal';
SELECT diagnosis FROM patient WHERE id = 1;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.salary IS 'DE';
SELECT salary FROM patient WHERE id = 1;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows within DE';
SECURITY LABEL FOR jurisdiction ON TABLE vault IS NULL;
SECURITY LABEL FOR jurisdiction ON TABLE vault IS 'unrestricted';
SECURITY LABEL FOR jurisdiction ON MATERIALIZED VIEW digest IS NULL;
SECURITY LABEL ON TABLE vault IS NULL;
SECURITY LABEL FOR jurisdiction ON ROLE chief IS 'backup';
SECURITY LABEL FOR jurisdiction ON ROLE chief IS 'officer';
SELECT name FROM patient WHERE id = 1001;
SELECT diagnosis FROM patient WHERE id = 1;
SELECT word FROM vault LIMIT 1;
SELECT name FROM digest LIMIT 1;
