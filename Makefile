# jurisdiction: PGXS build.  `make test` runs every suite on private servers;
# `make installcheck` tests a server that runs with the library preloaded.
EXTENSION  = jurisdiction
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" jurisdiction.control)
MODULE_big = jurisdiction
OBJS = $(patsubst %.c,%.o,$(sort $(filter-out src/verify/%,$(wildcard src/*.c src/*/*.c))))

# The stand-alone verifier: without the server, from sources that do not need it.
# For PGXS it is a script that is built: it installs, removes and cleans it.
VERIFIER       = jurisdiction-verify
VERIFIER_SRC   = $(sort $(wildcard src/verify/*.c)) $(addprefix src/evidence/,base64.c json_text.c \
	log_dir_file.c log_dir_journal.c log_dir_read.c merkle.c note.c ocsf.c record.c)
SCRIPTS_built  = $(VERIFIER)

# One install script, built from ordered fragments; every upgrade step is kept.
INSTALL_SQL = jurisdiction--$(EXTVERSION).sql
DATA_built  = $(INSTALL_SQL)
DATA        = $(wildcard src/sql/upgrade/jurisdiction--*--*.sql)

# One fragment is made from the tables of facts.
FACTS       = $(sort $(wildcard src/facts/*.csv))
FACTS_SQL   = src/sql/install/31_facts.sql
FRAGMENTS   = $(sort $(wildcard src/sql/install/*.sql) $(FACTS_SQL))

REGRESS        = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
ISOLATION      = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --load-extension=jurisdiction
REGRESS_OPTS   = --load-extension=jurisdiction
EXTRA_CLEAN    = tmp_regress tmp_isolation log results output_iso $(FACTS_SQL)

# TEMP=1 gives each suite a private server; without it, installcheck uses a
# running one (which must preload the library).
ifdef TEMP
REGRESS_OPTS   += --temp-instance=tmp_regress --temp-config=test/jurisdiction.conf
ISOLATION_OPTS += --temp-instance=tmp_isolation --temp-config=test/jurisdiction.conf
TAP_TESTS       = 1
PROVE_TESTS     = test/tap/*.pl
endif

PG_CPPFLAGS = -Isrc -DJUR_VERSION='"$(EXTVERSION)"'
SHLIB_LINK  = -lcrypto -ldl
PG_CONFIG  ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# PGXS tracks no headers; any header change rebuilds everything (seconds).
$(OBJS): $(wildcard src/*/*.h) jurisdiction.control

$(VERIFIER): $(VERIFIER_SRC) $(wildcard src/*/*.h) jurisdiction.control
	$(CC) $(CFLAGS) -D_GNU_SOURCE $(PG_CPPFLAGS) -o $@ $(VERIFIER_SRC) $(LDFLAGS) -lcrypto

$(INSTALL_SQL): $(FRAGMENTS) jurisdiction.control
	cat $(FRAGMENTS) > $@

# byte by byte, whatever the builder's locale
$(FACTS_SQL): src/facts/facts.awk $(FACTS)
	LC_ALL=C $(AWK) -f src/facts/facts.awk $(FACTS) > $@.tmp
	mv $@.tmp $@

.PHONY: demo test bench
demo:
	sh test/demo.sh
test:
	sh test/all.sh
bench:
	sh test/bench/run.sh
