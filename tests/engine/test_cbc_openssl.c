/*
 * test_cbc_openssl.c - opening CBC records, over bytes and over mbufs.
 *
 * Goal: whatever a sender may send is opened, whatever it may not is refused,
 * and which of the two refusals happens shows in nothing that can be measured
 * from outside.  Oracles: two records of a published connection, the sealing
 * helper, which shares no code with the engine, and the addresses of all
 * instructions that opening a record executes (R11).
 */
#include "engine/cbc.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/aead.h"
#include "engine/mbuf.h"
#include "tests/support/chain.h"
#include "tests/support/crypto_faults.h"
#include "tests/support/hex.h"
#include "tests/support/step_trace.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_seal.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum {
	HLEN = TLS_HEADER_BYTES + CBC_BLOCK_BYTES,
	RECORD_MAX = TLS_SEAL_MAX + 256,
};

struct kind {
	enum tls_version version;
	enum tls_hash mac;
	uint8_t key_len;
};

/* The eight of FreeBSD's tests. */
static const struct kind kinds[] = {
    {TLS_1_1, TLS_HASH_SHA1, 16},   {TLS_1_1, TLS_HASH_SHA1, 32},
    {TLS_1_2, TLS_HASH_SHA1, 16},   {TLS_1_2, TLS_HASH_SHA1, 32},
    {TLS_1_2, TLS_HASH_SHA256, 16}, {TLS_1_2, TLS_HASH_SHA256, 32},
    {TLS_1_2, TLS_HASH_SHA384, 16}, {TLS_1_2, TLS_HASH_SHA384, 32},
};

static struct aead_pool *pool;
static struct ktls_key key;
static struct cbc_record record;
static uint8_t payload[TLS_PLAINTEXT_MAX];
static uint8_t wire[RECORD_MAX], out[RECORD_MAX];

static void
setup(void)
{
	pool = aead_pool_create(8);
	ck_assert_ptr_nonnull(pool);
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 31 + i / 251);
}

static void
teardown(void)
{
	aead_pool_destroy(pool);
}

/* A key of this kind, and a record that points at `wire`. */
static void
begin(const struct kind *kind)
{
	tls_seal_key_cbc(&key, kind->version, kind->mac, kind->key_len, 3);
	record = (struct cbc_record){
	    .key_id = aead_key_id(pool),
	    .key = &key,
	    .seqno = 0xfedcba9876543210,
	    .header = wire,
	    .iv = wire + TLS_HEADER_BYTES,
	};
}

static size_t
seal(size_t len, size_t padding)
{
	const struct tls_plain plain = {.type = TLS_APPLICATION_DATA,
					.bytes = payload,
					.len = len,
					.padding = padding};

	return tls_seal(&key, record.seqno, &plain, wire);
}

/* Open the record on the wire from storage of just its length. */
static int
open_wire(size_t len, uint32_t *plaintext_len)
{
	uint8_t *exact = malloc(len - HLEN);
	int error;

	ck_assert_ptr_nonnull(exact);
	memcpy(exact, wire + HLEN, len - HLEN);
	error = cbc_open_bytes(pool, &record, exact, (uint32_t)(len - HLEN),
			       exact, plaintext_len);
	if (error == 0)
		memcpy(out, exact, *plaintext_len);
	free(exact);
	return error;
}

static void
expect_opens(size_t len, size_t payload_len)
{
	uint32_t plaintext_len = 0;

	ck_assert_int_eq(open_wire(len, &plaintext_len), 0);
	ck_assert_uint_eq(plaintext_len, payload_len);
	ck_assert_int_eq(memcmp(out, payload, payload_len), 0);
}

static void
expect_refused(size_t len, int error)
{
	uint32_t plaintext_len = 0;

	ck_assert_int_eq(open_wire(len, &plaintext_len), error);
}

/*
 * "The Illustrated TLS 1.2 Connection" (tls12.xargs.org): the two records of
 * application data of a connection with TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA.
 */
