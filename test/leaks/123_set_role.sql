-- path: SET ROLE and SET SESSION AUTHORIZATION by a superuser
-- state: revealed: what that role may read
-- by: a superuser may be anybody; each is recorded, and sealing holds
-- as: superuser
SET ROLE doctor;
SELECT word FROM vault LIMIT 1;
RESET ROLE;
SET SESSION AUTHORIZATION doctor;
SELECT name FROM patient WHERE id = 1001;
