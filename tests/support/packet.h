/*
 * packet.h - TCP segments as captured frames, made for tests.
 *
 * Fill a struct packet (packet_init gives a plain one), then packet_build it
 * into a buffer of the caller's.  Lengths, checksums and options come out right
 * unless a field asks for something else.  The sums are computed bytewise, so
 * that they serve as an oracle for the parser's own.
 */
#ifndef TESTS_SUPPORT_PACKET_H
#define TESTS_SUPPORT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traces/trace.h"

enum {
	/* Largest frame: link header, tags, IP with options, 64 KiB. */
	PACKET_BYTES_MAX = 65536 + 256,
	PACKET_EXTENSIONS_MAX = 4,
};

enum packet_checksum {
	PACKET_SUM_RIGHT,
	PACKET_SUM_PARTIAL, /* the pseudo-header sum of an offloading sender */
	PACKET_SUM_WRONG,
};

struct packet {
	enum trace_link link;
	uint8_t vlan_tags; /* Ethernet, SLL, SLL2: 0 to 2 (QinQ) */
	bool link_swapped; /* null: the family in big-endian order */
	bool link_short;   /* PPP: without address and control bytes */

	uint8_t family; /* 4 or 6 */
	uint8_t src[16];
	uint8_t dst[16];
	uint32_t ip_id;	       /* of fragments */
	uint8_t ip_options;    /* IPv4: bytes of options, a multiple of 4 */
	bool ip_length_absent; /* IPv4: total length 0 */
	/* IPv6: next-header numbers (0, 43, 44, 51, 60), in order */
	uint8_t extensions[PACKET_EXTENSIONS_MAX];
	uint8_t extension_count;

	uint16_t sport;
	uint16_t dport;
	uint32_t th_seq;
	uint32_t th_ack;
	uint16_t th_win;
	uint8_t th_flags; /* TH_* of engine/mbuf.h */
	uint16_t mss;	  /* MSS option; 0: absent */
	bool timestamp;	  /* timestamp option, 12 bytes with padding */
	enum packet_checksum checksum;

	const uint8_t *payload; /* NULL: payload_len bytes of a pattern */
	uint32_t payload_len;
	uint32_t trailer_len; /* bytes of 0xee behind the IP packet */
};

/* Ethernet, 10.0.0.1:40000 to 10.0.0.2:443, ACK, window 65535, no payload. */
void packet_init(struct packet *packet);

/* As packet_init, with [2001:db8::1]:40000 to [2001:db8::2]:443. */
void packet_init_v6(struct packet *packet);

/* Turn the packet's direction: addresses and ports change places. */
void packet_reverse(struct packet *packet);

/* Build the frame; returns its length (asserts that it fits into size). */
size_t packet_build(const struct packet *packet, uint8_t *out, size_t size);

/*
 * Build one IP fragment of the packet: len bytes from offset (a multiple of 8)
 * of what packet_segment_len counts.  The last one has no "more" flag.
 */
size_t packet_build_fragment(const struct packet *packet, uint32_t offset,
			     uint32_t len, uint8_t *out, size_t size);

/* Bytes of TCP header, options and payload. */
size_t packet_segment_len(const struct packet *packet);

/* The byte of the pattern at a payload offset. */
uint8_t packet_pattern(uint32_t offset);
#endif
