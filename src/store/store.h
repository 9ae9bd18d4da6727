/*-------------------------------------------------------------------------
 *
 * store.h
 *	  Knows: where our things are in the catalogs: OIDs, tags, policy rows.
 *	  Refuses to know: what follows from them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_STORE_H
#define JUR_STORE_H

#include "access/attnum.h"
#include "utils/rel.h"

#include "label/label.h"

#define JUR_PROVIDER	"jurisdiction"
#define JUR_SCHEMA		"jurisdiction"

/*
 * store.c: is the extension here, and under which OIDs?  Every OID is
 * InvalidOid where the extension is not installed in this database.
 */
extern bool jur_is_installed(void);
extern Oid	jur_schema_oid(void);
extern Oid	jur_extension_oid(void);
extern Oid	jur_label_type_oid(void);
/* a relation of ours by name (cached); InvalidOid if there is none */
extern Oid	jur_table_oid(const char *name);
/* a function of ours by name, a string constant, which is kept; exactly one has that name */
extern Oid	jur_function_oid(const char *name);
/* is RELID a table of policy (not a view), which officers alone may write? */
extern bool jur_is_policy_table(Oid relid);

/*
 * invalidate.c: the server's invalidation callbacks, once.  What changed is
 * told as early as the server tells it; a subscriber only marks its cache
 * stale and reads nothing.
 */
typedef enum JurChange
{
	JUR_CHANGED_POLICY,			/* a policy table, or the extension itself */
	JUR_CHANGED_NETWORK,		/* jurisdiction.network */
	JUR_CHANGED_ROLES,			/* role tags, memberships, roles, exemptions */
	JUR_CHANGED_KEYS,			/* jurisdiction.key and key_material */
	JUR_CHANGED_TAGS			/* the tags of relation RELID (InvalidOid: any) */
} JurChange;

typedef void (*JurChangeCallback) (JurChange change, Oid relid);

extern void jur_on_change(JurChangeCallback callback);
extern void jur_invalidate_init(void);
/* tell every backend, at commit, that a role's tag or a relation's changed */
extern void jur_roles_changed(void);
extern void jur_relation_changed(Oid relid);

/*
 * tag_text.c: the grammar of tags (pure).  A parser returns NULL and sets
 * *ERROR where the text is no such tag.
 */
typedef enum JurMask
{
	JUR_MASK_NULL = 0,
	JUR_MASK_PARTIAL,			/* keep PREFIX and SUFFIX characters */
	JUR_MASK_HASH,
	JUR_MASK_REDACT,
	JUR_MASK_YEAR,
	JUR_MASK_REFUSE				/* "deny": any reference is an error */
} JurMask;

typedef struct JurColumnTag
{
	AttrNumber	attnum;
	bool		is_rows;		/* "rows [within LABEL]": the row label */
	JurLabel   *within;			/* of is_rows; NULL: no ceiling */
	bool		concurrently;
	JurLabel   *raise;			/* a whole label to raise to, or NULL */
	JurLevel	level;			/* of a place-less raise (raise == NULL) */
	int			ncategories;
	const char **categories;
	JurMask		mask;
	int			prefix;			/* of JUR_MASK_PARTIAL, in characters */
	int			suffix;
	bool		is_derived;		/* a generated column's, only from what it is computed of */
	bool		raises_too;		/* besides RAISE, the place-less part counts */
} JurColumnTag;

typedef struct JurRelationTag
{
	JurLabel   *label;			/* the static label, or NULL */
	JurLabel   *accepts;		/* "accepts LABEL": a legal sink up to there */
	int			nplaces;		/* "to PLACES" of a foreign table, publication */
	const char **places;
} JurRelationTag;

/* what a role's tag grants; a clearance is one (level, categories) pair */
typedef struct JurClearance
{
	JurLevel	level;
	bool		all_categories;
	int			ncategories;
	const char **categories;
} JurClearance;

typedef struct JurRoleTag
{
	int			nplaces;		/* "at PLACES" */
	const char **places;
	bool		is_cleared;		/* false where there is no "at": no clearance */
	JurClearance clearance;
	bool		is_officer;
	bool		is_auditor;		/* may read the evidence log */
	bool		is_backup;
	bool		needs_token;	/* "token required" */
	int			npurposes;		/* "for PURPOSE,..." */
	const char **purposes;
	bool		release_any;	/* "release *" */
	int			nreleases;		/* "release PLACES" */
	const char **releases;
	int			nreplicates;	/* "replicate to PLACES" */
	const char **replicates;
	const char *organisation;	/* org "NAME" */
} JurRoleTag;

extern JurColumnTag *jur_parse_column_tag(const char *text, JurLabelError *error);
extern JurRelationTag *jur_parse_relation_tag(const char *text, JurLabelError *error);
extern JurRoleTag *jur_parse_role_tag(const char *text, JurLabelError *error);

/*
 * object_label.c: the tags of a relation, cached until they change.  The
 * result lives in the cache: it is valid until the next call that may accept
 * invalidations, so use it at once or copy what is needed.
 */
typedef struct JurTagged
{
	Oid			relid;
	bool		is_tagged;		/* any tag at all */
	bool		is_broken;		/* a tag that cannot be read: everything is refused */
	JurRelationTag *relation;	/* NULL: no tag on the relation itself */
	AttrNumber	row_attnum;		/* the row label's column; 0: none */
	JurLabel   *ceiling;		/* of "rows within"; NULL: none */
	bool		ceiling_holds;	/* a validated CHECK and NOT NULL enforce it */
	int			ncolumns;		/* raises */
	JurColumnTag *columns;
} JurTagged;

extern const JurTagged *jur_tags_of(Oid relid);
extern bool jur_is_tagged(Oid relid);
/* is CONSTRAINT, by whatever name, the CHECK of "rows within"? */
extern bool jur_is_ceiling(Oid relid, const char *constraint);
/* is any relation of this database tagged?  (cached) */
extern bool jur_any_tagged(void);
/* the OIDs of all tagged relations of this database; uncached */
extern List *jur_tagged_relations(void);
/* the text of one tag, or NULL; uncached */
extern char *jur_tag_text(Oid classid, Oid objid, int32 subid);
/* a role's tag, cached; NULL: untagged.  *BROKEN: tagged, but unreadable */
extern const JurRoleTag *jur_role_tag(Oid roleid, bool *broken);
/* is any role tagged officer? */
extern bool jur_any_officer(void);
/* is any role of the cluster tagged at all? */
extern bool jur_any_role_tagged(void);

#endif							/* JUR_STORE_H */
