/*-------------------------------------------------------------------------
 *
 * session_ranges.c
 *	  Idea: a range of addresses is a line of text, and a row of blocks.
 *
 * Geographic files list ranges, a table of cidr holds blocks: 2^n addresses
 * that begin at a multiple of 2^n.  Pure: nothing is allocated or raised.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <sys/socket.h>

#include "session/session_internal.h"

/* an IPv6 address and its terminator */
#define ADDRESS_SIZE 46

int
jur_compare_addresses(JurAddress a, JurAddress b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	if (a.low != b.low)
		return a.low < b.low ? -1 : 1;
	return 0;
}

/* ---------------------------------------------------------------- parsing */

/* IPv4, as the number that it is */
static bool
parse_number(const char *text, JurAddress *address)
{
	const char *c;

	address->high = 0;
	address->low = 0;
	for (c = text; *c; c++)
	{
		if (!isdigit((unsigned char) *c))
			return false;
		address->low = address->low * 10 + (*c - '0');
		if (address->low > PG_UINT32_MAX)
			return false;
	}
	return c > text;
}

static uint64
number_of_bytes(const unsigned char *bytes)
{
	uint64		number = 0;
	int			i;

	for (i = 0; i < 8; i++)
		number = number << 8 | bytes[i];
	return number;
}

static bool
parse_ipv6(const char *text, JurAddress *address)
{
	unsigned char bytes[16];

	if (inet_pton(AF_INET6, text, bytes) != 1)
		return false;
	address->high = number_of_bytes(bytes);
	address->low = number_of_bytes(bytes + 8);
	return true;
}

/* copies what is before the next comma; NULL if that is no address */
static const char *
take_field(const char *line, char field[ADDRESS_SIZE])
{
	size_t		length = strcspn(line, ",");

	if (line[length] != ',' || length >= ADDRESS_SIZE)
		return NULL;
	memcpy(field, line, length);
	field[length] = '\0';
	return line + length + 1;
}

static bool
is_code_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '?';
}

bool
jur_parse_range(const char *line, JurRange *range)
{
	char		first[ADDRESS_SIZE];
	char		last[ADDRESS_SIZE];
	bool		(*parse) (const char *text, JurAddress *address);

	if ((line = take_field(line, first)) == NULL ||
		(line = take_field(line, last)) == NULL)
		return false;
	range->is_ipv6 = strchr(first, ':') != NULL;
	range->is_spent = false;
	parse = range->is_ipv6 ? parse_ipv6 : parse_number;
	if (!parse(first, &range->first) || !parse(last, &range->last) ||
		jur_compare_addresses(range->first, range->last) > 0)
		return false;
	if (!is_code_letter(line[0]) || !is_code_letter(line[1]) ||
		line[2 + strspn(line + 2, "\r\n")] != '\0')
		return false;
	range->code[0] = line[0];
	range->code[1] = line[1];
	range->code[2] = '\0';
	return true;
}

/* -------------------------------------------------------------- splitting */

/* the last address of the block of 2^N addresses that ADDRESS lies in */
static JurAddress
last_of_block(JurAddress address, int n)
{
	if (n >= 64)
		address.low = PG_UINT64_MAX;
	else
		address.low |= (UINT64CONST(1) << n) - 1;
	if (n >= 128)
		address.high = PG_UINT64_MAX;
	else if (n > 64)
		address.high |= (UINT64CONST(1) << (n - 64)) - 1;
	return address;
}

/* does a block of 2^N addresses begin at ADDRESS? */
static bool
begins_block(JurAddress address, int n)
{
	uint64		half = n > 64 ? address.high : address.low;
	int			bits = n > 64 ? n - 64 : n;

	if (n > 64 && address.low != 0)
		return false;
	if (bits >= 64)
		return half == 0;
	return (half & ((UINT64CONST(1) << bits) - 1)) == 0;
}

bool
jur_next_block(JurRange *range, JurBlock *block)
{
	int			width = range->is_ipv6 ? 128 : 32;
	JurAddress	last;
	int			n = 0;

	if (range->is_spent)
		return false;
	while (n < width && begins_block(range->first, n + 1))
	{
		last = last_of_block(range->first, n + 1);
		if (jur_compare_addresses(last, range->last) > 0)
			break;
		n++;
	}
	block->first = range->first;
	block->bits = width - n;
	last = last_of_block(range->first, n);
	range->is_spent = jur_compare_addresses(last, range->last) == 0;
	/* the address after LAST; not needed, and may overflow, when spent */
	range->first.low = last.low + 1;
	range->first.high = last.high + (range->first.low == 0 ? 1 : 0);
	return true;
}
