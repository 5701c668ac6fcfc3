/*
 * pcapng_blocks.c - a first pass over pcapng: secrets wherever they stand.
 *
 * Called by trace_pcap.c with the whole file, piece by piece, before libpcap
 * reads the packets.  A block is a header (8 bytes, 12 with a section header's
 * byte-order magic), a body and a trailing length.  Headers, and the bodies of
 * the three kinds that matter here, are gathered until they are whole; every
 * other body is stepped over without a copy.
 *
 * The byte order is that of the last section header, as the format has it;
 * libpcap refuses a change of byte order, and says so itself.
 *
 * Left out: packets, name resolution, statistics, and options other than an
 * interface's name.
 */
#include "traces/pcapng_blocks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_SECRETS = 10,

	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	BYTE_ORDER_SWAPPED = 0x4d3c2b1a,
	SECRETS_TLS = 0x544c534b, /* "TLSK" */

	OPTION_IF_NAME = 2,

	HEADER_LEN = 8,
	TRAILER_LEN = 4,
	BLOCK_MIN = 12,
	SECTION_MIN = 28,
	SNAPLEN_MAX = 262144,
};

/* What the next bytes are. */
enum part {
	PART_HEADER,
	PART_BODY,    /* gathered */
	PART_SKIP,    /* stepped over */
	PART_TRAILER, /* the length again */
};

/* Bytes in a buffer that grows. */
struct bytes {
	uint8_t *data;
	size_t len;
	size_t size;
};

struct pcapng_blocks {
	enum part part;
	uint32_t part_left;    /* bytes of it that are yet to come */
	struct bytes gathered; /* header, body or trailer so far */
	bool swapped;	       /* section's byte order is not big-endian */
	bool first_swapped;    /* the first section's */
	bool order_changes;    /* a section differed from it */
	bool in_section;       /* a section header was read */
	uint32_t type;	       /* of this block */
	uint32_t block_len;    /* of this block */
	uint64_t block_number; /* from 1 */
	uint64_t block_offset; /* of its first byte in the file */
	uint32_t sections;     /* headers read */
	uint32_t interfaces;   /* of this section */
	struct pcapng_interface first, odd;
	bool first_known, odd_known;
	struct bytes secrets;
	struct trace_error failure; /* code 0: none */
};

static void
bytes_wipe(struct bytes *bytes)
{
	if (bytes->data != NULL)
		explicit_bzero(bytes->data, bytes->size);
	free(bytes->data);
}

/* As realloc, but the old copy may hold secrets and is wiped. */
static int
bytes_reserve(struct bytes *bytes, size_t wanted)
{
	size_t size = wanted > bytes->size * 2 ? wanted : bytes->size * 2;
	uint8_t *data;

	if (wanted <= bytes->size)
		return 0;
	data = malloc(size);
	if (data == NULL)
		return ENOMEM;
	if (bytes->len > 0)
		memcpy(data, bytes->data, bytes->len);
	bytes_wipe(bytes);
	bytes->data = data;
	bytes->size = size;
	return 0;
}

static int
bytes_append(struct bytes *bytes, const void *data, size_t len)
{
	/* One byte more, for the NUL behind the secrets. */
	if (bytes_reserve(bytes, bytes->len + len + 1) != 0)
		return ENOMEM;
	if (len > 0)
		memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
	bytes->data[bytes->len] = '\0';
	return 0;
}

static uint16_t
get16(const struct pcapng_blocks *blocks, const uint8_t *at)
{
	return (uint16_t)(blocks->swapped ? at[1] << 8 | at[0]
					  : at[0] << 8 | at[1]);
}

static uint32_t
get32(const struct pcapng_blocks *blocks, const uint8_t *at)
{
	uint32_t big = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
		       (uint32_t)at[2] << 8 | at[3];

	return blocks->swapped ? __builtin_bswap32(big) : big;
}

static void
expect(struct pcapng_blocks *blocks, enum part part, uint32_t len)
{
	blocks->part = part;
	blocks->part_left = len;
	blocks->gathered.len = 0;
}

/* Keep the failure: the place of the block and what is wrong with it. */
static int
malformed(struct pcapng_blocks *blocks, const char *what)
{
	struct trace_error *failure = &blocks->failure;

	failure->code = EINVAL;
	snprintf(failure->text, sizeof(failure->text),
		 "block %" PRIu64 " at byte %" PRIu64 ": %s",
		 blocks->block_number, blocks->block_offset, what);
	return EINVAL;
}

