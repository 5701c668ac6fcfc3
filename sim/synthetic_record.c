/*
 * synthetic_record.c - the TLS records of modelled senders.
 *
 * Called by synthetic.c for each record in turn.  With crypto.mode=real a
 * record is sealed as a TLS library would seal it (RFC 5288, 6655, 7905, 8446);
 * with crypto.mode=model it has its header, its explicit nonce and zeros, which
 * costs the same for every length.  Left out: AES-CBC, padding of TLS 1.3, and
 * any content type but application data.
 */
#include "sim/synthetic_record.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "engine/aead.h"
#include "sim/rng.h"

/* Random stream of key material: beyond every cost_id, and no other part's. */
enum { RNG_PURPOSE_SYNTHETIC_KEY = 1003 };

#define PATTERN_STEP UINT64_C(0x9e3779b97f4a7c15)

int
synthetic_maker_init(struct synthetic_maker *maker, uint16_t id,
		     enum ktls_suites suites, bool real, uint32_t contexts)
{
	const struct tls_suite *suite = tls_suite_find(id);
	bool framed;

	assert(suite != NULL);
	*maker = (struct synthetic_maker){.version =
					      suite->tls13 ? TLS_1_3 : TLS_1_2};
	ktls_key_init(&maker->plain_key, maker->version, suite, suites);
	framed = tls_framing_of(maker->version, suite->cipher, TLS_HASH_NONE,
				&maker->framing);
	assert(framed);
	(void)framed;
	if (real)
		maker->aead = aead_pool_create(contexts);
	return real && maker->aead == NULL ? ENOMEM : 0;
}

void
synthetic_maker_fini(struct synthetic_maker *maker)
{
	aead_pool_destroy(maker->aead);
	maker->aead = NULL;
}

static void
fill_random(uint64_t seed, uint32_t flow, uint64_t from, uint8_t *bytes,
	    size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t word = rng_u64(seed, RNG_PURPOSE_SYNTHETIC_KEY, flow,
					from + i / 8);

		bytes[i] = (uint8_t)(word >> (8 * (i % 8)));
	}
}

void
synthetic_key(const struct synthetic_maker *maker, uint32_t flow,
	      struct ktls_key *key)
{
	*key = maker->plain_key;
	fill_random(maker->seed, flow, 0, key->key, key->key_len);
	fill_random(maker->seed, flow, TLS_KEY_MAX, key->iv, key->iv_len);
}

uint32_t
synthetic_record_bytes(const struct synthetic_maker *maker,
		       uint32_t plaintext_bytes)
{
	return maker->framing.hlen + plaintext_bytes + maker->framing.tlen;
}

/* Header and explicit nonce, which is the record's number. */
static void
write_header(const struct synthetic_maker *maker, uint64_t seqno,
	     uint32_t record_bytes, uint8_t *out)
{
	uint32_t length = record_bytes - TLS_HEADER_BYTES;

	out[0] = TLS_APPLICATION_DATA;
	out[1] = 3;
	out[2] = 3;
	out[3] = (uint8_t)(length >> 8);
	out[4] = (uint8_t)length;
	for (unsigned i = 0; i < maker->framing.explicit_iv; i++)
		out[TLS_HEADER_BYTES + i] = (uint8_t)(seqno >> (56 - 8 * i));
}

static uint64_t
pattern_word(uint32_t flow, uint64_t index)
{
	return (index + 1) * PATTERN_STEP + flow;
}

static uint8_t
pattern_byte(uint32_t flow, uint64_t offset)
{
	return (uint8_t)(pattern_word(flow, offset / 8) >> (8 * (offset % 8)));
}

static void
write_pattern(uint32_t flow, uint64_t offset, uint8_t *out, uint32_t len)
{
	uint32_t i = 0;

	for (; i < len && (offset + i) % 8 != 0; i++)
		out[i] = pattern_byte(flow, offset + i);
	for (; i + 8 <= len; i += 8) {
		uint64_t word = pattern_word(flow, (offset + i) / 8);

		for (unsigned b = 0; b < 8; b++)
			out[i + b] = (uint8_t)(word >> (8 * b));
	}
	for (; i < len; i++)
		out[i] = pattern_byte(flow, offset + i);
}

static int
seal(struct synthetic_maker *maker, const struct synthetic_record *record,
     uint8_t *out)
{
	struct aead_record input = {.key_id = record->key_id,
				    .key = record->key};
	uint8_t *body = out + maker->framing.hlen;
	uint32_t len = record->plaintext_bytes;
	uint8_t aad[13];
	int error;

	write_pattern(record->flow, record->offset, body, len);
	if (maker->version == TLS_1_3)
		body[len++] = TLS_APPLICATION_DATA;
	tls_nonce(record->key, record->seqno, out + TLS_HEADER_BYTES,
		  input.nonce);
	input.aad = aad;
	input.aad_len = tls_aad(record->key, record->seqno, out,
				(uint16_t)record->plaintext_bytes, aad);
	error = aead_seal_bytes(maker->aead, &input, body, len, body);
	assert(error != EOPNOTSUPP);
	memcpy(body + len, input.tag, TLS_TAG_BYTES);
	return error;
}

int
synthetic_record_make(struct synthetic_maker *maker,
		      const struct synthetic_record *record, uint8_t *out)
{
	write_header(maker, record->seqno,
		     synthetic_record_bytes(maker, record->plaintext_bytes),
		     out);
	return maker->aead == NULL ? 0 : seal(maker, record, out);
}