static const struct {
	const char *key, *mac_key, *bytes, *plain;
} published[] = {
    {"f656d037b173ef3e11169f27231a84b6",
     "1b7d117c7d5f690bc263cae8ef60af0f1878acc2",
     "1703030030 000102030405060708090a0b0c0d0e0f"
     "6c421c71c42b183bfa06195d133d0a09d00fc7cb4e0f5d1cda59d147ec790c99",
     "ping"},
    {"752a18e7a9fcb7cbcdd8f98dd8f769eb",
     "2ad8bdd8c601a617126f63540eb20906f781fad2",
     "1703030030 6162636465666768696a6b6c6d6e6f70"
     "9783488af5fa20bf7a2ef69debb534db9fb07a8c2721dee5409f77af0c3dde56",
     "pong"},
};

START_TEST(test_cbc_opens_the_records_of_a_published_connection)
{
	const struct kind kind = {TLS_1_2, TLS_HASH_SHA1, 16};
	uint32_t plaintext_len;
	size_t len;

	begin(&kind);
	hex_decode(published[_i].key, key.key, sizeof(key.key));
	hex_decode(published[_i].mac_key, key.mac_key, sizeof(key.mac_key));
	len = hex_decode(published[_i].bytes, wire, sizeof(wire));
	record.seqno = 1;
	ck_assert_int_eq(open_wire(len, &plaintext_len), 0);
	ck_assert_uint_eq(plaintext_len, 4);
	ck_assert_mem_eq(out, published[_i].plain, 4);
	record.seqno = 2;
	ck_assert_int_eq(open_wire(len, &plaintext_len), EBADMSG);
}
END_TEST

START_TEST(test_cbc_opens_every_length_with_every_padding)
{
	begin(&kinds[_i]);
	for (size_t len = 0; len <= 80; len++)
		for (size_t padding = 0; padding <= 240; padding += 16)
			expect_opens(seal(len, padding), len);
	for (size_t len = TLS_PLAINTEXT_MAX - 20; len <= TLS_PLAINTEXT_MAX;
	     len++)
		expect_opens(seal(len, 240), len);
}
END_TEST

/* Every payload length has one least padding, so 1 .. 16 and on to 256. */
START_TEST(test_cbc_takes_paddings_of_1_to_256_bytes)
{
	bool seen[257] = {false};
	size_t mac_len;

	begin(&kinds[_i]);
	mac_len = key.mac_key_len;
	for (size_t len = 1; len <= 16; len++)
		for (size_t padding = 0; padding <= 240; padding += 16) {
			size_t total = seal(len, padding);

			expect_opens(total, len);
			seen[total - HLEN - len - mac_len] = true;
		}
	for (int i = 1; i <= 256; i++)
		ck_assert_msg(seen[i], "no padding of %d bytes", i);
}
END_TEST

/* Change one byte of what is encrypted: it must be refused, wherever it is. */
static void
refuse_bad_body(size_t payload_len, size_t padding)
{
	static uint8_t body[RECORD_MAX];
	const struct tls_plain plain = {.type = TLS_APPLICATION_DATA,
					.bytes = payload,
					.len = payload_len,
					.padding = padding};
	size_t body_len = tls_seal_cbc_plain(&key, record.seqno, &plain, body);

	for (size_t at = 0; at < body_len; at++) {
		size_t len;

		body[at] ^= (uint8_t)(1 + at % 255);
		len = tls_seal_cbc_body(&key, record.seqno, plain.type, body,
					body_len, wire);
		expect_refused(len, EBADMSG);
		body[at] ^= (uint8_t)(1 + at % 255);
	}
}

START_TEST(test_cbc_refuses_any_wrong_byte_of_text_mac_or_padding)
{
	begin(&kinds[_i]);
	refuse_bad_body(0, 0);
	refuse_bad_body(64, 0);
	refuse_bad_body(5, 96);
	refuse_bad_body(13, 240);
}
END_TEST

START_TEST(test_cbc_refuses_any_wrong_byte_on_the_wire)
{
	size_t len;

	begin(&kinds[_i]);
	len = seal(64, 16);
	for (size_t at = 0; at < len; at++) {
		/* The length field is what the caller makes of it. */
		if (at == 3 || at == 4)
			continue;
		wire[at] ^= 0x10;
		expect_refused(len, EBADMSG);
		wire[at] ^= 0x10;
	}
	record.seqno++;
	expect_refused(len, EBADMSG);
	record.seqno--;
	key.mac_key[0] ^= 1;
	record.key_id = aead_key_id(pool);
	expect_refused(len, EBADMSG);
	key.mac_key[0] ^= 1;
	record.key_id = aead_key_id(pool);
	expect_opens(len, 64);
}
END_TEST

