/*
 * tls_ear.h - feeds a talk to the handshake automaton as modelled readers
 * would, and remembers the answers.
 *
 * Order of use: tls_ear_init; { tls_ear_offer }*; tls_ear_fini.
 */
#ifndef TESTS_SUPPORT_TLS_EAR_H
#define TESTS_SUPPORT_TLS_EAR_H

#include "engine/aead.h"
#include "tests/support/tls_talk.h"
#include "traces/handshake.h"

struct tls_ear {
	const struct talk *talk;
	struct aead_pool *pool;
	struct handshake *hs;
	size_t at[2];			    /* consumed of each direction */
	bool decided[2];		    /* INSTALL or GIVE_UP came */
	struct handshake_effect install[2]; /* that one */
	unsigned closes[2];
	bool short_of_memory; /* ENOMEM is no surprise */
	unsigned faults;      /* how often it came */
	uint32_t early_records;
	size_t early_bytes;
};

/* keylog may be NULL; assumed is TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256. */
void tls_ear_init(struct tls_ear *ear, const struct talk *talk,
		  const struct keylog *keylog);
void tls_ear_fini(struct tls_ear *ear);

/*
 * The first `upto` bytes of a direction have arrived: read until nothing moves
 * any more, or the direction is decided.  Returns whether anything moved.
 */
bool tls_ear_offer(struct tls_ear *ear, int direction, size_t upto);

/* Everything has arrived, in both directions. */
void tls_ear_offer_all(struct tls_ear *ear);

/* The same, a few bytes at a time, in an order that follows from the seed. */
void tls_ear_offer_pieces(struct tls_ear *ear, uint32_t seed);
#endif
