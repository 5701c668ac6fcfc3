/*
 * test_cipher_faults.c - every call of OpenSSL fails in turn, every request for
 * memory, and every algorithm is missing in turn.
 *
 * One record per kind of key, sealed by tls_seal.c, goes through each function
 * of aead.h, aead_stream.h, cbc.h and ktls_recrypt.h.  Whatever fails, the call
 * says so, and the same call with the same pool then gives the right bytes.
 */
#include <errno.h>
#include <string.h>

#include "engine/aead.h"
#include "engine/aead_stream.h"
#include "engine/cbc.h"
#include "engine/ktls_recrypt.h"
#include "engine/mbuf.h"
#include "tests/sabotage/evp_faults.h"
#include "tests/sabotage/libc_faults.h"
#include "tests/support/chain.h"
#include "tests/support/crypto_faults.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_seal.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum {
	TEXT_BYTES = 300,
	BODY_MAX = TEXT_BYTES + TLS_SEAL_OVERHEAD,
	PIECE_MAX = 64,
	CALLS_MAX = 200,
};

struct kind {
	enum tls_version version;
	enum tls_cipher cipher;
	uint8_t key_len;
	enum tls_hash mac;
};

static const struct kind kinds[] = {
    {TLS_1_2, TLS_CIPHER_AES_GCM, 16, TLS_HASH_NONE},
    {TLS_1_2, TLS_CIPHER_AES_GCM, 32, TLS_HASH_NONE},
    {TLS_1_2, TLS_CIPHER_CHACHA20_POLY1305, 32, TLS_HASH_NONE},
    {TLS_1_2, TLS_CIPHER_AES_CCM, 16, TLS_HASH_NONE},
    {TLS_1_1, TLS_CIPHER_AES_CBC, 16, TLS_HASH_SHA1},
    {TLS_1_2, TLS_CIPHER_AES_CBC, 32, TLS_HASH_SHA384},
};

/* Who is asked to fail. */
struct source {
	void (*after)(uint64_t nth);
	bool (*hit)(void);
};

static const struct source evp = {evp_faults_after, evp_faults_hit};
static const struct source libc = {libc_faults_after, libc_faults_hit};

/* The record, and what an operation is to make of it. */
static struct aead_pool *pool;
static struct mbuf *chain;
static struct ktls_key key;
static struct aead_record record;
static struct cbc_record cbc;
static uint8_t plain[TEXT_BYTES];
/* CBC has no tag behind it, though run() looks there for one. */
static uint8_t wire[BODY_MAX + TLS_TAG_BYTES];
static uint8_t *body; /* of wire: behind header and explicit IV */
static uint32_t body_len;
static uint8_t aad[13];
static uint8_t out[BODY_MAX];

static void
seal(const struct kind *kind)
{
	struct tls_framing framing;
	size_t len;

	if (kind->cipher == TLS_CIPHER_AES_CBC)
		tls_seal_key_cbc(&key, kind->version, kind->mac, kind->key_len,
				 9);
	else
		tls_seal_key(&key, kind->version, kind->cipher, kind->key_len,
			     9);
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 7 + 1);
	len = tls_seal_data(&key, 5, plain, sizeof(plain), wire);
	ck_assert(
	    tls_framing_of(kind->version, kind->cipher, kind->mac, &framing));
	body = wire + framing.hlen;
	body_len = (uint32_t)(len - framing.hlen);
	cbc = (struct cbc_record){
	    .key = &key,
	    .seqno = 5,
	    .header = wire,
	    .iv = wire + TLS_HEADER_BYTES,
	};
	if (kind->cipher == TLS_CIPHER_AES_CBC)
		return;
	body_len -= TLS_TAG_BYTES;
	record = (struct aead_record){.key = &key, .aad = aad};
	record.aad_len = tls_aad(&key, 5, wire, TEXT_BYTES, aad);
	tls_nonce(&key, 5, wire + TLS_HEADER_BYTES, record.nonce);
}

static void
make_pool(void)
{
	pool = aead_pool_create(2);
	ck_assert_ptr_nonnull(pool);
	record.key_id = cbc.key_id = aead_key_id(pool);
}

/* Operations on the record, or on `chain`; the outcome is there or in out. */
static int
open_bytes(void)
{
	return aead_open_bytes(pool, &record, body, body_len, out);
}

