/*
 * test_ktls_enable.c - setsockopt(TCP_RXTLS_ENABLE): every argument and errno.
 */
#include "engine/ktls_enable.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "engine/aead.h"
#include "engine/effects.h"
#include "engine/ktls_rx.h"
#include "engine/mbuf.h"
#include "engine/socket.h"
#include "tests/support/rx_fixture.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

#define GCM    CRYPTO_AES_NIST_GCM_16
#define CHACHA CRYPTO_CHACHA20_POLY1305
#define CBC    CRYPTO_AES_CBC
#define SHA1   CRYPTO_SHA1_HMAC
#define SHA256 CRYPTO_SHA2_256_HMAC
#define SHA384 CRYPTO_SHA2_384_HMAC

static struct rx_fixture fx;
static struct ktls_session_stats stats;
static struct ktls_enable_env env;
static struct tls_enable en;
static const uint8_t bytes[2048] = {7, 5, 3};

static void
setup(void)
{
	struct ktls_key key = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 16, 1);

	rx_init(&fx, &key, KTLS_CRYPTO_MODEL);
	stats = (struct ktls_session_stats){0};
	env = (struct ktls_enable_env){
	    .tls_enable = true,
	    .cbc_enable = true,
	    .crypto = KTLS_CRYPTO_MODEL,
	    .wq_index = 3,
	    .stats = &stats,
	};
	en = (struct tls_enable){
	    .cipher_key = fx.first_key.key,
	    .iv = fx.first_key.iv,
	    .cipher_algorithm = GCM,
	    .cipher_key_len = 16,
	    .iv_len = 12,
	    .tls_vmajor = 3,
	    .tls_vminor = 4,
	};
}

static void
teardown(void)
{
	rx_fini(&fx);
	ck_assert_uint_eq(stats.active, 0);
	ck_assert_uint_eq(stats.sw_gcm, 0);
	ck_assert_uint_eq(stats.sw_cbc, 0);
	ck_assert_uint_eq(stats.sw_chacha20, 0);
}

static int
enable(void)
{
	unsigned effects = 77;
	int error = ktls_enable_rx(&fx.so, &en, &env, &effects);

	ck_assert_uint_ne(effects, 77);
	ck_assert((fx.so.so_rcv.sb_tls_info != NULL) ==
		  ((fx.so.so_rcv.sb_flags & SB_TLS_RX) != 0));
	sbcheck(&fx.so.so_rcv);
	return error;
}

struct argument_row {
	int vmajor, vminor;
	int cipher, key_len, iv_len;
	int auth, auth_len;
	int flags;
	int error;
};

