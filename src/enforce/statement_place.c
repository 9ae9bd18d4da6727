/*-------------------------------------------------------------------------
 *
 * statement_place.c
 *	  Idea: what a record says of a label, decided and written down once.
 *
 * The places in which a statement counts how often it asked about a label are
 * kept from statement to statement, with the part of the record that tells how
 * the label was decided, until a decision could be another.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "enforce/enforce_internal.h"
#include "enforce/statement_internal.h"
#include "evidence/evidence.h"

/* beyond this many labels the places are made anew */
#define MAX_PLACES 20000
/* a decision names at most so many reasons */
#define MAX_REASONS 16

uint64		jur_places_builds = 0;

static MemoryContext places_context = NULL;
static HTAB *places = NULL;
static uint64 places_generation = 0;
static JurPlace *last_place = NULL;	/* among them, that was found */

static uint32
hash_place(const void *key, Size keysize)
{
	const JurPlaceKey *place = key;

	return hash_bytes((const unsigned char *) place->label, place->size) ^
		hash_bytes_uint32(place->asked * 8 + place->where);
}

static int
match_place(const void *a, const void *b, Size keysize)
{
	const JurPlaceKey *x = a;
	const JurPlaceKey *y = b;

	return x->asked != y->asked || x->where != y->where || x->size != y->size ||
		memcmp(x->label, y->label, x->size) != 0;
}

