/*
 * test_ktls_rx_cbc.c - CBC suites, and Linux' CCM, through the whole engine.
 *
 * Goal: what the receive path makes of such records, beyond opening them, which
 * test_cbc_openssl.c has: version bytes, lengths, counters, control messages,
 * and that the stream goes on behind a bad record.  The rows are those of
 * FreeBSD's receive tests.  Records come from tls_seal.c.
 */
#include "engine/ktls_rx.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "engine/effects.h"
#include "tests/support/chain.h"
#include "tests/support/rx_fixture.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_seal.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

struct suite_row {
	enum tls_version version;
	enum tls_cipher cipher;
	enum tls_hash mac;
	uint8_t key_len;
	uint8_t hlen;
};

static const struct suite_row suites[] = {
    {TLS_1_1, TLS_CIPHER_AES_CBC, TLS_HASH_SHA1, 16, 21},
    {TLS_1_1, TLS_CIPHER_AES_CBC, TLS_HASH_SHA1, 32, 21},
    {TLS_1_2, TLS_CIPHER_AES_CBC, TLS_HASH_SHA1, 16, 21},
    {TLS_1_2, TLS_CIPHER_AES_CBC, TLS_HASH_SHA1, 32, 21},
    {TLS_1_2, TLS_CIPHER_AES_CBC, TLS_HASH_SHA256, 16, 21},
    {TLS_1_2, TLS_CIPHER_AES_CBC, TLS_HASH_SHA256, 32, 21},
    {TLS_1_2, TLS_CIPHER_AES_CBC, TLS_HASH_SHA384, 16, 21},
    {TLS_1_2, TLS_CIPHER_AES_CBC, TLS_HASH_SHA384, 32, 21},
    {TLS_1_2, TLS_CIPHER_AES_CCM, TLS_HASH_NONE, 16, 13},
    {TLS_1_3, TLS_CIPHER_AES_CCM, TLS_HASH_NONE, 16, 5},
};

enum { CBC_SUITES = 8, SUITES = 10 };

static const struct suite_row *row;
static struct rx_fixture fx;
static struct rx_read got;
static struct ktls_key key;
static uint64_t seqno;
static uint8_t flat[20000];
static uint8_t wire[TLS_SEAL_MAX + 256];

static void
setup(void)
{
	for (size_t i = 0; i < sizeof(flat); i++)
		flat[i] = (uint8_t)(1 + (i * 31 + i / 251) % 255);
}

static void
begin(int suite)
{
	row = &suites[suite];
	if (row->cipher == TLS_CIPHER_AES_CBC)
		tls_seal_key_cbc(&key, row->version, row->mac, row->key_len, 7);
	else
		tls_seal_key(&key, row->version, row->cipher, row->key_len, 7);
	if (row->cipher == TLS_CIPHER_AES_CCM)
		key.suites = KTLS_SUITES_LINUX;
	key.rec_seq = seqno = 0x0123456789abcdef;
	rx_init(&fx, &key, KTLS_CRYPTO_REAL);
	rx_enable(&fx);
}

static size_t
make(uint8_t type, size_t len, size_t padding)
{
	const struct tls_plain plain = {
	    .type = type, .bytes = flat, .len = len, .padding = padding};

	return tls_seal(&key, seqno++, &plain, wire);
}

static void
expect_record(uint8_t type, size_t len)
{
	rx_read(&fx, 16384, 0, &got);
	ck_assert_int_eq(got.result.error, 0);
	ck_assert(got.result.has_record);
	ck_assert_uint_eq(got.result.record.tls_type, type);
	ck_assert_uint_eq(got.result.record.tls_vmajor, 3);
	ck_assert_uint_eq(got.result.record.tls_vminor,
			  row->version == TLS_1_1 ? 2 : 3);
	ck_assert_uint_eq(got.result.record.tls_length, len);
	ck_assert_uint_eq(got.result.bytes, len);
	ck_assert_mem_eq(got.bytes, flat, len);
	ck_assert(got.result.eor == (len > 0));
}

static void
expect_error(int error)
{
	rx_read(&fx, 16384, 0, &got);
	ck_assert_int_eq(got.result.error, error);
	ck_assert(!got.result.has_record);
}

