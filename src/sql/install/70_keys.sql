-- ---------------------------------------------------------------------------
-- Keys: who holds those of a place, which there are, and what an officer does
-- with them
-- ---------------------------------------------------------------------------

CREATE TABLE custodian (
	place text PRIMARY KEY REFERENCES place,
	uri text NOT NULL,
	note text
);
COMMENT ON TABLE custodian IS
	'who holds the key-encryption keys of a place from now on; commands, modules and PINs are in jurisdiction.custodian_file';
COMMENT ON COLUMN custodian.uri IS 'file:NAME, command:ALIAS, or pkcs11:token=NAME';
SELECT pg_catalog.pg_extension_config_dump('jurisdiction.custodian', '');

CREATE FUNCTION wrong_custodian(uri text) RETURNS text
	AS 'MODULE_PATHNAME', 'jur_sql_wrong_custodian'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION wrong_custodian(text) IS 'what is wrong with a custodian''s URI; NULL: nothing';

CREATE FUNCTION check_custodian() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF jurisdiction.wrong_custodian(NEW.uri) IS NOT NULL THEN
		PERFORM jurisdiction.refuse_policy_row('custodian', 'uri',
			format('"%s" is not a custodian', NEW.uri), jurisdiction.wrong_custodian(NEW.uri));
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION check_custodian() IS 'trigger: what makes a custodian';

CREATE TABLE key (
	place text NOT NULL REFERENCES place,
	version int NOT NULL CHECK (version >= 0),
	state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'retired', 'destroyed')),
	custodian text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
	created_by text NOT NULL DEFAULT SESSION_USER,
	retired_at timestamptz,
	destroyed_at timestamptz,
	destroyed_by text,
	PRIMARY KEY (place, version),
	CONSTRAINT key_destroyed_is_dated
		CHECK ((state = 'destroyed') = (destroyed_at IS NOT NULL AND destroyed_by IS NOT NULL))
);
COMMENT ON TABLE key IS
	'the keys of each place and their state; the newest version seals, older ones only open; version 0 is for blind_index() and pseudonym()';
SELECT pg_catalog.pg_extension_config_dump('jurisdiction.key', '');

-- Apart from the state, since everybody may see that.
CREATE TABLE key_material (
	place text NOT NULL,
	version int NOT NULL,
	kek text NOT NULL,
	wrapped bytea NOT NULL,
	check_value bytea NOT NULL,
	PRIMARY KEY (place, version),
	FOREIGN KEY (place, version) REFERENCES key
);
COMMENT ON TABLE key_material IS
	'data keys as their custodians have wrapped them; of no use without those; for officers only';
COMMENT ON COLUMN key_material.kek IS 'the name of the key-encryption key at the custodian';
COMMENT ON COLUMN key_material.check_value IS 'tells whether the right key was unwrapped';
SELECT pg_catalog.pg_extension_config_dump('jurisdiction.key_material', '');

--
-- A version is never used again, and what was destroyed stays so: the record
-- of it is all that remains.
--
CREATE FUNCTION keep_key() RETURNS trigger
	LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF TG_OP = 'DELETE' THEN
		PERFORM jurisdiction.refuse_policy_row('key', 'version',
			format('key %s of %s cannot be deleted', OLD.version, OLD.place),
			'Destroy it: SELECT jurisdiction.destroy_key(place, version, place).');
	ELSIF NEW.place <> OLD.place OR NEW.version <> OLD.version THEN
		PERFORM jurisdiction.refuse_policy_row('key', 'version',
			'a key keeps its place and version', 'Make another: jurisdiction.rotate_key(place).');
	ELSIF OLD.state = 'destroyed' THEN
		PERFORM jurisdiction.refuse_policy_row('key', 'state',
			format('key %s of %s was destroyed', OLD.version, OLD.place),
			'Make another: jurisdiction.rotate_key(place).');
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION keep_key() IS 'trigger: a key''s history stays';

CREATE TRIGGER row_is_sensible BEFORE INSERT OR UPDATE ON custodian
	FOR EACH ROW EXECUTE FUNCTION check_custodian();
CREATE TRIGGER history_stays BEFORE UPDATE OR DELETE ON key
	FOR EACH ROW EXECUTE FUNCTION keep_key();

CREATE FUNCTION keys_changed() RETURNS trigger
	AS 'MODULE_PATHNAME', 'jur_sql_keys_changed'
	LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION keys_changed() IS 'trigger: sessions that have keys in memory hear of it once it is committed';

-- as 36_policy_triggers.sql does for the tables before
DO $$
DECLARE
	policy_table name;
	own_trigger name;
BEGIN
	FOREACH policy_table IN ARRAY '{custodian,key,key_material}'::name[]
	LOOP
		EXECUTE format('CREATE TRIGGER all_stays BEFORE TRUNCATE ON %I
			FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate()', policy_table);
		EXECUTE format('CREATE TRIGGER policy_changed
			AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I
			FOR EACH STATEMENT EXECUTE FUNCTION policy_changed()', policy_table);
		EXECUTE format('CREATE TRIGGER keys_changed
			AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I
			FOR EACH STATEMENT EXECUTE FUNCTION keys_changed()', policy_table);
		-- a wrapped key is nothing to keep a copy of
		EXECUTE format('CREATE TRIGGER row_is_recorded
			AFTER INSERT OR UPDATE OR DELETE ON %I
			FOR EACH ROW EXECUTE FUNCTION record_policy(%s)', policy_table,
			CASE policy_table WHEN 'key_material' THEN '''without content''' ELSE '' END);
		FOR own_trigger IN
			SELECT tgname FROM pg_trigger
				WHERE tgrelid = policy_table::text::regclass AND NOT tgisinternal
		LOOP
			EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I',
				policy_table, own_trigger);
		END LOOP;
		EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO PUBLIC', policy_table);
	END LOOP;
END
$$;

-- Officers only (asked for by the functions, since no grant can say so).
CREATE FUNCTION create_key(place text) RETURNS int
	AS 'MODULE_PATHNAME', 'jur_sql_create_key'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION create_key(text) IS
	'version 1 of a place''s key, at its custodian (file:PLACE if it has none); returns the version';

CREATE FUNCTION rotate_key(place text) RETURNS int
	AS 'MODULE_PATHNAME', 'jur_sql_rotate_key'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION rotate_key(text) IS
	'a newer version, which seals from now on; older ones still open; returns the version';

CREATE FUNCTION rewrap(place text) RETURNS int
	AS 'MODULE_PATHNAME', 'jur_sql_rewrap'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION rewrap(text) IS
	'all keys of a place under new key-encryption keys at its present custodian, the old ones destroyed; sealed values stay as they are; returns how many';

CREATE FUNCTION destroy_key(place text, version int, confirm_place text) RETURNS void
	AS 'MODULE_PATHNAME', 'jur_sql_destroy_key'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION destroy_key(text, int, text) IS
	'irreversible: what is sealed with it, also jointly, cannot be opened again; confirm_place repeats the place';
