/*-------------------------------------------------------------------------
 *
 * range_properties.c
 *	  Idea: what a line of a geographic file is, and that a range and its
 *	  blocks are the same addresses.
 *
 * Links: src/session/session_ranges.c
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "session/session_internal.h"

#include "server_shim.h"

typedef struct Example
{
	const char *line;
	const char *meaning;		/* NULL: not a range */
} Example;

static const Example examples[] = {
	{"16777216,16777471,AU", "0:1000000-0:10000ff AU"},
	{"16777216,16777471,AU\n", "0:1000000-0:10000ff AU"},
	{"16777216,16777471,AU\r\n", "0:1000000-0:10000ff AU"},
	{"0,4294967295,??", "0:0-0:ffffffff ??"},
	{"7,7,A1", "0:7-0:7 A1"},
	{"0007,7,A1", "0:7-0:7 A1"},
	{"7,6,AU", NULL},
	{"0,4294967296,AU", NULL},
	{"0,18446744073709551616,AU", NULL},
	{"0,99999999999999999999999999999999999999999,AU", NULL},
	{"+1,2,AU", NULL},
	{" 1,2,AU", NULL},
	{"1, 2,AU", NULL},
	{",2,AU", NULL},
	{"1,,AU", NULL},
	{"1,2,", NULL},
	{"1,2,A", NULL},
	{"1,2,au", NULL},
	{"1,2,AUS", NULL},
	{"1,2,AU,", NULL},
	{"1,2,AU ", NULL},
	{"1,2", NULL},
	{"1", NULL},
	{"", NULL},
	{"1.0.0.0,1.0.0.255,AU", NULL},
	{"2001:200::,2001:200:1:ffff::,JP", "2001020000000000:0-200102000001ffff:0 JP"},
	{"::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,EU", "0:0-ffffffffffffffff:ffffffffffffffff EU"},
	{"::1,::2,EU", "0:1-0:2 EU"},
	{"::ffff:1.2.3.4,::ffff:1.2.3.4,EU", "0:ffff01020304-0:ffff01020304 EU"},
	{"::2,::1,EU", NULL},
	{"::1,2,EU", NULL},
	{"1,::2,EU", NULL},
	{"::g,::2,EU", NULL},
	{"2001:db8::/32,2001:db8::/32,EU", NULL},
	{"fe80::1%eth0,fe80::1%eth0,EU", NULL},
	{"0000:0000:0000:0000:0000:0000:0000:0000:0000:0000,::2,EU", NULL},
};

static uint64 random_state = UINT64CONST(0x9E3779B97F4A7C15);

static uint64
random_bits(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* few bits set or unset as often as many */
static uint64
random_number(void)
{
	uint64		number = random_bits() >> (random_bits() >> 58);

	return (random_bits() >> 63) ? number : ~number;
}

static int
try_examples(void)
{
	int			wrong = 0;
	int			i;

	for (i = 0; i < lengthof(examples); i++)
	{
		char		meaning[128] = "nothing";
		const char *expected = examples[i].meaning ? examples[i].meaning : "nothing";
		JurRange	range;

		if (jur_parse_range(examples[i].line, &range))
			snprintf(meaning, sizeof(meaning), "%lx:%lx-%lx:%lx %s",
					 (unsigned long) range.first.high, (unsigned long) range.first.low,
					 (unsigned long) range.last.high, (unsigned long) range.last.low,
					 range.code);
		if (strcmp(meaning, expected) != 0)
		{
			fprintf(stderr, "%s\n  expected: %s\n  got:      %s\n",
					examples[i].line, expected, meaning);
			wrong++;
		}
	}
	return wrong;
}

/* a line with some bytes changed is a range or not, and reads nothing beyond */
static void
try_damaged_line(void)
{
	const char *line = examples[random_bits() % lengthof(examples)].line;
	size_t		size = strlen(line) + 1;
	char	   *copy = malloc(size);
	JurRange	range;
	int			n;

	memcpy(copy, line, size);
	for (n = random_bits() % 3; size > 1 && n >= 0; n--)
		copy[random_bits() % (size - 1)] = (char) random_bits();
	if (jur_parse_range(copy, &range))
		shim_require(jur_compare_addresses(range.first, range.last) <= 0 && !range.is_spent,
					 "what is read begins before it ends");
	free(copy);
}

static JurAddress
successor(JurAddress address)
{
	address.low++;
	if (address.low == 0)
		address.high++;
	return address;
}

/* FIRST with its last WIDTH - BITS bits set; they must have been clear */
static JurAddress
last_of(const JurBlock *block, int width)
{
	JurAddress	last = block->first;
	int			bit;

	for (bit = 0; bit < width - block->bits; bit++)
	{
		uint64	   *half = bit < 64 ? &last.low : &last.high;
		uint64		mask = UINT64CONST(1) << (bit % 64);

		shim_require((*half & mask) == 0, "a block begins at a multiple of its size");
		*half |= mask;
	}
	return last;
}

/* blocks follow each other from the first address to the last */
static void
try_range(bool is_ipv6)
{
	JurRange	range = {.is_ipv6 = is_ipv6};
	JurAddress	next;
	JurBlock	block;
	int			width = is_ipv6 ? 128 : 32;
	int			nblocks = 0;
	JurAddress	last;

	range.first.low = is_ipv6 ? random_number() : random_number() & 0xffffffff;
	range.last.low = is_ipv6 ? random_number() : random_number() & 0xffffffff;
	range.first.high = is_ipv6 ? random_number() : 0;
	range.last.high = is_ipv6 ? random_number() : 0;
	/* within one high half as often as not */
	if (random_bits() >> 63)
		range.last.high = range.first.high;
	if (jur_compare_addresses(range.first, range.last) > 0)
	{
		next = range.first;
		range.first = range.last;
		range.last = next;
	}
	next = range.first;
	last = range.last;
	while (jur_next_block(&range, &block))
	{
		JurAddress	end = last_of(&block, width);

		shim_require(block.bits >= 0 && block.bits <= width, "a prefix is in its address");
		shim_require(jur_compare_addresses(block.first, next) == 0, "blocks leave no gap");
		shim_require(jur_compare_addresses(end, last) <= 0, "blocks end with the range");
		shim_require(++nblocks <= 2 * width, "blocks are as large as can be");
		next = successor(end);
	}
	shim_require(jur_compare_addresses(next, successor(last)) == 0, "blocks reach the end");
	shim_require(!jur_next_block(&range, &block), "nothing is left after the end");
}

int
main(int argc, char **argv)
{
	int			count = argc > 1 ? atoi(argv[1]) : 20000;
	int			wrong = try_examples();
	int			i;

	for (i = 0; i < count; i++)
	{
		try_damaged_line();
		try_range(false);
		try_range(true);
	}
	printf("range: %d examples, %d wrong; %d ranges of each family\n",
		   (int) lengthof(examples), wrong, count);
	return wrong > 0;
}
