-- path: pageinspect: pages of tables and indexes
-- state: closed
-- by: src/enforce/enforce_functions.c
-- as: superuser bypass
SELECT t_data FROM heap_page_items(get_raw_page('patient', 0)) LIMIT 1;
SELECT t_data FROM heap_page_items(get_raw_page('vault', 0)) LIMIT 1;
SELECT data FROM bt_page_items('patient_name', 1) LIMIT 3;
SELECT encode(get_raw_page('patient', 1), 'escape');
SELECT tuple_data_split('vault'::regclass, t_data, t_infomask, t_infomask2, t_bits) FROM heap_page_items(get_raw_page('vault', 0)) LIMIT 1;
CREATE FUNCTION other_name(text, int8) RETURNS bytea LANGUAGE c AS '$libdir/pageinspect', 'get_raw_page_1_9';
SELECT encode(other_name('patient', 1), 'escape');
