/*
 * frame.c - link, network and TCP headers of one captured frame.
 *
 * Called by the driver for each captured frame, and through frame_parse_tcp for
 * each packet that ipfrag made whole.  A cursor walks over the frame: link
 * header and tags, IPv4 or IPv6 with its extension headers, TCP.  It knows the
 * bytes captured and the bytes on the wire apart, so that a header that the
 * snap length cut off is told from one that never was there.  IP's own length
 * ends the cursor's view, which removes Ethernet padding and trailers.
 *
 * The fixed 20 bytes of the TCP header must be captured; options that are cut
 * off are taken as absent, because sequence number and length still count.
 *
 * Left out: LLC/SNAP, PPPoE, MPLS, tunnels and IPv6 jumbograms (malformed); the
 * IPv4 header checksum, which captures of offloading senders leave at zero.
 */
#include "traces/frame.h"

#include <stddef.h>
#include <string.h>

#include "engine/mbuf.h"
#include "traces/inet_sum.h"

enum {
	TAGS_MAX = 8,
	EXTENSIONS_MAX = 16,
	PACKET_LEN_MAX = 65535,

	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_IPV6 = 0x86dd,
	ETHERTYPE_QINQ = 0x88a8,
	ETHERTYPE_QINQ_OLD = 0x9100,

	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,

	/* next-header and protocol numbers */
	NEXT_HOP_BY_HOP = 0,
	NEXT_TCP = 6,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_AUTHENTICATION = 51,
	NEXT_DESTINATION = 60,
	NEXT_MOBILITY = 135,
	NEXT_HIP = 139,
	NEXT_SHIM6 = 140,

	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_TIMESTAMP = 8,

	/* Ethernet, bytes (04-nic section 2.8) */
	ETHERNET_HEADER = 14,
	ETHERNET_TAG = 4,
	ETHERNET_FCS = 4,
	ETHERNET_MIN = 64,
	ETHERNET_PREAMBLE_AND_GAP = 20,
};

/*
 * A frame on its way through the parsers below.  Each answers FRAME_TCP for "go
 * on" or the final verdict.
 */
struct parse {
	const uint8_t *at;
	uint32_t captured; /* bytes at `at` */
	uint32_t wire;	   /* bytes on the wire, >= captured */
	uint32_t link_bytes;
	uint32_t ip_bytes;
	uint8_t protocol; /* what follows, once IP is parsed */
	bool routed;	  /* a source route: the sum covers another address */
	struct frame_address src;
	struct frame_address dst;
};

