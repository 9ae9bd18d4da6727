/*-------------------------------------------------------------------------
 *
 * fuzz_label.c
 *	  Idea: any bytes are a label or tag, or are refused cleanly; and what
 *	  was accepted is the same value in every form.
 *
 * The first byte of the input chooses what the rest is.
 *
 * Links: src/label/label.c src/label/label_io.c src/label/label_text.c
 * Links: src/label/label_bytes.c src/store/tag_text.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "label/label_internal.h"
#include "store/store.h"

#include "server_shim.h"

typedef struct Input
{
	const uint8 *data;
	size_t		size;
	char	   *text;			/* the same, ended by a zero byte */
} Input;

extern int	LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

/* an error says something, in ASCII, about a place in the text */
static void
require_error(const JurLabelError *error, size_t size)
{
	const char *c;

	shim_require(error->message != NULL && error->message[0] != '\0',
				 "an error has a message");
	shim_require(error->position >= 0 && error->position <= size,
				 "an error is within the text");
	for (c = error->message; *c; c++)
		shim_require(*c >= ' ' && *c <= '~',
					 "a message is ASCII");
}

/* text, bytes and binary form give LABEL back */
static void
require_round_trips(const JurLabel *label)
{
	JurLabelError error;
	char	   *text = jur_label_text(label);
	JurLabel   *parsed = jur_label_parse(text, &error);
	bytea	   *packed = jur_label_pack(label);
	Size		size = VARSIZE(packed) - VARHDRSZ;
	JurLabel   *unpacked = jur_label_unpack(VARDATA(packed), size);
	char	   *binary = psprintf("\001%s", text);
	JurLabel   *received = jur_label_receive(binary, strlen(binary), &error);

	shim_require(parsed && jur_label_equal(parsed, label),
				 "text gives the label back");
	shim_require(strcmp(jur_label_text(parsed), text) == 0,
				 "canonical text is stable");
	shim_require(unpacked && jur_label_equal(unpacked, label),
				 "bytes give the label back");
	shim_require(strcmp(jur_label_text(unpacked), text) == 0,
				 "bytes give the text back");
	shim_require(received && jur_label_equal(received, label),
				 "binary form gives the label back");
	shim_require(jur_label_flows(label, label),
				 "a label flows to itself");
}

static void
fuzz_text(void *arg)
{
	Input	   *input = arg;
	JurLabelError error;
	JurLabel   *label = jur_label_parse(input->text, &error);
	int			used;

	if (label)
		require_round_trips(label);
	else
		require_error(&error, input->size);

	label = jur_label_parse_prefix(input->text, &used, &error);
	if (label)
		shim_require(used > 0 && used <= strlen(input->text),
					 "a prefix ends within the text");
	else
		require_error(&error, input->size);
}

static void
fuzz_packed(void *arg)
{
	Input	   *input = arg;
	JurLabel   *label = jur_label_unpack(input->data, input->size);
	bytea	   *packed;
	Size		size;
	bool		same;
	int			order = -1;

	if (label == NULL)
		return;
	require_round_trips(label);
	packed = jur_label_pack(label);
	size = VARSIZE(packed) - VARHDRSZ;
	shim_require(jur_packed_equal(input->data, input->size,
								  VARDATA(packed), size, &same) && same,
				 "packed again, it is equal");
	jur_packed_compare(input->data, input->size,
					   VARDATA(packed), size, &order);
	shim_require(order == 0, "packed again, it compares equal");
}

static void
fuzz_binary(void *arg)
{
	Input	   *input = arg;
	JurLabelError error;
	JurLabel   *label = jur_label_receive((const char *) input->data,
										  input->size, &error);

	if (label)
	{
		shim_require(strlen(jur_label_text(label)) == input->size - 1,
					 "binary form is version and text");
		require_round_trips(label);
	}
	else
		require_error(&error, input->size);
}

static void
fuzz_tags(void *arg)
{
	Input	   *input = arg;
	JurLabelError error;
	JurColumnTag *column = jur_parse_column_tag(input->text, &error);
	JurRelationTag *relation;
	JurRoleTag *role;

	if (column == NULL)
		require_error(&error, input->size);
	else if (column->within)
		require_round_trips(column->within);

	relation = jur_parse_relation_tag(input->text, &error);
	if (relation == NULL)
		require_error(&error, input->size);
	else
		shim_require(relation->label || relation->accepts ||
					 relation->nplaces > 0,
					 "a tag of a relation says something");

	role = jur_parse_role_tag(input->text, &error);
	if (role == NULL)
		require_error(&error, input->size);
	else
		shim_require(role->is_cleared == (role->nplaces > 0),
					 "clearance goes with places");
}

/* two labels, parted by a newline */
static void
fuzz_pair(void *arg)
{
	Input	   *input = arg;
	char	   *second = strchr(input->text, '\n');
	JurLabelError error;
	JurLabel   *a;
	JurLabel   *b;
	JurLabel   *join;
	JurLabel   *meet;

	if (second == NULL)
		return;
	*second++ = '\0';
	a = jur_label_parse(input->text, &error);
	b = jur_label_parse(second, &error);
	if (a == NULL || b == NULL)
		return;
	join = jur_label_join(a, b);
	meet = jur_label_meet(a, b);
	require_round_trips(join);
	require_round_trips(meet);
	shim_require(jur_label_flows(a, join) && jur_label_flows(b, join),
				 "the join is above both");
	shim_require(jur_label_flows(meet, a) && jur_label_flows(meet, b),
				 "the meet is below both");
	shim_require(jur_label_equal(join, b) == jur_label_flows(a, b),
				 "the join is the upper of two in order");
	shim_require(jur_label_equal(meet, a) == jur_label_flows(a, b),
				 "the meet is the lower of two in order");
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	static void (*const targets[]) (void *) = {
		fuzz_text, fuzz_packed, fuzz_binary, fuzz_tags, fuzz_pair
	};
	Input		input;

	if (size < 1 || data[0] < '0' || data[0] >= '0' + lengthof(targets))
		return -1;
	/* copied, so that the sanitizers see the exact bounds */
	input.size = size - 1;
	input.data = memcpy(palloc(size), data + 1, size - 1);
	input.text = pnstrdup((const char *) input.data, input.size);

	/* a label beyond the limits raises; nothing else may */
	if (!shim_try(targets[data[0] - '0'], &input))
		shim_require(shim_sqlstate == ERRCODE_PROGRAM_LIMIT_EXCEEDED,
					 "only the limits raise");
	shim_reset();
	return 0;
}
