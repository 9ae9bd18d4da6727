/*-------------------------------------------------------------------------
 *
 * label_bytes.c
 *	  Idea: the compact form of a label on disk.
 *
 *	packed = header [ natoms:2 ] atom...		natoms: big-endian, from 2
 *	header = 01fm000u		f: some category is by name; m: natoms follows
 *							u: unrestricted, and nothing follows
 *	atom   = 0cckklll place [ ncategories:1 ] category...
 *			 [ nreleases:1 place... ]
 *							lll: level; kk: JurReleaseKind
 *							cc: number of categories; 3: ncategories follows
 *	place  = two upper-case letters | length:1 code
 *	category = number:1 | 0 length:1 code
 *
 * Shipped categories are numbered, others are named.  The numbering only ever
 * grows, so a category that was named once may have a number now: bytes that
 * differ may mean the same label, which flag f tells.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "base/varlena.h"
#include "label/label_internal.h"

#define FORMAT_MASK		0xC0
#define FORMAT			0x40
#define BY_NAME			0x20
#define MANY_ATOMS		0x10
#define UNRESTRICTED	0x01

#define LEVEL_MASK		0x07
#define RELEASE_SHIFT	3
#define RELEASE_MASK	0x03
#define COUNT_SHIFT		5
#define COUNT_FOLLOWS	3

/* beyond this, no bytes can be a label within the limits of label.h */
#define PACKED_MAX		(3 + JUR_ATOMS_MAX * \
						 (3 + (JUR_CODE_MAX + 2) * (2 * JUR_LIST_MAX + 1)))

/*
 * The numbers are stored in every table: append only, from 1.  At most 255.
 */
static const char *const numbered_categories[] = {
	NULL,						/* 0 means: by name */
	"personal",
	"identifying",
	"sensitive",
	"special_category",
	"name",
	"contact",
	"official_id",
	"identifier",
	"device_id",
	"ip_address",				/* 10 */
	"location",
	"precise_geolocation",
	"health",
	"genetic",
	"biometric",
	"financial",
	"payment_card",
	"criminal",
	"race",
	"ethnic_origin",			/* 20 */
	"political_opinion",
	"religious_belief",
	"philosophical_belief",
	"trade_union",
	"sex_life",
	"communications",
	"communications_metadata",
	"authentication",
	"employment",
	"education",				/* 30 */
	"nationality",
	"behavioural",
	"tracking",
	"transactional",
	"pseudonymised",
	"anonymised",
	"synthetic",
	"non_personal",
	"confidential_data",
	"commercially_confidential",	/* 40 */
	"professional_secret",
	"statistical_confidential",
	"intellectual_property",
	"uncategorised",
};

StaticAssertDecl(lengthof(numbered_categories) <= 256,
				 "a category's number is one byte");

int
jur_category_number(const char *code)
{
	int			i;

	for (i = 1; i < lengthof(numbered_categories); i++)
	{
		if (strcmp(numbered_categories[i], code) == 0)
			return i;
	}
	return 0;
}

const char *
jur_category_by_number(int number)
{
	if (number < 1 || number >= lengthof(numbered_categories))
		return NULL;
	return numbered_categories[number];
}

/* --- packing ----------------------------------------------------------- */

/* where bytes go; DATA is NULL where they are only counted */
typedef struct Writer
{
	uint8	   *data;
	Size		size;
} Writer;

static void
put_byte(Writer *writer, int byte)
{
	if (writer->data)
		writer->data[writer->size] = (uint8) byte;
	writer->size++;
}

static void
put_code(Writer *writer, const char *code, Size length)
{
	if (writer->data)
		memcpy(writer->data + writer->size, code, length);
	writer->size += length;
}

static bool
is_country(const char *code, Size length)
{
	return length == 2 &&
		code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z';
}

static void
put_place(Writer *writer, const char *place)
{
	Size		length = strlen(place);

	if (!is_country(place, length))
		put_byte(writer, length);
	put_code(writer, place, length);
}