/* The last byte says more padding than there are bytes in front of the MAC. */
START_TEST(test_cbc_refuses_padding_that_reaches_into_the_mac)
{
	uint8_t body[96];
	size_t mac_len;

	begin(&kinds[_i]);
	mac_len = key.mac_key_len;
	for (unsigned pad = 0; pad < 256; pad++) {
		size_t len;

		memset(body, (int)pad, sizeof(body));
		len = tls_seal_cbc_body(&key, record.seqno, 23, body,
					sizeof(body), wire);
		/* Those that fit have a MAC of padding bytes: wrong too. */
		ck_assert(pad + 1 + mac_len <= sizeof(body) || pad > 40);
		expect_refused(len, EBADMSG);
	}
}
END_TEST

START_TEST(test_cbc_refuses_lengths_that_no_record_has)
{
	size_t least;

	begin(&kinds[_i]);
	least =
	    (size_t)(key.mac_key_len / CBC_BLOCK_BYTES + 1) * CBC_BLOCK_BYTES;
	(void)seal(100, 0);
	for (size_t len = 1; len < least; len++)
		expect_refused(HLEN + len, EMSGSIZE);
	for (size_t len = least; len < 112; len++)
		expect_refused(HLEN + len,
			       len % CBC_BLOCK_BYTES ? EMSGSIZE : EBADMSG);
}
END_TEST

/* Open the record at `before` bytes into a chain of random pieces. */
static void
check_chain(size_t before, size_t len, size_t payload_len, size_t piece_max,
	    uint64_t *seed)
{
	static uint8_t flat[RECORD_MAX + 128], want[RECORD_MAX + 128];
	uint32_t plaintext_len = 0;
	uint32_t off = (uint32_t)(before + HLEN);
	size_t total = before + len + 5;
	struct mbuf *m;
	int error;

	memset(want, 0x5a, total);
	memcpy(want + before, wire, len);
	m = chain_make(want, total, piece_max, seed);
	error = cbc_open(pool, &record, m, off, (uint32_t)(len - HLEN),
			 &plaintext_len);
	ck_assert_int_eq(error, 0);
	ck_assert_uint_eq(plaintext_len, payload_len);
	chain_read(m, flat);
	/* In front of the range and behind it nothing has changed. */
	ck_assert_int_eq(memcmp(flat, want, off), 0);
	ck_assert_int_eq(memcmp(flat + off, payload, payload_len), 0);
	ck_assert_int_eq(memcmp(flat + before + len, want + before + len, 5),
			 0);
	chain_free(m);
}

START_TEST(test_cbc_open_gives_the_same_over_any_chain)
{
	static const size_t pieces[] = {1, 3, 17, 64, 100, 1448, 9216, 40000};
	static const size_t lens[] = {0, 1, 15, 16, 63, 64, 1000, 16384};
	uint64_t seed = (uint64_t)_i;

	begin(&kinds[_i]);
	for (int i = 0; i < ROWS(lens); i++) {
		size_t len = seal(lens[i], 16 * chain_below(&seed, 16));

		for (int k = 0; k < ROWS(pieces); k++)
			check_chain(chain_below(&seed, 50), len, lens[i],
				    pieces[k], &seed);
	}
	for (int i = 0; i < 50; i++) {
		size_t payload_len = chain_below(&seed, TLS_PLAINTEXT_MAX + 1);

		check_chain(chain_below(&seed, 90), seal(payload_len, 0),
			    payload_len, 1 + chain_below(&seed, 3000), &seed);
	}
}
END_TEST

START_TEST(test_cbc_open_refuses_what_cannot_be_opened)
{
	uint32_t plaintext_len, body_len;
	struct mbuf *m, *hole;
	size_t len;

	begin(&kinds[_i]);
	len = seal(300, 0);
	body_len = (uint32_t)(len - HLEN);
	m = chain_piece(wire, 150);
	hole = m->m_next = chain_piece(wire + 150, len - 150);
	ck_assert_int_eq(
	    cbc_open(pool, &record, m, HLEN, body_len - 1, &plaintext_len),
	    EMSGSIZE);
	hole->m_flags = M_UNKNOWN;
	ck_assert_int_eq(
	    cbc_open(pool, &record, m, HLEN, body_len, &plaintext_len),
	    EBADMSG);
	ck_assert_mem_eq(m->m_data, wire, 150);
	hole->m_flags = 0;
	hole->m_data[7] ^= 1;
	ck_assert_int_eq(
	    cbc_open(pool, &record, m, HLEN, body_len, &plaintext_len),
	    EBADMSG);
	chain_free(m);
	key.key_len = 24;
	record.key_id = aead_key_id(pool);
	expect_refused(len, EOPNOTSUPP);
}
END_TEST

