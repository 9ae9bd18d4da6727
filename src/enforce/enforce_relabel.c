/*-------------------------------------------------------------------------
 *
 * enforce_relabel.c
 *	  Idea: who may set or clear a tag, and what a tag sets in motion.
 *
 * SECURITY LABEL for our provider is carried out here rather than by the
 * server: an officer needs no ownership, an owner may only tighten, and the
 * server neither locks hard enough nor tells other backends.
 *
 * The table's side (row security, constraints, children) is tag_table.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_shseclabel.h"
#include "catalog/pg_type.h"
#include "commands/seclabel.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "base/compat.h"
#include "base/errors.h"
#include "base/settings.h"
#include "enforce/enforce_internal.h"
#include "enforce/tag_table.h"

#define COLUMN_GRAMMAR \
	"A column's tag is \"rows [within LABEL]\", or LABEL or :LEVEL/CATEGORIES with an optional \"mask null|partial(PREFIX, SUFFIX)|hash|redact|year\" or \"deny\"."
#define RELATION_GRAMMAR \
	"A table's tag is a label such as EU:confidential/health; a foreign table's or publication's is \"[LABEL] to PLACES\"."
#define ROLE_GRAMMAR \
	"A role's tag is like \"at DE cleared confidential/health,personal\", \"officer\", \"auditor\", \"backup\", \"for PURPOSE\", \"release PLACES|*\", \"replicate to PLACES\", \"token required\" or org \"NAME\"."

/* ------------------------------------------------------------------- parsing */

static void
bad_tag(const char *text, const JurLabelError *error, const char *grammar)
{
	ereport(ERROR,
			(errcode(JUR_ERR_ARGUMENT),
			 errmsg("invalid jurisdiction tag: \"%s\"", text),
			 errdetail("At byte %d: %s.", error->position + 1, error->message),
			 errhint("%s", grammar)));
}

/* places are written in capitals, categories are not */
static void
check_code(const char *unknown)
{
	if (unknown == NULL || jur_is_restoring())
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_ARGUMENT),
			 errmsg("jurisdiction tag names an unknown %s: \"%s\"",
					unknown[0] >= 'A' && unknown[0] <= 'Z' ? "place" : "category",
					unknown),
			 errhint("Places are in jurisdiction.place, categories in jurisdiction.category; an officer may add one.")));
}

JurColumnTag *
jur_column_tag_of_text(const char *text)
{
	JurLabelError error;
	JurColumnTag *tag = jur_parse_column_tag(text, &error);

	if (tag == NULL)
		bad_tag(text, &error, COLUMN_GRAMMAR);
	check_code(jur_unknown_in_column_tag(tag));
	return tag;
}

static JurRelationTag *
relation_tag_of_text(const char *text)
{
	JurLabelError error;
	JurRelationTag *tag = jur_parse_relation_tag(text, &error);

	if (tag == NULL)
		bad_tag(text, &error, RELATION_GRAMMAR);
	check_code(jur_unknown_in_relation_tag(tag));
	return tag;
}

/* role tags are shared: in a database without the registry, syntax must do */
static JurRoleTag *
role_tag_of_text(const char *text)
{
	JurLabelError error;
	JurRoleTag *tag = jur_parse_role_tag(text, &error);

	if (tag == NULL)
		bad_tag(text, &error, ROLE_GRAMMAR);
	if (jur_is_installed())
		check_code(jur_unknown_in_role_tag(tag));
	return tag;
}

/* ----------------------------------------------------------------- authority */

/* masks that show nothing of the value */
static bool
hides_all(JurMask mask)
{
	return mask == JUR_MASK_NULL || mask == JUR_MASK_REFUSE;
}

static bool
same_mask(const JurColumnTag *a, const JurColumnTag *b)
{
	return a->mask == b->mask && a->prefix == b->prefix && a->suffix == b->suffix;
}

static bool
raises_more(const JurColumnTag *before, const JurColumnTag *after)
{
	JurAtom		a = {0};
	JurAtom		b = {0};

	if ((before->raise == NULL) != (after->raise == NULL))
		return false;
	if (before->raise)
		return jur_label_flows(before->raise, after->raise);
	/* compare the place-less raises as atoms of one place */
	a.place = b.place = "XX";
	a.level = before->level;
	a.categories = before->categories;
	a.ncategories = before->ncategories;
	b.level = after->level;
	b.categories = after->categories;
	b.ncategories = after->ncategories;
	return jur_atom_flows(&a, &b);
}

