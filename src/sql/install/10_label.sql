--
-- The label: type, operators, operator classes, functions.
--
-- The operators are in pg_catalog, so that WHERE residency = 'DE' means the
-- same under every search_path.
--
CREATE TYPE label;

CREATE FUNCTION label_in(cstring) RETURNS label
	AS 'MODULE_PATHNAME', 'jur_sql_label_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_in(cstring) IS 'I/O';

CREATE FUNCTION label_out(label) RETURNS cstring
	AS 'MODULE_PATHNAME', 'jur_sql_label_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_out(label) IS 'I/O';

CREATE FUNCTION label_recv(internal) RETURNS label
	AS 'MODULE_PATHNAME', 'jur_sql_label_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_recv(internal) IS 'I/O';

CREATE FUNCTION label_send(label) RETURNS bytea
	AS 'MODULE_PATHNAME', 'jur_sql_label_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_send(label) IS 'I/O';

CREATE TYPE label (
	INPUT = label_in,
	OUTPUT = label_out,
	RECEIVE = label_recv,
	SEND = label_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE label IS 'whose law a value is under, how sensitive it is, and where its owner lets it go';

CREATE CAST (text AS label) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (text AS label) IS 'label of its text';
CREATE CAST (label AS text) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (label AS text) IS 'canonical text';

--
-- Equality.  Leakproof: the functions raise nothing that depends on a value.
--
CREATE FUNCTION label_eq(label, label) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_label_eq'
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION label_eq(label, label) IS 'implementation of = operator';

CREATE FUNCTION label_ne(label, label) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_label_ne'
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION label_ne(label, label) IS 'implementation of <> operator';

CREATE OPERATOR pg_catalog.= (
	LEFTARG = label, RIGHTARG = label, FUNCTION = label_eq,
	COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = OPERATOR(pg_catalog.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES
);
COMMENT ON OPERATOR pg_catalog.=(label, label) IS 'equal';

CREATE OPERATOR pg_catalog.<> (
	LEFTARG = label, RIGHTARG = label, FUNCTION = label_ne,
	COMMUTATOR = OPERATOR(pg_catalog.<>), NEGATOR = OPERATOR(pg_catalog.=),
	RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR pg_catalog.<>(label, label) IS 'not equal';

--
-- The order of indexes, which is that of canonical text.  It says nothing of
-- which label is the stricter; to keep it from being mistaken for that, the
-- operators stay in our own schema.
--
CREATE FUNCTION label_lt(label, label) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_label_lt'
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION label_lt(label, label) IS 'implementation of < operator';

CREATE FUNCTION label_le(label, label) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_label_le'
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION label_le(label, label) IS 'implementation of <= operator';

CREATE FUNCTION label_gt(label, label) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_label_gt'
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION label_gt(label, label) IS 'implementation of > operator';

CREATE FUNCTION label_ge(label, label) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_label_ge'
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION label_ge(label, label) IS 'implementation of >= operator';

CREATE FUNCTION label_cmp(label, label) RETURNS integer
	AS 'MODULE_PATHNAME', 'jur_sql_label_cmp'
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION label_cmp(label, label) IS 'less-equal-greater, by canonical text';

CREATE FUNCTION label_sortsupport(internal) RETURNS void
	AS 'MODULE_PATHNAME', 'jur_sql_label_sortsupport'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_sortsupport(internal) IS 'sort support';

CREATE FUNCTION label_hash(label) RETURNS integer
	AS 'MODULE_PATHNAME', 'jur_sql_label_hash'
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION label_hash(label) IS 'hash of canonical text';

CREATE FUNCTION label_hash_extended(label, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'jur_sql_label_hash_extended'
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION label_hash_extended(label, bigint) IS 'hash of canonical text, with seed';

CREATE OPERATOR < (
	LEFTARG = label, RIGHTARG = label, FUNCTION = label_lt,
	COMMUTATOR = >, NEGATOR = >=,
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR <(label, label) IS 'canonical text sorts before';

CREATE OPERATOR <= (
	LEFTARG = label, RIGHTARG = label, FUNCTION = label_le,
	COMMUTATOR = >=, NEGATOR = >,
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <=(label, label) IS 'canonical text sorts before or is equal';

CREATE OPERATOR > (
	LEFTARG = label, RIGHTARG = label, FUNCTION = label_gt,
	COMMUTATOR = <, NEGATOR = <=,
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR >(label, label) IS 'canonical text sorts after';

CREATE OPERATOR >= (
	LEFTARG = label, RIGHTARG = label, FUNCTION = label_ge,
	COMMUTATOR = <=, NEGATOR = <,
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >=(label, label) IS 'canonical text sorts after or is equal';

-- btequalimage: the bytes of equal labels may differ once a later version
-- numbers a category, but nothing shows which bytes a label has, so an index
-- may keep either.
CREATE OPERATOR CLASS pg_catalog.jurisdiction_label_ops
	DEFAULT FOR TYPE label USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 pg_catalog.=,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 label_cmp(label, label),
	FUNCTION 2 label_sortsupport(internal),
	FUNCTION 4 btequalimage(oid);
COMMENT ON OPERATOR CLASS pg_catalog.jurisdiction_label_ops USING btree IS 'labels by canonical text';

CREATE OPERATOR CLASS pg_catalog.jurisdiction_label_ops
	DEFAULT FOR TYPE label USING hash AS
	OPERATOR 1 pg_catalog.=,
	FUNCTION 1 label_hash(label),
	FUNCTION 2 label_hash_extended(label, bigint);
COMMENT ON OPERATOR CLASS pg_catalog.jurisdiction_label_ops USING hash IS 'labels by canonical text';

--
-- The lattice.
--
CREATE FUNCTION label_flows(label, label) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_label_flows'
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION label_flows(label, label) IS 'implementation of <@ operator';

CREATE FUNCTION label_dominates(label, label) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_label_dominates'
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE;
COMMENT ON FUNCTION label_dominates(label, label) IS 'implementation of @> operator';

CREATE FUNCTION label_join(a label, b label) RETURNS label
	AS 'MODULE_PATHNAME', 'jur_sql_label_join'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_join(label, label) IS 'the least restrictive label that obeys both; the operator &';

CREATE FUNCTION label_meet(a label, b label) RETURNS label
	AS 'MODULE_PATHNAME', 'jur_sql_label_meet'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_meet(label, label) IS 'the most restrictive label that both obey; the operator |';

CREATE OPERATOR pg_catalog.<@ (
	LEFTARG = label, RIGHTARG = label, FUNCTION = label_flows,
	COMMUTATOR = OPERATOR(pg_catalog.@>),
	RESTRICT = contsel, JOIN = contjoinsel
);
COMMENT ON OPERATOR pg_catalog.<@(label, label) IS 'flows to: the right label is at least as restrictive';

CREATE OPERATOR pg_catalog.@> (
	LEFTARG = label, RIGHTARG = label, FUNCTION = label_dominates,
	COMMUTATOR = OPERATOR(pg_catalog.<@),
	RESTRICT = contsel, JOIN = contjoinsel
);
COMMENT ON OPERATOR pg_catalog.@>(label, label) IS 'dominates: the left label is at least as restrictive';

CREATE OPERATOR pg_catalog.& (
	LEFTARG = label, RIGHTARG = label, FUNCTION = label_join,
	COMMUTATOR = OPERATOR(pg_catalog.&)
);
COMMENT ON OPERATOR pg_catalog.&(label, label) IS 'join: both labels must be obeyed';

CREATE OPERATOR pg_catalog.| (
	LEFTARG = label, RIGHTARG = label, FUNCTION = label_meet,
	COMMUTATOR = OPERATOR(pg_catalog.|)
);
COMMENT ON OPERATOR pg_catalog.|(label, label) IS 'meet: what both labels ask for';

CREATE AGGREGATE label_join(label) (
	SFUNC = label_join,
	STYPE = label,
	COMBINEFUNC = label_join,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE label_join(label) IS 'the least restrictive label that obeys all; NULL of no label';

--
-- The parts of a label.
--
CREATE FUNCTION label_places(label) RETURNS text[]
	AS 'MODULE_PATHNAME', 'jur_sql_label_places'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_places(label) IS 'the places whose law applies, sorted';

CREATE FUNCTION label_level(label) RETURNS text
	AS 'MODULE_PATHNAME', 'jur_sql_label_level'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_level(label) IS 'the highest level; NULL of unrestricted';

CREATE FUNCTION label_categories(label) RETURNS text[]
	AS 'MODULE_PATHNAME', 'jur_sql_label_categories'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_categories(label) IS 'the categories of all atoms together, sorted';

CREATE FUNCTION label_releases(label) RETURNS text[]
	AS 'MODULE_PATHNAME', 'jur_sql_label_releases'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION label_releases(label) IS 'the places to which all atoms release, home included; {*}: any; NULL: an atom has no list, so the transfer rules decide';

CREATE FUNCTION atoms(label, OUT place text, OUT level text,
					  OUT categories text[], OUT releases text[])
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'jur_sql_atoms'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 2;
COMMENT ON FUNCTION atoms(label) IS 'one row per atom, in canonical order; releases is NULL without a list and {*} for any; no row of unrestricted';
