/*
 * test_ktls_rx_crypt.c - opening records of every suite, and refusing them.
 *
 * The oracle is the sender: what it sealed must arrive, and every single
 * change to it must be noticed.
 */
#include "engine/ktls_rx.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/effects.h"
#include "engine/ktls_session.h"
#include "engine/mbuf.h"
#include "tests/support/rx_fixture.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

struct suite_row {
	enum tls_version version;
	enum tls_cipher cipher;
	uint8_t key_len;
	uint32_t overhead; /* bytes on the wire beyond the payload */
};

#define CHACHA TLS_CIPHER_CHACHA20_POLY1305

static const struct suite_row suites[] = {
    {TLS_1_2, TLS_CIPHER_AES_GCM, 16, 29},
    {TLS_1_2, TLS_CIPHER_AES_GCM, 32, 29},
    {TLS_1_2, CHACHA, 32, 21},
    {TLS_1_3, TLS_CIPHER_AES_GCM, 16, 22},
    {TLS_1_3, TLS_CIPHER_AES_GCM, 32, 22},
    {TLS_1_3, CHACHA, 32, 22},
};

static struct rx_fixture fx;
static struct rx_read got;
static uint8_t flat[20000];
static uint8_t wire[2 * RX_RECORD_MAX];

static void
setup(void)
{
	for (size_t i = 0; i < sizeof(flat); i++)
		flat[i] = (uint8_t)(1 + (i * 31 + i / 251) % 255);
}

static void
begin(const struct suite_row *row, enum ktls_crypto crypto)
{
	struct ktls_key key =
	    rx_key(row->version, row->cipher, row->key_len, 7);

	key.rec_seq = 0x0123456789abcdef;
	rx_init(&fx, &key, crypto);
	rx_enable(&fx);
}

static void
expect_record(uint8_t type, const uint8_t *bytes, uint32_t len)
{
	rx_read(&fx, 16384, 0, &got);
	ck_assert_int_eq(got.result.error, 0);
	ck_assert(got.result.has_record);
	ck_assert_uint_eq(got.result.record.tls_type, type);
	ck_assert_uint_eq(got.result.record.tls_vminor, 3);
	ck_assert_uint_eq(got.result.record.tls_length, len);
	ck_assert_uint_eq(got.result.bytes, len);
	ck_assert_mem_eq(got.bytes, bytes, len);
	ck_assert(got.result.eor == (len > 0));
}

static void
expect_error(int error)
{
	rx_read(&fx, 16384, 0, &got);
	ck_assert_int_eq(got.result.error, error);
	ck_assert(!got.result.has_record);
}

static uint64_t
decrypts(void)
{
	return fx.counters.tls12_gcm_decrypts +
	       fx.counters.tls12_chacha20_decrypts +
	       fx.counters.tls13_gcm_decrypts +
	       fx.counters.tls13_chacha20_decrypts;
}

static uint64_t
decrypts_of(const struct suite_row *row)
{
	bool gcm = row->cipher == TLS_CIPHER_AES_GCM;

	if (row->version == TLS_1_3)
		return gcm ? fx.counters.tls13_gcm_decrypts
			   : fx.counters.tls13_chacha20_decrypts;
	return gcm ? fx.counters.tls12_gcm_decrypts
		   : fx.counters.tls12_chacha20_decrypts;
}