static void
put_category(Writer *writer, const char *category, bool *by_name)
{
	int			number = jur_category_number(category);

	put_byte(writer, number);
	if (number == 0)
	{
		put_byte(writer, strlen(category));
		put_code(writer, category, strlen(category));
		*by_name = true;
	}
}

static void
put_atom(Writer *writer, const JurAtom *atom, bool *by_name)
{
	int			i;

	put_byte(writer, atom->level | atom->release << RELEASE_SHIFT |
			 Min(atom->ncategories, COUNT_FOLLOWS) << COUNT_SHIFT);
	put_place(writer, atom->place);
	if (atom->ncategories >= COUNT_FOLLOWS)
		put_byte(writer, atom->ncategories);
	for (i = 0; i < atom->ncategories; i++)
		put_category(writer, atom->categories[i], by_name);
	if (atom->release == JUR_RELEASE_LIST)
	{
		put_byte(writer, atom->nreleases);
		for (i = 0; i < atom->nreleases; i++)
			put_place(writer, atom->releases[i]);
	}
}

/* HEADER is known only after the atoms: the first pass finds it out */
static int
put_label(Writer *writer, const JurLabel *label, int header)
{
	bool		by_name = false;
	int			i;

	put_byte(writer, header);
	if (label->natoms > 1)
	{
		put_byte(writer, label->natoms >> 8);
		put_byte(writer, label->natoms & 0xFF);
	}
	for (i = 0; i < label->natoms; i++)
		put_atom(writer, &label->atoms[i], &by_name);
	return FORMAT | (by_name ? BY_NAME : 0) |
		(label->natoms > 1 ? MANY_ATOMS : 0) |
		(label->natoms == 0 ? UNRESTRICTED : 0);
}

bytea *
jur_label_pack(const JurLabel *label)
{
	Writer		writer = {NULL, 0};
	int			header = put_label(&writer, label, 0);
	bytea	   *packed = palloc(VARHDRSZ + writer.size);

	SET_VARSIZE(packed, VARHDRSZ + writer.size);
	writer.data = (uint8 *) VARDATA(packed);
	writer.size = 0;
	put_label(&writer, label, header);
	return packed;
}

/* --- unpacking --------------------------------------------------------- */

/*
 * Bytes that may be anything.  After a failure the reader is at its end and
 * stays there, so that callers need look at "failed" only where they loop.
 */
typedef struct Reader
{
	const uint8 *at;
	const uint8 *end;
	bool		failed;
	bool		by_name;		/* a category was given by name */
	const char **pointers;		/* free space for lists, */
	char	   *strings;		/* and for codes */
} Reader;

static int
fail(Reader *reader)
{
	reader->failed = true;
	reader->at = reader->end;
	return 0;
}

static int
get_byte(Reader *reader)
{
	if (reader->at == reader->end)
		return fail(reader);
	return *reader->at++;
}

static const char *
get_code(Reader *reader, int length)
{
	char	   *code = reader->strings;

	if (length > JUR_CODE_MAX || reader->end - reader->at < length)
	{
		fail(reader);
		length = 0;
	}
	memcpy(code, reader->at, length);
	code[length] = '\0';
	reader->at += length;
	reader->strings += length + 1;
	if (strlen(code) != length)
		fail(reader);
	return code;
}

/* one form per place: two letters never come with a length */
static const char *
get_place(Reader *reader)
{
	bool		country = reader->at < reader->end && *reader->at >= 'A';
	int			length = country ? 2 : get_byte(reader);
	const char *place = get_code(reader, length);

	if (!jur_is_place_code(place) || is_country(place, length) != country)
		fail(reader);
	return place;
}

static const char *
get_category(Reader *reader)
{
	int			number = get_byte(reader);
	const char *category;

	if (number == 0)
	{
		reader->by_name = true;
		category = get_code(reader, get_byte(reader));
		if (!jur_is_category_code(category))
			fail(reader);
		return category;
	}
	category = jur_category_by_number(number);
	if (category == NULL)
	{
		fail(reader);
		return "";
	}
	return category;
}