/* More keys than contexts, of kinds that share no cipher, digest or neither. */
START_TEST(test_cbc_keys_share_the_pool_with_aeads)
{
	struct ktls_key gcm;
	struct aead_record sealed = {.key = &gcm};
	uint64_t ids[ROWS(kinds)];
	uint64_t gcm_id = aead_key_id(pool);

	aead_pool_destroy(pool);
	pool = aead_pool_create(2);
	tls_seal_key(&gcm, TLS_1_3, TLS_CIPHER_AES_GCM, 16, 1);
	sealed.key_id = gcm_id = aead_key_id(pool);
	for (int i = 0; i < ROWS(kinds); i++)
		ids[i] = aead_key_id(pool);
	for (int n = 0; n < 4 * ROWS(kinds); n++) {
		begin(&kinds[n % ROWS(kinds)]);
		record.key_id = ids[n % ROWS(kinds)];
		expect_opens(seal((size_t)n, 0), (size_t)n);
		ck_assert_int_eq(
		    aead_seal_bytes(pool, &sealed, payload, 100, out), 0);
		ck_assert_int_eq(aead_open_bytes(pool, &sealed, out, 100, out),
				 0);
		ck_assert_mem_eq(out, payload, 100);
		if (n % 3 == 0)
			aead_pool_forget(pool, record.key_id);
	}
}
END_TEST

START_TEST(test_cbc_survives_every_lack_of_memory)
{
	uint32_t plaintext_len;
	unsigned lacked = 0;
	bool hit = true;
	size_t len;

	begin(&kinds[_i]);
	len = seal(200, 32);
	for (uint64_t nth = 1; hit; nth++) {
		int error;

		record.key_id = aead_key_id(pool);
		crypto_faults_after(nth);
		error =
		    cbc_open_bytes(pool, &record, wire + HLEN,
				   (uint32_t)(len - HLEN), out, &plaintext_len);
		hit = crypto_faults_hit();
		crypto_faults_after(0);
		ck_assert_msg(error == 0 || error == ENOMEM,
			      "request %ju: error %d", (uintmax_t)nth, error);
		expect_opens(len, 200);
		lacked += error == ENOMEM;
		ck_assert_uint_lt(nth, 1000);
	}
	ck_assert_uint_gt(lacked, 0);
}
END_TEST

/* One record of 336 bytes of text, and what is wrong with it. */
struct timed_row {
	size_t padding; /* all of it, 1 .. 256 */
	enum { ALL_GOOD, BAD_MAC, BAD_PADDING } what;
};

enum { TIMED_BODY = 336 };

static const struct timed_row timed[] = {
    {1, ALL_GOOD},
    {256, ALL_GOOD},
    {1, BAD_MAC},
    {256, BAD_PADDING},
};

static void
timed_seal(const struct timed_row *row)
{
	uint8_t body[TIMED_BODY];
	size_t payload_len = TIMED_BODY - row->padding - key.mac_key_len;
	size_t least = (TIMED_BODY - payload_len - key.mac_key_len) % 16;
	const struct tls_plain plain = {
	    .type = TLS_APPLICATION_DATA,
	    .bytes = payload,
	    .len = payload_len,
	    .padding = row->padding - (least != 0 ? least : 16),
	};
	size_t len = tls_seal_cbc_plain(&key, record.seqno, &plain, body);

	ck_assert_uint_eq(len, TIMED_BODY);
	if (row->what == BAD_MAC)
		body[payload_len + 3] ^= 1;
	else if (row->what == BAD_PADDING)
		body[TIMED_BODY - row->padding] ^= 1;
	(void)tls_seal_cbc_body(&key, record.seqno, 23, body, TIMED_BODY, wire);
}

