/*
 * frame.h - link, network and TCP headers of one captured frame.
 *
 * Pure; fuzzed; allocates nothing.  Link types: enum trace_link.  VLAN and
 * QinQ tags, IPv4 options and IPv6 extension headers are passed over.  The
 * length rules of IP decide where the packet ends (RFC 791, RFC 8200); an IPv4
 * total length of 0 is an offloading sender's: the frame's end then counts.
 */
#ifndef TRACES_FRAME_H
#define TRACES_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "traces/trace.h"

enum frame_verdict {
	FRAME_TCP,	 /* `frame` is complete */
	FRAME_FRAGMENT,	 /* an IP fragment: hand it to ipfrag_add */
	FRAME_NOT_IP,	 /* ARP, IS-IS ...: passed over */
	FRAME_NOT_TCP,	 /* UDP, ICMP ...: passed over */
	FRAME_CUT,	 /* the snap length cut off a header */
	FRAME_MALFORMED, /* a header contradicts itself or the frame */
};

enum frame_checksum {
	FRAME_SUM_GOOD,
	FRAME_SUM_PARTIAL, /* the pseudo-header sum of an offloading sender */
	FRAME_SUM_WRONG,
	FRAME_SUM_UNJUDGED, /* cut by the snap length, or not asked for */
};

struct frame_address {
	uint8_t family;	   /* 4 or 6 */
	uint8_t bytes[16]; /* network order; the first 4 for IPv4 */
};

struct frame {
	struct frame_address src;
	struct frame_address dst;
	uint16_t sport;
	uint16_t dport;
	uint32_t th_seq;
	uint32_t th_ack;
	uint16_t th_win;	/* as on the wire */
	uint8_t th_flags;	/* TH_* of engine/mbuf.h */
	uint8_t th_off;		/* bytes of TCP header */
	const uint8_t *payload; /* into the frame's data */
	uint32_t payload_known; /* bytes at payload */
	uint32_t payload_len;	/* bytes on the wire, >= payload_known */
	uint32_t link_bytes;	/* link header as Ethernet: 14 and 4 per tag */
	uint32_t ip_bytes;	/* IP header to the packet's end */
	uint16_t mss;		/* SYN option, 0 where absent */
	bool has_timestamp;	/* timestamp option: 12 bytes of each segment */
	uint32_t th_ts;		/* its value, or 0 */
	uint32_t th_options;	/* fingerprint, as in struct pkthdr */
	enum frame_checksum checksum;
};

/* An IP fragment, as frame_parse found it. */
struct frame_fragment {
	struct frame_address src;
	struct frame_address dst;
	uint32_t id;	     /* IPv4 16 bits, IPv6 32 bits */
	uint8_t protocol;    /* of the whole packet */
	bool more;	     /* more fragments follow */
	uint32_t offset;     /* bytes */
	const uint8_t *data; /* into the frame's data */
	uint32_t len;	     /* bytes at data */
	uint32_t link_bytes; /* as in struct frame */
};

/*
 * Parse one frame.  judge_checksum asks for frame->checksum.  *frame is set
 * with FRAME_TCP, *fragment with FRAME_FRAGMENT.
 */
enum frame_verdict frame_parse(const struct trace_frame *captured,
			       bool judge_checksum, struct frame *frame,
			       struct frame_fragment *fragment);

/*
 * Parse a TCP segment whose IP header is gone (a reassembled packet).
 * segment_len bytes at segment, all known.  FRAME_TCP or FRAME_MALFORMED.
 */
enum frame_verdict frame_parse_tcp(const struct frame_fragment *whole,
				   const uint8_t *segment, uint32_t segment_len,
				   bool judge_checksum, struct frame *frame);

/*
 * Bytes that a segment with this much payload occupies on an Ethernet link:
 * headers, FCS, padding to 64, preamble and gap (04-nic section 2.8).
 */
uint32_t frame_wire_bytes(const struct frame *frame, uint32_t payload_len);
#endif
