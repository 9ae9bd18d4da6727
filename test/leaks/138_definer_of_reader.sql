-- path: a SECURITY DEFINER function or view of one who may read, used by others
-- state: closed
-- by: src/enforce/enforce_rows.c, src/enforce/enforce_columns.c: the outer role counts
-- as: cleared
-- seen by: others
CREATE FUNCTION hall.names() RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
	AS 'BEGIN RETURN QUERY SELECT name || diagnosis FROM public.patient WHERE id IN (1, 1001); END';
CREATE VIEW hall.shown AS SELECT name, diagnosis FROM public.patient WHERE id IN (1, 1001);
CREATE VIEW hall.words AS SELECT word FROM public.vault;
GRANT SELECT ON hall.shown, hall.words TO PUBLIC;
\! psql -XAtq -U anna -c "SELECT hall.names()" -c "SELECT * FROM hall.shown" -c "SELECT * FROM hall.words" >$LEAK_DIR/anna 2>&1
\! psql -XAtq -U visitor -c "SELECT hall.names()" -c "SELECT * FROM hall.shown" -c "SELECT * FROM hall.words" >$LEAK_DIR/visitor 2>&1
\! psql -XAtq -U chief -c "SELECT hall.names()" -c "SELECT * FROM hall.shown" -c "SELECT * FROM hall.words" >$LEAK_DIR/chief 2>&1