/* A record that is changed at one place fails alone. */
static void
expect_bad(size_t len, size_t at, int error)
{
	uint64_t failed = fx.counters.failed_crypto;

	wire[at] ^= 1;
	rx_feed_segments(&fx, wire, len, 37);
	fx.effects = 0;
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
	ck_assert(fx.effects & ENGINE_WAKE_READER);
	ck_assert_uint_eq(fx.counters.failed_crypto, failed + 1);
	expect_error(error);
	rx_feed(&fx, wire, make(TLS_APPLICATION_DATA, 100, 0));
	rx_pass(&fx);
	expect_record(TLS_APPLICATION_DATA, 100);
}

START_TEST(test_ktls_rx_cbc_opens_records_of_every_size)
{
	static const size_t sizes[] = {0,  1,  15,   16,   17,
				       63, 64, 1000, 5000, 16384};
	uint64_t seed = (uint64_t)_i;
	unsigned opened = 0;

	begin(_i);
	for (int i = 0; i < COUNT(sizes); i++)
		for (int n = 0; n < 4; n++, opened++) {
			uint8_t type = (uint8_t)(21 + n % 3);
			size_t len = make(type, sizes[i], 0);

			rx_feed_segments(&fx, wire, len,
					 1 + chain_below(&seed, 2000));
			rx_pass(&fx);
			ck_assert_uint_eq(fx.so.so_rcv.sb_ccc, 24 + sizes[i]);
			expect_record(type, sizes[i]);
		}
	ck_assert_uint_eq(fx.counters.tls11_cbc_decrypts,
			  row->mac != TLS_HASH_NONE ? opened : 0);
	ck_assert_uint_eq(fx.counters.tls12_gcm_decrypts, 0);
	ck_assert_uint_eq(fx.counters.failed_crypto, 0);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_cbc_takes_one_row_of_records_in_any_cutting)
{
	static uint8_t stream[64 * 1024];
	uint64_t seed = 77 + (uint64_t)_i;
	size_t sizes[24], len = 0;

	begin(_i);
	for (int i = 0; i < COUNT(sizes); i++) {
		size_t one;

		sizes[i] = chain_below(&seed, 2000);
		one = make(TLS_APPLICATION_DATA, sizes[i], 0);
		memcpy(stream + len, wire, one);
		len += one;
	}
	for (size_t at = 0; at < len;) {
		size_t piece = 1 + chain_below(&seed, 1448);

		piece = piece < len - at ? piece : len - at;
		rx_feed(&fx, stream + at, piece);
		at += piece;
		if (rx_running(&fx) && chain_below(&seed, 2) == 0)
			rx_pass(&fx);
	}
	if (rx_running(&fx))
		rx_pass(&fx);
	for (int i = 0; i < COUNT(sizes); i++)
		expect_record(TLS_APPLICATION_DATA, sizes[i]);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_cbc_takes_every_padding)
{
	begin(_i);
	for (size_t len = 1; len <= 16; len++)
		for (size_t extra = 0; extra <= 240; extra += 16) {
			rx_feed_segments(&fx, wire,
					 make(TLS_APPLICATION_DATA, len, extra),
					 100);
			rx_pass(&fx);
			expect_record(TLS_APPLICATION_DATA, len);
		}
	rx_fini(&fx);
}
END_TEST

/* bad_data, bad_mac, bad_padding and bad_iv of FreeBSD's tests. */
START_TEST(test_ktls_rx_cbc_refuses_any_changed_byte_behind_the_header)
{
	size_t len;

	begin(_i);
	len = make(TLS_APPLICATION_DATA, 64, 0);
	seqno--;
	for (size_t at = TLS_HEADER_BYTES; at < len; at++) {
		ck_assert_uint_eq(make(TLS_APPLICATION_DATA, 64, 0), len);
		expect_bad(len, at, EBADMSG);
	}
	rx_fini(&fx);
}
END_TEST

/* non_block_size, small_record and short_header. */
START_TEST(test_ktls_rx_cbc_judges_lengths)
{
	size_t least, len;

	begin(_i);
	least = 16 + 16 * (size_t)(key.mac_key_len / 16 + 1);
	for (size_t body = 16; body < least + 40; body++) {
		memset(wire, 0, sizeof(wire));
		wire[0] = TLS_APPLICATION_DATA;
		wire[1] = 3;
		wire[2] = row->version == TLS_1_1 ? 2 : 3;
		wire[4] = (uint8_t)body;
		seqno++;
		len = TLS_HEADER_BYTES + body;
		expect_bad(len, TLS_HEADER_BYTES,
			   body < least || body % 16 != 0 ? EMSGSIZE : EBADMSG);
	}
	rx_feed(&fx, wire, make(TLS_APPLICATION_DATA, 10, 0));
	rx_pass(&fx);
	expect_record(TLS_APPLICATION_DATA, 10);
	/* Shorter than its own IV: the connection ends. */
	memset(wire, 0, 20);
	wire[0] = TLS_APPLICATION_DATA;
	wire[1] = 3;
	wire[2] = row->version == TLS_1_1 ? 2 : 3;
	wire[4] = 15;
	rx_feed(&fx, wire, 20);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DROPPED);
	expect_error(EMSGSIZE);
	rx_fini(&fx);
}
END_TEST

