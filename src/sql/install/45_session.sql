-- ---------------------------------------------------------------------------
-- The session: what its client's address says, and what holds for it
-- ---------------------------------------------------------------------------

CREATE TABLE network (
	cidr	pg_catalog.cidr PRIMARY KEY,
	place	text NOT NULL,
	trusted	boolean NOT NULL DEFAULT true,
	source	text NOT NULL DEFAULT 'manual'
);
COMMENT ON TABLE network IS
	'client addresses and the places they are in; the most specific range wins; an empty table is not consulted, an address in no range is at the unknown place';
COMMENT ON COLUMN network.trusted IS
	'false: the range only takes away, and is never all that is known of a session';
COMMENT ON COLUMN network.source IS
	'manual, or geoip for rows of load_geoip(), which the next load replaces and no dump holds; to correct one of those and keep it, set manual';
SELECT pg_catalog.pg_extension_config_dump('jurisdiction.network', 'WHERE source <> ''geoip''');

-- Officers write it; the wall decides that, not a grant.
GRANT SELECT, INSERT, UPDATE, DELETE ON network TO PUBLIC;

-- After the statement and not before each row: COPY then writes many rows at
-- a time, and every place is looked up once.
CREATE FUNCTION check_network() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	unknown text;
BEGIN
	SELECT n.place INTO unknown
		FROM (SELECT DISTINCT w.place FROM written AS w) AS n
		WHERE NOT EXISTS (SELECT FROM jurisdiction.place AS p WHERE p.code = n.place)
		ORDER BY n.place LIMIT 1;
	-- the places of a dump may come after its networks
	IF FOUND AND NOT jurisdiction.is_restoring() THEN
		PERFORM jurisdiction.check_known_place('network', 'place', unknown);
	END IF;
	SELECT s.source INTO unknown
		FROM (SELECT DISTINCT w.source FROM written AS w) AS s
		WHERE s.source !~ '\S' LIMIT 1;
	IF FOUND THEN
		PERFORM jurisdiction.check_not_blank('network', 'source', unknown,
			'Say who entered the range: manual.');
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION check_network() IS 'trigger: what makes a range';

-- a trigger that sees all rows written may be for one kind of statement only
CREATE TRIGGER rows_are_sensible_inserted AFTER INSERT ON network
	REFERENCING NEW TABLE AS written
	FOR EACH STATEMENT EXECUTE FUNCTION jurisdiction.check_network();
ALTER TABLE network ENABLE ALWAYS TRIGGER rows_are_sensible_inserted;
CREATE TRIGGER rows_are_sensible_updated AFTER UPDATE ON network
	REFERENCING NEW TABLE AS written
	FOR EACH STATEMENT EXECUTE FUNCTION jurisdiction.check_network();
ALTER TABLE network ENABLE ALWAYS TRIGGER rows_are_sensible_updated;

CREATE TRIGGER policy_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON network
	FOR EACH STATEMENT EXECUTE FUNCTION jurisdiction.policy_changed();
ALTER TABLE network ENABLE ALWAYS TRIGGER policy_changed;
CREATE TRIGGER row_is_recorded AFTER INSERT OR UPDATE OR DELETE ON network
	FOR EACH ROW EXECUTE FUNCTION jurisdiction.record_policy();
ALTER TABLE network ENABLE ALWAYS TRIGGER row_is_recorded;

CREATE FUNCTION place_of(
	address inet, OUT place text, OUT range cidr, OUT trusted boolean)
	RETURNS record
	AS 'MODULE_PATHNAME', 'jur_sql_place_of'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION place_of(inet) IS
	'what jurisdiction.network says of an address: the most specific range and its place; NULL if it is in no range';

-- Officers only, and who may read files of the server (both are asked for by
-- the function itself, since no grant can say "officer").
--
-- trusted is false by default: a registry says who holds addresses, not where
-- the person is who uses them.  So geographic data may deny or ask for more,
-- and never be all that permits.
CREATE FUNCTION load_geoip(
	path text, trusted boolean DEFAULT false,
	unplaced text[] DEFAULT '{??,AB,AN,AP,CS,EU,OS,SU,UN,ZZ}',
	OUT ranges bigint, OUT networks bigint, OUT unplaced_ranges bigint)
	RETURNS record
	AS 'MODULE_PATHNAME', 'jur_sql_load_geoip'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION load_geoip(text, boolean, text[]) IS
	'replaces the ranges with source geoip of one address family by those of a server file with lines FIRST,LAST,CODE, as Debian''s tor-geoipdb has them; codes in unplaced (unknown, withdrawn, or no place) are left out; returns ranges read, rows they are now, ranges left out';

CREATE FUNCTION session()
	RETURNS TABLE (item text, value text, source text)
	AS 'MODULE_PATHNAME', 'jur_sql_session'
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION session() IS
	'what holds for this session (places, clearances, purpose, site, exemptions, authority) and where each part came from';

CREATE FUNCTION default_label() RETURNS jurisdiction.label
	AS 'MODULE_PATHNAME', 'jur_sql_default_label'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION default_label() IS
	'the law of the session''s places, at internal; of the site, if it has none; 55000 if neither is known';