/* does replacing BEFORE by AFTER only take away (ruling 7)? */
static bool
column_tightens(const char *before_text, const JurColumnTag *after)
{
	JurLabelError error;
	JurColumnTag *before;

	if (before_text == NULL)
		return true;
	before = jur_parse_column_tag(before_text, &error);
	if (before == NULL || before->is_rows != after->is_rows)
		return false;
	if (after->is_rows)
		return before->within == NULL ||
			(after->within && jur_label_flows(after->within, before->within));
	return raises_more(before, after) &&
		(same_mask(before, after) || hides_all(after->mask));
}

static bool
relation_tightens(const char *before_text, const JurRelationTag *after)
{
	JurLabelError error;
	JurRelationTag *before;

	if (after->nplaces > 0 || after->accepts)
		return false;
	if (before_text == NULL)
		return true;
	before = jur_parse_relation_tag(before_text, &error);
	if (before == NULL || after->label == NULL)
		return false;
	return before->label == NULL || jur_label_flows(before->label, after->label);
}

static void
refuse_tagging(const char *object, const char *reason)
{
	jur_refused_guarded("tag", object, reason);
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("permission denied to tag %s", object),
			 errdetail("%s", reason),
			 errhint("An owner may only tighten; ask an officer.")));
}

static void
require_authority(Oid relid, const char *object, bool tightens)
{
	if (jur_is_restoring() || jur_is_officer())
		return;
	if (!jur_owns_relation(relid, GetUserId()))
		refuse_tagging(object, "Only its owner and officers may tag it.");
	if (!tightens)
		refuse_tagging(object, "This would loosen or remove what protects it, which only officers may do.");
}

/* ------------------------------------------------------------------ relations */

static void
check_mask_type(const JurColumnTag *tag, const char *column, Oid type)
{
	Oid			base = getBaseType(type);
	char		category;
	bool		preferred;
	bool		fits = true;

	get_type_category_preferred(base, &category, &preferred);
	switch (tag->mask)
	{
		case JUR_MASK_NULL:
		case JUR_MASK_REFUSE:
			break;
		case JUR_MASK_PARTIAL:
		case JUR_MASK_HASH:
		case JUR_MASK_REDACT:
			/* seen as text, so it must be text but for its name */
			fits = category == TYPCATEGORY_STRING && get_typlen(base) == -1;
			break;
		case JUR_MASK_YEAR:
			fits = base == DATEOID || base == TIMESTAMPOID || base == TIMESTAMPTZOID;
			break;
	}
	if (!fits)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("the mask does not fit column \"%s\" of type %s",
						column, format_type_be(type)),
				 errhint("partial, hash and redact take text types; year takes date and timestamps; null and deny take any.")));
}

/* the tag of a column, checked against the column and its table */
static JurColumnTag *
checked_column_tag(Relation rel, AttrNumber attnum, const char *text)
{
	JurColumnTag *tag = jur_column_tag_of_text(text);
	const JurTagged *tagged = jur_tags_of(RelationGetRelid(rel));
	Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(rel), attnum - 1);

	tag->attnum = attnum;
	if (tag->is_rows)
	{
		if (attribute->atttypid != jur_label_type_oid())
			ereport(ERROR,
					(errcode(JUR_ERR_ARGUMENT),
					 errmsg("column \"%s\" cannot be the row label: its type is %s",
							NameStr(attribute->attname),
							format_type_be(attribute->atttypid)),
					 errhint("The row label is a column of type jurisdiction.label.")));
		if (tagged->row_attnum != 0 && tagged->row_attnum != attnum)
			ereport(ERROR,
					(errcode(JUR_ERR_ARGUMENT),
					 errmsg("table %s already has a row label: column \"%s\"",
							jur_relation_name(RelationGetRelid(rel)),
							get_attname(RelationGetRelid(rel), tagged->row_attnum, false)),
					 errhint("A table has one row label; join several with \" & \" in its values.")));
		return tag;
	}
	/* a dump may give the column its tag before the row label has its own */
	if (!jur_is_restoring() && tag->raise == NULL && tagged->row_attnum == 0 &&
		(tagged->relation == NULL || tagged->relation->label == NULL))
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("tag \"%s\" raises a label that table %s does not have",
						text, jur_relation_name(RelationGetRelid(rel))),
				 errhint("Tag the table or its row label first, or name a place in the column's tag.")));
	check_mask_type(tag, NameStr(attribute->attname), attribute->atttypid);
	return tag;
}

