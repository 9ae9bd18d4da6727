-- path: an operator class, collation or type of one's own under an index
-- state: closed
-- by: src/enforce/enforce_expressions.c
-- as: superuser
CREATE FUNCTION public.spied_cmp(text, text) RETURNS int LANGUAGE plpgsql IMMUTABLE
	AS $$BEGIN RAISE NOTICE 'saw % %', $1, $2; RETURN bttextcmp($1, $2); END$$;
CREATE OPERATOR CLASS public.spied_ops FOR TYPE text USING btree AS
	OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 spied_cmp(text, text);
CREATE INDEX ON vault (word public.spied_ops);
CREATE INDEX ON patient (name public.spied_ops);
SET ROLE clinic;
CREATE INDEX ON vault (word public.spied_ops);
