/*
 * ipfrag.c - reassembly of IP fragments within a bound.
 *
 * Called by the driver with each FRAME_FRAGMENT; a packet made whole goes to
 * frame_parse_tcp.  Packets being assembled lie in a fixed set of places, each
 * with room for the largest IP packet and a bit per 8 bytes of it, the unit of
 * all offsets.  Memory is taken once, at creation; a place that is never used
 * costs address space only.
 *
 * A fragment that contradicts what is known of its packet's end is ignored.
 * Left out: the reassembly timer (RFC 791, RFC 8200 section 4.5): a trace may
 * hold few packets over a long time, so age is counted in packets instead.
 */
#include "traces/ipfrag.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	UNIT = 8,
	PACKET_MAX = 65536,
	UNITS_MAX = PACKET_MAX / UNIT,
	NO_LEN = UINT32_MAX,
};

/* A packet being assembled. */
struct packet {
	bool used;
	uint64_t serial; /* order of first fragments */
	struct frame_address src;
	struct frame_address dst;
	uint32_t id;
	uint8_t protocol;
	uint32_t len;	     /* of the whole, NO_LEN until the last is seen */
	uint32_t end;	     /* furthest byte seen */
	uint32_t units_seen; /* bits set in seen[] */
	uint8_t seen[UNITS_MAX / 8];
	uint8_t data[PACKET_MAX];
};

struct ipfrag {
	uint64_t serial;
	uint32_t used;
	struct ipfrag_stats stats;
	struct packet packets[IPFRAG_PACKETS_MAX];
};

static bool
address_equal(const struct frame_address *a, const struct frame_address *b)
{
	return a->family == b->family &&
	       memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* RFC 791 counts the protocol to a packet's name; RFC 8200 does not. */
static bool
is_of(const struct packet *packet, const struct frame_fragment *fragment)
{
	return packet->used && packet->id == fragment->id &&
	       (fragment->src.family == 6 ||
		packet->protocol == fragment->protocol) &&
	       address_equal(&packet->src, &fragment->src) &&
	       address_equal(&packet->dst, &fragment->dst);
}

/* A free place, or that of the oldest packet, which gives way. */
static struct packet *
place_find(struct ipfrag *ipfrag)
{
	struct packet *oldest = &ipfrag->packets[0];

	for (int i = 0; i < IPFRAG_PACKETS_MAX; i++) {
		struct packet *packet = &ipfrag->packets[i];

		if (!packet->used) {
			ipfrag->used++;
			return packet;
		}
		if (packet->serial < oldest->serial)
			oldest = packet;
	}
	ipfrag->stats.discarded++;
	return oldest;
}

static struct packet *
packet_begin(struct ipfrag *ipfrag, const struct frame_fragment *fragment)
{
	struct packet *packet = place_find(ipfrag);

	packet->used = true;
	packet->serial = ipfrag->serial++;
	packet->src = fragment->src;
	packet->dst = fragment->dst;
	packet->id = fragment->id;
	packet->protocol = fragment->protocol;
	packet->len = NO_LEN;
	packet->end = 0;
	packet->units_seen = 0;
	memset(packet->seen, 0, sizeof(packet->seen));
	return packet;
}

static struct packet *
packet_find(struct ipfrag *ipfrag, const struct frame_fragment *fragment)
{
	for (int i = 0; i < IPFRAG_PACKETS_MAX; i++)
		if (is_of(&ipfrag->packets[i], fragment))
			return &ipfrag->packets[i];
	return packet_begin(ipfrag, fragment);
}

static uint32_t
units(uint32_t bytes)
{
	return (bytes + UNIT - 1) / UNIT;
}

/* Copy what was not there before. */
static void
packet_fill(struct packet *packet, const struct frame_fragment *fragment)
{
	for (uint32_t done = 0; done < fragment->len; done += UNIT) {
		uint32_t unit = (fragment->offset + done) / UNIT;
		uint32_t left = fragment->len - done;
		uint8_t bit = (uint8_t)(1u << unit % 8);

		if ((packet->seen[unit / 8] & bit) != 0)
			continue;
		packet->seen[unit / 8] |= bit;
		packet->units_seen++;
		memcpy(packet->data + (size_t)unit * UNIT,
		       fragment->data + done, left < UNIT ? left : UNIT);
	}
}

/* Does the fragment agree with what is known of the packet's end? */
static bool
end_agrees(const struct packet *packet, const struct frame_fragment *fragment)
{
	uint32_t end = fragment->offset + fragment->len;

	if (fragment->more)
		return end <= packet->len;
	return end >= packet->end &&
	       (packet->len == NO_LEN || packet->len == end);
}

static bool
is_well_formed(const struct frame_fragment *fragment)
{
	return fragment->len > 0 && fragment->len <= PACKET_MAX &&
	       fragment->offset <= PACKET_MAX - fragment->len &&
	       fragment->offset % UNIT == 0 &&
	       (!fragment->more || fragment->len % UNIT == 0);
}

const uint8_t *
ipfrag_add(struct ipfrag *ipfrag, const struct frame_fragment *fragment,
	   uint32_t *len)
{
	struct packet *packet;
	uint32_t end = fragment->offset + fragment->len;

	if (!is_well_formed(fragment))
		return NULL;
	ipfrag->stats.fragments++;
	packet = packet_find(ipfrag, fragment);
	if (!end_agrees(packet, fragment))
		return NULL;
	if (!fragment->more)
		packet->len = end;
	if (end > packet->end)
		packet->end = end;
	packet_fill(packet, fragment);
	if (packet->len == NO_LEN || packet->units_seen < units(packet->len))
		return NULL;
	/* The bytes stay where they are until the place is used again. */
	packet->used = false;
	ipfrag->used--;
	ipfrag->stats.reassembled++;
	*len = packet->len;
	return packet->data;
}

void
ipfrag_read_stats(const struct ipfrag *ipfrag, struct ipfrag_stats *stats)
{
	*stats = ipfrag->stats;
	stats->discarded += ipfrag->used;
	assert(ipfrag->used <= IPFRAG_PACKETS_MAX);
}

struct ipfrag *
ipfrag_create(void)
{
	return calloc(1, sizeof(struct ipfrag));
}

void
ipfrag_destroy(struct ipfrag *ipfrag)
{
	free(ipfrag);
}
