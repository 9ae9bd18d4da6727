-- path: a program that a function hands what it has read, as a constant of COPY
-- state: closed
-- by: src/enforce/enforce_utility.c, src/enforce/enforce_flow.c
-- as: superuser
-- log: an error quotes the command that the function made (see 068)
GRANT pg_execute_server_program TO doctor;
\! psql -XAtqc "DO \$\$ DECLARE v text; BEGIN SELECT name INTO v FROM patient WHERE id = 1001; EXECUTE format('COPY (SELECT %L) TO PROGRAM ''cat > $LEAK_DIR/carried''', v); END\$\$" -U doctor >/dev/null 2>&1
