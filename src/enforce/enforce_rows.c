/*-------------------------------------------------------------------------
 *
 * enforce_rows.c
 *	  Idea: a row is seen or written only if its label is admitted.
 *	  Hooks: row_security_policy_hook_restrictive, ..._permissive.
 *
 * The server's row security does the work at rewrite time, so that inlined
 * functions, views, RETURNING and ON CONFLICT are all covered, error details
 * are redacted, and a table stays closed where this library is missing.
 *
 * The filter is a call, never a constant: the quals of a prepared statement
 * outlive the session state they were made under.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "rewrite/rowsecurity.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/errors.h"
#include "base/settings.h"
#include "base/shmem.h"
#include "enforce/enforce_internal.h"
#include "enforce/statement.h"

static row_security_policy_hook_type prev_restrictive = NULL;
static row_security_policy_hook_type prev_permissive = NULL;

static uint64 rows_allowed = 0;
static uint64 rows_hidden = 0;
static uint64 rows_observed = 0;

/* ---------------------------------------------------------------- policies */

static Expr *
call_on_label(const char *function, Expr *label, Oid relid)
{
	List	   *args = list_make1(label);
	Oid			oid = jur_function_oid(function);

	if (!OidIsValid(oid))
		elog(ERROR, "function jurisdiction.%s is missing", function);
	if (OidIsValid(relid))
		args = lappend(args, makeConst(REGCLASSOID, -1, InvalidOid, sizeof(Oid),
									   ObjectIdGetDatum(relid), false, true));
	return (Expr *) makeFuncExpr(oid, BOOLOID, args, InvalidOid, InvalidOid,
								 COERCE_EXPLICIT_CALL);
}

static Expr *
label_const(const JurLabel *label)
{
	return (Expr *) makeConst(jur_label_type_oid(), -1, InvalidOid, -1,
							  jur_label_datum(label), false, false);
}

static RowSecurityPolicy *
make_policy(bool permissive, Expr *qual, Expr *with_check)
{
	RowSecurityPolicy *policy = palloc0(sizeof(RowSecurityPolicy));
	Datum		everyone = ObjectIdGetDatum(ACL_ID_PUBLIC);

	policy->policy_name = pstrdup("jurisdiction");
	policy->polcmd = '*';
	policy->roles = construct_array(&everyone, 1, OIDOID, sizeof(Oid), true, TYPALIGN_INT);
	policy->permissive = permissive;
	policy->qual = qual;
	policy->with_check_qual = with_check;
	policy->hassublinks = false;
	return policy;
}

/*
 * The restrictive policies of a tagged table: one for the row label, one for
 * the table's own.  Asking for both is asking for their join (ruling 17).
 */
static List *
restrict_rows(CmdType command, Relation rel)
{
	const JurTagged *tagged = jur_tags_of(RelationGetRelid(rel));
	List	   *policies = prev_restrictive ? prev_restrictive(command, rel) : NIL;
	Expr	   *label;

	if (!tagged->is_tagged)
		return policies;
	if (tagged->is_broken)
	{
		Expr	   *no = (Expr *) makeBoolConst(false, false);

		return lappend(policies, make_policy(false, no, no));
	}
	if (tagged->relation && tagged->relation->label)
	{
		label = label_const(tagged->relation->label);
		policies = lappend(policies,
						   make_policy(false,
									   call_on_label("row_visible", label, InvalidOid),
									   call_on_label(tagged->row_attnum != 0 ?
													 "static_writable" : "row_writable",
													 label, RelationGetRelid(rel))));
	}
	if (tagged->row_attnum != 0)
	{
		label = (Expr *) makeVar(1, tagged->row_attnum, jur_label_type_oid(),
								 -1, InvalidOid, 0);
		policies = lappend(policies,
						   make_policy(false,
									   call_on_label("row_visible", label, InvalidOid),
									   call_on_label("row_writable", label,
													 RelationGetRelid(rel))));
	}
	return policies;
}

/*
 * Restrictive policies alone deny everything.  A permissive TRUE is ours to
 * add exactly when nobody wrote a permissive policy for any role: where the
 * application has its own, they decide, and ours only takes away.
 */
static List *
permit_rows(CmdType command, Relation rel)
{
	List	   *policies = prev_permissive ? prev_permissive(command, rel) : NIL;
	ListCell   *lc;
	Expr	   *yes;

	if (!jur_is_tagged(RelationGetRelid(rel)))
		return policies;
	if (rel->rd_rsdesc)
		foreach(lc, rel->rd_rsdesc->policies)
			if (((RowSecurityPolicy *) lfirst(lc))->permissive)
				return policies;
	yes = (Expr *) makeBoolConst(true, false);
	return lappend(policies, make_policy(true, yes, yes));
}

