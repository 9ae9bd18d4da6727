-- path: amcheck and pg_visibility: what they say of a table
-- state: closed
-- by: they print no values
-- as: superuser bypass
-- untagged: prints no values either
SELECT bt_index_check('patient_name', true);
SELECT bt_index_parent_check('patient_name', true, true);
SELECT * FROM verify_heapam('patient');
SELECT * FROM pg_check_visible('patient') LIMIT 1;
