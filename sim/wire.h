/*
 * wire.h - headers of segments as they stood on the wire, for --annotate.
 *
 * Pure over bytes.  Three kinds of frames need other headers than were
 * captured: the pieces that a sender's NIC cuts from a large one, segments that
 * a modelled sender made, and copies that the modelled link made.
 */
#ifndef SIM_WIRE_H
#define SIM_WIRE_H

#include <stdbool.h>
#include <stdint.h>

struct flow;
struct frame;
struct mbuf;

enum {
	WIRE_LINK_MAX = 64,    /* of a link header, VLAN tags included */
	WIRE_HEADERS_MAX = 60, /* of IPv6 and TCP without options */
};

/* A link header to put in front of made IP headers. */
struct wire_link {
	uint32_t len;
	uint8_t bytes[WIRE_LINK_MAX];
};

/* That of an Ethernet frame between two made-up stations. */
void wire_link_ethernet(struct wire_link *link, uint8_t family);

/* Bytes of link header before the IP header of a captured frame. */
uint32_t wire_link_len(const struct frame *frame, uint32_t head_len);

/*
 * Make headers of one piece out of those of the frame that it was cut from:
 * head_len bytes at head, up to the payload.  m is the piece, whose known bytes
 * lie at payload; lengths, sequence number, flags and checksums become its own.
 * Where bytes are not known the TCP checksum stays as it was.
 */
void wire_cut_headers(uint8_t *head, uint32_t head_len,
		      const struct frame *frame, const struct mbuf *m,
		      const uint8_t *payload);

/*
 * Make IP and TCP headers (no options) of segment m of a flow, whose payload,
 * all of it or its known part, lies behind them at to + the length returned.
 */
uint32_t wire_make_headers(uint8_t *to, const struct flow *flow,
			   const struct mbuf *m, uint32_t known);

/* The length of those headers. */
uint32_t wire_headers_len(const struct flow *flow);
#endif