void
jur_enforce_rows_init(void)
{
	prev_restrictive = row_security_policy_hook_restrictive;
	row_security_policy_hook_restrictive = restrict_rows;
	prev_permissive = row_security_policy_hook_permissive;
	row_security_policy_hook_permissive = permit_rows;
}

/* ------------------------------------------------------------ the read side */

/*
 * Verdicts of the labels this call site saw last, found by the label's bytes:
 * sets of four, the oldest of a set giving way.  A table has few distinct
 * labels; this saves the hash lookup of jur_admits_datum() for nearly every
 * row read, and the decisions on nearly every row written.
 */
#define MEMO_SETS 64
#define MEMO_WAYS 4
#define MEMO_BYTES 22

typedef struct MemoEntry
{
	uint64	   *count;			/* where the running statement counts it */
	uint8		size;			/* 0: free */
	bool		allowed;
	char		bytes[MEMO_BYTES];
} MemoEntry;

typedef struct Memo
{
	uint64		generation;
	uint64		flow;			/* what has been read: verdicts on writes rest on it */
	uint64		statement;		/* whose counts these are */
	uint64		live;			/* a bit for each set that holds anything */
	uint8		oldest[MEMO_SETS];
	MemoEntry	entries[MEMO_SETS][MEMO_WAYS];
} Memo;

static Memo *
memo_of(FmgrInfo *flinfo)
{
	Memo	   *memo = flinfo->fn_extra;

	if (memo == NULL)
	{
		/* most statements meet few labels: sets are cleared when first used */
		memo = MemoryContextAlloc(flinfo->fn_mcxt, sizeof(Memo));
		memo->generation = 0;
		memo->live = 0;
		flinfo->fn_extra = memo;
	}
	return memo;
}

static inline uint32
memo_set(const char *bytes, Size size)
{
	uint32		hash = size;
	Size		i;

	for (i = 0; i < size; i++)
		hash = hash * 31 + (unsigned char) bytes[i];
	return (hash ^ (hash >> 7)) % MEMO_SETS;
}

static uint64 uncounted = 0;
static uint64 *asked = NULL;

void
jur_count_asked(Datum label, JurAsked kind)
{
	asked = jur_statement_count(label, kind);
	(*asked)++;
	/* by the fastpath, or for a parameter: no statement ends that would tell of it */
	if (jur_is_outermost())
		jur_evidence_statement_ends();
}

/*
 * A label that is the table's own, or one of the statement's constants, is
 * asked about once, however many rows there are.
 */
static void
count_rows_asked(Datum label, FunctionCallInfo fcinfo)
{
	jur_count_asked(label, get_fn_expr_arg_stable(fcinfo->flinfo, 0) ?
					JUR_ASKED_CEILING : JUR_ASKED_ROWS);
}

static bool
ask_policy(Datum label, FunctionCallInfo fcinfo)
{
	count_rows_asked(label, fcinfo);
	if (jur_admits_datum(label, JUR_READ) != JUR_ALLOW)
		return false;
	jur_flow_note(jur_label_of_datum(label));
	return true;
}

/* of the target of a statement: it counts apart (enforce_flow.c) */
static bool
ask_policy_for_target(Datum label, FunctionCallInfo fcinfo)
{
	count_rows_asked(label, fcinfo);
	if (jur_admits_datum(label, JUR_READ) != JUR_ALLOW)
		return false;
	jur_flow_note_target(PG_GETARG_OID(1), jur_label_of_datum(label));
	return true;
}