/* bad_minor: also the version next to the right one. */
START_TEST(test_ktls_rx_cbc_drops_records_of_another_version)
{
	begin(_i);
	rx_feed(&fx, wire, make(TLS_APPLICATION_DATA, 64, 0));
	rx_pass(&fx);
	expect_record(TLS_APPLICATION_DATA, 64);
	(void)make(TLS_APPLICATION_DATA, 64, 0);
	wire[2] ^= 1;
	rx_feed(&fx, wire, 200);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DROPPED);
	ck_assert_uint_eq(fx.counters.corrupted_records, 1);
	expect_error(EINVAL);
	rx_fini(&fx);
}
END_TEST

/* The greatest record has one block of padding; RFC 5246 would allow more. */
START_TEST(test_ktls_rx_cbc_drops_a_full_record_with_more_padding)
{
	begin(_i);
	rx_feed_segments(&fx, wire, make(TLS_APPLICATION_DATA, 16384, 0), 1448);
	rx_pass(&fx);
	expect_record(TLS_APPLICATION_DATA, 16384);
	rx_feed_segments(&fx, wire, make(TLS_APPLICATION_DATA, 16384, 32),
			 1448);
	rx_pass(&fx);
	ck_assert_uint_eq(fx.counters.corrupted_records, 1);
	expect_error(EMSGSIZE);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_cbc_change_cipher_spec_waits_for_the_next_key)
{
	struct ktls_key next;
	unsigned effects = 0;

	begin(_i);
	rx_feed(&fx, wire, make(TLS_CHANGE_CIPHER_SPEC, 1, 0));
	rx_pass(&fx);
	expect_record(TLS_CHANGE_CIPHER_SPEC, 1);
	tls_seal_key_cbc(&next, row->version, row->mac, row->key_len, 99);
	key = next;
	seqno = 0;
	rx_feed(&fx, wire, make(TLS_APPLICATION_DATA, 200, 16));
	ck_assert(!rx_running(&fx));
	next.mac = row->mac == TLS_HASH_SHA1 ? TLS_HASH_SHA256 : TLS_HASH_SHA1;
	ck_assert_int_eq(ktls_rx_next_key(&fx.so, &next, &effects), EINVAL);
	ck_assert_int_eq(ktls_rx_next_key(&fx.so, &key, &effects), 0);
	ck_assert(effects & ENGINE_QUEUE_WORK);
	rx_pass(&fx);
	expect_record(TLS_APPLICATION_DATA, 200);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_cbc_bytes_that_nobody_has_are_a_bad_record)
{
	size_t len;

	begin(_i);
	len = make(TLS_APPLICATION_DATA, 300, 0);
	rx_feed_cut(&fx, wire, len - 50, 50);
	rx_pass(&fx);
	expect_error(EBADMSG);
	rx_fini(&fx);
}
END_TEST

Suite *ktls_rx_cbc_suite(void);

Suite *
ktls_rx_cbc_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_ktls_rx_cbc_opens_records_of_every_size, SUITES),
	    TEST(test_ktls_rx_cbc_takes_one_row_of_records_in_any_cutting,
		 SUITES),
	    TEST(test_ktls_rx_cbc_takes_every_padding, CBC_SUITES),
	    TEST(test_ktls_rx_cbc_refuses_any_changed_byte_behind_the_header,
		 SUITES),
	    TEST(test_ktls_rx_cbc_judges_lengths, CBC_SUITES),
	    TEST(test_ktls_rx_cbc_drops_records_of_another_version, SUITES),
	    TEST(test_ktls_rx_cbc_drops_a_full_record_with_more_padding,
		 CBC_SUITES),
	    TEST(test_ktls_rx_cbc_change_cipher_spec_waits_for_the_next_key,
		 CBC_SUITES),
	    TEST(test_ktls_rx_cbc_bytes_that_nobody_has_are_a_bad_record,
		 SUITES),
	};

	return suite_create_table("ktls_rx_cbc", tests, COUNT(tests), setup,
				  NULL, 0);
}