static int
open_chain(void)
{
	return aead_open(pool, &record, chain, 0, body_len);
}

static int
seal_bytes(void)
{
	return aead_seal_bytes(pool, &record, plain, TEXT_BYTES, out);
}

static int
recrypt_chain(void)
{
	return ktls_recrypt(&key, record.nonce, chain, 0, TEXT_BYTES);
}

/* In two halves, as a NIC does. */
static int
stream_halves(void)
{
	struct aead_stream *stream = aead_stream_create(&key);
	uint32_t half = body_len / 2;
	int error;

	if (stream == NULL)
		return ENOMEM;
	error = aead_stream_begin(stream, record.nonce, aad, record.aad_len);
	if (error == 0)
		error = aead_stream_update(stream, body, out, half);
	if (error == 0)
		error = aead_stream_update(stream, body + half, out + half,
					   body_len - half);
	if (error == 0)
		error = aead_stream_finish(stream, record.tag);
	aead_stream_destroy(stream);
	return error;
}

static int
cbc_bytes(void)
{
	uint32_t len;

	return cbc_open_bytes(pool, &cbc, body, body_len, out, &len);
}

static int
cbc_chain(void)
{
	uint32_t len;

	return cbc_open(pool, &cbc, chain, 0, body_len, &len);
}

enum ciphers { AEADS, GCM, CBC };

struct operation {
	const char *name;
	int (*run)(void);
	enum ciphers ciphers;
	bool chained;
	bool seals; /* plaintext becomes ciphertext */
};

static const struct operation operations[] = {
    {"open_bytes", open_bytes, AEADS, false, false},
    {"open_chain", open_chain, AEADS, true, false},
    {"seal_bytes", seal_bytes, AEADS, false, true},
    {"recrypt_chain", recrypt_chain, GCM, true, true},
    {"stream_halves", stream_halves, GCM, false, false},
    {"cbc_bytes", cbc_bytes, CBC, false, false},
    {"cbc_chain", cbc_chain, CBC, true, false},
};

static bool
applies(const struct operation *op, const struct kind *kind)
{
	if (kind->cipher == TLS_CIPHER_AES_CBC)
		return op->ciphers == CBC;
	return op->ciphers == AEADS ||
	       (op->ciphers == GCM && kind->cipher == TLS_CIPHER_AES_GCM);
}

/*
 * Run once.  The fault is ordered around the call alone, since Check asks for
 * memory too; *hit tells whether it has happened.
 */
static int
run(const struct operation *op, const struct source *source, uint64_t nth,
    bool *hit)
{
	uint64_t seed = 1;
	int error;

	memset(out, 0, sizeof(out));
	memcpy(record.tag, body + body_len, TLS_TAG_BYTES);
	if (op->chained)
		chain = chain_make(op->seals ? plain : body,
				   op->seals ? TEXT_BYTES : body_len, PIECE_MAX,
				   &seed);
	if (op->run == recrypt_chain)
		for (struct mbuf *m = chain; m != NULL; m = m->m_next)
			m->m_flags |= M_DECRYPTED;
	source->after(nth);
	error = op->run();
	*hit = source->hit();
	source->after(0);
	if (op->chained) {
		chain_read(chain, out);
		chain_free(chain);
	}
	return error;
}

static void
expect_right_bytes(const struct operation *op)
{
	ck_assert_msg(memcmp(out, op->seals ? body : plain, TEXT_BYTES) == 0,
		      "%s: wrong bytes", op->name);
	ck_assert_mem_eq(record.tag, body + body_len, TLS_TAG_BYTES);
}

static void
run_well(const struct operation *op)
{
	bool hit;

	ck_assert_int_eq(run(op, &evp, 0, &hit), 0);
	expect_right_bytes(op);
}

/*
 * Run with one fault; whether it has happened.  OpenSSL can do without some of
 * the memory that it asks for, and a context without the one call that makes
 * the next nonces of its key cheap; *spared counts the calls of that kind.
 */
static bool
run_badly(const struct operation *op, const struct source *source, uint64_t nth,
	  unsigned *spared)
{
	bool hit;
	int error = run(op, source, nth, &hit);

	*spared += error == 0 && hit && source == &evp;
	if (error == 0)
		expect_right_bytes(op);
	else
		ck_assert_msg(hit && (error == ENOMEM || error == EBADMSG),
			      "%s: fault %ju, error %d", op->name,
			      (uintmax_t)nth, error);
	return hit;
}

