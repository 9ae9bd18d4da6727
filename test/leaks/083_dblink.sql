-- path: dblink to the same database, and to elsewhere
-- state: closed
-- by: src/enforce/enforce_functions.c
-- as: superuser
SELECT format('SELECT * FROM dblink(%L, %L) AS t(word text)',
	format('host=%s port=%s dbname=%s user=doctor', :'host', :'port', current_database()),
	'SELECT word FROM vault LIMIT 1') \gexec
SELECT dblink_connect('c', format('host=%s port=%s dbname=%s user=doctor', :'host', :'port', current_database()));
SELECT * FROM dblink('c', 'SELECT name FROM patient WHERE id = 1001') AS t(name text);
