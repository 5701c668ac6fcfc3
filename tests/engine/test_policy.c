/*
 * test_policy.c - where kernels differ: bad records (R3), header checks (R5),
 * and what a reader sees at a change of keys.
 */
#include "engine/policy.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "engine/effects.h"
#include "engine/ktls_enable.h"
#include "engine/mbuf.h"
#include "tests/support/rx_fixture.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

static const struct engine_policy sticky = {.on_bad_record =
						ENGINE_BAD_RECORD_STICKY};
static const struct engine_policy arrival = {.header_check =
						 ENGINE_HEADER_ARRIVAL};
static const struct engine_policy linux_rekey = {.rekey = ENGINE_REKEY_LINUX};
static const uint8_t key_update[] = {24, 0, 0, 1, 0};

static struct rx_fixture fx;
static struct rx_read got;
static struct sockbuf *const sb = &fx.so.so_rcv;
static uint8_t flat[20000];
static uint8_t wire[RX_RECORD_MAX];

static void
start(enum tls_version version, const struct engine_policy *policy,
      uint64_t rec_seq)
{
	struct ktls_key key = rx_key(version, TLS_CIPHER_AES_GCM, 16, 7);

	for (size_t i = 0; i < sizeof(flat); i++)
		flat[i] = (uint8_t)(1 + (i * 31 + i / 251) % 255);
	key.rec_seq = rec_seq;
	rx_init(&fx, &key, KTLS_CRYPTO_REAL);
	if (policy != NULL)
		fx.so.so_policy = policy;
	rx_enable(&fx);
	fx.effects = 0;
}

static size_t
feed_record(size_t off, size_t len, bool bad)
{
	size_t total = rx_record(&fx, 23, flat + off, len, 0, wire);

	wire[total - 1] ^= bad;
	rx_feed_segments(&fx, wire, total, 1448);
	return total;
}

static void
expect_record(size_t off, uint32_t len)
{
	rx_read(&fx, 16384, 0, &got);
	ck_assert_int_eq(got.result.error, 0);
	ck_assert_uint_eq(got.result.bytes, len);
	ck_assert_mem_eq(got.bytes, flat + off, len);
}

static void
expect_error(int error)
{
	rx_read(&fx, 16384, 0, &got);
	ck_assert_int_eq(got.result.error, error);
	ck_assert_uint_eq(got.result.bytes, 0);
	ck_assert(!got.result.eof);
}

static void
expect_eof(void)
{
	rx_read(&fx, 16384, 0, &got);
	ck_assert(got.result.eof);
}

/* R3 as FreeBSD has it: later records first, then the error, once. */
START_TEST(test_policy_bad_record_freebsd_skips_it_and_reports_it_once)
{
	start(TLS_1_3, NULL, 0);
	feed_record(0, 100, false);
	feed_record(100, 100, true);
	feed_record(200, 100, false);
	rx_pass(&fx);
	expect_record(0, 100);
	expect_record(200, 100);
	expect_error(EBADMSG);
	expect_error(EWOULDBLOCK);
	feed_record(300, 100, false);
	rx_pass(&fx);
	expect_record(300, 100);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_policy_bad_record_sticky_delivers_nothing_behind_it)
{
	start(TLS_1_3, &sticky, 0);
	feed_record(0, 100, false);
	feed_record(100, 100, true);
	feed_record(200, 100, false);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
	ck_assert_uint_eq(fx.counters.failed_crypto, 1);
	ck_assert(!rx_running(&fx));
	expect_record(0, 100);
	for (int i = 0; i < 3; i++) {
		expect_error(EBADMSG);
		ck_assert(soreadable(&fx.so));
	}
	/* Later bytes fill the window and wake nobody for work. */
	fx.effects = 0;
	ck_assert_uint_eq(sb->sb_tlscc, 122);
	feed_record(300, 100, false);
	ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER);
	ck_assert_uint_eq(sb->sb_tlscc, 244);
	expect_error(EBADMSG);
	ck_assert_int_eq(so_take_error(&fx.so), EBADMSG);
	/* Neither the end of the stream nor a reset takes its place. */
	rx_feed(&fx, wire, 7);
	if (_i == 0)
		socantrcvmore(&fx.so);
	else
		so_drop(&fx.so, ECONNRESET);
	expect_error(EBADMSG);
	expect_error(EBADMSG);
	rx_fini(&fx);
}
END_TEST

