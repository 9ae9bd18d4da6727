-- path: base backups, WAL archives and standbys of a role that may "replicate"
-- state: seals only
-- by: sealing; a standby filters as its primary does
-- as: replicator
\! pg_basebackup -D - -Ft -X none -c fast 2>&1 | grep -a -o "quo[k]ka_[a-z]*\|FATAL.*" | sort -u
