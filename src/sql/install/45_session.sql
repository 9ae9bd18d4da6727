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
	'manual, or geoip for rows of load_geoip(), which are not dumped';
SELECT pg_catalog.pg_extension_config_dump('jurisdiction.network', 'WHERE source <> ''geoip''');

-- Officers write it; the wall decides that, not a grant.
GRANT SELECT, INSERT, UPDATE, DELETE ON network TO PUBLIC;

CREATE FUNCTION check_network() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM jurisdiction.place p WHERE p.code = NEW.place)
	   AND NOT jurisdiction.is_restoring() THEN
		PERFORM jurisdiction.refuse_policy_row('network', 'place',
			'names an unknown place: ' || NEW.place,
			jurisdiction.place_hint(NEW.place));
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION check_network() IS 'trigger: a range lies in a registered place';

CREATE TRIGGER check_network BEFORE INSERT OR UPDATE ON network
	FOR EACH ROW EXECUTE FUNCTION jurisdiction.check_network();
ALTER TABLE network ENABLE ALWAYS TRIGGER check_network;

CREATE TRIGGER policy_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON network
	FOR EACH STATEMENT EXECUTE FUNCTION jurisdiction.policy_changed();
ALTER TABLE network ENABLE ALWAYS TRIGGER policy_changed;

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