static int
no_memory(struct pcapng_blocks *blocks)
{
	blocks->failure.code = ENOMEM;
	snprintf(blocks->failure.text, sizeof(blocks->failure.text),
		 "block %" PRIu64 ": no memory", blocks->block_number);
	return ENOMEM;
}

/* The header of a section: the byte order of what follows stands in it. */
static int
section_begin(struct pcapng_blocks *blocks, const uint8_t *magic)
{
	blocks->swapped = false;
	switch (get32(blocks, magic)) {
	case BYTE_ORDER_MAGIC:
		break;
	case BYTE_ORDER_SWAPPED:
		blocks->swapped = true;
		break;
	default:
		return malformed(blocks, "no byte-order magic in the section "
					 "header");
	}
	if (!blocks->in_section)
		blocks->first_swapped = blocks->swapped;
	else if (blocks->swapped != blocks->first_swapped)
		blocks->order_changes = true;
	blocks->in_section = true;
	blocks->sections++;
	blocks->interfaces = 0;
	return 0;
}

/* Type and length are known (and the byte order): decide about the body. */
static int
header_take(struct pcapng_blocks *blocks)
{
	const uint8_t *header = blocks->gathered.data;
	uint32_t got = HEADER_LEN, body_len;
	bool wanted;

	if (get32(blocks, header) == BLOCK_SECTION) {
		if (blocks->gathered.len == HEADER_LEN) {
			blocks->part_left = 4;
			return 0;
		}
		got += 4;
		if (section_begin(blocks, header + HEADER_LEN) != 0)
			return EINVAL;
	}
	if (!blocks->in_section)
		return malformed(blocks, "no section header at the beginning");
	blocks->type = get32(blocks, header);
	blocks->block_len = get32(blocks, header + 4);
	if (blocks->block_len % 4 != 0 || blocks->block_len < BLOCK_MIN ||
	    (got > HEADER_LEN && blocks->block_len < SECTION_MIN))
		return malformed(blocks, "impossible block length");
	body_len = blocks->block_len - got - TRAILER_LEN;
	wanted =
	    blocks->type == BLOCK_INTERFACE || blocks->type == BLOCK_SECRETS;
	if (wanted && body_len > PCAPNG_BLOCK_MAX)
		return malformed(blocks, "block of more than 16 MiB");
	expect(blocks, wanted ? PART_BODY : PART_SKIP, body_len);
	return 0;
}

/* Copy an interface's name, without what a terminal would act upon. */
static void
name_copy(char *name, size_t size, const uint8_t *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < size; i++) {
		bool plain = text[i] >= ' ' && text[i] < 0x7f;

		if (text[i] == '\0')
			break;
		name[n++] = plain ? (char)text[i] : '?';
	}
	name[n] = '\0';
}

/* Find the name among the options; a malformed option ends them. */
static void
interface_options(const struct pcapng_blocks *blocks, const uint8_t *options,
		  size_t len, struct pcapng_interface *interface)
{
	while (len >= 4) {
		uint16_t code = get16(blocks, options);
		size_t value_len = get16(blocks, options + 2);
		size_t size = 4 + (value_len + 3) / 4 * 4;

		if (code == 0 || size > len)
			return;
		if (code == OPTION_IF_NAME)
			name_copy(interface->name, sizeof(interface->name),
				  options + 4, value_len);
		options += size;
		len -= size;
	}
}

/* libpcap's reading of a snap length: none, or absurd, is its maximum. */
static uint32_t
snaplen_effective(uint32_t snaplen)
{
	return snaplen == 0 || snaplen > INT32_MAX ? SNAPLEN_MAX : snaplen;
}

static int
interface_take(struct pcapng_blocks *blocks)
{
	const uint8_t *body = blocks->gathered.data;
	struct pcapng_interface interface = {
	    .section = blocks->sections - 1,
	    .index = blocks->interfaces++,
	};

	if (blocks->gathered.len < 8)
		return malformed(blocks, "interface description too short");
	interface.link = get16(blocks, body);
	interface.snaplen = snaplen_effective(get32(blocks, body + 4));
	interface_options(blocks, body + 8, blocks->gathered.len - 8,
			  &interface);
	if (!blocks->first_known) {
		blocks->first = interface;
		blocks->first_known = true;
	} else if (!blocks->odd_known &&
		   (interface.link != blocks->first.link ||
		    interface.snaplen != blocks->first.snaplen)) {
		blocks->odd = interface;
		blocks->odd_known = true;
	}
	return 0;
}

