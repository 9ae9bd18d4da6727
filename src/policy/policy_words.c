/*-------------------------------------------------------------------------
 *
 * policy_words.c
 *	  Idea: actions and decisions in words, for SQL and for people (pure).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "policy/policy_internal.h"

static const char *const action_names[JUR_NACTIONS] = {
	"read", "export", "store", "unseal", "write"
};

bool
jur_action_by_name(const char *name, JurAction *action)
{
	int			i;

	for (i = 0; i < JUR_NACTIONS; i++)
		if (strcmp(name, action_names[i]) == 0)
		{
			*action = (JurAction) i;
			return true;
		}
	return false;
}

const char *
jur_action_name(JurAction action)
{
	return action_names[action];
}

const char *
jur_decided_by_name(JurDecidedBy by)
{
	switch (by)
	{
		case JUR_BY_DEFAULT:
			return "default";
		case JUR_BY_HOME:
			return "home";
		case JUR_BY_RELEASE:
			return "release";
		case JUR_BY_RULE:
			return "rule";
		case JUR_BY_PERMIT:
			return "permit";
		case JUR_BY_EXEMPTION:
			return "exemption";
		case JUR_BY_CLEARANCE:
			return "clearance";
		case JUR_BY_NETWORK:
			return "network";
		case JUR_BY_UNRESTRICTED:
			return "unrestricted";
		case JUR_BY_PARTY:
			return "party";
		case JUR_BY_THRESHOLD:
			return "threshold";
		case JUR_BY_TOKEN:
			return "token";
	}
	return "default";
}

/* --- reasons ------------------------------------------------------------ */

static char *
reason_of_unknown(const JurDecision *decision, const char *atom)
{
	if (decision->unknown_code == decision->destination)
		return psprintf("%s would arrive in \"%s\", which is not registered.",
						atom, decision->unknown_code);
	return psprintf("%s names \"%s\", which is not registered.",
					atom, decision->unknown_code);
}

static char *
reason_of_release(const JurDecision *decision, const char *atom,
				  const char *where)
{
	if (decision->atom->release == JUR_RELEASE_ANY)
		return psprintf("%s is released to everywhere.", atom);
	return psprintf(decision->verdict == JUR_ALLOW ?
					"The release list of %s admits %s." :
					"The release list of %s does not admit %s.", atom, where);
}

/* nobody knows where: no place is set for the site, or for the session */
static char *
reason_of_network(JurAction action, const char *atom)
{
	if (action == JUR_STORE)
		return psprintf("%s may not be stored at a site without a place: jurisdiction.site is not set.",
						atom);
	return psprintf("%s may not arrive at an unknown place.", atom);
}

char *
jur_decision_reason(const JurDecision *decision, JurAction action)
{
	JurLabel	label = {decision->atom ? 1 : 0, (JurAtom *) decision->atom};
	const char *atom = jur_label_text(&label);
	const char *where = "an unknown place";

	if (decision->destination)
		where = decision->destination;
	if (decision->unknown_code)
		return reason_of_unknown(decision, atom);
	switch (decision->decided_by)
	{
		case JUR_BY_UNRESTRICTED:
			return pstrdup("The label restricts nothing.");
		case JUR_BY_CLEARANCE:
			return psprintf("The session is not cleared for %s.", atom);
		case JUR_BY_HOME:
			return psprintf("%s is at home in %s.", decision->atom->place, where);
		case JUR_BY_RELEASE:
			return reason_of_release(decision, atom, where);
		case JUR_BY_RULE:
			return psprintf("Rule " INT64_FORMAT " %s %s of %s in %s: %s.",
							decision->rule_id,
							decision->verdict == JUR_ALLOW ? "allows" : "forbids",
							jur_action_name(action), atom, where, decision->basis);
		case JUR_BY_EXEMPTION:
			return psprintf("An exemption lifts the check: %s.", decision->basis);
		case JUR_BY_NETWORK:
			return reason_of_network(action, atom);
		case JUR_BY_DEFAULT:
		case JUR_BY_PERMIT:
		case JUR_BY_PARTY:
		case JUR_BY_THRESHOLD:
		case JUR_BY_TOKEN:
			break;
	}
	return psprintf("No rule allows %s of %s in %s.", jur_action_name(action),
					atom, where);
}