/* Linux refuses to go on behind the last record number; FreeBSD wraps. */
START_TEST(test_policy_record_numbers_end_where_errors_are_sticky)
{
	start(TLS_1_3, _i ? &sticky : NULL, UINT64_MAX);
	feed_record(0, 100, false);
	feed_record(100, 100, false);
	rx_pass(&fx);
	expect_record(0, 100);
	if (_i)
		expect_error(EBADMSG);
	else
		expect_record(100, 100);
	expect_error(_i ? EBADMSG : EWOULDBLOCK);
	rx_fini(&fx);
}
END_TEST

struct header_row {
	enum tls_version version;
	uint8_t bytes[5];
	int error;
};

static const struct header_row header_rows[] = {
    {TLS_1_2, {23, 4, 3, 0, 40}, EINVAL},
    {TLS_1_2, {23, 3, 4, 0, 40}, EINVAL},
    {TLS_1_3, {23, 3, 4, 0, 40}, EINVAL},
    {TLS_1_3, {24, 3, 3, 0, 40}, EINVAL},
    {TLS_1_3, {23, 3, 3, 0x40, 0x12}, EMSGSIZE},
    {TLS_1_2, {23, 3, 3, 0xff, 0xff}, EMSGSIZE},
    {TLS_1_2, {23, 3, 3, 0, 0}, EMSGSIZE},
    {TLS_1_2, {23, 3, 3, 0, 7}, EMSGSIZE},
};

/* R5 */
START_TEST(test_policy_header_is_judged_when_its_fifth_byte_arrives)
{
	const struct header_row *row = &header_rows[_i];

	start(row->version, &arrival, 0);
	for (int i = 0; i < 4; i++) {
		rx_feed(&fx, row->bytes + i, 1);
		ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER);
	}
	rx_feed(&fx, row->bytes + 4, 1);
	ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER | ENGINE_DROP |
					  ENGINE_COUNT_CORRUPTED);
	ck_assert(!rx_running(&fx));
	ck_assert_uint_eq(sb->sb_ccc, 0);
	expect_error(row->error);
	expect_eof();
	rx_feed(&fx, flat, 100);
	ck_assert_uint_eq(sb->sb_ccc, 0);
	rx_fini(&fx);
}
END_TEST

/* The default: nobody looks before the record is complete. */
START_TEST(test_policy_header_waits_for_a_worker_in_freebsd)
{
	const struct header_row *row = &header_rows[_i];
	uint32_t length = (uint32_t)(row->bytes[3] << 8 | row->bytes[4]);

	start(row->version, NULL, 0);
	rx_feed(&fx, row->bytes, 5);
	for (uint32_t fed = 0; fed < length; fed += 5000) {
		ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER);
		rx_feed(&fx, flat, length - fed < 5000 ? length - fed : 5000);
	}
	ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER | ENGINE_QUEUE_WORK);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DROPPED);
	expect_error(row->error);
	rx_fini(&fx);
}
END_TEST

