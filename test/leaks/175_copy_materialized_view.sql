-- path: COPY of a materialized view
-- state: closed
-- by: src/enforce/wall.c
-- since: 18
COPY digest TO STDOUT;
COPY digest (name) TO STDOUT (FORMAT csv);
