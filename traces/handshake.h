/*
 * handshake.h - the modelled TLS library of both ends of one connection.
 *
 * A pure automaton: bytes that a modelled reader finds unread in its socket go
 * in, key effects come out.  It has no clock and does no input or output.
 *
 * Order of use, per direction:
 *   handshake_read with the unread bytes, again and again, until it answers
 *   INSTALL (KTLS takes over at the first byte that was not consumed), then
 *   handshake_record for every record that KTLS delivers and whose type is not
 *   application data.
 * The two directions may be fed in any interleaving; what one needs from the
 * other (the hellos) is waited for: consumed is then 0, and the caller asks
 * again whenever the other direction made progress.
 * Access: one thread.
 * Sources: RFC 4346, RFC 5246, RFC 8446, RFC 5746, RFC 7366, RFC 8449.
 */
#ifndef TRACES_HANDSHAKE_H
#define TRACES_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/suite.h"
#include "traces/flow.h"

struct aead_pool;
struct handshake;
struct keylog;

enum handshake_effect_kind {
	HANDSHAKE_INSTALL,  /* enable KTLS at the first unconsumed byte */
	HANDSHAKE_NEXT_KEY, /* ktls_rx_next_key() */
	HANDSHAKE_CLOSE,    /* close_notify or a fatal alert was read */
	HANDSHAKE_GIVE_UP,  /* not TLS, or nothing can be timed: read the rest
			       as a plain stream */
};

enum handshake_timed_from {
	HANDSHAKE_TIMED_KEYS,	 /* real keys: bytes are decrypted */
	HANDSHAKE_TIMED_HEADERS, /* suite known, no keys: model mode */
	HANDSHAKE_TIMED_ASSUMED, /* suite unknown or not KTLS's: model mode with
				    an assumed suite */
};

struct handshake_effect {
	enum handshake_effect_kind kind;
	enum flow_direction direction; /* may differ from the one being read */
	bool model;		       /* no keys: a model-mode session */
	bool assumed;		       /* ... and the suite is a guess */
	struct ktls_key key; /* rec_seq of the first unconsumed record;
				in model mode version and cipher only */
};

enum {
	HANDSHAKE_EFFECTS_MAX = 4,
	/* Offer at least this many unread bytes where there are as many. */
	HANDSHAKE_PEEK_BYTES = 5 + 16384 + 2048,
};

struct handshake_output {
	size_t consumed; /* bytes that the reader takes off its socket */
	bool need_more;	 /* a record is not complete yet */
	unsigned count;	 /* effects, in order */
	struct handshake_effect effect[HANDSHAKE_EFFECTS_MAX];
	const uint8_t *early_data; /* 0-RTT plaintext of this call, or NULL;
				      valid until the next call */
	size_t early_len;
	uint32_t early_records; /* 0-RTT records with application data */
};

struct handshake_info {
	enum tls_version version;
	uint16_t suite_id; /* with suite_known */
	bool suite_known;  /* a ServerHello was read */
	bool client_hello_seen;
	bool hello_retry;
	bool resumed;
	bool early_data_offered;
	bool encrypt_then_mac;
	bool compression;
	uint32_t key_updates[2];
	uint32_t renegotiations;
	uint32_t alerts[2]; /* by direction, those that were readable */
	uint32_t handshake_records[2]; /* before KTLS took over */
	uint64_t plaintext_bytes[2];   /* before TLS began (STARTTLS) */
	const char *reason[2];	       /* "found", or why there are no keys */
	enum handshake_timed_from timed_from[2];
	bool border_inferred[2]; /* TLS 1.3 without handshake secrets */
};

/*
 * keylog and aead are lent and must outlive the handshake; keylog may be NULL
 * (no keys at all).  assumed: the suite that a model session is charged as
 * where none is known; it must be one of `suites`, which says whose KTLS takes
 * the connection over.  NULL: no memory.
 */
struct handshake *handshake_create(const struct keylog *keylog,
				   struct aead_pool *aead,
				   const struct tls_suite *assumed,
				   enum ktls_suites suites);
void handshake_destroy(struct handshake *hs);

/*
 * Offer the unread bytes of one direction, contiguous, from the first.  Returns
 * 0 or ENOMEM.
 */
int handshake_read(struct handshake *hs, enum flow_direction direction,
		   const uint8_t *bytes, size_t len,
		   struct handshake_output *output);

/*
 * A snap length cut off bytes of what handshake_read will be offered next for
 * this direction: they read as zero, and the first one is number `known`.
 */
void handshake_cut(struct handshake *hs, enum flow_direction direction,
		   size_t known);

/*
 * Hand over one decrypted record whose type is not application data (in real
 * mode; model-mode sessions have nothing to say).  Returns 0 or ENOMEM.
 */
int handshake_record(struct handshake *hs, enum flow_direction direction,
		     uint8_t type, const uint8_t *bytes, size_t len,
		     struct handshake_output *output);

/* The stream of a direction has a hole that will not fill, or has ended. */
void handshake_end(struct handshake *hs, enum flow_direction direction,
		   bool hole);

void handshake_read_info(const struct handshake *hs,
			 struct handshake_info *info);
#endif