/* Good records in front of a bad header are delivered, wherever they are. */
START_TEST(test_policy_bad_header_behind_records_in_work)
{
	struct ktls_rx_job job;
	unsigned effects;
	bool delivered;
	size_t len;

	start(TLS_1_2, &arrival, 0);
	len = rx_record(&fx, 23, flat, 100, 0, wire);
	rx_feed(&fx, wire, len);
	if (_i == 0)
		rx_feed(&fx, (const uint8_t *)"\x17\x04\x03\x00\x40", 5);
	ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER | ENGINE_QUEUE_WORK);
	ck_assert_int_eq(ktls_rx_begin(&fx.so, &job, &fx.counters, &effects),
			 KTLS_RX_RECORD);
	if (_i == 1) {
		rx_feed(&fx, (const uint8_t *)"\x17\x04\x03\x00\x40", 5);
		ck_assert((fx.effects & ENGINE_COUNT_CORRUPTED) != 0);
	}
	ktls_rx_crypt(&job);
	ktls_rx_finish(&fx.so, &job, &fx.counters, &delivered);
	ck_assert(delivered);
	/* Five bytes are less than the 13 that FreeBSD's worker waits for. */
	ck_assert(ktls_rx_ready(&fx.so) == (_i == 0));
	ck_assert_int_eq(rx_pass(&fx), _i == 0 ? KTLS_RX_DROPPED : KTLS_RX_DRY);
	ck_assert_uint_eq(fx.counters.corrupted_records, _i == 0);
	expect_record(0, 100);
	expect_error(EINVAL);
	expect_eof();
	rx_fini(&fx);
}
END_TEST

/* A record of 10000 + 29 bytes on the wire. */
struct window_row {
	bool enforced;
	enum engine_header_check check;
	uint32_t hiwat;
	bool autosize;
	uint32_t recvbuf_max;
	bool refused;
};

static const struct window_row window_rows[] = {
    {true, ENGINE_HEADER_WORKER, 10029, false, 0, false},
    {true, ENGINE_HEADER_WORKER, 10028, false, 0, true},
    {true, ENGINE_HEADER_ARRIVAL, 10028, false, 0, true},
    {false, ENGINE_HEADER_WORKER, 10028, false, 0, false},
    {false, ENGINE_HEADER_ARRIVAL, 10028, false, 0, false},
    {true, ENGINE_HEADER_WORKER, 4096, true, 10029, false},
    {true, ENGINE_HEADER_WORKER, 4096, true, 10028, true},
    {true, ENGINE_HEADER_WORKER, 4096, false, 10029, true},
    {true, ENGINE_HEADER_WORKER, 10029, true, 4096, false},
};

START_TEST(test_policy_record_that_can_never_complete_is_refused_at_once)
{
	const struct window_row *row = &window_rows[_i];
	const struct engine_policy policy = {
	    .header_check = row->check,
	    .window_enforced = row->enforced,
	    .recvbuf_max = row->recvbuf_max,
	};
	size_t len;

	start(TLS_1_2, &policy, 0);
	feed_record(0, 100, false);
	rx_pass(&fx);
	ck_assert(sbreserve(sb, row->hiwat));
	sb->sb_flags |= row->autosize ? SB_AUTOSIZE : 0;
	fx.effects = 0;
	len = rx_record(&fx, 23, flat, 10000, 0, wire);
	rx_feed(&fx, wire, 5);
	ck_assert_uint_eq(fx.effects, row->refused
					  ? ENGINE_WAKE_READER | ENGINE_DROP |
						ENGINE_COUNT_TOO_LARGE
					  : ENGINE_WAKE_READER);
	expect_record(0, 100);
	if (row->refused) {
		expect_error(EMSGSIZE);
		expect_eof();
	} else {
		rx_feed(&fx, wire + 5, len - 5);
		rx_pass(&fx);
		expect_record(0, 10000);
	}
	rx_fini(&fx);
}
END_TEST

/* A header that comes to the head when the record before it is detached. */
START_TEST(test_policy_record_that_can_never_complete_is_found_by_end_pass)
{
	const struct engine_policy policy = {.window_enforced = true};

	start(TLS_1_2, &policy, 0);
	ck_assert(sbreserve(sb, 9000));
	feed_record(0, 100, false);
	rx_record(&fx, 23, flat, 10000, 0, wire);
	rx_feed(&fx, wire, 300);
	ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER | ENGINE_QUEUE_WORK);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
	ck_assert_uint_eq(fx.effects, ENGINE_WAKE_READER | ENGINE_DROP |
					  ENGINE_COUNT_TOO_LARGE);
	expect_record(0, 100);
	expect_error(EMSGSIZE);
	expect_eof();
	rx_fini(&fx);
}
END_TEST

