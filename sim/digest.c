/*
 * digest.c - the ends of a run's fingerprint; the road between them is inline.
 *
 * A run adds words from its results and its events in their total order; two
 * runs agree if and only if (but for chance) they added the same words.  The
 * number of words is part of the value, so that a run that stops early differs
 * from one that adds zeros.
 */
#include "sim/digest.h"

/* The first 64 bits of the fraction of pi: nothing up the sleeve. */
#define DIGEST_SEED UINT64_C(0x243f6a8885a308d3)

void
digest_init(struct digest *digest)
{
	digest->state = DIGEST_SEED;
	digest->words = 0;
}

uint64_t
digest_value(const struct digest *digest)
{
	struct digest last = *digest;

	digest_add(&last, digest->words);
	return last.state;
}
