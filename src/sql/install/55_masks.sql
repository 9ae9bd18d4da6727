-- ---------------------------------------------------------------------------
-- Masks: what is shown in place of a value, and who sees the value
-- ---------------------------------------------------------------------------

CREATE TABLE mask_key (
	made_at	timestamptz PRIMARY KEY DEFAULT pg_catalog.now(),
	key		bytea NOT NULL CHECK (pg_catalog.length(key) >= 32)
);
COMMENT ON TABLE mask_key IS
	'the key of mask hash in this database: the oldest row, so that a restored key goes on; for officers only';
INSERT INTO mask_key (key)
	SELECT pg_catalog.sha256(pg_catalog.convert_to(
		pg_catalog.gen_random_uuid()::text || pg_catalog.gen_random_uuid()::text ||
		pg_catalog.gen_random_uuid()::text, 'UTF8'));
SELECT pg_catalog.pg_extension_config_dump('jurisdiction.mask_key', '');
GRANT SELECT, INSERT, UPDATE, DELETE ON mask_key TO PUBLIC;

-- Cost 2, as row_visible.
CREATE FUNCTION column_visible(label jurisdiction.label, relation regclass,
							   attnum smallint) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_column_visible'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION column_visible(jurisdiction.label, regclass, smallint) IS
	'may this session read what a column holds in a row so labelled? The condition of every mask';

CREATE FUNCTION target_column_visible(label jurisdiction.label, relation regclass,
									  attnum smallint) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_target_column_visible'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION target_column_visible(jurisdiction.label, regclass, smallint) IS
	'column_visible for a statement''s target: what is read there may be written back there';

CREATE FUNCTION column_writable(label jurisdiction.label, relation regclass,
								attnum smallint) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_column_writable'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 2;
COMMENT ON FUNCTION column_writable(jurisdiction.label, regclass, smallint) IS
	'true, or an error (42501) if the session may not read what it would write into a column of a row so labelled';

CREATE FUNCTION column_denied(label jurisdiction.label, relation regclass,
							  attnum smallint) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_column_denied'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION column_denied(jurisdiction.label, regclass, smallint) IS
	'raises 42501: the column is tagged deny and this session may not read it';

CREATE FUNCTION mask_partial(value text, prefix int, suffix int) RETURNS text
	AS 'MODULE_PATHNAME', 'jur_sql_mask_partial'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mask_partial(text, int, int) IS
	'so many characters of either end around ***; only *** if the value is no longer than both';

CREATE FUNCTION mask_redact(value text) RETURNS text
	AS 'MODULE_PATHNAME', 'jur_sql_mask_redact'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mask_redact(text) IS '*** for every value';

CREATE FUNCTION mask_hash(value text) RETURNS text
	AS 'MODULE_PATHNAME', 'jur_sql_mask_hash'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mask_hash(text) IS
	'128 bits in hex of HMAC-SHA-256 (RFC 2104) under the database''s mask_key: equal values show as equal; only a mask can call it (42501)';

CREATE FUNCTION mask_year_date(value date) RETURNS date
	AS 'MODULE_PATHNAME', 'jur_sql_mask_year_date'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mask_year_date(date) IS 'the first day of the year; NULL for infinity';

CREATE FUNCTION mask_year_timestamp(value timestamp) RETURNS timestamp
	AS 'MODULE_PATHNAME', 'jur_sql_mask_year_timestamp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mask_year_timestamp(timestamp) IS 'the beginning of the year; NULL for infinity';

CREATE FUNCTION mask_year_timestamptz(value timestamptz) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'jur_sql_mask_year_timestamptz'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION mask_year_timestamptz(timestamptz) IS
	'the beginning of the year in the session''s time zone; NULL for infinity';
