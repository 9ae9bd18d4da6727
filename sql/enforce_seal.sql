--
-- Sealed values: who may open which, and that nothing else opens.
-- ann is in Germany, ben in the United States; both are cleared.
--
CREATE SCHEMA enforce_seal;
GRANT ALL ON SCHEMA enforce_seal TO PUBLIC;
SET search_path = enforce_seal;
CREATE ROLE regress_seal_ann;
CREATE ROLE regress_seal_ben;
CREATE ROLE regress_seal_eve;
SECURITY LABEL FOR jurisdiction ON ROLE regress_seal_ann IS 'at DE cleared confidential/health';
SECURITY LABEL FOR jurisdiction ON ROLE regress_seal_ben IS 'at US cleared confidential/health';
SECURITY LABEL FOR jurisdiction ON ROLE regress_seal_eve IS 'at DE cleared internal';

SELECT jurisdiction.seal('x', 'DE');										-- error: no key yet
SELECT jurisdiction.create_key('DE'), jurisdiction.create_key('US'), jurisdiction.create_key('EU');
SELECT jurisdiction.seal('x', 'unrestricted');								-- error: nobody's
SELECT jurisdiction.seal('x', 'DE/helth');									-- error: a typo would lock it for ever
SELECT jurisdiction.seal('x', 'DE & SE');									-- error: one key is missing
SELECT jurisdiction.seal(NULL::text, 'DE') IS NULL, jurisdiction.seal('x', NULL) IS NULL;

CREATE TABLE value (
	id int PRIMARY KEY, residency jurisdiction.label NOT NULL, secret jurisdiction.sealed);
INSERT INTO value VALUES
	(1, 'DE', jurisdiction.seal('in Germany', 'DE:confidential/health')),
	(2, 'US', jurisdiction.seal('in America', 'US:confidential/health')),
	(3, 'DE', jurisdiction.seal('of both', 'DE & US')),
	(4, 'DE', jurisdiction.seal('\x0001ff'::bytea, 'DE')),
	(5, 'DE', jurisdiction.seal('', 'DE')),
	(6, 'DE', jurisdiction.seal('naïve €', 'DE')),
	(7, 'DE', jurisdiction.seal('stricter than its row', 'DE:secret'));
GRANT SELECT ON value TO PUBLIC;
SECURITY LABEL FOR jurisdiction ON COLUMN value.residency IS 'rows';

-- what can be said without a key
SET ROLE regress_seal_ann;
SELECT id, jurisdiction.sealed_label(secret), k.place, k.version
	FROM value, jurisdiction.sealed_keys(secret) k ORDER BY id, k.place;
SELECT max(pg_column_size(secret)) <= 96 AS small FROM value WHERE id = 5;
SELECT pg_column_size(jurisdiction.seal('', 'DE:confidential/health,personal')) <= 96 AS small;
SELECT typstorage FROM pg_type WHERE oid = 'jurisdiction.sealed'::regtype;

-- who may open
SELECT id, jurisdiction.unseal(secret) FROM value WHERE id IN (1, 5, 6) ORDER BY id;	-- ok
SELECT jurisdiction.unseal_bytes(secret) FROM value WHERE id = 4;			-- ok
SELECT jurisdiction.unseal(secret) FROM value WHERE id = 4;					-- error: bytes
SELECT jurisdiction.unseal_bytes(secret) FROM value WHERE id = 6;			-- ok: UTF-8
SELECT jurisdiction.unseal(secret) FROM value WHERE id = 3;					-- denied: half of it is American
SELECT jurisdiction.unseal(secret) FROM value WHERE id = 7;					-- denied: the row may be read, the value not
SELECT count(*) FROM value WHERE jurisdiction.unseal(secret) = 'of both' AND id = 3;	-- denied in WHERE too
SELECT id FROM value WHERE id IN (1, 5) AND jurisdiction.unseal(secret) = 'in Germany';	-- ok
SET ROLE regress_seal_ben;
SELECT id, jurisdiction.unseal(secret) FROM value ORDER BY id;				-- ok: his row
SELECT jurisdiction.unseal(jurisdiction.seal('x', 'DE'));					-- denied: may seal, not open
SELECT jurisdiction.blind_index('x', 'DE');									-- denied: could test guesses
SELECT jurisdiction.pseudonym('x', 'DE', 's');								-- denied
SELECT jurisdiction.seal_anew(jurisdiction.seal('x', 'DE'));				-- denied
SET ROLE regress_seal_eve;
SELECT jurisdiction.unseal(secret) FROM value WHERE id = 1;					-- denied: not cleared
SELECT jurisdiction.unseal(secret) FROM value WHERE id = 6;					-- ok
RESET ROLE;
SELECT jurisdiction.unseal(jurisdiction.seal('x', 'DE:secret'));			-- denied: superuser without clearance
SELECT jurisdiction.unseal(NULL) IS NULL;

