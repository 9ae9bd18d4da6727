-- path: pg_stats, pg_stats_ext and pg_stats_ext_exprs
-- state: closed
-- by: src/enforce/wall.c, src/enforce/enforce_plan.c
SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename IN ('patient', 'vault', 'measure', 'measure_high', 'nurse', 'person');
SELECT most_common_vals FROM pg_stats_ext WHERE tablename = 'patient';
SELECT * FROM pg_stats_ext_exprs;
CREATE VIEW mine AS SELECT * FROM pg_stats;
SELECT most_common_vals FROM mine WHERE tablename IN ('patient', 'vault');