START_TEST(test_ktls_rx_crypt_opens_records_of_every_size)
{
	const uint32_t sizes[] = {0, 1, 15, 16, 17, 1000, 16384};
	const struct suite_row *row = &suites[_i];

	begin(row, KTLS_CRYPTO_REAL);
	for (int i = 0; i < COUNT(sizes); i++) {
		size_t len = rx_record(&fx, (uint8_t)(21 + i % 3), flat,
				       sizes[i], 0, wire);

		ck_assert_uint_eq(len, sizes[i] + row->overhead);
		rx_feed_segments(&fx, wire, len, 1448);
		rx_pass(&fx);
		ck_assert_uint_eq(fx.so.so_rcv.sb_ccc, 24 + sizes[i]);
		expect_record((uint8_t)(21 + i % 3), flat, sizes[i]);
	}
	ck_assert_uint_eq(decrypts_of(row), COUNT(sizes));
	ck_assert_uint_eq(decrypts(), COUNT(sizes));
	ck_assert_uint_eq(fx.counters.failed_crypto, 0);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_crypt_notices_every_changed_byte_behind_the_header)
{
	const struct suite_row *row = &suites[_i];
	size_t len;
	uint64_t failed = 0;

	begin(row, KTLS_CRYPTO_REAL);
	len = 20 + row->overhead;
	for (size_t at = 5; at < len; at++, failed++) {
		ck_assert_uint_eq(rx_record(&fx, 23, flat, 20, 0, wire), len);
		wire[at] ^= 0x40;
		rx_feed(&fx, wire, len);
		fx.effects = 0;
		ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
		ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER);
		ck_assert_uint_eq(fx.counters.failed_crypto, failed + 1);
		expect_error(EBADMSG);
		/* The stream goes on with the record that follows. */
		rx_record(&fx, 23, flat + at, 20, 0, wire);
		rx_feed(&fx, wire, len);
		rx_pass(&fx);
		expect_record(23, flat + at, 20);
	}
	ck_assert_uint_eq(decrypts(), 2 * failed);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_crypt_needs_the_right_record_number)
{
	const struct suite_row *row = &suites[_i];
	size_t len;

	begin(row, KTLS_CRYPTO_REAL);
	fx.seal_seq += 1;
	len = rx_record(&fx, 23, flat, 20, 0, wire);
	rx_feed(&fx, wire, len);
	rx_pass(&fx);
	expect_error(EBADMSG);
	len = rx_record(&fx, 23, flat, 20, 0, wire);
	rx_feed(&fx, wire, len);
	rx_pass(&fx);
	expect_error(EBADMSG);
	fx.seal_seq = fx.so.so_rcv.sb_tls_seqno;
	len = rx_record(&fx, 23, flat, 20, 0, wire);
	rx_feed(&fx, wire, len);
	rx_pass(&fx);
	expect_record(23, flat, 20);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_crypt_record_numbers_wrap_at_2_to_the_64)
{
	struct ktls_key key = rx_key(suites[_i].version, suites[_i].cipher,
				     suites[_i].key_len, 3);

	key.rec_seq = UINT64_MAX - 1;
	rx_init(&fx, &key, KTLS_CRYPTO_REAL);
	rx_enable(&fx);
	for (int i = 0; i < 4; i++) {
		size_t len = rx_record(&fx, 23, flat + i, 50, 0, wire);

		rx_feed(&fx, wire, len);
		rx_pass(&fx);
		expect_record(23, flat + i, 50);
	}
	ck_assert_uint_eq(fx.so.so_rcv.sb_tls_seqno, 2);
	rx_fini(&fx);
}
END_TEST

/* Payload that ends in zeros, so that padding and payload may be confused. */
START_TEST(test_ktls_rx_crypt_strips_tls13_padding_and_nothing_else)
{
	const size_t pads[] = {0, 1, 15, 16, 255, 5000};
	const size_t segments[] = {1, 7, 1448, 9000};
	uint8_t payload[64] = {1, 2, 3, 0, 0, 0, 4};

	begin(&suites[3 + _i], KTLS_CRYPTO_REAL);
	for (int i = 0; i < COUNT(pads); i++)
		for (int j = 0; j < COUNT(segments); j++)
			for (uint32_t n = 0; n <= 64; n += 16) {
				size_t len = rx_record(&fx, 22, payload, n,
						       pads[i], wire);

				rx_feed_segments(&fx, wire, len, segments[j]);
				rx_pass(&fx);
				expect_record(22, payload, n);
			}
	rx_fini(&fx);
}
END_TEST

