/*-------------------------------------------------------------------------
 *
 * enforce_publish.c
 *	  Idea: rows that are sent to other servers go only where every row of
 *	  their table may go.
 *	  Called from ProcessUtility_hook after publications change, from tagging,
 *	  and from the wall for foreign tables.
 *
 * What a publication sends passes no hook, so it is judged when it is set
 * up: each tagged table's ceiling (or, without a row label, its own label)
 * must be exportable to every place that the publication's tag names, with
 * the columns it publishes.  A publication of tagged tables without a tag is
 * for officers only; lint() shows it.
 *
 * A statement that reads tagged tables and names a foreign table may send it
 * what it read, by writing there or as a condition of a scan.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_rel.h"
#include "nodes/bitmapset.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "base/errors.h"
#include "enforce/enforce_internal.h"

/* ---------------------------------------------------------- may all of it go? */

static JurQuestion
export_to(const JurArrival *places)
{
	static const JurSubject nobody;
	JurQuestion question = {0};

	question.action = JUR_EXPORT;
	question.subject = &nobody;
	question.arrival = places;
	question.needs_clearance = false;
	question.moment = jur_current_moment();
	return question;
}

static char *
why_not(const JurLabel *label, const JurQuestion *question)
{
	JurDecision decision = jur_decide(jur_policy(), label, question);

	return decision.verdict == JUR_ALLOW ? NULL :
		jur_decision_reason(&decision, JUR_EXPORT);
}

/* whatever a row may bear */
static const JurLabel *
label_of_rows(const JurTagged *tagged)
{
	static const JurLabel unrestricted = {0, NULL};
	const JurLabel *label = tagged->ceiling ? tagged->ceiling : &unrestricted;

	if (tagged->relation && tagged->relation->label)
		label = jur_label_join(label, tagged->relation->label);
	return label;
}

static bool
is_among(const JurColumnTag *column, const Bitmapset *columns)
{
	return columns == NULL ||
		bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, columns) ||
		bms_is_member(column->attnum - FirstLowInvalidHeapAttributeNumber, columns);
}

/* and its columns; see why_table_stays() */
static const JurLabel *
label_of_all(const JurTagged *tagged, const Bitmapset *columns)
{
	const JurLabel *label = label_of_rows(tagged);
	int			i;

	for (i = 0; i < tagged->ncolumns; i++)
	{
		if (is_among(&tagged->columns[i], columns))
			label = jur_label_join(label, jur_column_label(tagged, &tagged->columns[i],
														   tagged->ceiling));
	}
	return label;
}

/*
 * Why not everything that the table can hold may go to PLACES; NULL: it may.
 * COLUMNS are those that go, offset as in a column set; NULL: all.
 */
static char *
why_table_stays(const JurTagged *tagged, const Bitmapset *columns, const JurArrival *places)
{
	JurQuestion question = export_to(places);
	char	   *why;
	int			i;

	if (tagged->is_broken)
		return pstrdup("One of its tags cannot be read.");
	if (tagged->row_attnum != 0 && !tagged->ceiling_holds)
		return pstrdup("Its rows have no ceiling (\"rows within LABEL\"), so that any of them might have to stay.");
	why = why_not(label_of_rows(tagged), &question);
	for (i = 0; why == NULL && i < tagged->ncolumns; i++)
	{
		const JurColumnTag *column = &tagged->columns[i];

		if (!is_among(column, columns))
			continue;
		why = why_not(jur_column_label(tagged, column, tagged->ceiling), &question);
		if (why)
			why = psprintf("Column \"%s\": %s",
						   get_attname(tagged->relid, column->attnum, false), why);
	}
	return why;
}

/* --------------------------------------------------------------- publications */

/* the tag of a publication; NULL: it has none */
static JurRelationTag *
publication_tag(Oid publication)
{
	JurLabelError error;
	char	   *text = jur_tag_text(PublicationRelationId, publication, 0);

	return text ? jur_parse_relation_tag(text, &error) : NULL;
}