static int
secrets_take(struct pcapng_blocks *blocks)
{
	const uint8_t *body = blocks->gathered.data;
	struct bytes *secrets = &blocks->secrets;
	uint32_t len;

	if (blocks->gathered.len < 8)
		return malformed(blocks, "secrets block too short");
	len = get32(blocks, body + 4);
	if (len > blocks->gathered.len - 8)
		return malformed(blocks, "secrets longer than their block");
	if (get32(blocks, body) != SECRETS_TLS || len == 0)
		return 0;
	if (len > PCAPNG_SECRETS_MAX - secrets->len)
		return malformed(blocks, "more than 256 MiB of secrets");
	if (bytes_append(secrets, body + 8, len) != 0)
		return no_memory(blocks);
	/* The next block's text begins a line of its own. */
	if (secrets->data[secrets->len - 1] != '\n' &&
	    bytes_append(secrets, "\n", 1) != 0)
		return no_memory(blocks);
	return 0;
}

static int
body_take(struct pcapng_blocks *blocks)
{
	int error = 0;

	if (blocks->part == PART_BODY)
		error = blocks->type == BLOCK_INTERFACE ? interface_take(blocks)
							: secrets_take(blocks);
	expect(blocks, PART_TRAILER, TRAILER_LEN);
	return error;
}

static int
trailer_take(struct pcapng_blocks *blocks)
{
	if (get32(blocks, blocks->gathered.data) != blocks->block_len)
		return malformed(blocks, "the length at its end differs from "
					 "the one at its beginning");
	blocks->block_offset += blocks->block_len;
	blocks->block_number++;
	expect(blocks, PART_HEADER, HEADER_LEN);
	return 0;
}

/* The part is whole: read it, and say what comes next. */
static int
part_take(struct pcapng_blocks *blocks)
{
	switch (blocks->part) {
	case PART_HEADER:
		return header_take(blocks);
	case PART_BODY:
	case PART_SKIP:
		return body_take(blocks);
	case PART_TRAILER:
		break;
	}
	return trailer_take(blocks);
}

int
pcapng_blocks_feed(struct pcapng_blocks *blocks, const uint8_t *bytes,
		   size_t len, struct trace_error *error)
{
	while (len > 0 && blocks->failure.code == 0) {
		size_t now = len < blocks->part_left ? len : blocks->part_left;

		if (blocks->part != PART_SKIP &&
		    bytes_append(&blocks->gathered, bytes, now) != 0) {
			no_memory(blocks);
			break;
		}
		bytes += now;
		len -= now;
		blocks->part_left -= (uint32_t)now;
		/* An empty body follows its header at once. */
		while (blocks->part_left == 0 && part_take(blocks) == 0)
			;
	}
	if (blocks->failure.code != 0)
		*error = blocks->failure;
	return blocks->failure.code;
}

const char *
pcapng_blocks_secrets(const struct pcapng_blocks *blocks, size_t *len)
{
	*len = blocks->secrets.len;
	return blocks->secrets.data == NULL
		   ? ""
		   : (const char *)blocks->secrets.data;
}

bool
pcapng_blocks_order_changes(const struct pcapng_blocks *blocks)
{
	return blocks->order_changes;
}

const struct pcapng_interface *
pcapng_blocks_first(const struct pcapng_blocks *blocks)
{
	return blocks->first_known ? &blocks->first : NULL;
}

const struct pcapng_interface *
pcapng_blocks_odd(const struct pcapng_blocks *blocks)
{
	return blocks->odd_known ? &blocks->odd : NULL;
}

struct pcapng_blocks *
pcapng_blocks_create(void)
{
	struct pcapng_blocks *blocks = calloc(1, sizeof(*blocks));

	if (blocks == NULL)
		return NULL;
	blocks->block_number = 1;
	expect(blocks, PART_HEADER, HEADER_LEN);
	return blocks;
}

void
pcapng_blocks_destroy(struct pcapng_blocks *blocks)
{
	if (blocks == NULL)
		return;
	bytes_wipe(&blocks->gathered);
	bytes_wipe(&blocks->secrets);
	free(blocks);
}