static const struct argument_row argument_rows[] = {
    {3, 3, GCM, 16, 4, 0, 0, 0, 0},
    {3, 3, GCM, 32, 4, 0, 0, 0, 0},
    {3, 4, GCM, 16, 12, 0, 0, 0, 0},
    {3, 4, GCM, 32, 12, 0, 0, 0, 0},
    {3, 3, CHACHA, 32, 12, 0, 0, 0, 0},
    {3, 4, CHACHA, 32, 12, 0, 0, 0, 0},
    {3, 2, CBC, 16, 0, SHA1, 20, 0, 0},
    {3, 3, CBC, 32, 0, SHA1, 20, 0, 0},
    {3, 3, CBC, 16, 0, SHA256, 32, 0, 0},
    {3, 3, CBC, 32, 0, SHA384, 48, 0, 0},
    {3, 3, CBC, 16, 16, SHA1, 20, 0, 0},
    {3, 3, CBC, 16, 9, SHA1, 20, 0, 0},
    {3, 3, GCM, 16, 4, CRYPTO_AES_128_NIST_GMAC, 0, 0, 0},
    {3, 3, GCM, 32, 4, CRYPTO_AES_192_NIST_GMAC, 0, 0, 0},
    {3, 4, GCM, 32, 12, CRYPTO_AES_256_NIST_GMAC, 0, 0, 0},
    /* versions */
    {2, 3, GCM, 16, 4, 0, 0, 0, EINVAL},
    {4, 3, GCM, 16, 4, 0, 0, 0, EINVAL},
    {3, 0, CBC, 16, 16, SHA1, 20, 0, EINVAL},
    {3, 5, GCM, 16, 12, 0, 0, 0, EINVAL},
    {3, 1, GCM, 16, 4, 0, 0, 0, EINVAL},
    {3, 2, GCM, 16, 4, 0, 0, 0, EINVAL},
    {3, 2, CHACHA, 32, 12, 0, 0, 0, EINVAL},
    /* key and IV lengths */
    {3, 3, GCM, 0, 4, 0, 0, 0, EINVAL},
    {3, 3, GCM, -1, 4, 0, 0, 0, EINVAL},
    {3, 3, GCM, 24, 4, 0, 0, 0, EINVAL},
    {3, 3, GCM, 33, 4, 0, 0, 0, EINVAL},
    {3, 3, GCM, 1024, 4, 0, 0, 0, EINVAL},
    {3, 3, GCM, 1025, 4, 0, 0, 0, EINVAL},
    {3, 3, GCM, 272, 4, 0, 0, 0, EINVAL},
    {3, 3, GCM, 16, 12, 0, 0, 0, EINVAL},
    {3, 4, GCM, 16, 4, 0, 0, 0, EINVAL},
    {3, 4, GCM, 16, 17, 0, 0, 0, EINVAL},
    {3, 4, GCM, 16, -1, 0, 0, 0, EINVAL},
    {3, 4, CHACHA, 16, 12, 0, 0, 0, EINVAL},
    {3, 4, CHACHA, 32, 4, 0, 0, 0, EINVAL},
    {3, 3, CBC, 24, 16, SHA1, 20, 0, EINVAL},
    /* MACs */
    {3, 3, GCM, 16, 4, SHA1, 0, 0, EINVAL},
    {3, 3, GCM, 16, 4, 0, 20, 0, EINVAL},
    {3, 4, CHACHA, 32, 12, SHA256, 0, 0, EINVAL},
    {3, 4, CHACHA, 32, 12, 0, 32, 0, EINVAL},
    {3, 3, CBC, 16, 16, 0, 20, 0, EINVAL},
    {3, 3, CBC, 16, 16, SHA1, 0, 0, EINVAL},
    {3, 3, CBC, 16, 16, SHA1, -1, 0, EINVAL},
    {3, 3, CBC, 16, 16, SHA1, 1025, 0, EINVAL},
    {3, 3, CBC, 16, 16, SHA1, 300, 0, EINVAL},
    {3, 2, CBC, 16, 16, SHA256, 32, 0, EINVAL},
    {3, 2, CBC, 16, 16, SHA384, 48, 0, EINVAL},
    {3, 4, CBC, 16, 16, SHA1, 20, 0, EINVAL},
    {3, 4, CBC, 16, 16, SHA256, 32, 0, EINVAL},
    /* TLS 1.0 */
    {3, 1, CBC, 16, 16, SHA1, 20, 0, EPROTONOSUPPORT},
    {3, 1, CBC, 32, 16, SHA1, 20, 0, EPROTONOSUPPORT},
    {3, 1, CBC, 16, 0, SHA1, 20, 0, EINVAL},
    {3, 1, CBC, 16, 16, SHA256, 32, 0, EINVAL},
    /* algorithms and flags that there are not */
    {3, 3, 10, 16, 4, 0, 0, 0, EINVAL},
    {3, 3, 40, 16, 4, 0, 0, 0, EINVAL},
    {3, 3, 200, 16, 4, 0, 0, 0, EINVAL},
    {3, 3, -1, 16, 4, 0, 0, 0, EINVAL},
    {3, 3, GCM, 16, 4, 0, 0, 1, EINVAL},
};

START_TEST(test_ktls_enable_judges_every_argument)
{
	const struct argument_row *row = &argument_rows[_i];

	en = (struct tls_enable){
	    .cipher_key = bytes,
	    .iv = bytes,
	    .auth_key = bytes,
	    .cipher_algorithm = row->cipher,
	    .cipher_key_len = row->key_len,
	    .iv_len = row->iv_len,
	    .auth_algorithm = row->auth,
	    .auth_key_len = row->auth_len,
	    .flags = row->flags,
	    .tls_vmajor = (uint8_t)row->vmajor,
	    .tls_vminor = (uint8_t)row->vminor,
	};
	ck_assert_int_eq(enable(), row->error);
	ck_assert_uint_eq(stats.enable_calls, 1);
	ck_assert_uint_eq(stats.offload_total, row->error == 0);
	ck_assert_uint_eq(stats.active, row->error == 0);
	if (row->error != 0)
		return;
	ck_assert_uint_eq(stats.sw_gcm, row->cipher == GCM);
	ck_assert_uint_eq(stats.sw_chacha20, row->cipher == CHACHA);
	ck_assert_uint_eq(stats.sw_cbc, row->cipher == CBC);
	ck_assert_uint_eq(fx.so.so_rcv.sb_tls_info->wq_index, 3);
}
END_TEST

START_TEST(test_ktls_enable_needs_the_bytes_of_every_length)
{
	const uint8_t **pointers[] = {&en.cipher_key, &en.iv, &en.auth_key};
	const uint8_t *kept = *pointers[_i];

	en.auth_key = bytes;
	en.auth_key_len = 20;
	*pointers[_i] = NULL;
	ck_assert_int_eq(enable(), EFAULT);
	/* A length of 0 needs none; sizes are judged before the pointers. */
	en.iv_len = 17;
	ck_assert_int_eq(enable(), EINVAL);
	en.iv_len = 12;
	*pointers[_i] = kept;
	en.auth_key = NULL;
	en.auth_key_len = 0;
	ck_assert_int_eq(enable(), 0);
}
END_TEST

/* From TLS 1.1 on each CBC record brings its own IV. */
START_TEST(test_ktls_enable_of_cbc_needs_no_iv)
{
	en.cipher_algorithm = CBC;
	en.auth_algorithm = SHA1;
	en.auth_key = bytes;
	en.auth_key_len = 20;
	en.tls_vminor = 2;
	en.iv = NULL;
	ck_assert_int_eq(enable(), EFAULT);
	en.iv_len = 0;
	ck_assert_int_eq(enable(), 0);
	ck_assert_uint_eq(stats.sw_cbc, 1);
}
END_TEST

