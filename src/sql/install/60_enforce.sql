-- ---------------------------------------------------------------------------
-- Enforcement: the functions that filters and checks call, and the tags
-- ---------------------------------------------------------------------------

-- Cost 2: a comparison of labels (cost 1) goes first, so that what a WHERE
-- excludes is not asked about.
CREATE FUNCTION row_visible(label jurisdiction.label) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_row_visible'
	LANGUAGE C STABLE CALLED ON NULL INPUT LEAKPROOF PARALLEL SAFE COST 2;
COMMENT ON FUNCTION row_visible(jurisdiction.label) IS
	'may this session read a row so labelled? The filter of every tagged table';

CREATE FUNCTION target_row_visible(label jurisdiction.label, relation regclass)
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_target_row_visible'
	LANGUAGE C STABLE CALLED ON NULL INPUT LEAKPROOF PARALLEL SAFE COST 2;
COMMENT ON FUNCTION target_row_visible(jurisdiction.label, regclass) IS
	'row_visible for rows of a statement''s target: what is read there may be written back there';

CREATE FUNCTION static_writable(label jurisdiction.label, relation regclass)
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_static_writable'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION static_writable(jurisdiction.label, regclass) IS
	'row_writable for the label of the table itself, where rows have their own';

CREATE FUNCTION flow_guard(value anyelement, sink int) RETURNS anyelement
	AS 'MODULE_PATHNAME', 'jur_sql_flow_guard'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION flow_guard(anyelement, int) IS
	'the value, or an error (42501) if what the statement has read may not leave by the function it is an argument of';

CREATE FUNCTION row_writable(label jurisdiction.label, relation regclass)
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_row_writable'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION row_writable(jurisdiction.label, regclass) IS
	'true, or an error (42501) that says why this session may not write a row so labelled there';

CREATE FUNCTION relabelled(new jurisdiction.label, old jurisdiction.label,
						   relation regclass) RETURNS jurisdiction.label
	AS 'MODULE_PATHNAME', 'jur_sql_relabelled'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION relabelled(jurisdiction.label, jurisdiction.label, regclass) IS
	'the new label, or an error (42501) if a row labelled old may not be given it';

CREATE FUNCTION check_relabelled() RETURNS trigger
	AS 'MODULE_PATHNAME', 'jur_sql_check_relabelled'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION check_relabelled() IS
	'the same, as a trigger that a running statement fires after the table''s own';

CREATE FUNCTION statistics_visible(object oid, extended boolean)
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_statistics_visible'
	LANGUAGE C STABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION statistics_visible(oid, boolean) IS
	'may this session see the statistics of a relation, or of a statistics object?';

-- Every tagged object of this database, and the tagged roles of the cluster.
-- A child's tag that its parent carries too is shown as inherited from it.
CREATE VIEW tag AS
	SELECT CASE
			 WHEN s.objsubid <> 0 THEN 'column'
			 WHEN c.relkind = 'f' THEN 'foreign table'
			 WHEN c.relkind = 'm' THEN 'materialized view'
			 ELSE 'table'
		   END AS object_type,
		   s.objoid::pg_catalog.regclass::text AS object_identity,
		   a.attname::text AS column_name,
		   s.label AS tag,
		   (SELECT i.inhparent::pg_catalog.regclass::text
			  FROM pg_catalog.pg_inherits i
			  JOIN pg_catalog.pg_seclabel p
				ON p.objoid = i.inhparent AND p.classoid = s.classoid
				   AND p.provider = s.provider AND p.label = s.label
			  LEFT JOIN pg_catalog.pg_attribute pa
				ON pa.attrelid = p.objoid AND pa.attnum = p.objsubid
			 WHERE i.inhrelid = s.objoid
			   AND pa.attname IS NOT DISTINCT FROM a.attname
			 ORDER BY i.inhseqno LIMIT 1) AS inherited_from
	  FROM pg_catalog.pg_seclabel s
	  JOIN pg_catalog.pg_class c ON c.oid = s.objoid
	  LEFT JOIN pg_catalog.pg_attribute a
		ON a.attrelid = s.objoid AND a.attnum = s.objsubid AND s.objsubid <> 0
	 WHERE s.provider = 'jurisdiction'
	   AND s.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
	UNION ALL
	SELECT 'publication', pg_catalog.quote_ident(p.pubname), NULL, s.label, NULL
	  FROM pg_catalog.pg_seclabel s
	  JOIN pg_catalog.pg_publication p ON p.oid = s.objoid
	 WHERE s.provider = 'jurisdiction'
	   AND s.classoid = 'pg_catalog.pg_publication'::pg_catalog.regclass
	UNION ALL
	SELECT 'function', s.objoid::pg_catalog.regprocedure::text, NULL, s.label, NULL
	  FROM pg_catalog.pg_seclabel s
	 WHERE s.provider = 'jurisdiction'
	   AND s.classoid = 'pg_catalog.pg_proc'::pg_catalog.regclass
	UNION ALL
	SELECT 'role', pg_catalog.quote_ident(r.rolname), NULL, s.label, NULL
	  FROM pg_catalog.pg_shseclabel s
	  JOIN pg_catalog.pg_roles r ON r.oid = s.objoid
	 WHERE s.provider = 'jurisdiction'
	   AND s.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass;
COMMENT ON VIEW tag IS
	'every tagged object: its tag, and the parent a child has it from';
GRANT SELECT ON tag TO PUBLIC;
