/*-------------------------------------------------------------------------
 *
 * label.h
 *	  Knows: the label value: its grammar, its bytes, its lattice.
 *	  Refuses to know: places, rules, sessions, tables.
 *
 * A label is a set of atoms, all of which must be satisfied.  The functions
 * of label.c and label_io.c are pure: they call nothing of the server but
 * palloc, pfree, ereport and string builders, so they are fuzzed without
 * one.  Everything returned is palloc'd in the current context; a label that
 * is returned shares nothing with the arguments and is one chunk, so that
 * pfree(label) frees all of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef JUR_LABEL_H
#define JUR_LABEL_H

#define JUR_CODE_MAX	31		/* bytes of a place or category code */

/*
 * How large a label may be.  A text beyond these limits is no label; a join,
 * meet or raise that would yield more is an error 54000.
 */
#define JUR_ATOMS_MAX	1024	/* atoms of a label */
#define JUR_LIST_MAX	255		/* categories, and releases, of an atom */

typedef enum JurLevel
{
	JUR_PUBLIC = 0,
	JUR_INTERNAL,				/* the default in a label's text */
	JUR_CONFIDENTIAL,
	JUR_RESTRICTED,
	JUR_SECRET
} JurLevel;

typedef enum JurReleaseKind
{
	JUR_RELEASE_BY_RULES = 0,	/* no release list: the rules decide */
	JUR_RELEASE_LIST,			/* home and the listed places, nothing else */
	JUR_RELEASE_ANY				/* ">*" */
} JurReleaseKind;

typedef struct JurAtom
{
	const char *place;
	JurLevel	level;
	int			ncategories;
	const char **categories;	/* sorted by strcmp, no duplicates */
	JurReleaseKind release;
	int			nreleases;		/* of JUR_RELEASE_LIST; at least 1 */
	const char **releases;		/* sorted; holds home only if it is alone */
} JurAtom;

/* atoms sorted, none dominated by another; no atom is "unrestricted" */
typedef struct JurLabel
{
	int			natoms;
	JurAtom    *atoms;
} JurLabel;

/* why a text is not a label, and where */
typedef struct JurLabelError
{
	const char *message;		/* lower case, no full stop; palloc'd */
	int			position;		/* byte offset into the text, from 0 */
} JurLabelError;

/* label.c: the lattice (pure) */
/* a <@ b: b dominates a */
extern bool jur_atom_flows(const JurAtom *a, const JurAtom *b);
extern bool jur_label_flows(const JurLabel *a, const JurLabel *b);
extern bool jur_label_equal(const JurLabel *a, const JurLabel *b);
extern JurLabel *jur_label_join(const JurLabel *a, const JurLabel *b);
extern JurLabel *jur_label_meet(const JurLabel *a, const JurLabel *b);
/* sort, drop duplicates and dominated atoms; they may come in any order */
extern JurLabel *jur_label_canonical(JurAtom *atoms, int natoms);
extern JurLabel *jur_label_copy(const JurLabel *label);
/* every atom raised to at least LEVEL and given CATEGORIES */
extern JurLabel *jur_label_raise(const JurLabel *label, JurLevel level,
								 const char **categories, int ncategories);

/* label_io.c: text to label, by the grammar (pure) */
/* the whole of TEXT; NULL and *ERROR set if it is not a label */
extern JurLabel *jur_label_parse(const char *text, JurLabelError *error);
/*
 * A label at the beginning of TEXT (leading blanks allowed), as tags need it:
 * *USED becomes the offset of what follows it, blanks skipped.  NULL and
 * *ERROR set if no label begins there.
 */
extern JurLabel *jur_label_parse_prefix(const char *text, int *used,
										JurLabelError *error);
/*
 * The parts of the grammar that tags and clearances share; each reads at
 * TEXT[*POS], moves *POS past what it read, and returns false with *ERROR set
 * if nothing fitting stands there.  No blanks are skipped before, any after.
 */
extern bool jur_scan_place(const char *text, int *pos, char **place,
						   JurLabelError *error);
extern bool jur_scan_level(const char *text, int *pos, JurLevel *level,
						   JurLabelError *error);
/* the comma list after "/": sorted, no duplicates */
extern bool jur_scan_categories(const char *text, int *pos,
								const char ***categories, int *ncategories,
								JurLabelError *error);
/* a comma list of places: sorted, no duplicates */
extern bool jur_scan_places(const char *text, int *pos,
							const char ***places, int *nplaces,
							JurLabelError *error);
/* is this word, or character, there?  Then past it and the blanks after it. */
extern bool jur_scan_word(const char *text, int *pos, const char *word);
extern bool jur_scan_char(const char *text, int *pos, char c);
/* false, and *ERROR: expected WHAT at POS, or the word there is not WHAT */
extern bool jur_scan_expected(const char *text, int pos, const char *what,
							  JurLabelError *error);
/* by form, not by registry */
extern bool jur_is_place_code(const char *code);
extern bool jur_is_category_code(const char *code);
extern const char *jur_level_name(JurLevel level);

/* label_text.c: label to canonical text (pure) */
extern char *jur_label_text(const JurLabel *label);
/* of canonical text */
extern int	jur_label_compare(const JurLabel *a, const JurLabel *b);

/* label_bytes.c: the compact form on disk (pure); the varlena's payload */
extern bytea *jur_label_pack(const JurLabel *label);
/* NULL if the bytes are not of a label: corrupt data, to be refused */
extern JurLabel *jur_label_unpack(const void *data, Size size);
/* the compiled-in, append-only numbers of shipped categories; 0: none */
extern int	jur_category_number(const char *code);
extern const char *jur_category_by_number(int number);

/* label_sql.c: datum in, label out (errors XX001 on corrupt bytes) */
extern JurLabel *jur_label_of_datum(Datum datum);
extern Datum jur_label_datum(const JurLabel *label);
/* parse or ereport(ERROR, 22P02), saying where and showing the grammar */
extern JurLabel *jur_label_of_text(const char *text);

#endif							/* JUR_LABEL_H */