START_TEST(test_ktls_enable_obeys_the_system_settings)
{
	env.threads_failed = true;
	ck_assert_int_eq(enable(), ENXIO);
	env.tls_enable = false;
	ck_assert_int_eq(enable(), ENOTSUP);
	ck_assert_uint_eq(stats.enable_calls, 1);
	env.tls_enable = true;
	env.threads_failed = false;
	env.cbc_enable = false;
	en.cipher_algorithm = CBC;
	ck_assert_int_eq(enable(), ENOTSUP);
	en.cipher_algorithm = GCM;
	ck_assert_int_eq(enable(), 0);
	en.cipher_algorithm = CBC;
	ck_assert_int_eq(enable(), EALREADY);
	en.tls_vmajor = 9;
	ck_assert_int_eq(enable(), EALREADY);
	ck_assert_uint_eq(stats.enable_calls, 5);
	ck_assert_uint_eq(stats.offload_total, 1);
}
END_TEST

START_TEST(test_ktls_enable_and_listen_exclude_each_other)
{
	ck_assert_int_eq(so_listen(&fx.so), 0);
	ck_assert_int_eq(enable(), EINVAL);
	ck_assert_uint_eq(stats.offload_total, 0);
	fx.so.so_listening = false;
	ck_assert_int_eq(enable(), 0);
	ck_assert_int_eq(so_listen(&fx.so), EINVAL);
	ck_assert(!fx.so.so_listening);
}
END_TEST

START_TEST(test_ktls_enable_reads_the_record_number_as_big_endian)
{
	static const uint8_t number[8] = {1, 2, 3, 4, 5, 6, 7, 0xfe};

	memcpy(en.rec_seq, number, 8);
	ck_assert_int_eq(enable(), 0);
	ck_assert_uint_eq(fx.so.so_rcv.sb_tls_seqno, 0x01020304050607fe);
}
END_TEST

START_TEST(test_ktls_enable_adopts_queued_ciphertext_of_its_record_number)
{
	struct aead_pool *aead = aead_pool_create(1);
	struct rx_read got;
	uint8_t wire[300];
	size_t len;

	env.crypto = KTLS_CRYPTO_REAL;
	env.aead = aead;
	fx.crypto = KTLS_CRYPTO_REAL;
	fx.seal_seq = 0x0102030405060708;
	memcpy(en.rec_seq, "\1\2\3\4\5\6\7\10", 8);
	len = rx_record(&fx, 23, bytes, 100, 0, wire);
	rx_feed_segments(&fx, wire, len, 40);
	ck_assert_uint_eq(fx.so.so_rcv.sb_acc, len);
	ck_assert_int_eq(enable(), 0);
	ck_assert_uint_eq(fx.so.so_rcv.sb_acc, 0);
	ck_assert_int_eq(rx_pass(&fx), KTLS_RX_DRY);
	rx_read(&fx, 300, 0, &got);
	ck_assert_uint_eq(got.result.bytes, 100);
	ck_assert_mem_eq(got.bytes, bytes, 100);
	so_close(&fx.so);
	so_fini(&fx.so);
	fx.gone = true;
	aead_pool_destroy(aead);
}
END_TEST

/* R8: what a reader has in its hands is not turned into ciphertext. */
START_TEST(test_ktls_enable_waits_for_a_reader_in_the_middle_of_a_call)
{
	struct rx_read got;

	rx_feed(&fx, bytes, 300);
	ck_assert(so_io_lock(&fx.so));
	ck_assert(!so_io_lock(&fx.so));
	rx_read(&fx, 400, SORECEIVE_WAITALL, &got);
	ck_assert(got.result.waits);
	rx_feed(&fx, bytes, 50);
	ck_assert_int_eq(enable(), EWOULDBLOCK);
	ck_assert_uint_eq(fx.so.so_rcv.sb_acc, 50);
	ck_assert_uint_eq(stats.active, 0);
	so_io_unlock(&fx.so);
	ck_assert_int_eq(enable(), 0);
	ck_assert_uint_eq(fx.so.so_rcv.sb_tlscc, 50);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *ktls_enable_suite(void);

Suite *
ktls_enable_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_ktls_enable_judges_every_argument, COUNT(argument_rows)),
	    TEST(test_ktls_enable_needs_the_bytes_of_every_length, 3),
	    TEST(test_ktls_enable_of_cbc_needs_no_iv, 0),
	    TEST(test_ktls_enable_obeys_the_system_settings, 0),
	    TEST(test_ktls_enable_and_listen_exclude_each_other, 0),
	    TEST(test_ktls_enable_reads_the_record_number_as_big_endian, 0),
	    TEST(test_ktls_enable_adopts_queued_ciphertext_of_its_record_number,
		 0),
	    TEST(test_ktls_enable_waits_for_a_reader_in_the_middle_of_a_call,
		 0),
	};

	return suite_create_table("ktls_enable", tests, (size_t)COUNT(tests),
				  setup, teardown, 0);
}
