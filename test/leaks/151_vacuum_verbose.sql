-- path: VACUUM VERBOSE and ANALYZE VERBOSE
-- state: revealed: to the owner and superusers, how many rows there are
-- by: counts only; no values
-- as: owner superuser
-- canary: count
VACUUM VERBOSE patient;
ANALYZE VERBOSE patient;
