-- path: CREATE and ALTER PUBLICATION of tagged tables without a place to go to
-- state: closed
-- by: src/enforce/enforce_publish.c
-- as: superuser
-- canary: published (one|each|schema|none|root)
CREATE PUBLICATION one FOR TABLE vault;
CREATE PUBLICATION each FOR ALL TABLES;
CREATE PUBLICATION schema FOR TABLES IN SCHEMA public;
CREATE PUBLICATION none;
ALTER PUBLICATION none ADD TABLE patient (id, name);
CREATE PUBLICATION root FOR TABLE measure WITH (publish_via_partition_root);
SELECT 'published ' || pubname FROM pg_publication_tables WHERE schemaname = 'public';
