-- path: a tagged table put under an untagged parent (INHERIT, ATTACH PARTITION)
-- state: closed
-- by: src/enforce/enforce_ddl.c, src/enforce/wall.c
-- as: owner superuser bypass
CREATE TABLE bare (LIKE public.patient);
ALTER TABLE public.patient INHERIT bare;
SELECT name FROM bare WHERE id > 1000 LIMIT 1;
CREATE TABLE roof (LIKE public.vault) PARTITION BY RANGE (id);
ALTER TABLE roof ATTACH PARTITION public.vault FOR VALUES FROM (0) TO (100);
SELECT word FROM roof LIMIT 1;
CREATE TABLE plain_child () INHERITS (public.patient);
SELECT name FROM plain_child;
