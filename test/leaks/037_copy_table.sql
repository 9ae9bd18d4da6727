-- path: COPY table TO STDOUT, in every format
-- state: closed
-- by: src/enforce/enforce_copy.c
COPY patient TO STDOUT;
COPY patient (name, diagnosis) TO STDOUT (FORMAT csv, HEADER);
COPY patient TO STDOUT (FORMAT binary);
COPY vault TO STDOUT;
COPY measure_high TO STDOUT;
COPY nurse TO STDOUT;
\copy patient (diagnosis) to pstdout