bool
jur_memo_admits(FunctionCallInfo fcinfo, Datum label, JurAsk ask)
{
	Memo	   *memo = memo_of(fcinfo->flinfo);
	struct varlena *value = (struct varlena *) DatumGetPointer(label);
	MemoEntry  *entry;
	const char *bytes;
	Size		size;
	uint32		set;
	int			way;
	bool		allowed;

	if (VARATT_IS_EXTERNAL(value) || VARATT_IS_COMPRESSED(value))
		return ask(label, fcinfo);
	bytes = VARDATA_ANY(value);
	size = VARSIZE_ANY_EXHDR(value);
	if (size > MEMO_BYTES || size == 0)
		return ask(label, fcinfo);
	if (memo->generation != jur_generation || memo->flow != jur_flow_version ||
		memo->statement != jur_statement_number)
	{
		memo->live = 0;
		memo->generation = jur_generation;
		memo->flow = jur_flow_version;
		memo->statement = jur_statement_number;
	}
	set = memo_set(bytes, size);
	if (!(memo->live & (UINT64CONST(1) << set)))
	{
		memset(memo->entries[set], 0, sizeof(memo->entries[set]));
		memo->oldest[set] = 0;
		memo->live |= UINT64CONST(1) << set;
	}
	for (way = 0; way < MEMO_WAYS; way++)
	{
		entry = &memo->entries[set][way];
		if (entry->size == size && memcmp(entry->bytes, bytes, size) == 0)
		{
			(*entry->count)++;
			return entry->allowed;
		}
	}
	asked = &uncounted;
	allowed = ask(label, fcinfo);
	entry = &memo->entries[set][memo->oldest[set]++ % MEMO_WAYS];
	entry->allowed = allowed;
	entry->count = asked;
	entry->size = size;
	memcpy(entry->bytes, bytes, size);
	/* asking may have found a new generation: then this entry is of that one */
	memo->generation = jur_generation;
	/* and what it noted as read changes none of the verdicts here */
	memo->flow = jur_flow_version;
	/* counts of a statement that has ended, or of an earlier generation, go */
	if (memo->statement != jur_statement_number)
	{
		MemoEntry	mine = *entry;

		memset(memo->entries[set], 0, sizeof(memo->entries[set]));
		*entry = mine;
		memo->live = UINT64CONST(1) << set;
		memo->statement = jur_statement_number;
	}
	return allowed;
}

static inline bool
is_visible(FunctionCallInfo fcinfo, JurAsk ask)
{
	if (!jur_preloaded)
		jur_require_preloaded("reading a tagged table");
	if (PG_ARGISNULL(0))
		return false;
	if (likely(jur_memo_admits(fcinfo, PG_GETARG_DATUM(0), ask)))
	{
		rows_allowed++;
		if (unlikely(jur_export != NULL))
			jur_export_note(PG_GETARG_DATUM(0));
		return true;
	}
	if (jur_observing())
	{
		rows_observed++;
		return true;
	}
	rows_hidden++;
	if (unlikely(jur_export_is_whole()))
		jur_export_note(PG_GETARG_DATUM(0));
	return false;
}

/*
 * row_visible(label) returns boolean: may this session read a row so
 * labelled?  The filter of every tagged table.  NULL is visible to nobody.
 */
PG_FUNCTION_INFO_V1(jur_sql_row_visible);
Datum
jur_sql_row_visible(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(is_visible(fcinfo, ask_policy));
}

/*
 * target_row_visible(label, table) returns boolean: the same for the rows of
 * a statement's target, and for those copied into it label and all.
 */
PG_FUNCTION_INFO_V1(jur_sql_target_row_visible);
Datum
jur_sql_target_row_visible(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(is_visible(fcinfo, ask_policy_for_target));
}

void
jur_rows_flush_counts(void)
{
	jur_count(JUR_COUNT_ROWS_ALLOWED, rows_allowed);
	jur_count(JUR_COUNT_ROWS_HIDDEN, rows_hidden);
	if (rows_observed > 0)
	{
		jur_count(JUR_COUNT_OBSERVED, rows_observed);
		jur_recorded("observe", "",
					 psprintf(UINT64_FORMAT " rows would have been hidden",
							  rows_observed));
	}
	rows_allowed = rows_hidden = rows_observed = 0;
}

/* ----------------------------------------------------------- the write side */

static void
refuse_write(const JurLabel *label, Oid relid, JurAction action,
			 const JurDecision *decision)
{
	char	   *text = jur_label_text(label);
	char	   *conflict = action == JUR_STORE ? jur_label_conflict(label) : NULL;
	char	   *reason = conflict ? conflict : jur_decision_reason(decision, action);

	if (!jur_refused(jur_action_name(action), relid, reason))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("new row labelled \"%s\" for table %s may not be %s", text,
					jur_relation_name(relid),
					action == JUR_STORE ? psprintf("stored at %s", jur_site) :
					action == JUR_WRITE ? "written by this session" :
					"read back by this session"),
			 errdetail("%s", reason),
			 errhint("See jurisdiction.explain('%s', '%s').", text,
					 jur_action_name(action))));
}

/*
 * A release list is a permission to leave: whoever writes one must be
 * entitled to give it, by the rules for export or by a role's "release".
 */
