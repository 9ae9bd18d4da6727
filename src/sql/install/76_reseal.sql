-- ---------------------------------------------------------------------------
-- Resealing a column in batches, with progress
-- ---------------------------------------------------------------------------

CREATE FUNCTION reseal_note(relation regclass, attnum bigint, pass bigint,
							blocks_done bigint, blocks bigint, rows_done bigint) RETURNS void
	AS 'MODULE_PATHNAME', 'jur_sql_reseal_note'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION reseal_note(regclass, bigint, bigint, bigint, bigint, bigint) IS
	'how far reseal() is in this session; a NULL relation: at its end';

CREATE FUNCTION reseals() RETURNS TABLE (pid int, relation regclass, attnum bigint, pass bigint,
										 blocks_done bigint, blocks bigint, rows_done bigint)
	AS 'MODULE_PATHNAME', 'jur_sql_reseals'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED ROWS 1;
COMMENT ON FUNCTION reseals() IS 'the sessions that are resealing; see reseal_progress';

CREATE FUNCTION reseal_wait(relation regclass) RETURNS void
	AS 'MODULE_PATHNAME', 'jur_sql_reseal_wait'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION reseal_wait(regclass) IS 'returns when all transactions that are writing a table now have ended';

CREATE VIEW reseal_progress AS
	SELECT r.pid, r.relation, a.attname AS column_name, r.pass, r.blocks_done, r.blocks, r.rows_done
	  FROM jurisdiction.reseals() r
	  JOIN pg_catalog.pg_attribute a ON a.attrelid = r.relation AND a.attnum = r.attnum;
COMMENT ON VIEW reseal_progress IS
	'how far each running reseal() of this database is: blocks of the partition in this pass, rows sealed so far; of other roles for officers and pg_read_all_stats';
GRANT SELECT ON reseal_progress TO PUBLIC;

-- the expression for the label that values of a relation are to be sealed under
CREATE FUNCTION reseal_label(relation regclass, label label) RETURNS text
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	row_label text;
BEGIN
	IF label IS NOT NULL THEN
		RETURN format('%L::jurisdiction.label', label);
	END IF;
	SELECT quote_ident(a.attname) INTO row_label
		FROM pg_seclabel s
		JOIN pg_attribute a ON a.attrelid = s.objoid AND a.attnum = s.objsubid
		WHERE s.provider = 'jurisdiction' AND s.classoid = 'pg_class'::regclass
			AND s.objoid = relation AND s.label ~ '^rows\M';
	IF NOT FOUND THEN
		RAISE EXCEPTION 'under which label should the values of % be sealed?', relation
			USING ERRCODE = 'invalid_parameter_value',
				HINT = 'It has no row label: give a label.';
	END IF;
	RETURN row_label;
END
$$;
COMMENT ON FUNCTION reseal_label(regclass, label) IS 'the label a row''s values are sealed under, as SQL';

--
-- Some blocks at a time, and a commit after so many rows: locks are short, and
-- what is done is done.  Another session may move a row to a block that was
-- passed already, or have used the old key and not committed yet.  So after each
-- pass those who are writing are waited for, and one snapshot tells whether
-- anything is left: what was passed over would be lost with the key.  Rows that this session may not see or open it cannot reseal.
--
-- No SET clause: it would forbid COMMIT.  So everything is qualified here, and
-- triggers of the table run under the caller's search_path, as they would for
-- an UPDATE of his.
--
CREATE PROCEDURE reseal(relation regclass, column_name name, batch int DEFAULT 1000,
						from_column name DEFAULT NULL, label label DEFAULT NULL)
	LANGUAGE plpgsql
AS $$
DECLARE
	sealed_attnum int2;
	part regclass;
	parts regclass[];
	statement text;
	condition text;
	assignment text;
	blocks bigint;
	block bigint;
	width bigint := GREATEST(1, LEAST(64, batch OPERATOR(pg_catalog./) 100));
	pass int := 0;
	idle_passes int := 0;
	is_left bool;
	uncommitted bigint := 0;
	done bigint := 0;
	before bigint;
	changed bigint;