static bool
kind_takes_columns(char kind)
{
	return kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE ||
		kind == RELKIND_FOREIGN_TABLE;
}

static void
check_kind(Relation rel, bool is_column)
{
	char		kind = rel->rd_rel->relkind;

	if (RelationGetRelid(rel) < FirstNormalObjectId ||
		rel->rd_rel->relnamespace == jur_schema_oid())
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("%s cannot be tagged: it belongs to the system or to the extension",
						jur_relation_name(RelationGetRelid(rel)))));
	if (kind_takes_columns(kind) || (!is_column && kind == RELKIND_MATVIEW))
		return;
	ereport(ERROR,
			(errcode(JUR_ERR_ARGUMENT),
			 errmsg("%s cannot carry this tag", jur_relation_name(RelationGetRelid(rel))),
			 errhint("Tables, partitioned and foreign tables and their columns can be tagged, and materialized views as a whole; a view shows what its tables do.")));
}

/*
 * Does the tag (a column's, a relation's, or none) take the place of tighter
 * or no tags only, on the relation and on all below it, which get it as well?
 */
static bool
tightens_family(Oid relid, AttrNumber attnum, const JurColumnTag *column,
				const JurRelationTag *relation)
{
	char	   *name = attnum ? get_attname(relid, attnum, false) : NULL;
	List	   *family = find_all_inheritors(relid, AccessExclusiveLock, NULL);
	bool		tightens = true;
	ListCell   *lc;

	foreach(lc, family)
	{
		char	   *before = jur_tag_text(RelationRelationId, lfirst_oid(lc),
										  name ? get_attnum(lfirst_oid(lc), name) : 0);

		if (column)
			tightens &= column_tightens(before, column);
		else if (relation)
			tightens &= relation_tightens(before, relation);
		else
			tightens &= before == NULL;
	}
	return tightens;
}

static void
label_relation(SecLabelStmt *stmt, Relation rel, AttrNumber attnum)
{
	Oid			relid = RelationGetRelid(rel);
	char	   *object = jur_relation_name(relid);
	JurColumnTag *column = NULL;
	JurRelationTag *relation = NULL;

	check_kind(rel, attnum != 0);
	if (attnum < 0)
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("a system column of %s cannot be tagged", object)));
	if (attnum != 0)
		object = psprintf("column \"%s\" of %s", get_attname(relid, attnum, false), object);
	if (stmt->label && attnum != 0)
		column = checked_column_tag(rel, attnum, stmt->label);
	else if (stmt->label)
		relation = relation_tag_of_text(stmt->label);
	require_authority(relid, object, tightens_family(relid, attnum, column, relation));
	if (stmt->label && !jur_is_tagged(relid))
		jur_judge_tagging(relid);
	/* the lock stays; ALTER TABLE wants to be the relation's only user */
	relation_close(rel, NoLock);
	jur_tag_table(relid, attnum, stmt->label, column);
	jur_judge_cascades(relid);
	jur_judge_publications_of(relid);
	jur_recorded("tag", object, stmt->label ? stmt->label : "(removed)");
}

/* ---------------------------------------------------------------------- roles */

static int
count_officers(void)
{
	Relation	catalog = table_open(SharedSecLabelRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(catalog, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	int			count = 0;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		FormData_pg_shseclabel *row = (FormData_pg_shseclabel *) GETSTRUCT(tuple);
		bool		broken;
		const JurRoleTag *tag = row->classoid == AuthIdRelationId ?
			jur_role_tag(row->objoid, &broken) : NULL;

		count += tag && tag->is_officer;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	return count;
}

/* an officer who goes must leave another behind */
void
jur_require_other_officer(Oid roleid)
{
	bool		broken;
	const JurRoleTag *tag = jur_role_tag(roleid, &broken);

	if (tag == NULL || !tag->is_officer || count_officers() > 1)
		return;
	jur_refused_guarded("tag", GetUserNameFromId(roleid, true), "last officer");
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("role \"%s\" is the last officer", GetUserNameFromId(roleid, true)),
			 errhint("Tag another role \"officer\" first.")));
}