static unsigned
get16(const uint8_t *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

static uint32_t
get32(const uint8_t *bytes)
{
	return (uint32_t)get16(bytes) << 16 | get16(bytes + 2);
}

/* Are the next len bytes there? */
static enum frame_verdict
need(const struct parse *p, uint32_t len)
{
	if (p->captured >= len)
		return FRAME_TCP;
	return p->wire >= len ? FRAME_CUT : FRAME_MALFORMED;
}

/* Step over len bytes of the wire, which may reach past those captured. */
static void
skip(struct parse *p, uint32_t len)
{
	uint32_t known = len < p->captured ? len : p->captured;

	p->at += known;
	p->captured -= known;
	p->wire -= len;
}

/* The packet ends after len bytes of the wire: what follows is padding. */
static void
limit(struct parse *p, uint32_t len)
{
	p->wire = len;
	if (p->captured > len)
		p->captured = len;
}

static void
address_set(struct frame_address *address, uint8_t family, const uint8_t *bytes)
{
	*address = (struct frame_address){.family = family};
	memcpy(address->bytes, bytes, family == 4 ? 4 : 16);
}

static bool
is_extension(uint8_t protocol)
{
	switch (protocol) {
	case NEXT_HOP_BY_HOP:
	case NEXT_ROUTING:
	case NEXT_FRAGMENT:
	case NEXT_AUTHENTICATION:
	case NEXT_DESTINATION:
	case NEXT_MOBILITY:
	case NEXT_HIP:
	case NEXT_SHIM6:
		return true;
	default:
		return false;
	}
}

/* Bytes of the extension header at the cursor, 8 of which are there. */
static uint32_t
extension_len(const struct parse *p)
{
	if (p->protocol == NEXT_FRAGMENT)
		return 8;
	if (p->protocol == NEXT_AUTHENTICATION)
		return (p->at[1] + 2u) * 4;
	return (p->at[1] + 1u) * 8;
}

/*
 * The extension headers of IPv6, up to TCP.  A fragment header ends the walk
 * with FRAME_FRAGMENT and the cursor on it; an atomic fragment (RFC 6946) is
 * passed over.
 */
static enum frame_verdict
extensions_parse(struct parse *p)
{
	for (int i = 0; i < EXTENSIONS_MAX; i++) {
		enum frame_verdict verdict;
		uint32_t len;

		if (!is_extension(p->protocol))
			return p->protocol == NEXT_TCP ? FRAME_TCP
						       : FRAME_NOT_TCP;
		verdict = need(p, 8);
		if (verdict != FRAME_TCP)
			return verdict;
		if (p->protocol == NEXT_FRAGMENT &&
		    (get16(p->at + 2) & 0xfff9) != 0)
			return FRAME_FRAGMENT;
		if (p->protocol == NEXT_ROUTING && p->at[3] != 0)
			p->routed = true;
		len = extension_len(p);
		verdict = need(p, len);
		if (verdict != FRAME_TCP)
			return verdict;
		p->protocol = p->at[0];
		skip(p, len);
	}
	return FRAME_MALFORMED;
}

/* The cursor stands on the fragment's data; the other fields are set. */
static enum frame_verdict
fragment_finish(const struct parse *p, struct frame_fragment *fragment)
{
	if (p->captured < p->wire)
		return FRAME_CUT;
	if (p->wire == 0 || fragment->offset + p->wire > PACKET_LEN_MAX ||
	    (fragment->more && p->wire % 8 != 0))
		return FRAME_MALFORMED;
	fragment->src = p->src;
	fragment->dst = p->dst;
	fragment->data = p->at;
	fragment->len = p->wire;
	fragment->link_bytes = p->link_bytes;
	return FRAME_FRAGMENT;
}

static enum frame_verdict
ipv4_parse(struct parse *p, struct frame_fragment *fragment)
{
	enum frame_verdict verdict = need(p, 20);
	uint32_t header_len, total_len, offset;

	if (verdict != FRAME_TCP)
		return verdict;
	header_len = (p->at[0] & 0x0fu) * 4;
	total_len = get16(p->at + 2);
	if (total_len == 0)
		total_len = p->wire;
	if (p->at[0] >> 4 != 4 || header_len < 20 || total_len < header_len ||
	    total_len > p->wire)
		return FRAME_MALFORMED;
	limit(p, total_len);
	p->ip_bytes = total_len;
	p->protocol = p->at[9];
	if (p->protocol != NEXT_TCP)
		return FRAME_NOT_TCP;
	address_set(&p->src, 4, p->at + 12);
	address_set(&p->dst, 4, p->at + 16);
	offset = get16(p->at + 6);
	if ((offset & 0x3fff) == 0) {
		skip(p, header_len);
		return FRAME_TCP;
	}
	*fragment = (struct frame_fragment){
	    .id = get16(p->at + 4),
	    .protocol = p->protocol,
	    .more = (offset & 0x2000) != 0,
	    .offset = (offset & 0x1fff) * 8,
	};
	skip(p, header_len);
	return fragment_finish(p, fragment);
}

static enum frame_verdict
ipv6_parse(struct parse *p, struct frame_fragment *fragment)
{
	enum frame_verdict verdict = need(p, 40);
	uint32_t payload_len;

	if (verdict != FRAME_TCP)
		return verdict;
	payload_len = get16(p->at + 4);
	if (p->at[0] >> 4 != 6 || payload_len + 40 > p->wire)
		return FRAME_MALFORMED;
	limit(p, payload_len + 40);
	p->ip_bytes = payload_len + 40;
	p->protocol = p->at[6];
	address_set(&p->src, 6, p->at + 8);
	address_set(&p->dst, 6, p->at + 24);
	skip(p, 40);
	verdict = extensions_parse(p);
	if (verdict != FRAME_FRAGMENT)
		return verdict;
	if (p->at[0] != NEXT_TCP && !is_extension(p->at[0]))
		return FRAME_NOT_TCP;
	*fragment = (struct frame_fragment){
	    .id = get32(p->at + 4),
	    .protocol = p->at[0],
	    .more = (p->at[3] & 1) != 0,
	    .offset = get16(p->at + 2) & 0xfff8,
	};
	skip(p, 8);
	return fragment_finish(p, fragment);
}

static enum frame_verdict
ethertype_parse(struct parse *p, unsigned ethertype,
		struct frame_fragment *fragment)
{
	for (int tags = 0; tags < TAGS_MAX; tags++) {
		enum frame_verdict verdict = need(p, 4);

		switch (ethertype) {
		case ETHERTYPE_IPV4:
			return ipv4_parse(p, fragment);
		case ETHERTYPE_IPV6:
			return ipv6_parse(p, fragment);
		case ETHERTYPE_VLAN:
		case ETHERTYPE_QINQ:
		case ETHERTYPE_QINQ_OLD:
			break;
		default:
			return FRAME_NOT_IP;
		}
		if (verdict != FRAME_TCP)
			return verdict;
		ethertype = get16(p->at + 2);
		p->link_bytes += ETHERNET_TAG;
		skip(p, 4);
	}
	return FRAME_MALFORMED;
}

/* A header of header_len bytes with the Ethernet type at type_offset. */
static enum frame_verdict
typed_parse(struct parse *p, uint32_t header_len, uint32_t type_offset,
	    struct frame_fragment *fragment)
{
	enum frame_verdict verdict = need(p, header_len);
	unsigned ethertype;

	if (verdict != FRAME_TCP)
		return verdict;
	ethertype = get16(p->at + type_offset);
	skip(p, header_len);
	return ethertype_parse(p, ethertype, fragment);
}

/*
 * Null and loop: an address family in the byte order of the host that captured
 * (null) or of the network (loop); each system has its own number for IPv6.
 */
static enum frame_verdict
family_parse(struct parse *p, struct frame_fragment *fragment)
{
	enum frame_verdict verdict = need(p, 4);
	uint32_t family;

	if (verdict != FRAME_TCP)
		return verdict;
	family = get32(p->at);
	if ((family & 0xffff) == 0)
		family = (uint32_t)p->at[1] << 8 | p->at[0];
	skip(p, 4);
	switch (family) {
	case 2:
		return ipv4_parse(p, fragment);
	case 10: /* Linux */
	case 24: /* NetBSD, OpenBSD */
	case 28: /* FreeBSD */
	case 30: /* macOS */
		return ipv6_parse(p, fragment);
	default:
		return FRAME_NOT_IP;
	}
}

/* RFC 1661 and 1662: address, control and half the protocol may be absent. */
static enum frame_verdict
ppp_parse(struct parse *p, struct frame_fragment *fragment)
{
	enum frame_verdict verdict = need(p, 2);
	unsigned protocol, len = 2;

	if (verdict == FRAME_TCP && get16(p->at) == 0xff03) {
		skip(p, 2);
		verdict = need(p, 2);
	}
	if (verdict != FRAME_TCP)
		return verdict;
	protocol = get16(p->at);
	if ((p->at[0] & 1) != 0) {
		protocol = p->at[0];
		len = 1;
	}
	skip(p, len);
	if (protocol == PPP_IPV4)
		return ipv4_parse(p, fragment);
	if (protocol == PPP_IPV6)
		return ipv6_parse(p, fragment);
	return FRAME_NOT_IP;
}

static enum frame_verdict
raw_parse(struct parse *p, struct frame_fragment *fragment)
{
	enum frame_verdict verdict = need(p, 1);

	if (verdict != FRAME_TCP)
		return verdict;
	if (p->at[0] >> 4 == 4)
		return ipv4_parse(p, fragment);
	return ipv6_parse(p, fragment);
}

static enum frame_verdict
link_parse(struct parse *p, enum trace_link link,
	   struct frame_fragment *fragment)
{
	switch (link) {
	case TRACE_LINK_ETHERNET:
		return typed_parse(p, 14, 12, fragment);
	case TRACE_LINK_SLL:
		return typed_parse(p, 16, 14, fragment);
	case TRACE_LINK_SLL2:
		return typed_parse(p, 20, 0, fragment);
	case TRACE_LINK_NULL:
	case TRACE_LINK_LOOP:
		return family_parse(p, fragment);
	case TRACE_LINK_PPP:
		return ppp_parse(p, fragment);
	case TRACE_LINK_RAW_12:
	case TRACE_LINK_RAW_14:
	case TRACE_LINK_RAW:
		return raw_parse(p, fragment);
	case TRACE_LINK_IPV4:
		return ipv4_parse(p, fragment);
	case TRACE_LINK_IPV6:
		return ipv6_parse(p, fragment);
	}
	return FRAME_NOT_IP;
}

/* An option that contradicts itself ends the list, as in a host. */
static void
options_parse(struct frame *frame, const uint8_t *options, uint32_t len)
{
	uint32_t at = 0;

	while (at < len && options[at] != OPTION_END) {
		uint32_t size = 1;

		if (options[at] != OPTION_NOP) {
			size = at + 1 < len ? options[at + 1] : 0;
			if (size < 2 || size > len - at)
				return;
		}
		if (options[at] == OPTION_MSS && size == 4 &&
		    (frame->th_flags & TH_SYN) != 0)
			frame->mss = (uint16_t)get16(options + at + 2);
		if (options[at] == OPTION_TIMESTAMP && size == 10) {
			frame->has_timestamp = true;
			frame->th_ts = get32(options + at + 2);
		}
		at += size;
	}
}

/*
 * A multiplicative hash of the words, whose upper half is kept: every bit has
 * an effect there.  Moved up to make room for the bit that tells the aligned
 * timestamp option; zero is kept for no options.
 */
static uint32_t
options_fingerprint(const uint8_t *options, uint32_t len)
{
	const uint32_t aligned =
	    OPTION_NOP << 24 | OPTION_NOP << 16 | OPTION_TIMESTAMP << 8 | 10;
	uint64_t hash = len;
	uint32_t at = 0;

	if (len == 0)
		return 0;
	for (; at + 4 <= len; at += 4)
		hash = (hash ^ get32(options + at)) * 0x9e3779b97f4a7c15u;
	/* Only where the snap length cut them. */
	for (; at < len; at++)
		hash = (hash ^ options[at]) * 0x9e3779b97f4a7c15u;
	hash >>= 33;
	if (len == 12 && get32(options) == aligned)
		return (uint32_t)hash << 1 | TH_OPTIONS_ALIGNED_TS;
	return hash == 0 ? 2 : (uint32_t)hash << 1;
}

/* The TCP segment under the cursor, header to end. */
static enum frame_checksum
checksum_judge(const struct parse *p)
{
	uint32_t address_len = p->src.family == 4 ? 4 : 16;
	uint32_t pseudo = NEXT_TCP;

	if (p->captured < p->wire || p->routed)
		return FRAME_SUM_UNJUDGED;
	pseudo += inet_sum(p->src.bytes, address_len);
	pseudo += inet_sum(p->dst.bytes, address_len);
	pseudo = inet_sum_add(pseudo, p->wire);
	if (inet_sum_add(pseudo, inet_sum(p->at, p->wire)) == 0xffff)
		return FRAME_SUM_GOOD;
	return get16(p->at + 16) == pseudo ? FRAME_SUM_PARTIAL
					   : FRAME_SUM_WRONG;
}

static enum frame_verdict
tcp_parse(struct parse *p, bool judge_checksum, struct frame *frame)
{
	enum frame_verdict verdict = need(p, 20);
	const uint8_t *header = p->at;
	uint32_t header_len, known;

	if (verdict != FRAME_TCP)
		return verdict;
	header_len = (header[12] >> 4) * 4u;
	if (header_len < 20 || header_len > p->wire)
		return FRAME_MALFORMED;
	frame->src = p->src;
	frame->dst = p->dst;
	frame->sport = (uint16_t)get16(header);
	frame->dport = (uint16_t)get16(header + 2);
	frame->th_seq = get32(header + 4);
	frame->th_ack = get32(header + 8);
	frame->th_off = (uint8_t)header_len;
	frame->th_flags = header[13];
	frame->th_win = (uint16_t)get16(header + 14);
	frame->link_bytes = p->link_bytes;
	frame->ip_bytes = p->ip_bytes;
	frame->mss = 0;
	frame->has_timestamp = false;
	frame->th_ts = 0;
	frame->checksum =
	    judge_checksum ? checksum_judge(p) : FRAME_SUM_UNJUDGED;
	known = header_len < p->captured ? header_len : p->captured;
	options_parse(frame, header + 20, known - 20);
	frame->th_options = options_fingerprint(header + 20, known - 20);
	skip(p, header_len);
	frame->payload = p->at;
	frame->payload_known = p->captured;
	frame->payload_len = p->wire;
	return FRAME_TCP;
}

enum frame_verdict
frame_parse(const struct trace_frame *captured, bool judge_checksum,
	    struct frame *frame, struct frame_fragment *fragment)
{
	struct parse p = {
	    .at = captured->data,
	    .captured = captured->captured_len,
	    .wire = captured->wire_len,
	    .link_bytes = ETHERNET_HEADER,
	};
	enum frame_verdict verdict;

	if (p.wire < p.captured)
		p.wire = p.captured;
	verdict = link_parse(&p, captured->link, fragment);
	if (verdict != FRAME_TCP)
		return verdict;
	return tcp_parse(&p, judge_checksum, frame);
}

enum frame_verdict
frame_parse_tcp(const struct frame_fragment *whole, const uint8_t *segment,
		uint32_t segment_len, bool judge_checksum, struct frame *frame)
{
	uint32_t ip_header = whole->src.family == 4 ? 20 : 40;
	struct parse p = {
	    .at = segment,
	    .captured = segment_len,
	    .wire = segment_len,
	    .link_bytes = whole->link_bytes,
	    .ip_bytes = ip_header + segment_len,
	    .protocol = whole->protocol,
	    .src = whole->src,
	    .dst = whole->dst,
	};

	/* Extension headers may stand behind the fragment header. */
	if (extensions_parse(&p) != FRAME_TCP)
		return FRAME_MALFORMED;
	if (tcp_parse(&p, judge_checksum, frame) != FRAME_TCP)
		return FRAME_MALFORMED;
	return FRAME_TCP;
}

uint32_t
frame_wire_bytes(const struct frame *frame, uint32_t payload_len)
{
	uint32_t headers = frame->ip_bytes - frame->payload_len;
	uint32_t bytes =
	    frame->link_bytes + headers + payload_len + ETHERNET_FCS;

	if (bytes < ETHERNET_MIN)
		bytes = ETHERNET_MIN;
	return bytes + ETHERNET_PREAMBLE_AND_GAP;
}
