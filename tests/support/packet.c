/*
 * packet.c - TCP segments as captured frames, made for tests.
 *
 * A frame is written front to back into a cursor: link header, tags, IP header
 * with options or extension headers, then the segment (or a slice of it, for a
 * fragment).  The segment is made first, in a buffer of its own, because its
 * checksum covers all of it.
 *
 * Left out: UDP, tunnels, and malformed headers: a test that wants one builds
 * a right frame and patches bytes.
 */
#include "tests/support/packet.h"

#include <assert.h>
#include <string.h>

#include "engine/mbuf.h"

enum {
	PROTOCOL_TCP = 6,
	EXTENSION_FRAGMENT = 44,
	EXTENSION_AUTHENTICATION = 51,
	ETHERTYPE_V4 = 0x0800,
	ETHERTYPE_V6 = 0x86dd,
	SEGMENT_BYTES_MAX = 65536,
};

/* Where the next byte goes. */
struct cursor {
	uint8_t *at;
	uint8_t *end;
};

/* The slice of the segment that one IP packet carries. */
struct slice {
	const uint8_t *bytes;
	uint32_t len;
	uint32_t offset;
	bool fragment;
	bool more;
};

static void
put(struct cursor *cursor, const void *bytes, size_t len)
{
	assert((size_t)(cursor->end - cursor->at) >= len);
	memcpy(cursor->at, bytes, len);
	cursor->at += len;
}

static void
put_fill(struct cursor *cursor, uint8_t byte, size_t len)
{
	assert((size_t)(cursor->end - cursor->at) >= len);
	memset(cursor->at, byte, len);
	cursor->at += len;
}

static void
put8(struct cursor *cursor, unsigned value)
{
	put_fill(cursor, (uint8_t)value, 1);
}

static void
put16(struct cursor *cursor, unsigned value)
{
	put8(cursor, value >> 8);
	put8(cursor, value & 0xff);
}

static void
put32(struct cursor *cursor, uint32_t value)
{
	put16(cursor, value >> 16);
	put16(cursor, value & 0xffff);
}

