-- ---------------------------------------------------------------------------
-- Sealed values
-- ---------------------------------------------------------------------------

CREATE TYPE sealed;

CREATE FUNCTION sealed_in(cstring) RETURNS sealed
	AS 'MODULE_PATHNAME', 'jur_sql_sealed_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sealed_in(cstring) IS 'I/O';

CREATE FUNCTION sealed_out(sealed) RETURNS cstring
	AS 'MODULE_PATHNAME', 'jur_sql_sealed_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sealed_out(sealed) IS 'I/O';

CREATE FUNCTION sealed_recv(internal) RETURNS sealed
	AS 'MODULE_PATHNAME', 'jur_sql_sealed_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sealed_recv(internal) IS 'I/O';

CREATE FUNCTION sealed_send(sealed) RETURNS bytea
	AS 'MODULE_PATHNAME', 'jur_sql_sealed_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sealed_send(sealed) IS 'I/O';

-- External, not extended: what is encrypted cannot be compressed.
CREATE TYPE sealed (
	INPUT = sealed_in,
	OUTPUT = sealed_out,
	RECEIVE = sealed_recv,
	SEND = sealed_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = external
);
COMMENT ON TYPE sealed IS 'a value encrypted under the keys of its label''s places; as text in base64';

CREATE FUNCTION sealed_label(sealed) RETURNS label
	AS 'MODULE_PATHNAME', 'jur_sql_sealed_label'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sealed_label(sealed) IS
	'the label a value is sealed under; only opening it proves that it was not altered';

CREATE FUNCTION sealed_keys(sealed) RETURNS TABLE (place text, version int)
	AS 'MODULE_PATHNAME', 'jur_sql_sealed_keys'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 1;
COMMENT ON FUNCTION sealed_keys(sealed) IS 'the keys that opening a value takes, all of them';

-- Restricted: every process that opens values has to ask the custodians.
CREATE FUNCTION seal(plaintext text, label label) RETURNS sealed
	AS 'MODULE_PATHNAME', 'jur_sql_seal'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10;
COMMENT ON FUNCTION seal(text, label) IS
	'encrypted under the newest keys of all places of the label, which goes inside';

CREATE FUNCTION seal(plaintext bytea, label label) RETURNS sealed
	AS 'MODULE_PATHNAME', 'jur_sql_seal_bytes'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 10;
COMMENT ON FUNCTION seal(bytea, label) IS
	'encrypted under the newest keys of all places of the label, which goes inside';

CREATE FUNCTION unseal(sealed) RETURNS text
	AS 'MODULE_PATHNAME', 'jur_sql_unseal'
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 10;
COMMENT ON FUNCTION unseal(sealed) IS
	'the text inside, if this session may unseal what is under its label (42501) and every custodian gives its key';

CREATE FUNCTION unseal_bytes(sealed) RETURNS bytea
	AS 'MODULE_PATHNAME', 'jur_sql_unseal_bytes'
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 10;
COMMENT ON FUNCTION unseal_bytes(sealed) IS 'as unseal(): the bytes inside, of a text in UTF-8';

CREATE FUNCTION is_sealed_anew(sealed) RETURNS boolean
	AS 'MODULE_PATHNAME', 'jur_sql_is_sealed_anew'
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 2;
COMMENT ON FUNCTION is_sealed_anew(sealed) IS 'is it sealed with the newest keys of its places?';

CREATE FUNCTION seal_anew(sealed) RETURNS sealed
	AS 'MODULE_PATHNAME', 'jur_sql_seal_anew'
	LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED COST 20;
COMMENT ON FUNCTION seal_anew(sealed) IS
	'the same value under the same label with the newest keys, if this session may unseal it';

CREATE FUNCTION blind_index(value text, label label) RETURNS bytea
	AS 'MODULE_PATHNAME', 'jur_sql_blind_index'
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 5;
COMMENT ON FUNCTION blind_index(text, label) IS
	'16 bytes to search a sealed value by equality: equal texts give equal bytes, which is what it reveals; asks for unseal';

CREATE FUNCTION pseudonym(value text, label label, scope text) RETURNS text
	AS 'MODULE_PATHNAME', 'jur_sql_pseudonym'
	LANGUAGE C STABLE STRICT PARALLEL RESTRICTED COST 5;
COMMENT ON FUNCTION pseudonym(text, label, text) IS
	'a stable stand-in of 32 hex digits: the same for the same text in the same scope, unrelated in another; asks for unseal';