static void
check_releases(const JurLabel *label, Oid relid)
{
	const JurRoleTag *tag;
	bool		broken;
	int			i;
	int			j;

	tag = jur_role_tag(GetOuterUserId(), &broken);
	if (tag && tag->release_any)
		return;
	for (i = 0; i < label->natoms; i++)
	{
		const JurAtom *atom = &label->atoms[i];
		JurAtom		plain = *atom;
		JurQuestion question = jur_question(JUR_EXPORT);

		if (atom->release == JUR_RELEASE_BY_RULES)
			continue;
		question.needs_clearance = false;
		plain.release = JUR_RELEASE_BY_RULES;
		plain.nreleases = 0;
		if (atom->release == JUR_RELEASE_ANY)
		{
			if (jur_refused("release", relid, "release to anywhere"))
				ereport(ERROR,
						(errcode(JUR_ERR_REFUSED),
						 errmsg("label \"%s\" releases rows of table %s to every place",
								jur_label_text(label), jur_relation_name(relid)),
						 errhint("Only a role tagged \"release *\" may write it.")));
			continue;
		}
		for (j = 0; j < atom->nreleases; j++)
		{
			int			k;
			bool		granted = strcmp(atom->releases[j], atom->place) == 0;

			for (k = 0; tag && k < tag->nreleases; k++)
				granted |= strcmp(tag->releases[k], atom->releases[j]) == 0;
			if (granted ||
				jur_decide_atom(jur_policy(), &plain, atom->releases[j],
								&question).verdict == JUR_ALLOW)
				continue;
			if (jur_refused("release", relid, atom->releases[j]))
				ereport(ERROR,
						(errcode(JUR_ERR_REFUSED),
						 errmsg("label \"%s\" releases rows of table %s to %s, where no rule allows their export",
								jur_label_text(label), jur_relation_name(relid),
								atom->releases[j]),
						 errhint("A rule that allows the export, or the role tag \"release %s\", permits it.",
								 atom->releases[j])));
		}
	}
}

/*
 * Raises unless this session may put a row labelled LABEL into RELID: the
 * site may store it, the session may write it, and it may read it back.
 */
void
jur_check_new_label(const JurLabel *label, Oid relid)
{
	static const JurAction asked[] = {JUR_STORE, JUR_WRITE, JUR_READ};
	const char *unknown;
	int			i;

	if (jur_is_restoring())
		return;
	if (jur_site == NULL || *jur_site == '\0')
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("cannot write to tagged table %s: jurisdiction.site is not set",
						jur_relation_name(relid)),
				 errhint("Set jurisdiction.site in the server's configuration to the place where it stands.")));
	unknown = jur_unknown_code(jur_policy(), label);
	if (unknown && jur_refused("write", relid, unknown))
		ereport(ERROR,
				(errcode(JUR_ERR_REFUSED),
				 errmsg("label \"%s\" names \"%s\", which is not registered",
						jur_label_text(label), unknown),
				 errhint("Places are in jurisdiction.place, categories in jurisdiction.category; an officer may add one.")));
	for (i = 0; i < lengthof(asked); i++)
	{
		JurDecision decision = jur_decide_now(label, asked[i]);

		if (decision.verdict != JUR_ALLOW)
			refuse_write(label, relid, asked[i], &decision);
	}
	check_releases(label, relid);
}

static bool
ask_writable(Datum label, FunctionCallInfo fcinfo)
{
	jur_count_asked(label, JUR_ASKED_WRITE);
	jur_check_new_label(jur_label_of_datum(label), PG_GETARG_OID(1));
	jur_flow_judge_row(jur_label_of_datum(label), PG_GETARG_OID(1));
	return true;
}

/* the table's own label, where rows have theirs: what was read is judged there */
static bool
ask_static_writable(Datum label, FunctionCallInfo fcinfo)
{
	jur_count_asked(label, JUR_ASKED_WRITE);
	jur_check_new_label(jur_label_of_datum(label), PG_GETARG_OID(1));
	return true;
}

/*
 * row_writable(label, table regclass) returns boolean: true, or an error that
 * says why a row so labelled may not be written there by this session.
 */
PG_FUNCTION_INFO_V1(jur_sql_row_writable);
Datum
jur_sql_row_writable(PG_FUNCTION_ARGS)
{
	jur_require_preloaded("writing to a tagged table");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(JUR_ERR_NULL_LABEL),
				 errmsg("new row for table %s has no label",
						jur_relation_name(PG_GETARG_OID(1))),
				 errhint("Give the label, or a default such as jurisdiction.default_label().")));
	(void) jur_memo_admits(fcinfo, PG_GETARG_DATUM(0), ask_writable);
	PG_RETURN_BOOL(true);
}

/* static_writable(label, table) returns boolean: the same for a table's own label */
PG_FUNCTION_INFO_V1(jur_sql_static_writable);
Datum
jur_sql_static_writable(PG_FUNCTION_ARGS)
{
	jur_require_preloaded("writing to a tagged table");
	if (!PG_ARGISNULL(0) && !PG_ARGISNULL(1))
		(void) jur_memo_admits(fcinfo, PG_GETARG_DATUM(0), ask_static_writable);
	PG_RETURN_BOOL(true);
}
