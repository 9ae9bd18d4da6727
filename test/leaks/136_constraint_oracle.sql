-- path: an owner's CHECK, NOT NULL, foreign key, domain or partition bound as an oracle over hidden rows
-- state: closed
-- by: src/enforce/enforce_oracle.c
-- as: owner
-- canary: violated by some row|contains? .*values|violates|conflicting key
ALTER TABLE vault ADD CHECK (code <> 48151600 + 23);
ALTER TABLE patient ADD CHECK (diagnosis NOT LIKE 'q%');
ALTER TABLE vault ADD CONSTRAINT later CHECK (code <> 48151600 + 23) NOT VALID;
ALTER TABLE vault VALIDATE CONSTRAINT later;
ALTER TABLE vault ADD COLUMN other int CHECK (code <> 48151600 + 23);
ALTER TABLE patient ALTER note SET NOT NULL;
CREATE TABLE clinic.guess (code int PRIMARY KEY);
ALTER TABLE vault ADD FOREIGN KEY (code) REFERENCES clinic.guess;
ALTER TABLE vault ADD EXCLUDE (code WITH =);
CREATE DOMAIN clinic.number AS int;
ALTER TABLE measure ADD COLUMN n clinic.number;
ALTER DOMAIN clinic.number SET NOT NULL;
CREATE TABLE measure_rest PARTITION OF measure DEFAULT;
\! psql -XAtqc "INSERT INTO measure VALUES (5000, 'DE:restricted/health', 'x')" -U doctor >/dev/null 2>&1
CREATE TABLE measure_next PARTITION OF measure FOR VALUES FROM (5000) TO (5001);
ALTER TABLE measure DETACH PARTITION measure_high;
ALTER TABLE measure ATTACH PARTITION measure_high FOR VALUES FROM (200) TO (300);