/* RFC 8446 section 5.4: no non-zero byte at all ends the record in error. */
static const size_t zero_lengths[] = {1, 2, 16, 1448, 5000, 16385};

START_TEST(test_ktls_rx_crypt_refuses_an_inner_plaintext_of_zeros)
{
	uint8_t zeros[16385] = {0};
	size_t len;

	begin(&suites[3], KTLS_CRYPTO_REAL);
	len = rx_record_raw(&fx, 23, zeros, zero_lengths[_i], wire);
	rx_feed_segments(&fx, wire, len, 1000);
	rx_pass(&fx);
	expect_error(EBADMSG);
	ck_assert_uint_eq(fx.counters.failed_crypto, 1);
	rx_fini(&fx);
}
END_TEST

struct short_row {
	int suite;
	uint16_t length; /* of the header's field */
	int error;
	bool dropped;
	enum ktls_crypto crypto;
};

/* The least legal lengths are 24, 16 and 17 (minus one here). */
static const struct short_row short_rows[] = {
    {0, 23, EMSGSIZE, false, KTLS_CRYPTO_REAL},
    {0, 24, EBADMSG, false, KTLS_CRYPTO_REAL},
    {0, 23, EMSGSIZE, false, KTLS_CRYPTO_MODEL},
    {0, 8, EMSGSIZE, false, KTLS_CRYPTO_REAL},
    {0, 7, EMSGSIZE, true, KTLS_CRYPTO_REAL},
    {0, 0, EMSGSIZE, true, KTLS_CRYPTO_REAL},
    {2, 15, EMSGSIZE, false, KTLS_CRYPTO_REAL},
    {2, 16, EBADMSG, false, KTLS_CRYPTO_REAL},
    {2, 0, EMSGSIZE, false, KTLS_CRYPTO_REAL},
    {3, 16, EMSGSIZE, false, KTLS_CRYPTO_REAL},
    {3, 17, EBADMSG, false, KTLS_CRYPTO_REAL},
    {3, 16, EMSGSIZE, false, KTLS_CRYPTO_MODEL},
    {5, 0, EMSGSIZE, false, KTLS_CRYPTO_REAL},
};

START_TEST(test_ktls_rx_crypt_refuses_records_below_the_suites_minimum)
{
	const struct short_row *row = &short_rows[_i];
	enum ktls_rx_verdict verdict;

	begin(&suites[row->suite], row->crypto);
	memset(wire, 0, 64);
	wire[0] = 23;
	wire[1] = wire[2] = 3;
	wire[4] = (uint8_t)row->length;
	rx_feed(&fx, wire, 5u + row->length);
	verdict = rx_pass(&fx);
	ck_assert_int_eq(verdict, row->dropped ? KTLS_RX_DROPPED : KTLS_RX_DRY);
	ck_assert_uint_eq(fx.counters.corrupted_records, row->dropped);
	ck_assert_uint_eq(fx.counters.failed_crypto, !row->dropped);
	ck_assert_uint_eq(decrypts(), row->error == EBADMSG);
	expect_error(row->error);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_crypt_needs_every_byte_in_real_mode_only)
{
	enum ktls_crypto crypto = _i ? KTLS_CRYPTO_MODEL : KTLS_CRYPTO_REAL;
	size_t len, cut;

	for (int i = 0; i < COUNT(suites); i++) {
		begin(&suites[i], crypto);
		len = rx_record(&fx, 23, flat, 1000, 0, wire);
		for (cut = 5; cut < len; cut += 83) {
			rx_feed_cut(&fx, wire, cut, len - cut);
			ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
			rx_read(&fx, 16384, 0, &got);
			ck_assert_int_eq(got.result.error, _i ? 0 : EBADMSG);
			ck_assert_uint_eq(got.result.bytes, _i ? 1000 : 0);
		}
		rx_fini(&fx);
	}
}
END_TEST