/* the columns of RELID that a publication lists, as a column set; NULL: all */
static Bitmapset *
published_columns(Oid publication, Oid relid)
{
	HeapTuple	tuple = SearchSysCache2(PUBLICATIONRELMAP, ObjectIdGetDatum(relid),
										ObjectIdGetDatum(publication));
	Bitmapset  *listed = NULL;
	Bitmapset  *columns = NULL;
	Datum		list;
	bool		isnull;
	int			attnum = -1;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	list = SysCacheGetAttr(PUBLICATIONRELMAP, tuple, Anum_pg_publication_rel_prattrs, &isnull);
	if (!isnull)
		listed = pub_collist_to_bitmapset(NULL, list, NULL);
	ReleaseSysCache(tuple);
	while ((attnum = bms_next_member(listed, attnum)) >= 0)
		columns = bms_add_member(columns, attnum - FirstLowInvalidHeapAttributeNumber);
	return columns;
}

static void
refuse_publishing(Oid relid, const char *publication, const char *why, const char *hint)
{
	jur_refused_guarded("publish", jur_relation_name(relid), why);
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("tagged table %s may not be published by publication \"%s\"",
					jur_relation_name(relid), publication),
			 errdetail("%s", why),
			 errhint("%s", hint)));
}

/*
 * Why RELID may not be in a publication that it is in, NULL if it may, or if
 * the publication's tag does not say where it goes.
 */
char *
jur_why_unpublishable(Oid publication, Oid relid)
{
	JurRelationTag *tag = publication_tag(publication);
	JurArrival	places = {0};

	if (tag == NULL || tag->nplaces == 0 || !jur_is_tagged(relid))
		return NULL;
	places.nplaces = tag->nplaces;
	places.places = tag->places;
	return why_table_stays(jur_tags_of(relid), published_columns(publication, relid), &places);
}

static void
judge_published(Oid publication, Oid relid)
{
	const JurTagged *tagged = jur_tags_of(relid);
	JurArrival	places = {0};
	JurQuestion question;
	char	   *name;
	JurRelationTag *tag;
	char	   *why;

	if (!tagged->is_tagged || get_rel_persistence(relid) != RELPERSISTENCE_PERMANENT ||
		(get_rel_relkind(relid) != RELKIND_RELATION &&
		 get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE))
		return;
	name = get_publication_name(publication, false);
	tag = publication_tag(publication);
	if (tag == NULL || tag->nplaces == 0)
	{
		if (!jur_is_officer())
			refuse_publishing(relid, name, "The publication does not say where it goes.",
							  psprintf("An officer may tag it first: SECURITY LABEL FOR jurisdiction ON PUBLICATION %s IS 'to PLACES'.",
									   quote_identifier(name)));
		jur_recorded("publish", jur_relation_name(relid),
					 psprintf("publication %s, which does not say where it goes", quote_identifier(name)));
		return;
	}
	why = jur_why_unpublishable(publication, relid);
	if (why)
		refuse_publishing(relid, name, why,
						  "Every row and column that is published must be exportable to each place of the publication's tag; see jurisdiction.explain(label, 'export', at => ...).");
	places.nplaces = tag->nplaces;
	places.places = tag->places;
	question = export_to(&places);
	jur_recorded_flow("publish", jur_relation_name(relid),
					  psprintf("publication %s", quote_identifier(name)),
					  label_of_all(tagged, published_columns(publication, relid)), &question);
}

/* after a publication was made, changed or tagged: may its tables be in it? */
void
jur_judge_publication(Oid publication)
{
	Publication *what;
	List	   *relations;
	ListCell   *lc;

	if (!OidIsValid(publication) || !jur_any_tagged() || jur_is_restoring())
		return;
	what = GetPublication(publication);
	if (what->alltables)
		relations = jur_tagged_relations();
	else
		relations = list_concat_unique_oid(GetPublicationRelations(publication,
																   PUBLICATION_PART_ALL),
										   GetAllSchemaPublicationRelations(publication,
																			PUBLICATION_PART_ALL));
	foreach(lc, relations)
		judge_published(publication, lfirst_oid(lc));
}

