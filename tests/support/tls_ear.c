/*
 * tls_ear.c - two modelled readers around one handshake automaton.
 *
 * Used by the tests of the handshake.  Checks on the way what every answer must
 * keep: no more is consumed than was offered, and need_more and progress
 * exclude each other.
 */
#include "tests/support/tls_ear.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
tls_ear_init(struct tls_ear *ear, const struct talk *talk,
	     const struct keylog *keylog)
{
	memset(ear, 0, sizeof(*ear));
	ear->talk = talk;
	ear->pool = aead_pool_create(2);
	ck_assert_ptr_nonnull(ear->pool);
	ear->hs = handshake_create(keylog, ear->pool, tls_suite_find(0xc02f),
				   KTLS_SUITES_FREEBSD);
	ck_assert_ptr_nonnull(ear->hs);
}

void
tls_ear_fini(struct tls_ear *ear)
{
	handshake_destroy(ear->hs);
	aead_pool_destroy(ear->pool);
}

static void
take_effect(struct tls_ear *ear, const struct handshake_effect *effect)
{
	switch (effect->kind) {
	case HANDSHAKE_INSTALL:
	case HANDSHAKE_GIVE_UP:
		ck_assert(!ear->decided[effect->direction]);
		ear->decided[effect->direction] = true;
		ear->install[effect->direction] = *effect;
		break;
	case HANDSHAKE_CLOSE:
		ear->closes[effect->direction]++;
		break;
	case HANDSHAKE_NEXT_KEY:
		ck_abort_msg("a next key before KTLS");
	}
}

static bool
read_once(struct tls_ear *ear, int direction, size_t upto)
{
	struct handshake_output output;
	size_t left = upto - ear->at[direction];
	uint8_t *copy;
	int error;

	if (left == 0 || ear->decided[direction])
		return false;
	/* A copy of the exact size, for the sanitizer. */
	copy = malloc(left);
	memcpy(copy, ear->talk->bytes[direction] + ear->at[direction], left);
	error = handshake_read(ear->hs, (enum flow_direction)direction, copy,
			       left, &output);
	free(copy);
	if (error == ENOMEM && ear->short_of_memory) {
		ear->faults++;
		return false;
	}
	ck_assert_int_eq(error, 0);
	ck_assert_uint_le(output.consumed, left);
	ck_assert_uint_le(output.count, HANDSHAKE_EFFECTS_MAX);
	for (unsigned i = 0; i < output.count; i++)
		take_effect(ear, &output.effect[i]);
	ear->at[direction] += output.consumed;
	ear->early_records += output.early_records;
	ear->early_bytes += output.early_len;
	return output.consumed > 0 || output.count > 0;
}

bool
tls_ear_offer(struct tls_ear *ear, int direction, size_t upto)
{
	bool moved = false;

	while (read_once(ear, direction, upto))
		moved = true;
	return moved;
}

void
tls_ear_offer_all(struct tls_ear *ear)
{
	bool moved = true;

	while (moved) {
		moved = tls_ear_offer(ear, 0, ear->talk->len[0]);
		if (tls_ear_offer(ear, 1, ear->talk->len[1]))
			moved = true;
	}
}

void
tls_ear_offer_pieces(struct tls_ear *ear, uint32_t seed)
{
	size_t arrived[2] = {0, 0};
	uint32_t state = seed * 2654435761u + 1;

	while (arrived[0] < ear->talk->len[0] ||
	       arrived[1] < ear->talk->len[1]) {
		int direction;
		size_t step;

		state = state * 1664525u + 1013904223u;
		direction = (int)(state >> 31);
		step = (state >> 8) % ((state >> 20) % 2 == 0 ? 7 : 1500) + 1;
		arrived[direction] += step;
		if (arrived[direction] > ear->talk->len[direction])
			arrived[direction] = ear->talk->len[direction];
		tls_ear_offer(ear, direction, arrived[direction]);
		tls_ear_offer(ear, 1 - direction, arrived[1 - direction]);
	}
	tls_ear_offer_all(ear);
}
