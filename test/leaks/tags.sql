-- The one difference between the two databases.
SET search_path = public;
SET ROLE clinic;
SECURITY LABEL FOR jurisdiction ON COLUMN patient.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.diagnosis IS '/personal';
SECURITY LABEL FOR jurisdiction ON COLUMN patient.salary IS '/personal';
SECURITY LABEL FOR jurisdiction ON TABLE vault IS 'DE:restricted/health';
SECURITY LABEL FOR jurisdiction ON COLUMN measure.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON COLUMN person.residency IS 'rows';
SECURITY LABEL FOR jurisdiction ON MATERIALIZED VIEW digest IS 'DE:restricted/health';
SET ROLE founder;
SECURITY LABEL FOR jurisdiction ON COLUMN ledger.residency IS 'rows';
