-- path: the catalogs of statistics, read directly
-- state: closed
-- by: src/enforce/wall.c
-- as: superuser bypass plain
SELECT stavalues1 FROM pg_statistic WHERE starelid = 'patient'::regclass;
SELECT stavalues1 FROM pg_statistic WHERE starelid = 'vault'::regclass;
SELECT m.values FROM pg_statistic_ext_data, pg_mcv_list_items(stxdmcv) m;
SELECT stxdndistinct, stxdmcv::text FROM pg_statistic_ext_data;
COPY pg_statistic TO STDOUT;
CREATE TABLE copied AS SELECT stavalues1::text FROM pg_statistic;
SELECT * FROM copied;