/* N codes in ascending order */
static const char **
get_list(Reader *reader, int n, const char *(*get) (Reader *reader))
{
	const char **list = reader->pointers;
	int			i;

	for (i = 0; i < n && !reader->failed; i++)
	{
		list[i] = get(reader);
		if (i > 0 && strcmp(list[i - 1], list[i]) >= 0)
			fail(reader);
	}
	reader->pointers += n;
	return list;
}

static void
get_releases(Reader *reader, JurAtom *atom)
{
	int			i;

	atom->nreleases = get_byte(reader);
	atom->releases = get_list(reader, atom->nreleases, get_place);
	if (atom->nreleases == 0)
		fail(reader);
	for (i = 0; i < atom->nreleases && !reader->failed; i++)
	{
		if (atom->nreleases > 1 && strcmp(atom->releases[i], atom->place) == 0)
			fail(reader);
	}
}

static void
get_atom(Reader *reader, JurAtom *atom)
{
	int			first = get_byte(reader);

	memset(atom, 0, sizeof(*atom));
	atom->level = first & LEVEL_MASK;
	atom->release = (first >> RELEASE_SHIFT) & RELEASE_MASK;
	atom->ncategories = first >> COUNT_SHIFT;
	if (atom->level > JUR_SECRET || atom->release > JUR_RELEASE_ANY ||
		atom->ncategories > COUNT_FOLLOWS)
		fail(reader);
	atom->place = get_place(reader);
	if (atom->ncategories == COUNT_FOLLOWS)
	{
		atom->ncategories = get_byte(reader);
		if (atom->ncategories < COUNT_FOLLOWS)
			fail(reader);
	}
	atom->categories = get_list(reader, atom->ncategories, get_category);
	if (atom->release == JUR_RELEASE_LIST)
		get_releases(reader, atom);
}

/* atoms in ascending order, none dominated by another of its place */
static bool
is_canonical(const JurLabel *label)
{
	int			first = 0;
	int			i;
	int			j;

	for (i = 1; i < label->natoms; i++)
	{
		const JurAtom *atom = &label->atoms[i];

		if (jur_atom_compare(atom - 1, atom) >= 0)
			return false;
		if (strcmp(label->atoms[first].place, atom->place) != 0)
			first = i;
		for (j = first; j < i; j++)
		{
			if (jur_atom_flows(&label->atoms[j], atom) ||
				jur_atom_flows(atom, &label->atoms[j]))
				return false;
		}
	}
	return true;
}

/* the header byte, and how many atoms follow; -1 if that cannot be */
static int
get_header(Reader *reader, int *natoms)
{
	int			header = get_byte(reader);

	*natoms = 1;
	if ((header & FORMAT_MASK) != FORMAT)
		return -1;
	if (header == (FORMAT | UNRESTRICTED))
		*natoms = 0;
	else if ((header & ~(FORMAT_MASK | BY_NAME | MANY_ATOMS)) != 0)
		return -1;
	if (header & MANY_ATOMS)
	{
		*natoms = get_byte(reader) << 8;
		*natoms |= get_byte(reader);
		if (*natoms < 2 || *natoms > JUR_ATOMS_MAX)
			return -1;
	}
	return header;
}

/*
 * Room for any label that SIZE bytes can hold: a pointer per byte, since each
 * code takes one at least, and twice the bytes for codes with their final
 * zeros.  The last term is what a code that fails may still write.
 */
static Size
room_for(Size size, int natoms)
{
	return MAXALIGN(sizeof(JurLabel)) + natoms * sizeof(JurAtom) +
		size * sizeof(char *) + 2 * size + 8;
}