/* places of earlier decisions go, once no statement counts in them */
static void
refresh_places(void)
{
	HASHCTL		control = {0};

	if (places && places_generation == jur_generation &&
		hash_get_num_entries(places) < MAX_PLACES)
		return;
	if (places && jur_running.is_open)
	{
		/* this statement's are in the list; they stay until it has ended */
		MemoryContextSetParent(places_context, jur_statement_context);
		places_context = NULL;
	}
	if (places_context == NULL)
		places_context = AllocSetContextCreate(TopMemoryContext, "jurisdiction places",
											   ALLOCSET_DEFAULT_SIZES);
	places = NULL;
	last_place = NULL;
	MemoryContextReset(places_context);
	control.keysize = sizeof(JurPlaceKey);
	control.entrysize = sizeof(JurPlace);
	control.hash = hash_place;
	control.match = match_place;
	control.hcxt = places_context;
	places = hash_create("jurisdiction places", 64, &control,
						 HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	places_generation = jur_generation;
	jur_places_builds++;
	/* call sites hold places that are no more counted in */
	jur_statement_number++;
}

static const JurAction actions[] = {
	[JUR_ASKED_ROWS] = JUR_READ,
	[JUR_ASKED_VALUES] = JUR_READ,
	[JUR_ASKED_CEILING] = JUR_READ,
	[JUR_ASKED_WRITE] = JUR_WRITE,
	[JUR_ASKED_UNSEAL] = JUR_UNSEAL,
	[JUR_ASKED_EXPORT] = JUR_EXPORT,
};

static void
append_reason(StringInfo why, const JurDecision *decision, const char *to)
{
	appendStringInfoString(why, why->len ? ",{" : "{");
	if (decision->atom)
	{
		JurLabel	alone = {1, unconstify(JurAtom *, decision->atom)};

		jur_record_text(why, "atom", jur_label_text(&alone));
	}
	jur_record_text(why, "to", to ? to : "?");
	jur_record_text(why, "by", jur_decided_by_name(decision->decided_by));
	if (decision->rule_id != 0)
	{
		char		rule[32];

		snprintf(rule, sizeof(rule), INT64_FORMAT, decision->rule_id);
		jur_record_text(why, "rule", rule);
	}
	jur_record_text(why, "basis", decision->basis);
	appendStringInfoChar(why, '}');
}

/*
 * Every pair of atom and arrival place that was decided as the label was,
 * save what home settles.
 */
static char *
reasons(const JurLabel *label, const JurQuestion *question, const JurDecision *decision)
{
	StringInfoData why;
	StringInfoData all;
	int			nplaces = question->arrival->nplaces + question->arrival->unknown;
	int			count = 0;
	int			i;
	int			j;

	initStringInfo(&why);
	for (i = 0; i < label->natoms; i++)
		for (j = 0; j < nplaces && count < MAX_REASONS; j++)
		{
			const char *to = j < question->arrival->nplaces ?
				question->arrival->places[j] : NULL;
			JurDecision one = jur_decide_atom(jur_policy(), &label->atoms[i], to, question);

			if (one.verdict != decision->verdict ||
				(one.verdict == JUR_ALLOW && one.decided_by == JUR_BY_HOME))
				continue;
			one.atom = &label->atoms[i];
			append_reason(&why, &one, to);
			count++;
		}
	/* on a copy that stands elsewhere it is the copy that may not be */
	if (count == 0 && decision->verdict != JUR_ALLOW)
		append_reason(&why, decision, decision->destination);
	if (why.len == 0)
		return "";
	initStringInfo(&all);
	appendStringInfo(&all, ",\"why\":[%s]", why.data);
	return all.data;
}

/* the verdict; *WHY, in the context of the places */
static bool
decide_place(const JurLabel *label, JurAction action, const JurQuestion *export, char **why)
{
	JurQuestion question = export ? *export : jur_question(action);
	JurDecision decision = export ? jur_decide(jur_policy(), label, export) :
		jur_decide_now(label, action);

	*why = MemoryContextStrdup(places_context, reasons(label, &question, &decision));
	return decision.verdict == JUR_ALLOW;
}

static void
fill_place(JurPlace *place, Datum datum, const JurQuestion *export)
{
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "jurisdiction decision",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(scratch);
	JurLabel   *label = jur_label_of_datum(datum);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoChar(&text, '{');
	jur_record_text(&text, "label", jur_label_text(label));
	place->label = MemoryContextStrdup(places_context, text.data);
	place->allowed = decide_place(label, actions[place->key.asked], export, &place->why);
	if (place->key.asked == JUR_ASKED_WRITE)
		place->storable = decide_place(label, JUR_STORE, NULL, &place->why_stored);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(scratch);
}

static JurPlace *
make_place(const JurPlaceKey *key, Datum value, const JurQuestion *export)
{
	JurPlace	filled = {*key};
	JurPlace   *place;
	bool		found;

	fill_place(&filled, value, export);
	/* deciding may have loaded a policy and begun another generation */
	refresh_places();
	filled.key.label = memcpy(MemoryContextAlloc(places_context, Max(key->size, 1)),
							  key->label, key->size);
	place = hash_search(places, &filled.key, HASH_ENTER, &found);
	*place = filled;
	return place;
}

JurPlace *
jur_place_of(const JurPlaceKey *key, Datum value, const JurQuestion *export)
{
	refresh_places();
	/* many a session asks about one label again and again */
	if (last_place == NULL || match_place(&last_place->key, key, sizeof(JurPlaceKey)) != 0)
		last_place = hash_search(places, key, HASH_FIND, NULL);
	if (last_place == NULL)
		last_place = make_place(key, value, export);
	return last_place;
}

void
jur_forget_places(void)
{
	places_generation = 0;
	jur_statement_number++;
}

JurAction
jur_asked_action(JurAsked asked)
{
	return actions[asked];
}

/* of LABEL as a whole, outside of any statement: as one of `decisions` */
char *
jur_decision_text(const JurLabel *label, const JurQuestion *question)
{
	JurDecision decision = jur_decide(jur_policy(), label, question);
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoChar(&text, '{');
	jur_record_text(&text, "label", jur_label_text(label));
	jur_record_text(&text, "action", jur_action_name(question->action));
	jur_record_text(&text, "verdict", decision.verdict == JUR_ALLOW ? "allow" : "deny");
	jur_record_true(&text, "within");
	appendStringInfoString(&text, reasons(label, question, &decision));
	appendStringInfoChar(&text, '}');
	return text.data;
}