BEGIN
	IF batch IS NULL OR batch OPERATOR(pg_catalog.<) 1 THEN
		RAISE EXCEPTION 'a batch has at least one row' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT a.attnum INTO sealed_attnum FROM pg_catalog.pg_attribute a
			WHERE a.attrelid OPERATOR(pg_catalog.=) relation
				AND a.attname OPERATOR(pg_catalog.=) column_name AND NOT a.attisdropped
				AND a.atttypid OPERATOR(pg_catalog.=) 'jurisdiction.sealed'::pg_catalog.regtype;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'column "%" of % is not one of sealed values', column_name, relation
			USING ERRCODE = 'invalid_parameter_value',
				HINT = 'Its type must be jurisdiction.sealed.';
	END IF;
	COMMIT;
	LOOP
		pass := pass OPERATOR(pg_catalog.+) 1;
		before := done;
		parts := '{}';
		FOR part IN
			WITH RECURSIVE tree AS (
				SELECT relation::pg_catalog.oid AS oid
				UNION
				SELECT i.inhrelid FROM pg_catalog.pg_inherits i, tree t
					WHERE i.inhparent OPERATOR(pg_catalog.=) t.oid)
			SELECT t.oid::pg_catalog.regclass FROM tree t, pg_catalog.pg_class c
				WHERE c.oid OPERATOR(pg_catalog.=) t.oid AND c.relkind OPERATOR(pg_catalog.=) 'r'
				ORDER BY t.oid
		LOOP
			parts := parts OPERATOR(pg_catalog.||) part;
			IF from_column IS NULL THEN
				assignment := pg_catalog.format('%1$I = jurisdiction.seal_anew(%1$I)', column_name);
				condition := pg_catalog.format('NOT jurisdiction.is_sealed_anew(%I)', column_name);
			ELSE
				assignment := pg_catalog.format('%I = jurisdiction.seal(%I, %s), %2$I = NULL',
					column_name, from_column, jurisdiction.reseal_label(relation, label));
				condition := pg_catalog.format('%I IS NOT NULL', from_column);
			END IF;
			statement := pg_catalog.format('UPDATE ONLY %s SET %s WHERE ctid OPERATOR(pg_catalog.>=) $1'
				' AND ctid OPERATOR(pg_catalog.<) $2 AND %s', part, assignment, condition);
			blocks := pg_catalog.pg_relation_size(part) OPERATOR(pg_catalog./)
				pg_catalog.current_setting('block_size')::bigint;
			block := 0;
			PERFORM jurisdiction.reseal_note(relation, sealed_attnum, pass, 0, blocks, done);
			WHILE block OPERATOR(pg_catalog.<) blocks LOOP
				EXECUTE statement USING pg_catalog.format('(%s,0)', block)::pg_catalog.tid,
					pg_catalog.format('(%s,0)', block OPERATOR(pg_catalog.+) width)::pg_catalog.tid;
				GET DIAGNOSTICS changed = ROW_COUNT;
				block := block OPERATOR(pg_catalog.+) width;
				done := done OPERATOR(pg_catalog.+) changed;
				uncommitted := uncommitted OPERATOR(pg_catalog.+) changed;
				PERFORM jurisdiction.reseal_note(relation, sealed_attnum, pass,
					LEAST(block, blocks), blocks, done);
				IF uncommitted OPERATOR(pg_catalog.>=) batch OR block OPERATOR(pg_catalog.>=) blocks THEN
					COMMIT;
					uncommitted := 0;
				END IF;
			END LOOP;
		END LOOP;
		FOREACH part IN ARRAY parts LOOP
			PERFORM jurisdiction.reseal_wait(part);
		END LOOP;
		COMMIT;
		EXECUTE pg_catalog.format('SELECT EXISTS (SELECT FROM %s WHERE %s)', relation, condition) INTO is_left;
		COMMIT;
		EXIT WHEN is_left IS NOT TRUE;
		idle_passes := CASE WHEN done OPERATOR(pg_catalog.=) before THEN idle_passes OPERATOR(pg_catalog.+) 1 ELSE 0 END;
		IF idle_passes OPERATOR(pg_catalog.=) 3 THEN
			RAISE WARNING 'some values of column "%" of % were not sealed', column_name, relation
				USING ERRCODE = 'object_not_in_prerequisite_state',
					HINT = 'UPDATE passes over their rows: look for policies and triggers.';
			EXIT;
		END IF;
	END LOOP;
	PERFORM jurisdiction.reseal_note(NULL, NULL, NULL, NULL, NULL, NULL);
	COMMIT;
END
$$;
COMMENT ON PROCEDURE reseal(regclass, name, int, name, label) IS
	'seals the values of a column anew with the newest keys; or, given from_column, what stands there, under label or the row''s, leaving NULL behind. Commits after each batch; interrupted, call it again; watch jurisdiction.reseal_progress';
