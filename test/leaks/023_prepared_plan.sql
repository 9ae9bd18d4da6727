-- path: a prepared statement used as another role (plan reuse after SET ROLE)
-- state: closed
-- by: src/enforce/enforce_plan.c, src/enforce/enforce_execute.c
-- as: superuser
SET plan_cache_mode = force_generic_plan;
SET SESSION AUTHORIZATION doctor;
PREPARE p AS SELECT name, diagnosis FROM patient WHERE id IN (1, 1001);
PREPARE q AS SELECT word FROM vault WHERE id = 1;
\o /dev/null
EXECUTE p;
EXECUTE q;
\o
SET SESSION AUTHORIZATION anna;
EXECUTE p;
EXECUTE q;
RESET SESSION AUTHORIZATION;
EXECUTE p;
EXECUTE q;
