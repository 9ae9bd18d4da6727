-- path: pgstattuple, pg_visibility: counts of rows
-- state: revealed: to superusers and pg_stat_scan_tables, how many rows there are
-- by: counts only; no values
-- as: superuser
-- canary: count
SELECT tuple_count FROM pgstattuple('patient');
