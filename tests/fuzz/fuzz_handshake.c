/*
 * fuzz_handshake.c - two hostile peers, one modelled TLS library for each.
 *
 * The input: a byte that chooses the key log and the kernel, then steps.  A
 * step is a byte (bit 0 direction, bits 1-2 what: bytes arrive, a decrypted
 * record, the end, a hole; bits 3-5 the record's type less 20), two bytes of
 * length, most significant first, and the bytes.  The key log holds the secrets
 * of the two made-up handshakes that the corpus was written with, so that
 * records open. Beyond the sanitizers' findings: what every answer must keep.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/aead.h"
#include "traces/handshake.h"
#include "traces/keylog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	STEP_HEADER = 3,
	STEPS_MAX = 128, /* of an input, for speed */
	ROUNDS = 2,	 /* a handshake and a renegotiation */

	/* The first byte. */
	LOG_ABSENT = 1,
	LOG_MASTER = 2,
	LOG_EARLY = 4,
	LOG_FLIGHTS = 8,
	LOG_DATA = 16,
	LOG_WRONG = 32,
	SUITES_OF_LINUX = 64,
};

enum step {
	STEP_ARRIVE,
	STEP_RECORD,
	STEP_END,
	STEP_HOLE,
};

struct rig {
	struct aead_pool *pool;
	struct keylog *keylog;
	struct handshake *hs;
	uint8_t *unread[2];
	size_t len[2];
	bool decided[2];
};

static const struct {
	const char *name;
	uint8_t set; /* LOG_ bit */
} labels[] = {
    {"CLIENT_RANDOM", LOG_MASTER},
    {"CLIENT_EARLY_TRAFFIC_SECRET", LOG_EARLY},
    {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", LOG_FLIGHTS},
    {"SERVER_HANDSHAKE_TRAFFIC_SECRET", LOG_FLIGHTS},
    {"CLIENT_TRAFFIC_SECRET_0", LOG_DATA},
    {"SERVER_TRAFFIC_SECRET_0", LOG_DATA},
};

/* The line of one secret: the formulas of tests/support/tls_talk.c. */
static void
log_add(struct keylog *keylog, unsigned label, unsigned round, bool wrong)
{
	unsigned secret_len = label == 0 ? 48 : 32;
	struct keylog_stats stats;
	char text[256];
	size_t len;
	int error;

	len = (size_t)sprintf(text, "%s ", labels[label].name);
	for (unsigned i = 0; i < 32; i++)
		len += (size_t)sprintf(text + len, "%02x",
				       (0x40 + 0x11 * round + 7 * i) & 0xff);
	text[len++] = ' ';
	for (unsigned i = 0; i < secret_len; i++)
		len += (size_t)sprintf(
		    text + len, "%02x",
		    (31 * label + 101 * round + 3 * i + 1 + wrong) & 0xff);
	text[len++] = '\n';
	error = keylog_add(keylog, text, len, 0, &stats);
	assert(error == 0);
	(void)error;
}

static void
rig_init(struct rig *rig, uint8_t log)
{
	memset(rig, 0, sizeof(*rig));
	rig->pool = aead_pool_create(2);
	if ((log & LOG_ABSENT) == 0)
		rig->keylog = keylog_create();
	for (unsigned i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		for (unsigned round = 0; round < ROUNDS; round++)
			if (rig->keylog != NULL && (log & labels[i].set) != 0)
				log_add(rig->keylog, i, round,
					(log & LOG_WRONG) != 0);
	rig->hs = handshake_create(
	    rig->keylog, rig->pool, tls_suite_find(0xc02f),
	    (log & SUITES_OF_LINUX) != 0 ? KTLS_SUITES_LINUX
					 : KTLS_SUITES_FREEBSD);
	assert(rig->hs != NULL);
}

static void
rig_fini(struct rig *rig)
{
	struct handshake_info info;

	handshake_read_info(rig->hs, &info);
	assert(info.reason[0] != NULL && info.reason[1] != NULL);
	handshake_destroy(rig->hs);
	keylog_destroy(rig->keylog);
	aead_pool_destroy(rig->pool);
	free(rig->unread[0]);
	free(rig->unread[1]);
}

static void
check_output(struct rig *rig, const struct handshake_output *output, size_t len)
{
	assert(output->consumed <= len);
	assert(output->count <= HANDSHAKE_EFFECTS_MAX);
	for (unsigned i = 0; i < output->count; i++) {
		const struct handshake_effect *effect = &output->effect[i];

		switch (effect->kind) {
		case HANDSHAKE_INSTALL:
		case HANDSHAKE_GIVE_UP:
			assert(!rig->decided[effect->direction]);
			rig->decided[effect->direction] = true;
			break;
		case HANDSHAKE_NEXT_KEY:
			assert(rig->decided[effect->direction]);
			break;
		case HANDSHAKE_CLOSE:
			break;
		}
		if (effect->kind == HANDSHAKE_INSTALL ||
		    effect->kind == HANDSHAKE_NEXT_KEY)
			assert(ktls_key_check(&effect->key) == 0);
	}
}

/* Read a direction until nothing moves; from memory of the exact size. */
static void
read_all(struct rig *rig, int direction)
{
	struct handshake_output output;
	int error;

	do {
		size_t len = rig->len[direction];
		uint8_t *bytes = malloc(len + (len == 0));

		memcpy(bytes, rig->unread[direction], len);
		error = handshake_read(rig->hs, (enum flow_direction)direction,
				       bytes, len, &output);
		assert(error == 0);
		(void)error;
		free(bytes);
		check_output(rig, &output, len);
		rig->len[direction] -= output.consumed;
		memmove(rig->unread[direction],
			rig->unread[direction] + output.consumed,
			rig->len[direction]);
	} while (output.consumed > 0 && !rig->decided[direction] &&
		 rig->len[direction] > 0);
}

static void
arrive(struct rig *rig, int direction, const uint8_t *bytes, size_t len)
{
	size_t have = rig->len[direction];

	rig->unread[direction] =
	    realloc(rig->unread[direction], have + len + 1);
	assert(rig->unread[direction] != NULL);
	memcpy(rig->unread[direction] + have, bytes, len);
	rig->len[direction] += len;
}

static void
step_run(struct rig *rig, uint8_t op, const uint8_t *bytes, size_t len)
{
	enum flow_direction direction = (enum flow_direction)(op & 1);
	struct handshake_output output;

	switch ((enum step)(op >> 1 & 3)) {
	case STEP_ARRIVE:
		arrive(rig, op & 1, bytes, len);
		break;
	case STEP_RECORD:
		if (handshake_record(rig->hs, direction,
				     (uint8_t)(20 + (op >> 3 & 7)), bytes, len,
				     &output) == 0)
			check_output(rig, &output, len);
		break;
	case STEP_END:
		handshake_end(rig->hs, direction, false);
		break;
	case STEP_HOLE:
		handshake_end(rig->hs, direction, true);
		break;
	}
	for (int i = 0; i < 2; i++)
		if (rig->unread[i] != NULL && !rig->decided[i])
			read_all(rig, i);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig rig;
	size_t at = 1;

	if (size == 0)
		return 0;
	rig_init(&rig, data[0]);
	for (int n = 0; n < STEPS_MAX && size - at >= STEP_HEADER; n++) {
		size_t len = (size_t)(data[at + 1] << 8 | data[at + 2]);
		uint8_t op = data[at];

		at += STEP_HEADER;
		if (len > size - at)
			len = size - at;
		step_run(&rig, op, data + at, len);
		at += len;
	}
	rig_fini(&rig);
	return 0;
}
