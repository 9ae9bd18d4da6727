--
-- Resealing: after a rotation, from a plaintext column, from pgcrypto.
--
CREATE SCHEMA reseal;
SET search_path = reseal;
CREATE EXTENSION pgcrypto SCHEMA reseal;
CREATE ROLE regress_reseal_ana;
CREATE ROLE regress_reseal_bob;
SECURITY LABEL FOR jurisdiction ON ROLE regress_reseal_ana IS 'at ES cleared secret/*';
SECURITY LABEL FOR jurisdiction ON ROLE regress_reseal_bob IS 'at PT cleared secret/*';
GRANT ALL ON SCHEMA reseal TO PUBLIC;
SELECT jurisdiction.create_key('ES'), jurisdiction.create_key('PT');
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis)
	VALUES ('allow', 'ES', 'DE', '{store}', 'test: reseal');

CREATE TABLE letter (id int PRIMARY KEY, residency jurisdiction.label NOT NULL, body text, secret jurisdiction.sealed)
	PARTITION BY RANGE (id);
CREATE TABLE letter_1 PARTITION OF letter FOR VALUES FROM (0) TO (1000);
CREATE TABLE letter_2 PARTITION OF letter FOR VALUES FROM (1000) TO (3000);
INSERT INTO letter SELECT g, 'ES', CASE WHEN g % 10 > 0 THEN 'letter ' || g END FROM generate_series(1, 2500) g;
SECURITY LABEL FOR jurisdiction ON COLUMN letter.residency IS 'rows';
GRANT ALL ON letter, letter_1, letter_2 TO PUBLIC;

-- a plaintext column into a sealed one, under the row's label
SET ROLE regress_reseal_ana;
CALL jurisdiction.reseal('letter', 'secret', 300, from_column => 'body');
SELECT count(body) AS plain, count(secret) AS sealed, count(*) FROM letter;
SELECT count(*) FROM letter WHERE jurisdiction.unseal(secret) = 'letter ' || id
	AND jurisdiction.sealed_label(secret) = residency;
SELECT count(*) FROM jurisdiction.reseal_progress;								-- none is running

-- after a rotation; in small batches; again, with nothing left
RESET ROLE;
SELECT jurisdiction.rotate_key('ES');
SET ROLE regress_reseal_ana;
SELECT jurisdiction.is_sealed_anew(secret), count(*) FROM letter WHERE secret IS NOT NULL GROUP BY 1;
CALL jurisdiction.reseal('letter', 'secret', 100);
SELECT jurisdiction.is_sealed_anew(secret), count(*) FROM letter WHERE secret IS NOT NULL GROUP BY 1;
SELECT count(*) FROM letter WHERE jurisdiction.unseal(secret) = 'letter ' || id;
CALL jurisdiction.reseal('letter', 'secret');

-- then the old key can go
RESET ROLE;
SELECT jurisdiction.destroy_key('ES', 1, 'ES');
SET ROLE regress_reseal_ana;
SELECT count(*) FROM letter WHERE jurisdiction.unseal(secret) = 'letter ' || id;

-- who may not open may not reseal: his own rows only, and what is refused stays
SET ROLE regress_reseal_bob;
CALL jurisdiction.reseal('letter', 'secret');								-- ok: sees no row
RESET ROLE;
CREATE TABLE stranger (secret jurisdiction.sealed);
GRANT ALL ON stranger TO PUBLIC;
INSERT INTO stranger VALUES (jurisdiction.seal('x', 'ES'));
SELECT jurisdiction.rotate_key('ES');
SET ROLE regress_reseal_bob;
\set VERBOSITY terse
CALL jurisdiction.reseal('stranger', 'secret');								-- denied
\set VERBOSITY default
SELECT count(*) FROM jurisdiction.reseal_progress;								-- none: an error ends it

-- what UPDATE passes over is not passed over in silence, nor tried for ever
RESET ROLE;
CREATE TABLE stuck (secret jurisdiction.sealed);
GRANT ALL ON stuck TO PUBLIC;
INSERT INTO stuck VALUES (jurisdiction.seal('x', 'ES'));
SELECT jurisdiction.rotate_key('ES');
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER keep BEFORE UPDATE ON stuck FOR EACH ROW EXECUTE FUNCTION keep();
SET ROLE regress_reseal_ana;
CALL jurisdiction.reseal('stuck', 'secret');								-- warning
RESET ROLE;
DROP TRIGGER keep ON stuck;
SET ROLE regress_reseal_ana;
CALL jurisdiction.reseal('stuck', 'secret');								-- ok
SELECT jurisdiction.is_sealed_anew(secret) FROM stuck;

-- what it does not take
\set SHOW_CONTEXT never
CALL jurisdiction.reseal('letter', 'body');									-- error
CALL jurisdiction.reseal('letter', 'absent');								-- error
CALL jurisdiction.reseal('letter', 'secret', 0);							-- error
CALL jurisdiction.reseal('stranger', 'secret', from_column => 'secret');	-- error: no label
RESET ROLE;
BEGIN;
CALL jurisdiction.reseal('letter', 'secret');								-- error: it commits
ROLLBACK;

-- from pgcrypto: a column that the old values are opened into, and then sealed from
CREATE TABLE old (id int, card bytea, plain text, secret jurisdiction.sealed);
INSERT INTO old SELECT g, pgp_sym_encrypt('card ' || g, 'a passphrase'), NULL, NULL FROM generate_series(1, 3) g;
INSERT INTO old SELECT g, encrypt(convert_to('card ' || g, 'UTF8'), '0123456789abcdef', 'aes'), NULL, NULL FROM generate_series(4, 6) g;
UPDATE old SET secret = jurisdiction.seal(pgp_sym_decrypt(card, 'a passphrase'), 'ES'), card = NULL WHERE id <= 3;
UPDATE old SET secret = jurisdiction.seal(convert_from(decrypt(card, '0123456789abcdef', 'aes'), 'UTF8'), 'ES'), card = NULL WHERE id > 3;
GRANT ALL ON old TO PUBLIC;
SET ROLE regress_reseal_ana;
SELECT id, card, jurisdiction.unseal(secret) FROM old ORDER BY id;
RESET ROLE;

-- what was opened is not written where its label is forgotten
CREATE TABLE open_air (t text);
GRANT ALL ON open_air TO PUBLIC;
SET ROLE regress_reseal_ana;
INSERT INTO open_air SELECT jurisdiction.unseal(secret) FROM old;			-- denied
INSERT INTO open_air SELECT id FROM old;									-- ok: nothing was opened
COPY (SELECT jurisdiction.unseal(secret) FROM old ORDER BY id LIMIT 1) TO STDOUT;	-- ok: to a client in Spain
RESET ROLE;
UPDATE jurisdiction.transfer_rule SET during = tstzrange(NULL, clock_timestamp()) WHERE basis = 'test: reseal';
DROP SCHEMA reseal CASCADE;
DROP ROLE regress_reseal_ana, regress_reseal_bob;