/*
 * With a new key, or with one that has a context already.  Returns how many
 * calls there were that could fail.
 */
static unsigned
fail_each(const struct operation *op, const struct source *source, bool keyed)
{
	uint64_t nth = 0;
	unsigned spared = 0;
	bool hit = true;

	while (hit) {
		ck_assert_uint_lt(++nth, CALLS_MAX);
		make_pool();
		if (keyed)
			run_well(op);
		hit = run_badly(op, source, nth, &spared);
		ck_assert_uint_le(spared, keyed ? 0 : 1);
		run_well(op);
		aead_pool_destroy(pool);
	}
	return (unsigned)nth - 1;
}

START_TEST(test_cipher_faults_every_call_of_openssl_fails_in_turn)
{
	const struct kind *kind = &kinds[_i];

	seal(kind);
	for (int i = 0; i < ROWS(operations); i++) {
		const struct operation *op = &operations[i];
		unsigned fresh, keyed;

		if (!applies(op, kind))
			continue;
		fresh = fail_each(op, &evp, false);
		keyed = fail_each(op, &evp, true);
		/* Each has to set an IV and to work on the text. */
		ck_assert_uint_ge(keyed, 2);
		ck_assert_uint_ge(fresh, keyed);
	}
}
END_TEST

/* OpenSSL's memory, and ours where a text in several mbufs is gathered. */
START_TEST(test_cipher_faults_every_request_for_memory_fails_in_turn)
{
	const struct kind *kind = &kinds[_i];

	seal(kind);
	for (int i = 0; i < ROWS(operations); i++) {
		const struct operation *op = &operations[i];
		bool gathers =
		    op->chained && kind->cipher != TLS_CIPHER_AES_GCM;

		if (!applies(op, kind))
			continue;
		ck_assert_uint_ge(fail_each(op, &libc, false), 1 + gathers);
	}
}
END_TEST

/* What the first record of this kind says. */
static int
first_record(const struct kind *kind)
{
	const struct operation *op = operations;
	bool hit;

	while (!applies(op, kind))
		op++;
	seal(kind);
	record.key_id = cbc.key_id = aead_key_id(pool);
	return run(op, &evp, 0, &hit);
}

/* The pool is made all the same, and serves the ciphers that there are. */
START_TEST(test_cipher_faults_every_algorithm_is_missing_in_turn)
{
	static const char *const missing[] = {"x.....", ".x....", "..x...",
					      "...x..", "....x.", ".....x",
					      "....xx", "......"};
	bool seen[ROWS(missing)] = {false};

	for (uint64_t nth = 1; nth <= (uint64_t)ROWS(missing); nth++) {
		char lacks[ROWS(kinds) + 1] = "";
		int found = 0;

		evp_faults_after(nth);
		make_pool();
		evp_faults_after(0);
		for (int i = 0; i < ROWS(kinds); i++) {
			int error = first_record(&kinds[i]);

			ck_assert(error == 0 || error == EOPNOTSUPP);
			lacks[i] = error == 0 ? '.' : 'x';
		}
		while (found < ROWS(missing) &&
		       strcmp(lacks, missing[found]) != 0)
			found++;
		ck_assert_msg(found < ROWS(missing) && !seen[found], "%s",
			      lacks);
		seen[found] = true;
		aead_pool_destroy(pool);
	}
}
END_TEST

Suite *cipher_faults_suite(void);

Suite *
cipher_faults_suite(void)
{
	const struct suite_test tests[] = {
	    {"test_cipher_faults_every_call_of_openssl_fails_in_turn",
	     test_cipher_faults_every_call_of_openssl_fails_in_turn,
	     ROWS(kinds)},
	    {"test_cipher_faults_every_request_for_memory_fails_in_turn",
	     test_cipher_faults_every_request_for_memory_fails_in_turn,
	     ROWS(kinds)},
	    {"test_cipher_faults_every_algorithm_is_missing_in_turn",
	     test_cipher_faults_every_algorithm_is_missing_in_turn, 0},
	};

	crypto_faults_install();
	return suite_create_table("cipher_faults", tests, (size_t)ROWS(tests),
				  NULL, NULL, 30);
}
