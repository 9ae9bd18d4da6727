-- path: EXPLAIN without estimates: the kind of plan
-- state: revealed: which plan the statistics of all rows choose
-- by: ALTER TABLE ... ALTER column SET STATISTICS 0, where that matters
-- as: plain
-- canary: for the guess: Seq Scan
\o | grep -o 'Seq Scan' | sed 's,^,for the guess: ,'
EXPLAIN (COSTS OFF) SELECT id FROM patient WHERE code = 48151600 + 23;
\o
EXPLAIN (COSTS OFF) SELECT id FROM patient WHERE code = 5;