static struct ktls_key next_key;

/* A setsockopt with this key. */
static int
rekey(const struct ktls_key *key, unsigned *effects)
{
	const struct ktls_enable_env env = {
	    .tls_enable = true, .cbc_enable = true, .aead = fx.aead};
	const struct tls_enable en = {
	    .cipher_key = key->key,
	    .iv = key->iv,
	    .cipher_algorithm = key->cipher == TLS_CIPHER_AES_GCM
				    ? CRYPTO_AES_NIST_GCM_16
				    : CRYPTO_CHACHA20_POLY1305,
	    .cipher_key_len = key->key_len,
	    .iv_len = key->iv_len,
	    .tls_vmajor = 3,
	    .tls_vminor = (uint8_t)key->version,
	};

	return ktls_enable_rx(&fx.so, &en, &env, effects);
}

/* Two records, a KeyUpdate, and one record of the next key. */
static void
send_rekeyed(void)
{
	size_t len;

	next_key = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 16, 99);
	feed_record(0, 100, false);
	len = rx_record(&fx, 22, key_update, sizeof(key_update), 0, wire);
	rx_feed(&fx, wire, len);
	rx_change_key(&fx, &next_key);
	feed_record(100, 200, false);
}

static void
expect_key_update(void)
{
	rx_read(&fx, 16384, 0, &got);
	ck_assert_uint_eq(got.result.record.tls_type, 22);
	ck_assert_mem_eq(got.bytes, key_update, sizeof(key_update));
}

START_TEST(test_policy_rekey_linux_says_expired_until_the_key_is_there)
{
	unsigned effects;

	start(TLS_1_3, &linux_rekey, 0);
	send_rekeyed();
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_WAITKEY);
	expect_record(0, 100);
	expect_key_update();
	for (int i = 0; i < 2; i++) {
		expect_error(EKEYEXPIRED);
		ck_assert(!soreadable(&fx.so));
	}
	ck_assert_int_eq(rekey(&next_key, &effects), 0);
	ck_assert_uint_eq(effects, ENGINE_QUEUE_WORK);
	expect_error(EWOULDBLOCK);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
	expect_record(100, 200);
	rx_fini(&fx);
}
END_TEST

START_TEST(test_policy_rekey_freebsd_is_refused_and_the_reader_waits)
{
	unsigned effects;

	start(TLS_1_3, NULL, 0);
	send_rekeyed();
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_WAITKEY);
	expect_record(0, 100);
	expect_key_update();
	expect_error(EWOULDBLOCK);
	ck_assert_int_eq(rekey(&next_key, &effects), EALREADY);
	expect_error(EWOULDBLOCK);
	/* The model's own step, which FreeBSD does not have. */
	ck_assert_int_eq(ktls_rx_next_key(&fx.so, &next_key, &effects), 0);
	rx_pass(&fx);
	expect_record(100, 200);
	rx_fini(&fx);
}
END_TEST

/* The end of the stream behind a KeyUpdate needs no key any more. */
START_TEST(test_policy_rekey_linux_end_of_stream_needs_no_key)
{
	size_t len;

	start(TLS_1_3, &linux_rekey, 0);
	len = rx_record(&fx, 22, key_update, sizeof(key_update), 0, wire);
	rx_feed(&fx, wire, len);
	rx_pass(&fx);
	expect_key_update();
	expect_error(EKEYEXPIRED);
	socantrcvmore(&fx.so);
	expect_eof();
	rx_fini(&fx);
}
END_TEST

START_TEST(test_policy_rekey_linux_before_any_traffic)
{
	unsigned effects;

	start(TLS_1_3, &linux_rekey, 0);
	next_key = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 16, 99);
	ck_assert_int_eq(rekey(&next_key, &effects), 0);
	rx_change_key(&fx, &next_key);
	feed_record(0, 100, false);
	rx_pass(&fx);
	expect_record(0, 100);
	rx_fini(&fx);
}
END_TEST

