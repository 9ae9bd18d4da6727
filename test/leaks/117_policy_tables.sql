-- path: rules, exemptions and presets entered by a superuser
-- state: closed
-- by: src/enforce/wall_policy.c, src/enforce/object_guard.c
-- as: superuser plain owner
INSERT INTO jurisdiction.exemption (what, role_name, until, basis) VALUES ('bypass', current_user, '2999-01-01', 'mine');
INSERT INTO jurisdiction.exemption SELECT * FROM jurisdiction.exemption;
INSERT INTO jurisdiction.transfer_rule (effect, origin, destination, actions, basis) VALUES ('allow', 'DE', 'DE', '{read,export,write,store}', 'mine');
UPDATE jurisdiction.place SET code = 'XX' WHERE code = 'DE';
COPY jurisdiction.transfer_rule TO STDOUT;
TRUNCATE jurisdiction.category CASCADE;
ALTER TABLE jurisdiction.transfer_rule DISABLE TRIGGER ALL;
SELECT name FROM patient WHERE id = 1001;
SELECT word FROM vault LIMIT 1;