JurLabel *
jur_label_unpack_in(const void *data, Size size,
					void *space, Size space_size)
{
	Reader		reader = {data, (const uint8 *) data + size, false, false};
	JurLabel   *label;
	int			natoms;
	int			header;
	int			i;

	if (size > PACKED_MAX)
		return NULL;
	header = get_header(&reader, &natoms);
	if (header < 0)
		return NULL;

	label = room_for(size, natoms) <= space_size ?
		space : palloc(room_for(size, natoms));
	label->natoms = natoms;
	label->atoms = (JurAtom *) ((char *) label + MAXALIGN(sizeof(JurLabel)));
	reader.pointers = (const char **) (label->atoms + natoms);
	reader.strings = (char *) (reader.pointers + size);
	for (i = 0; i < natoms && !reader.failed; i++)
		get_atom(&reader, &label->atoms[i]);

	if (reader.failed || reader.at != reader.end ||
		reader.by_name != ((header & BY_NAME) != 0) || !is_canonical(label))
	{
		if ((void *) label != space)
			pfree(label);
		return NULL;
	}
	return label;
}

JurLabel *
jur_label_unpack(const void *data, Size size)
{
	return jur_label_unpack_in(data, size, NULL, 0);
}

/* --- comparing --------------------------------------------------------- */

/* enough for every label but rare ones; larger ones are palloc'd */
typedef union Space
{
	char		bytes[1024];
	uint64		alignment;
} Space;

static bool
are_same(const void *a, Size a_size, const void *b, Size b_size)
{
	return a_size == b_size && a_size > 0 && memcmp(a, b, a_size) == 0;
}

static bool
have_names(const uint8 *a, const uint8 *b)
{
	return ((a[0] | b[0]) & BY_NAME) != 0;
}

/* the two letters of the first atom's place, or NULL */
static const char *
first_country(const uint8 *data, Size size)
{
	Size		at = data[0] & MANY_ATOMS ? 4 : 2;

	if (size < at + 2 || !is_country((const char *) data + at, 2))
		return NULL;
	return (const char *) data + at;
}

typedef int (*Relation) (const JurLabel *a, const JurLabel *b);

/* what RELATION says of the two labels; false if they are none */
static bool
relate(const void *a, Size a_size, const void *b, Size b_size,
	   Relation relation, int *result)
{
	Space		a_space;
	Space		b_space;
	JurLabel   *a_label = jur_label_unpack_in(a, a_size,
											  &a_space, sizeof(a_space));
	JurLabel   *b_label = jur_label_unpack_in(b, b_size,
											  &b_space, sizeof(b_space));
	bool		are_labels = a_label != NULL && b_label != NULL;

	if (are_labels)
		*result = relation(a_label, b_label);
	if (a_label && (void *) a_label != &a_space)
		pfree(a_label);
	if (b_label && (void *) b_label != &b_space)
		pfree(b_label);
	return are_labels;
}

static int
flows(const JurLabel *a, const JurLabel *b)
{
	return jur_label_flows(a, b);
}

bool
jur_packed_equal(const void *a, Size a_size, const void *b, Size b_size,
				 bool *result)
{
	int			order;

	if (a_size == 0 || b_size == 0)
		return false;
	if (are_same(a, a_size, b, b_size))
		*result = true;
	else if (!have_names(a, b))
		*result = false;		/* without names, a label has one form */
	else if (relate(a, a_size, b, b_size, jur_label_compare, &order))
		*result = order == 0;
	else
		return false;
	return true;
}

bool
jur_packed_compare(const void *a, Size a_size, const void *b, Size b_size,
				   int *result)
{
	const char *a_place;
	const char *b_place;

	if (a_size == 0 || b_size == 0)
		return false;
	if (are_same(a, a_size, b, b_size))
	{
		*result = 0;
		return true;
	}

	/* canonical text begins with the place, which decides most comparisons */
	a_place = first_country(a, a_size);
	b_place = first_country(b, b_size);
	if (a_place && b_place && memcmp(a_place, b_place, 2) != 0)
	{
		*result = memcmp(a_place, b_place, 2);
		return true;
	}
	return relate(a, a_size, b, b_size, jur_label_compare, result);
}

bool
jur_packed_flows(const void *a, Size a_size, const void *b, Size b_size,
				 bool *result)
{
	int			answer;

	if (are_same(a, a_size, b, b_size))
		answer = true;
	else if (!relate(a, a_size, b, b_size, flows, &answer))
		return false;
	*result = answer != 0;
	return true;
}