/* Generations never mix: ciphertext of the old key forbids the new one. */
START_TEST(test_policy_rekey_linux_is_refused_while_old_records_wait)
{
	struct ktls_rx_job job;
	unsigned effects;
	bool delivered;

	start(TLS_1_3, &linux_rekey, 0);
	send_rekeyed();
	ck_assert_int_eq(rekey(&next_key, &effects), EBUSY);
	for (int i = 0; i < 2; i++) {
		ktls_rx_begin(&fx.so, &job, &fx.counters, &effects);
		ck_assert_int_eq(rekey(&next_key, &effects), EBUSY);
		ktls_rx_crypt(&job);
		ktls_rx_finish(&fx.so, &job, &fx.counters, &delivered);
		ck_assert_int_eq(rekey(&next_key, &effects),
				 i == 0 ? EBUSY : 0);
	}
	rx_pass(&fx);
	expect_record(0, 100);
	expect_key_update();
	expect_record(100, 200);
	rx_fini(&fx);
}
END_TEST

static const struct {
	enum tls_version version;
	enum tls_version next_version;
	enum tls_cipher next_cipher;
	uint8_t next_key_len;
	int error;
} refused_rows[] = {
    {TLS_1_2, TLS_1_2, TLS_CIPHER_AES_GCM, 16, EBUSY},
    {TLS_1_3, TLS_1_2, TLS_CIPHER_AES_GCM, 16, EINVAL},
    {TLS_1_3, TLS_1_3, TLS_CIPHER_CHACHA20_POLY1305, 32, EINVAL},
    {TLS_1_3, TLS_1_3, TLS_CIPHER_AES_GCM, 24, EINVAL},
    {TLS_1_3, TLS_1_3, TLS_CIPHER_AES_GCM, 32, EINVAL},
};

START_TEST(test_policy_rekey_linux_keeps_version_and_cipher)
{
	struct ktls_key key =
	    rx_key(refused_rows[_i].next_version, refused_rows[_i].next_cipher,
		   refused_rows[_i].next_key_len, 99);
	unsigned effects;

	start(refused_rows[_i].version, &linux_rekey, 0);
	ck_assert_int_eq(rekey(&key, &effects), refused_rows[_i].error);
	feed_record(0, 100, false);
	rx_pass(&fx);
	expect_record(0, 100);
	rx_fini(&fx);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *policy_suite(void);

Suite *
policy_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_policy_bad_record_freebsd_skips_it_and_reports_it_once,
		 0),
	    TEST(test_policy_bad_record_sticky_delivers_nothing_behind_it, 2),
	    TEST(test_policy_record_numbers_end_where_errors_are_sticky, 2),
	    TEST(test_policy_header_is_judged_when_its_fifth_byte_arrives,
		 COUNT(header_rows)),
	    TEST(test_policy_header_waits_for_a_worker_in_freebsd,
		 COUNT(header_rows)),
	    TEST(test_policy_bad_header_behind_records_in_work, 2),
	    TEST(test_policy_record_that_can_never_complete_is_refused_at_once,
		 COUNT(window_rows)),
	    TEST(
		test_policy_record_that_can_never_complete_is_found_by_end_pass,
		0),
	    TEST(test_policy_rekey_linux_says_expired_until_the_key_is_there,
		 0),
	    TEST(test_policy_rekey_freebsd_is_refused_and_the_reader_waits, 0),
	    TEST(test_policy_rekey_linux_end_of_stream_needs_no_key, 0),
	    TEST(test_policy_rekey_linux_before_any_traffic, 0),
	    TEST(test_policy_rekey_linux_is_refused_while_old_records_wait, 0),
	    TEST(test_policy_rekey_linux_keeps_version_and_cipher,
		 COUNT(refused_rows)),
	};

	return suite_create_table("policy", tests, (size_t)COUNT(tests), NULL,
				  NULL, 0);
}
