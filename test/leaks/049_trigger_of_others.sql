-- path: a trigger that carries what others write into a table without tag
-- state: closed
-- by: src/enforce/enforce_flow.c
-- as: owner
CREATE TABLE hall.taken (what text);
GRANT ALL ON hall.taken TO PUBLIC;
CREATE FUNCTION hall.take() RETURNS trigger LANGUAGE plpgsql
	AS $$BEGIN INSERT INTO hall.taken VALUES (NEW.name || OLD.diagnosis || OLD.salary); RETURN NEW; END$$;
CREATE TRIGGER take AFTER UPDATE ON patient FOR EACH ROW EXECUTE FUNCTION hall.take();
\! psql -XAtqc "UPDATE patient SET code = 10 WHERE id IN (1, 1001)" -U doctor 2>&1 | grep -c .
SELECT * FROM hall.taken;