/* The record is counted as a model's from then on, and those behind it. */
START_TEST(test_ktls_rx_forgo_makes_a_model_of_a_session_that_lacks_bytes)
{
	const struct suite_row *row = &suites[_i];
	struct ktls_rx_job job;
	unsigned effects;
	bool delivered;
	size_t len;

	begin(row, KTLS_CRYPTO_REAL);
	len = rx_record(&fx, 23, flat, 1000, 0, wire);
	rx_feed(&fx, wire, len);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
	expect_record(23, flat, 1000);
	len = rx_record(&fx, 23, flat, 500, 0, wire);
	rx_feed_cut(&fx, wire, 300, len - 300);
	ck_assert_int_eq(ktls_rx_begin(&fx.so, &job, &fx.counters, &effects),
			 KTLS_RX_RECORD);
	ck_assert(ktls_rx_forgo(&job));
	ck_assert(!ktls_rx_forgo(&job));
	ktls_rx_crypt(&job);
	ktls_rx_finish(&fx.so, &job, &fx.counters, &delivered);
	ck_assert(delivered);
	rx_read(&fx, 16384, 0, &got);
	ck_assert_uint_eq(got.result.bytes, 500);
	ck_assert_uint_gt(got.unknown, 0);
	/* Nobody verifies a tag any more. */
	rx_feed(&fx, wire, len);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
	rx_read(&fx, 16384, 0, &got);
	ck_assert_int_eq(got.result.error, 0);
	ck_assert_uint_eq(got.result.bytes, 500);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_forgo_leaves_a_session_with_all_bytes_alone)
{
	enum ktls_crypto crypto = _i ? KTLS_CRYPTO_MODEL : KTLS_CRYPTO_REAL;
	struct ktls_rx_job job;
	unsigned effects;
	bool delivered;

	begin(&suites[0], crypto);
	rx_feed(&fx, wire, rx_record(&fx, 23, flat, 1000, 0, wire));
	ktls_rx_begin(&fx.so, &job, &fx.counters, &effects);
	ck_assert(!ktls_rx_forgo(&job));
	ck_assert_int_eq(job.session->crypto, crypto);
	ktls_rx_crypt(&job);
	ktls_rx_finish(&fx.so, &job, &fx.counters, &delivered);
	expect_record(23, flat, 1000);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_crypt_model_takes_lengths_from_the_framing)
{
	const struct suite_row *row = &suites[_i];
	bool tls13 = row->version == TLS_1_3;

	begin(row, KTLS_CRYPTO_MODEL);
	for (uint32_t n = 0; n < 4000; n += 333) {
		size_t len = rx_record(&fx, 22, flat, n, 0, wire);

		rx_feed_segments(&fx, wire, len, 500);
		rx_pass(&fx);
		expect_record(tls13 ? 23 : 22, flat, n);
	}
	ck_assert_uint_eq(decrypts_of(row), 13);
	rx_fini(&fx);
}
END_TEST

struct cbc_row {
	uint16_t length;
	int error;
	uint32_t plaintext; /* with the least padding */
};

/* 16 bytes IV, 20 bytes MAC, at least one byte of padding. */
static const struct cbc_row cbc_rows[] = {
    {48, 0, 11},       {64, 0, 27},	  {32, EMSGSIZE, 0},
    {49, EMSGSIZE, 0}, {16432, 0, 16384},
};

