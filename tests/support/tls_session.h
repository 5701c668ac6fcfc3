/*
 * tls_session.h - a whole TLS connection as TCP segments in a capture file,
 * made for tests.
 *
 * Order of use: session_init; session_handshake; { session_data,
 * session_key_update ..., session_send }*; session_close; then the list of
 * segments may be bent (lost, reordered, repeated ...); session_write; and
 * after the replay session_expect; session_fini.
 * The records are built by tls_talk.h; the application bytes are remembered,
 * so that the results can be compared with them.
 */
#ifndef TESTS_SUPPORT_TLS_SESSION_H
#define TESTS_SUPPORT_TLS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/support/packet.h"
#include "tests/support/pcap_file.h"
#include "tests/support/tls_talk.h"

struct results_flow;

enum {
	SESSION_SEGMENTS_MAX = 2048,
	SESSION_LOG_MAX = 4 * TALK_LOG_MAX,
	SESSION_MSS = 1448,
	SESSION_GAP_NS = 10000,	   /* between two segments */
	SESSION_ALL_LABELS = 0xff, /* of enum keylog_label */
	SESSION_TRAFFIC_LABELS =   /* what suffices for the data */
	1 << KEYLOG_CLIENT_TRAFFIC_SECRET_0 |
	1 << KEYLOG_SERVER_TRAFFIC_SECRET_0,
};

/* One TCP segment.  seq and ack count from the initial numbers. */
struct session_segment {
	int side;     /* TALK_CLIENT or TALK_SERVER sends it */
	uint32_t seq; /* 0: the SYN, 1: the stream's first byte */
	uint32_t ack;
	uint32_t len;
	uint8_t flags;
	bool lost; /* not written */
	enum packet_checksum checksum;
	uint64_t time_ns;
};

struct tls_session {
	struct talk talk;
	uint8_t *plain[2]; /* application bytes of each side */
	size_t plain_len[2];
	uint64_t data_records[2], early_records;
	uint8_t secret[2][KEYLOG_SECRET_MAX]; /* TLS 1.3, of this generation */
	char keylog[SESSION_LOG_MAX];
	size_t sent[2]; /* bytes of the talk that are in segments */
	uint32_t mss;	/* payload of later segments, at most */
	bool aligned;	/* each record begins a segment */
	uint64_t now_ns;
	unsigned count;
	struct session_segment segment[SESSION_SEGMENTS_MAX];
};

/* How the segments lie on the link. */
struct session_shape {
	struct packet packet; /* of the client; its payload is not used */
	uint32_t isn[2];
	uint16_t mss_option;
	uint32_t fragment; /* IP payload of each fragment; 0: none */
	bool last_first;   /* of fragments */
	uint32_t snaplen;  /* 0: nothing is cut */
	bool simple;	   /* pcapng: Simple Packet Blocks */
};

/* The SYNs are made here.  keylog gets every label. */
void session_init(struct tls_session *session, const struct talk_hello *hello);
void session_fini(struct tls_session *session);

/* Bytes before TLS. */
void session_clear(struct tls_session *session, int side, const char *text);

/* All of it, with 0-RTT data where the hello offers it. */
void session_handshake(struct tls_session *session);

/* One record of len bytes; TLS 1.3: and zeros behind the inner type. */
void session_data(struct tls_session *session, int side, size_t len,
		  size_t padding);
void session_key_update(struct tls_session *session, int side);

/* TLS 1.2: a handshake inside the protected connection; adds to keylog. */
void session_renegotiate(struct tls_session *session);

/* Put what was built since the last time into segments. */
void session_send(struct tls_session *session, int side);

/* close_notify and FIN of both sides. */
void session_close(struct tls_session *session);

/* Replace keylog by these labels alone. */
void session_log(struct tls_session *session, unsigned labels);

/* Insert a copy of segment `from` before segment `to`; returns the copy. */
struct session_segment *session_repeat(struct tls_session *session,
				       unsigned from, unsigned to);

/* Swap two segments, but for their times. */
void session_swap(struct tls_session *session, unsigned a, unsigned b);

/* Index of the nth segment (from 0) with payload that a side sends. */
unsigned session_find(const struct tls_session *session, int side,
		      unsigned nth);

/* Ethernet, IPv4, no options but the SYN's MSS. */
void session_shape_init(struct session_shape *shape);

/* Add the segments to a file that was begun. */
void session_write(const struct tls_session *session,
		   const struct session_shape *shape, struct pcap_file *file);

/* A whole pcap of the shape's link type; afterwards pcap_file_remove. */
void session_capture(const struct tls_session *session,
		     const struct session_shape *shape, struct pcap_file *file);

/* The flow's application bytes are the session's, in both directions. */
void session_expect(const struct tls_session *session,
		    const struct results_flow *flow);

/* One direction of it: the first len bytes, in so many records. */
void session_expect_part(const struct tls_session *session,
			 const struct results_flow *flow, int side, size_t len,
			 uint64_t records);
#endif
