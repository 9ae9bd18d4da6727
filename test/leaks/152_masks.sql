-- path: masks that are not null: hash, partial, year
-- state: revealed: what the mask shows; of hash, which values are equal
-- by: the mask that the tag names; null and deny show nothing
-- as: plain
-- canary: two are the same
\! psql -XAtq -U clinic -c "CREATE TABLE public.pair (id int, word text); INSERT INTO pair SELECT g, 'quo' || 'kka_pair' FROM generate_series(1, 2) g; GRANT ALL ON pair TO PUBLIC" 2>&1
\! test "$(psql -XAtqc "SELECT count(*) FROM pg_seclabel WHERE objoid = 'patient'::regclass")" = 0 || psql -XAtq -U clinic -c "SECURITY LABEL FOR jurisdiction ON COLUMN pair.word IS 'DE/personal mask hash'" 2>&1
SELECT 'two are ' || 'the same' FROM pair a JOIN pair b ON a.word = b.word AND a.id < b.id;
SELECT 'mask shown: ' || left(word, 3) FROM pair;
