-- path: pg_basebackup and pg_receivewal by a role without "replicate"
-- state: closed
-- by: src/enforce/enforce_replication.c
-- as: superuser
-- untagged: is refused by the same role tags
\! pg_basebackup -D - -Ft -X none -c fast 2>&1 | grep -a -o "quo[k]ka_[a-z]*\|FATAL.*" | sort -u
\! timeout 5 pg_receivewal -D $LEAK_DIR --no-loop 2>&1
