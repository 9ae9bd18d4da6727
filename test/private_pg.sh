#!/bin/sh
# Makes a private, relocated copy of the installed PostgreSQL in DIR, so that
# tests install the extension there and leave the machine's own server alone.
# Usage: sh test/private_pg.sh DIR [PG_CONFIG]   prints the copy's pg_config.
#
# The server finds its libraries and shared files relative to its own binary:
# binaries are copied, all else is linked.
set -eu
dir=$1
pg_config=${2:-pg_config}
for kind in bin pkglib share pkginclude; do
	from=$("$pg_config" --${kind}dir)
	mkdir -p "$dir$from"
	if [ $kind = bin ]; then
		cp -a "$from/." "$dir$from/"
	else
		cp -rsf "$from/." "$dir$from/"
	fi
done
echo "$dir$("$pg_config" --bindir)/pg_config"