-- a rule opens what is not at home, and is asked each time
PREPARE open_it AS SELECT jurisdiction.unseal(jurisdiction.seal('x', 'DE'));
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'DE', 'US', '{unseal}', 'test: enforce_seal');
SET ROLE regress_seal_ben;
EXECUTE open_it;															-- ok
RESET ROLE;
UPDATE jurisdiction.transfer_rule SET during = tstzrange(NULL, clock_timestamp()) WHERE basis = 'test: enforce_seal';
SET ROLE regress_seal_ben;
EXECUTE open_it;															-- denied again
DEALLOCATE open_it;

-- every byte counts, and in input too: a value, or a clean error
SET ROLE regress_seal_ann;
CREATE FUNCTION opens(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN jurisdiction.unseal(encode(bytes, 'base64')::jurisdiction.sealed);
EXCEPTION WHEN invalid_text_representation OR data_corrupted OR insufficient_privilege
		OR object_not_in_prerequisite_state THEN
	RETURN 'SQLSTATE ' || SQLSTATE;
END $$;
SELECT opens(decode(jurisdiction.seal('whole', 'DE')::text, 'base64'));		-- ok
WITH v AS (SELECT decode(jurisdiction.seal('whole', 'DE')::text, 'base64') AS b)
	SELECT opens(set_bit(b, i, 1 - get_bit(b, i))) LIKE 'SQLSTATE%' AS fails, count(*)
	FROM v, generate_series(0, length(b) * 8 - 1) i GROUP BY 1;				-- every one fails
WITH v AS (SELECT decode(jurisdiction.seal('whole', 'DE')::text, 'base64') AS b)
	SELECT opens(substr(b, 1, i)) LIKE 'SQLSTATE%' AS fails, count(*) > 80 AS all
	FROM v, generate_series(0, length(b) - 1) i GROUP BY 1;
SELECT 'not base64!'::jurisdiction.sealed;									-- error
SELECT ''::jurisdiction.sealed;												-- error
SELECT 'AQE='::jurisdiction.sealed;											-- error
-- the label is part of it: under another label of the same size it does not open
WITH v AS (SELECT decode(jurisdiction.seal('moved', 'DE:public')::text, 'base64') AS p,
				  decode(jurisdiction.seal('moved', 'DE:internal')::text, 'base64') AS i)
	SELECT opens(i) AS as_it_was, opens(set_byte(i, 4, get_byte(p, 4))) AS under_a_weaker_label FROM v;

-- the same text twice is not the same value
SELECT jurisdiction.seal('x', 'DE')::text = jurisdiction.seal('x', 'DE')::text AS same;
SELECT jurisdiction.unseal(jurisdiction.seal('x', 'DE')::text::jurisdiction.sealed);
COPY (SELECT length(jurisdiction.unseal(jurisdiction.seal(repeat('0123456789', 100000), 'DE')))) TO STDOUT;

-- equality, without opening
CREATE TABLE person (id int, name jurisdiction.sealed, name_index bytea);
INSERT INTO person SELECT g, jurisdiction.seal('name ' || g, 'DE'), jurisdiction.blind_index('name ' || g, 'DE')
	FROM generate_series(1, 200) g;
CREATE INDEX ON person (name_index);
SELECT id, jurisdiction.unseal(name) FROM person WHERE name_index = jurisdiction.blind_index('name 42', 'DE');
SELECT length(jurisdiction.blind_index('x', 'DE')), length(jurisdiction.pseudonym('x', 'DE', 's'));
SELECT jurisdiction.blind_index('x', 'DE') = jurisdiction.blind_index('x', 'DE:public') AS by_place;
SELECT jurisdiction.pseudonym('x', 'DE', 'one') = jurisdiction.pseudonym('x', 'DE', 'one') AS stable,
	   jurisdiction.pseudonym('x', 'DE', 'one') = jurisdiction.pseudonym('x', 'DE', 'two') AS across_scopes,
	   jurisdiction.pseudonym('ax', 'DE', 's') = jurisdiction.pseudonym('x', 'DE', 'sa') AS runs_together,
	   decode(jurisdiction.pseudonym('x', 'DE', ''), 'hex') = jurisdiction.blind_index('x', 'DE') AS same_key;

-- what encode() makes of the binary form is input too
RESET ROLE;
SELECT encode(jurisdiction.sealed_send(jurisdiction.seal('x', 'EU')), 'base64')::jurisdiction.sealed IS NOT NULL AS same_bytes;

DROP SCHEMA enforce_seal CASCADE;
DROP ROLE regress_seal_ann, regress_seal_ben, regress_seal_eve;
