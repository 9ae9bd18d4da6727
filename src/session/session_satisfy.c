/*-------------------------------------------------------------------------
 *
 * session_satisfy.c
 *	  Idea: a label that nobody could ever satisfy is not one to write.
 *
 * Data that may be kept nowhere, or read by no session wherever it is, is
 * lost when it is written.  Mostly two laws contradict each other: each atom
 * by itself has places where it may be, and no place is one of both.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "base/settings.h"
#include "session/session.h"
#include "session/session_internal.h"

/* may it be stored at PLACE, and read there by somebody fully cleared? */
static bool
is_satisfied_at(const JurPolicy *policy, const JurLabel *label, const char *place)
{
	JurSubject	somebody = {0};
	JurArrival	arrival = {1, &place, false};
	JurQuestion question = {0};

	question.subject = &somebody;
	question.arrival = &arrival;
	question.needs_clearance = false;
	question.moment = jur_current_moment();
	question.action = JUR_STORE;
	if (jur_decide(policy, label, &question).verdict != JUR_ALLOW)
		return false;
	question.action = JUR_READ;
	return jur_decide(policy, label, &question).verdict == JUR_ALLOW;
}

/* is there such a place?  The atoms' own are tried first: usually one is. */
static bool
is_satisfiable(const JurPolicy *policy, const JurLabel *label)
{
	int			i;

	if (label->natoms == 0)
		return true;
	for (i = 0; i < label->natoms; i++)
		if (is_satisfied_at(policy, label, label->atoms[i].place))
			return true;
	for (i = 0; i < jur_place_count(policy); i++)
		if (is_satisfied_at(policy, label, jur_place_code(policy, i)))
			return true;
	return false;
}

static const char *
atom_text(JurAtom *atom)
{
	JurLabel	one = {1, atom};

	return jur_label_text(&one);
}

/*
 * NULL if LABEL can be satisfied somewhere; else a sentence that says which
 * atoms keep it from being, palloc'd.
 */
char *
jur_label_conflict(const JurLabel *label)
{
	const JurPolicy *policy = jur_policy();
	int			i;
	int			j;

	if (is_satisfiable(policy, label))
		return NULL;
	for (i = 0; i < label->natoms; i++)
	{
		JurLabel	one = {1, &label->atoms[i]};

		if (!is_satisfiable(policy, &one))
			return psprintf("%s may be kept and read nowhere.",
							atom_text(&label->atoms[i]));
	}
	for (i = 0; i < label->natoms; i++)
		for (j = i + 1; j < label->natoms; j++)
		{
			JurAtom		two[2] = {label->atoms[i], label->atoms[j]};
			JurLabel	pair = {2, two};

			if (!is_satisfiable(policy, &pair))
				return psprintf("%s and %s contradict each other: no place is one where both may be kept and read.",
								atom_text(&two[0]), atom_text(&two[1]));
		}
	return pstrdup("Its atoms together leave no place where all of them may be kept and read.");
}

/*
 * satisfiable(label) returns boolean: is there a place where a value so
 * labelled may be stored and read, by the rules now and with full clearance?
 */
PG_FUNCTION_INFO_V1(jur_sql_satisfiable);
Datum
jur_sql_satisfiable(PG_FUNCTION_ARGS)
{
	jur_require_preloaded("jurisdiction.satisfiable()");
	jur_session_refresh();
	PG_RETURN_BOOL(is_satisfiable(jur_policy(),
								  jur_label_of_datum(PG_GETARG_DATUM(0))));
}