START_TEST(test_ktls_rx_crypt_model_of_cbc_assumes_the_least_padding)
{
	const struct cbc_row *row = &cbc_rows[_i];
	struct ktls_key key = rx_key(TLS_1_2, TLS_CIPHER_AES_CBC, 16, 1);

	key.mac = TLS_HASH_SHA1;
	key.mac_key_len = 20;
	rx_init(&fx, &key, KTLS_CRYPTO_MODEL);
	rx_enable(&fx);
	memset(wire, 9, sizeof(wire));
	memcpy(wire, "\x17\x03\x03", 3);
	wire[3] = (uint8_t)(row->length >> 8);
	wire[4] = (uint8_t)row->length;
	rx_feed_segments(&fx, wire, 5u + row->length, 9000);
	rx_pass(&fx);
	rx_read(&fx, 20000, 0, &got);
	ck_assert_int_eq(got.result.error, row->error);
	ck_assert_uint_eq(got.result.bytes, row->plaintext);
	ck_assert_uint_eq(decrypts(), 0);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_ktls_rx_crypt_leaves_storage_that_others_hold_alone)
{
	const struct suite_row *row = &suites[_i];
	struct mbuf *m, *other;
	uint8_t copy[2000];
	size_t len;

	begin(row, KTLS_CRYPTO_REAL);
	len = rx_record(&fx, 23, flat, 1000, 0, wire);
	/* A second mbuf over the whole packet, as a mirrored frame has. */
	m = m_from_bytes(fx.pool, wire, (uint32_t)len, 0);
	other = m_split_ref(fx.pool, m, 0);
	sbappendstream(&fx.so.so_rcv, m);
	rx_pass(&fx);
	expect_record(23, flat, 1000);
	ck_assert(m_copydata(other, 0, (uint32_t)len, copy));
	ck_assert_mem_eq(copy, wire, len);
	m_freem(fx.pool, other);
	rx_fini(&fx);
}
END_TEST

/* The last guard of the rule works in release builds, too. */
START_TEST(test_ktls_rx_crypt_dies_before_writing_into_foreign_storage)
{
	struct ktls_rx_job job;
	unsigned effects;
	int status;
	bool delivered;
	pid_t child;

	begin(&suites[0], KTLS_CRYPTO_REAL);
	rx_feed(&fx, wire, rx_record(&fx, 23, flat, 1000, 0, wire));
	ktls_rx_begin(&fx.so, &job, &fx.counters, &effects);
	child = fork();
	if (child == 0) {
		fclose(stderr);
		job.exclusive = false;
		ktls_rx_crypt(&job);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	ktls_rx_crypt(&job);
	ktls_rx_finish(&fx.so, &job, &fx.counters, &delivered);
	ktls_rx_end_pass(&fx.so);
	expect_record(23, flat, 1000);
	rx_fini(&fx);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *ktls_rx_crypt_suite(void);

Suite *
ktls_rx_crypt_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_ktls_rx_crypt_opens_records_of_every_size, COUNT(suites)),
	    TEST(
		test_ktls_rx_crypt_notices_every_changed_byte_behind_the_header,
		COUNT(suites)),
	    TEST(test_ktls_rx_crypt_needs_the_right_record_number,
		 COUNT(suites)),
	    TEST(test_ktls_rx_crypt_record_numbers_wrap_at_2_to_the_64,
		 COUNT(suites)),
	    TEST(test_ktls_rx_crypt_strips_tls13_padding_and_nothing_else, 3),
	    TEST(test_ktls_rx_crypt_refuses_an_inner_plaintext_of_zeros,
		 COUNT(zero_lengths)),
	    TEST(test_ktls_rx_crypt_refuses_records_below_the_suites_minimum,
		 COUNT(short_rows)),
	    TEST(test_ktls_rx_crypt_needs_every_byte_in_real_mode_only, 2),
	    TEST(test_ktls_rx_forgo_makes_a_model_of_a_session_that_lacks_bytes,
		 COUNT(suites)),
	    TEST(test_ktls_rx_forgo_leaves_a_session_with_all_bytes_alone, 2),
	    TEST(test_ktls_rx_crypt_model_takes_lengths_from_the_framing,
		 COUNT(suites)),
	    TEST(test_ktls_rx_crypt_model_of_cbc_assumes_the_least_padding,
		 COUNT(cbc_rows)),
	    TEST(test_ktls_rx_crypt_leaves_storage_that_others_hold_alone,
		 COUNT(suites)),
	    TEST(test_ktls_rx_crypt_dies_before_writing_into_foreign_storage,
		 0),
	};

	return suite_create_table("ktls_rx_crypt", tests, (size_t)COUNT(tests),
				  setup, NULL, 0);
}