static void
label_role(SecLabelStmt *stmt, ObjectAddress address)
{
	char	   *name = GetUserNameFromId(address.objectId, false);
	JurRoleTag *tag = stmt->label ? role_tag_of_text(stmt->label) : NULL;

	if (!IsBinaryUpgrade && !jur_is_officer())
	{
		jur_refused_guarded("tag", name, "not an officer");
		jur_require_officer("tag a role");
	}
	if (tag == NULL || !tag->is_officer)
		jur_require_other_officer(address.objectId);
	SetSecurityLabel(&address, JUR_PROVIDER, stmt->label);
	jur_roles_changed();
	if (tag && tag->is_officer)
		jur_officer_appointed();
	jur_recorded("tag", psprintf("role %s", quote_identifier(name)),
				 stmt->label ? stmt->label : "(removed)");
}

static void
label_publication(SecLabelStmt *stmt, ObjectAddress address)
{
	JurRelationTag *tag = stmt->label ? relation_tag_of_text(stmt->label) : NULL;

	if (tag && (tag->label || tag->accepts))
		ereport(ERROR,
				(errcode(JUR_ERR_ARGUMENT),
				 errmsg("a publication's tag says only where it goes"),
				 errhint("Use \"to PLACES\", such as \"to FR, JP\".")));
	if (!jur_is_restoring())
		jur_require_officer("tag a publication");
	SetSecurityLabel(&address, JUR_PROVIDER, stmt->label);
	CommandCounterIncrement();
	jur_judge_publication(address.objectId);
	jur_recorded("tag", getObjectDescription(&address, false),
				 stmt->label ? stmt->label : "(removed)");
}

/*
 * Before a lock is asked for, and before any check that could tell something:
 * whoever may not tag the relation at all goes.
 */
static void
refuse_stranger(const SecLabelStmt *stmt)
{
	List	   *name;
	Oid			relid;

	if (stmt->objtype != OBJECT_TABLE && stmt->objtype != OBJECT_FOREIGN_TABLE &&
		stmt->objtype != OBJECT_MATVIEW && stmt->objtype != OBJECT_COLUMN)
		return;
	name = list_copy((List *) stmt->object);
	if (stmt->objtype == OBJECT_COLUMN)
		name = list_truncate(name, list_length(name) - 1);
	relid = RangeVarGetRelid(makeRangeVarFromNameList(name), NoLock, true);
	if (OidIsValid(relid))
		require_authority(relid, jur_relation_name(relid), true);
}

/*
 * SECURITY LABEL FOR jurisdiction.  Raises 22023 for a tag that is none or an
 * object that takes none, 42501 for want of authority.
 */
void
jur_security_label(SecLabelStmt *stmt)
{
	ObjectAddress address;
	Relation	rel = NULL;

	jur_session_refresh();
	if (stmt->objtype != OBJECT_ROLE && !jur_is_installed())
		ereport(ERROR,
				(errcode(JUR_ERR_NOT_CONFIGURED),
				 errmsg("the extension jurisdiction is not installed in this database"),
				 errhint("Use CREATE EXTENSION jurisdiction.")));
	refuse_stranger(stmt);
	address = get_object_address(stmt->objtype, stmt->object, &rel,
								 AccessExclusiveLock, false);
	switch (stmt->objtype)
	{
		case OBJECT_TABLE:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_MATVIEW:
		case OBJECT_COLUMN:
			label_relation(stmt, rel, address.objectSubId);
			break;
		case OBJECT_ROLE:
			label_role(stmt, address);
			break;
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
			jur_tag_function(&address, stmt->label);
			break;
		case OBJECT_PUBLICATION:
			label_publication(stmt, address);
			break;
		default:
			ereport(ERROR,
					(errcode(JUR_ERR_ARGUMENT),
					 errmsg("this kind of object cannot carry a jurisdiction tag"),
					 errhint("Tables, columns, materialized views, foreign tables, publications, functions and roles can.")));
	}
}

/*
 * The provider's callback: reached only if something runs SECURITY LABEL past
 * our utility hook, which must not set a tag unseen.
 */
static void
refuse_unseen(const ObjectAddress *object, const char *label)
{
	jur_require_preloaded("SECURITY LABEL FOR jurisdiction");
	ereport(ERROR,
			(errcode(JUR_ERR_REFUSED),
			 errmsg("a jurisdiction tag can only be set by the command SECURITY LABEL FOR jurisdiction"),
			 errhint("Name the provider: SECURITY LABEL FOR jurisdiction ON ...")));
}

void
jur_enforce_relabel_init(void)
{
	register_label_provider(JUR_PROVIDER, refuse_unseen);
}

void
jur_enforce_late_init(void)
{
	/* pg_upgrade loads every library that way: say nothing, refuse tags */
	register_label_provider(JUR_PROVIDER, refuse_unseen);
}
