-- path: the cached plan of a PL/pgSQL function, called as another role
-- state: closed
-- by: src/enforce/enforce_plan.c, src/enforce/enforce_execute.c
-- as: superuser
CREATE FUNCTION hall.keep() RETURNS SETOF text LANGUAGE plpgsql
	AS 'BEGIN RETURN QUERY SELECT name || diagnosis FROM public.patient WHERE id IN (1, 1001); END';
SET plan_cache_mode = force_generic_plan;
\o /dev/null
SET SESSION AUTHORIZATION doctor;
SELECT hall.keep();
SELECT hall.keep();
\o
SET SESSION AUTHORIZATION anna;
SELECT hall.keep();
SET SESSION AUTHORIZATION visitor;
SELECT hall.keep();
RESET SESSION AUTHORIZATION;
SELECT hall.keep();
DROP FUNCTION hall.keep();