static uint32_t
sum_bytes(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static uint32_t
sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static size_t
address_len(const struct packet *packet)
{
	return packet->family == 4 ? 4 : 16;
}

static uint32_t
pseudo_header_sum(const struct packet *packet, size_t segment_len)
{
	uint32_t sum = 0;

	sum = sum_bytes(sum, packet->src, address_len(packet));
	sum = sum_bytes(sum, packet->dst, address_len(packet));
	sum += PROTOCOL_TCP + (uint32_t)(segment_len >> 16) +
	       (uint32_t)(segment_len & 0xffff);
	return sum_fold(sum);
}

static uint16_t
segment_checksum(const struct packet *packet, const uint8_t *segment,
		 size_t len)
{
	uint32_t pseudo = pseudo_header_sum(packet, len);
	uint32_t right = 0xffff ^ sum_fold(sum_bytes(pseudo, segment, len));

	switch (packet->checksum) {
	case PACKET_SUM_RIGHT:
		return (uint16_t)right;
	case PACKET_SUM_PARTIAL:
		return (uint16_t)pseudo;
	case PACKET_SUM_WRONG:
		break;
	}
	/* Neither right nor partial, in either notation of zero. */
	for (uint32_t wrong = 0x1234;; wrong += 0x1111)
		if (wrong != right && wrong != pseudo)
			return (uint16_t)wrong;
}

static size_t
tcp_header_len(const struct packet *packet)
{
	return 20 + (packet->mss != 0 ? 4u : 0u) +
	       (packet->timestamp ? 12u : 0u);
}

size_t
packet_segment_len(const struct packet *packet)
{
	return tcp_header_len(packet) + packet->payload_len;
}

uint8_t
packet_pattern(uint32_t offset)
{
	return (uint8_t)(offset * 167 + (offset >> 8) * 13 + 1);
}

static void
put_payload(struct cursor *cursor, const struct packet *packet)
{
	if (packet->payload != NULL) {
		put(cursor, packet->payload, packet->payload_len);
		return;
	}
	for (uint32_t i = 0; i < packet->payload_len; i++)
		put8(cursor, packet_pattern(i));
}

static size_t
segment_build(const struct packet *packet, uint8_t *out, size_t size)
{
	struct cursor cursor = {out, out + size};
	struct cursor checksum = {out + 16, out + 18};
	size_t len = packet_segment_len(packet);

	put16(&cursor, packet->sport);
	put16(&cursor, packet->dport);
	put32(&cursor, packet->th_seq);
	put32(&cursor, packet->th_ack);
	put8(&cursor, (unsigned)(tcp_header_len(packet) / 4) << 4);
	put8(&cursor, packet->th_flags);
	put16(&cursor, packet->th_win);
	put32(&cursor, 0);
	if (packet->mss != 0) {
		put16(&cursor, 0x0204);
		put16(&cursor, packet->mss);
	}
	if (packet->timestamp) {
		put32(&cursor, 0x0101080a);
		put32(&cursor, 0x11223344);
		put32(&cursor, 0x55667788);
	}
	put_payload(&cursor, packet);
	put16(&checksum, segment_checksum(packet, out, len));
	return len;
}

static void
put_extension(struct cursor *cursor, unsigned kind, unsigned next)
{
	put8(cursor, next);
	if (kind == EXTENSION_AUTHENTICATION) {
		put8(cursor, 16 / 4 - 2);
		put_fill(cursor, 0, 14);
		return;
	}
	put8(cursor, 0);
	/* One PadN option of 6 bytes; zeros for the others. */
	put16(cursor, kind == 0 || kind == 60 ? 0x0104 : 0);
	put32(cursor, 0);
}

static void
put_ipv6(struct cursor *cursor, const struct packet *packet,
	 const struct slice *slice)
{
	uint8_t kinds[PACKET_EXTENSIONS_MAX + 2];
	unsigned count = packet->extension_count;
	uint32_t len = slice->len;

	memcpy(kinds, packet->extensions, count);
	if (slice->fragment)
		kinds[count++] = EXTENSION_FRAGMENT;
	kinds[count] = PROTOCOL_TCP;
	for (unsigned i = 0; i < count; i++)
		len += kinds[i] == EXTENSION_AUTHENTICATION ? 16 : 8;
	put32(cursor, 0x60000000);
	put16(cursor, len);
	put8(cursor, kinds[0]);
	put8(cursor, 64);
	put(cursor, packet->src, 16);
	put(cursor, packet->dst, 16);
	for (unsigned i = 0; i < packet->extension_count; i++)
		put_extension(cursor, kinds[i], kinds[i + 1]);
	if (!slice->fragment)
		return;
	put16(cursor, PROTOCOL_TCP << 8);
	put16(cursor, slice->offset | (slice->more ? 1 : 0));
	put32(cursor, packet->ip_id);
}

static void
put_ipv4(struct cursor *cursor, const struct packet *packet,
	 const struct slice *slice)
{
	uint8_t *start = cursor->at;
	unsigned header_len = 20u + packet->ip_options;
	struct cursor checksum = {start + 10, start + 12};

	put8(cursor, 0x40 | header_len / 4);
	put8(cursor, 0);
	put16(cursor, packet->ip_length_absent ? 0 : header_len + slice->len);
	put16(cursor, packet->ip_id & 0xffff);
	put16(cursor, slice->offset / 8 | (slice->more ? 0x2000 : 0));
	put8(cursor, 64);
	put8(cursor, PROTOCOL_TCP);
	put16(cursor, 0);
	put(cursor, packet->src, 4);
	put(cursor, packet->dst, 4);
	put_fill(cursor, 0x01, packet->ip_options);
	put16(&checksum, 0xffff ^ sum_fold(sum_bytes(0, start, header_len)));
}

/* Tags, then the network protocol's number. */
static void
put_ethertype(struct cursor *cursor, const struct packet *packet)
{
	assert(packet->vlan_tags <= 2);
	if (packet->vlan_tags == 2) {
		put16(cursor, 0x88a8);
		put16(cursor, 7);
	}
	if (packet->vlan_tags >= 1) {
		put16(cursor, 0x8100);
		put16(cursor, 42);
	}
	put16(cursor, packet->family == 4 ? ETHERTYPE_V4 : ETHERTYPE_V6);
}

static void
put_sll2(struct cursor *cursor, const struct packet *packet)
{
	unsigned type = packet->family == 4 ? ETHERTYPE_V4 : ETHERTYPE_V6;

	put16(cursor, packet->vlan_tags > 0 ? 0x8100 : type);
	put16(cursor, 0);
	put32(cursor, 2); /* interface index */
	put16(cursor, 1); /* ARPHRD_ETHER */
	put8(cursor, 0);
	put8(cursor, 6);
	put_fill(cursor, 0x02, 8);
	if (packet->vlan_tags > 0) {
		put16(cursor, 42);
		put16(cursor, type);
	}
}

static void
put_family(struct cursor *cursor, const struct packet *packet, bool big)
{
	uint32_t family = packet->family == 4 ? 2 : 30;

	put32(cursor, big ? family : family << 24);
}

static void
put_link(struct cursor *cursor, const struct packet *packet)
{
	switch (packet->link) {
	case TRACE_LINK_ETHERNET:
		put_fill(cursor, 0x02, 12);
		put_ethertype(cursor, packet);
		break;
	case TRACE_LINK_SLL:
		put32(cursor, 1); /* to us; ARPHRD_ETHER */
		put16(cursor, 6);
		put_fill(cursor, 0x02, 8);
		put_ethertype(cursor, packet);
		break;
	case TRACE_LINK_SLL2:
		put_sll2(cursor, packet);
		break;
	case TRACE_LINK_NULL:
		put_family(cursor, packet, packet->link_swapped);
		break;
	case TRACE_LINK_LOOP:
		put_family(cursor, packet, true);
		break;
	case TRACE_LINK_PPP:
		if (!packet->link_short)
			put16(cursor, 0xff03);
		put16(cursor, packet->family == 4 ? 0x0021 : 0x0057);
		break;
	case TRACE_LINK_RAW_12:
	case TRACE_LINK_RAW_14:
	case TRACE_LINK_RAW:
	case TRACE_LINK_IPV4:
	case TRACE_LINK_IPV6:
		break;
	}
}

static size_t
slice_build(const struct packet *packet, const struct slice *slice,
	    uint8_t *out, size_t size)
{
	struct cursor cursor = {out, out + size};

	put_link(&cursor, packet);
	if (packet->family == 4)
		put_ipv4(&cursor, packet, slice);
	else
		put_ipv6(&cursor, packet, slice);
	put(&cursor, slice->bytes, slice->len);
	put_fill(&cursor, 0xee, packet->trailer_len);
	return (size_t)(cursor.at - out);
}

size_t
packet_build(const struct packet *packet, uint8_t *out, size_t size)
{
	uint8_t segment[SEGMENT_BYTES_MAX];
	struct slice slice = {.bytes = segment};

	slice.len = (uint32_t)segment_build(packet, segment, sizeof(segment));
	return slice_build(packet, &slice, out, size);
}

size_t
packet_build_fragment(const struct packet *packet, uint32_t offset,
		      uint32_t len, uint8_t *out, size_t size)
{
	uint8_t segment[SEGMENT_BYTES_MAX];
	size_t whole = segment_build(packet, segment, sizeof(segment));
	struct slice slice = {
	    .bytes = segment + offset,
	    .len = len,
	    .offset = offset,
	    .fragment = true,
	    .more = offset + len < whole,
	};

	assert(offset % 8 == 0 && offset + len <= whole);
	return slice_build(packet, &slice, out, size);
}

void
packet_init(struct packet *packet)
{
	*packet = (struct packet){
	    .link = TRACE_LINK_ETHERNET,
	    .family = 4,
	    .src = {10, 0, 0, 1},
	    .dst = {10, 0, 0, 2},
	    .ip_id = 0x4711,
	    .sport = 40000,
	    .dport = 443,
	    .th_seq = 1000,
	    .th_ack = 2000,
	    .th_win = 65535,
	    .th_flags = TH_ACK,
	};
}

void
packet_init_v6(struct packet *packet)
{
	static const uint8_t prefix[4] = {0x20, 0x01, 0x0d, 0xb8};

	packet_init(packet);
	packet->family = 6;
	memset(packet->src, 0, sizeof(packet->src));
	memset(packet->dst, 0, sizeof(packet->dst));
	memcpy(packet->src, prefix, sizeof(prefix));
	memcpy(packet->dst, prefix, sizeof(prefix));
	packet->src[15] = 1;
	packet->dst[15] = 2;
}

void
packet_reverse(struct packet *packet)
{
	uint8_t address[16];
	uint16_t port = packet->sport;

	memcpy(address, packet->src, sizeof(address));
	memcpy(packet->src, packet->dst, sizeof(address));
	memcpy(packet->dst, address, sizeof(address));
	packet->sport = packet->dport;
	packet->dport = port;
}
