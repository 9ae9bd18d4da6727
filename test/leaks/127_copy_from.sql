-- path: COPY FROM: messages, triggers and defaults over tagged tables
-- state: closed
-- by: src/enforce/enforce_copy.c
-- as: owner plain
CREATE TABLE clinic_word (word text);
\copy patient (id, residency, name) FROM PROGRAM 'printf "1001\tDE\tx\n"'
\copy patient (id, residency, diagnosis) FROM PROGRAM 'printf "77\tDE\tx\n"'
\copy vault (id, word) FROM PROGRAM 'printf "1\tx\n"'
\copy patient (id, residency, name) FROM PROGRAM 'printf "1\tDE:restricted/health\tx\n"'
SELECT name FROM patient WHERE id > 1000 LIMIT 1;