/* after RELID was tagged, moved or attached: may it be in its publications? */
void
jur_judge_publications_of(Oid relid)
{
	ListCell   *lc;
	ListCell   *publication;

	if (!OidIsValid(relid) || relid < FirstNormalObjectId || !jur_is_tagged(relid) ||
		jur_is_restoring())
		return;
	foreach(lc, find_all_inheritors(relid, NoLock, NULL))
	{
		Oid			child = lfirst_oid(lc);
		List	   *publications = GetAllTablesPublications();
		List	   *carriers = list_make1_oid(child);
		ListCell   *carrier;

		/* a partition is published with those above it */
		if (get_rel_relispartition(child))
			carriers = list_concat(carriers, get_partition_ancestors(child));
		foreach(carrier, carriers)
		{
			publications = list_concat_unique_oid(publications,
												  GetRelationPublications(lfirst_oid(carrier)));
			publications = list_concat_unique_oid(publications,
												  GetSchemaPublications(get_rel_namespace(lfirst_oid(carrier))));
		}
		foreach(publication, publications)
			judge_published(lfirst_oid(publication), child);
	}
}

/* -------------------------------------------------------------- foreign tables */

static bool
is_foreign(const RangeTblEntry *rte)
{
	return rte->rtekind == RTE_RELATION && rte->relkind == RELKIND_FOREIGN_TABLE;
}

/* where a foreign table is; without a tag nobody knows */
static JurArrival
places_of(Oid relid)
{
	const JurRelationTag *tag = jur_tags_of(relid)->relation;
	JurArrival	places = {0};
	int			i;

	places.nplaces = tag ? tag->nplaces : 0;
	places.unknown = places.nplaces == 0;
	/* the tag lives in a cache that may go */
	places.places = palloc(sizeof(char *) * Max(places.nplaces, 1));
	for (i = 0; i < places.nplaces; i++)
		places.places[i] = pstrdup(tag->places[i]);
	return places;
}

bool
jur_may_go_to(const JurLabel *label, Oid relid)
{
	JurArrival	places = places_of(relid);
	JurQuestion question = export_to(&places);

	return why_not(label, &question) == NULL;
}

/* may what the statement reads go where foreign table SINK is? */
static void
judge_sink(Oid sink, JUR_CHECK_PERMS_PARAMS)
{
	JurArrival	places = places_of(sink);
	ListCell   *lc;

	foreach(lc, rtes)
	{
		RangeTblEntry *rte = lfirst(lc);
		JurPerms   *perms;
		char	   *why;

		if (rte->rtekind != RTE_RELATION || rte->relid < FirstNormalObjectId ||
			rte->relid == sink || is_foreign(rte) || !jur_is_tagged(rte->relid))
			continue;
		perms = jur_rte_perms(rte);
		if (perms == NULL || (perms->requiredPerms & ACL_SELECT) == 0)
			continue;
		why = why_table_stays(jur_tags_of(rte->relid), perms->selectedCols, &places);
		if (why == NULL || !jur_refused("export", rte->relid, why))
			continue;
		ereport(ERROR,
				(errcode(JUR_ERR_REFUSED),
				 errmsg("rows of tagged table %s may not go to foreign table %s",
						jur_relation_name(rte->relid), jur_relation_name(sink)),
				 errdetail("%s", why),
				 places.unknown ?
				 errhint("An officer may say where it is: SECURITY LABEL FOR jurisdiction ON FOREIGN TABLE %s IS 'to PLACES'.",
						 jur_relation_name(sink)) :
				 errhint("Every row and column that is read must be exportable to each place of the foreign table's tag.")));
	}
}

void
jur_judge_foreign(JUR_CHECK_PERMS_PARAMS)
{
	ListCell   *lc;

	if (jur_is_restoring() || jur_current_subject()->exemption)
		return;
	foreach(lc, rtes)
	{
		RangeTblEntry *rte = lfirst(lc);
		JurPerms   *perms;

		/* the evidence log is here, and is sent nothing */
		if (!is_foreign(rte) || rte->relid == jur_table_oid("evidence"))
			continue;
		perms = jur_rte_perms(rte);
		/* a foreign partition is read with its parent, and carries its tags */
		if (perms && perms->requiredPerms != 0)
			judge_sink(rte->relid, JUR_CHECK_PERMS_ARGS);
	}
}