/* arg: the record on the wire. */
static void
timed_open(void *arg)
{
	uint32_t plaintext_len;

	record.header = arg;
	record.iv = record.header + TLS_HEADER_BYTES;
	(void)cbc_open_bytes(pool, &record, record.header + HLEN, TIMED_BODY,
			     out, &plaintext_len);
}

static bool
same_trace(const struct step_trace *a, const struct step_trace *b)
{
	return a->instructions == b->instructions && a->hash == b->hash;
}

/*
 * Good records take the same instructions whatever their padding is, and bad
 * ones the same whatever is wrong with them.  Steps are slow, so of the second
 * digest only good records are looked at.  Between the traces this process does
 * nothing, lest an allocator's state make a difference.
 */
START_TEST(test_cbc_takes_the_same_way_whatever_the_padding_is)
{
	static uint8_t sealed[ROWS(timed)][HLEN + TIMED_BODY];
	struct step_trace trace[ROWS(timed)];
	int rows = _i == 0 ? ROWS(timed) : 2;
	const char *steps = getenv("KTLSIM_STEP_TRACE");

	/* A sanitizer's own instructions are many, and not what is compared. */
	if (steps != NULL && strcmp(steps, "0") == 0) {
		puts("skipped: KTLSIM_STEP_TRACE=0");
		return;
	}
	begin(&kinds[_i == 0 ? 2 : 6]);
	for (int i = 0; i < rows; i++) {
		timed_seal(&timed[i]);
		memcpy(sealed[i], wire, sizeof(sealed[i]));
		/* The context is keyed, and every function is bound. */
		timed_open(sealed[i]);
	}
	for (int i = 0; i < rows; i++)
		if (!step_trace_run(timed_open, sealed[i], &trace[i])) {
			puts("skipped: this system lets no process be traced");
			return;
		}
	ck_assert_uint_gt(trace[0].instructions, 1000);
	for (int i = 1; i < rows; i += 2)
		ck_assert_msg(same_trace(&trace[i], &trace[i - 1]),
			      "row %d: %ju instructions, not %ju", i,
			      (uintmax_t)trace[i].instructions,
			      (uintmax_t)trace[i - 1].instructions);
}
END_TEST

Suite *cbc_openssl_suite(void);

Suite *
cbc_openssl_suite(void)
{
	const struct suite_test tests[] = {
	    {"opens_the_records_of_a_published_connection",
	     test_cbc_opens_the_records_of_a_published_connection,
	     ROWS(published)},
	    {"opens_every_length_with_every_padding",
	     test_cbc_opens_every_length_with_every_padding, ROWS(kinds)},
	    {"takes_paddings_of_1_to_256_bytes",
	     test_cbc_takes_paddings_of_1_to_256_bytes, ROWS(kinds)},
	    {"refuses_any_wrong_byte_of_text_mac_or_padding",
	     test_cbc_refuses_any_wrong_byte_of_text_mac_or_padding,
	     ROWS(kinds)},
	    {"refuses_any_wrong_byte_on_the_wire",
	     test_cbc_refuses_any_wrong_byte_on_the_wire, ROWS(kinds)},
	    {"refuses_padding_that_reaches_into_the_mac",
	     test_cbc_refuses_padding_that_reaches_into_the_mac, ROWS(kinds)},
	    {"refuses_lengths_that_no_record_has",
	     test_cbc_refuses_lengths_that_no_record_has, ROWS(kinds)},
	    {"open_gives_the_same_over_any_chain",
	     test_cbc_open_gives_the_same_over_any_chain, ROWS(kinds)},
	    {"open_refuses_what_cannot_be_opened",
	     test_cbc_open_refuses_what_cannot_be_opened, ROWS(kinds)},
	    {"keys_share_the_pool_with_aeads",
	     test_cbc_keys_share_the_pool_with_aeads, 0},
	    {"survives_every_lack_of_memory",
	     test_cbc_survives_every_lack_of_memory, ROWS(kinds)},
	    {"takes_the_same_way_whatever_the_padding_is",
	     test_cbc_takes_the_same_way_whatever_the_padding_is, 2},
	};

	crypto_faults_install();
	return suite_create_table("cbc_openssl", tests, ROWS(tests), setup,
				  teardown, 180);
}
