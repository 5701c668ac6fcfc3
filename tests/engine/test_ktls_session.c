/*
 * test_ktls_session.c - what a session accepts, and what it gives back.
 */
#include "engine/ktls_session.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "engine/aead.h"
#include "tests/support/rx_fixture.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

static struct aead_pool *aead;

static void
setup(void)
{
	aead = aead_pool_create(1);
}

static void
teardown(void)
{
	aead_pool_destroy(aead);
}

struct create_row {
	enum tls_version version;
	enum tls_cipher cipher;
	enum tls_hash mac;
	uint8_t key_len;
	enum ktls_crypto crypto;
	int error;
	uint8_t hlen;
	uint8_t tlen;
};

#define GCM    TLS_CIPHER_AES_GCM, TLS_HASH_NONE
#define CHACHA TLS_CIPHER_CHACHA20_POLY1305, TLS_HASH_NONE
#define REAL   KTLS_CRYPTO_REAL
#define MODEL  KTLS_CRYPTO_MODEL

static const struct create_row create_rows[] = {
    {TLS_1_2, GCM, 16, REAL, 0, 13, 16},
    {TLS_1_2, GCM, 32, MODEL, 0, 13, 16},
    {TLS_1_3, GCM, 32, REAL, 0, 5, 17},
    {TLS_1_3, CHACHA, 32, REAL, 0, 5, 17},
    {TLS_1_2, CHACHA, 32, MODEL, 0, 5, 16},
    {TLS_1_2, GCM, 24, REAL, EINVAL, 0, 0},
    {TLS_1_1, GCM, 16, REAL, EINVAL, 0, 0},
    {TLS_1_3, CHACHA, 16, MODEL, EINVAL, 0, 0},
    {TLS_1_2, TLS_CIPHER_AES_CCM, TLS_HASH_NONE, 16, MODEL, EINVAL, 0, 0},
    {TLS_1_2, TLS_CIPHER_AES_CBC, TLS_HASH_SHA1, 16, MODEL, 0, 21, 36},
    {TLS_1_2, TLS_CIPHER_AES_CBC, TLS_HASH_SHA1, 16, REAL, 0, 21, 36},
    {TLS_1_1, TLS_CIPHER_AES_CBC, TLS_HASH_SHA1, 32, REAL, 0, 21, 36},
    {TLS_1_1, TLS_CIPHER_AES_CBC, TLS_HASH_SHA256, 32, REAL, EINVAL, 0, 0},
    {TLS_1_3, TLS_CIPHER_AES_CBC, TLS_HASH_SHA1, 16, MODEL, EINVAL, 0, 0},
};

START_TEST(test_ktls_session_create_accepts_what_the_kernel_accepts)
{
	const struct create_row *row = &create_rows[_i];
	struct ktls_key key =
	    rx_key(row->version, row->cipher, row->key_len, 1);
	struct ktls_session *session = NULL;

	key.mac = row->mac;
	key.mac_key_len = (uint8_t)tls_hash_bytes(row->mac);
	ck_assert_int_eq(ktls_session_create(&session, &key, row->crypto,
					     row->crypto == REAL ? aead : NULL,
					     3),
			 row->error);
	if (row->error != 0) {
		ck_assert_ptr_null(session);
		return;
	}
	ck_assert_uint_eq(session->framing.hlen, row->hlen);
	ck_assert_uint_eq(session->framing.tlen, row->tlen);
	ck_assert_uint_eq(session->wq_index, 3);
	ck_assert((session->aead_key_id != 0) == (row->crypto == REAL));
	ck_assert(!session->key_pending);
	ktls_session_free(session);
}
END_TEST

START_TEST(test_ktls_session_refuses_tls10_cbc_as_not_for_receive)
{
	struct ktls_key key = rx_key(TLS_1_0, TLS_CIPHER_AES_CBC, 16, 1);
	struct ktls_session *session = NULL;

	key.mac = TLS_HASH_SHA1;
	key.mac_key_len = 20;
	key.iv_len = 16;
	ck_assert_int_eq(ktls_session_create(&session, &key, MODEL, NULL, 0),
			 EPROTONOSUPPORT);
}
END_TEST

START_TEST(test_ktls_session_lives_until_the_last_reference)
{
	struct ktls_key key = rx_key(TLS_1_3, TLS_CIPHER_AES_GCM, 16, 9);
	struct ktls_session *a, *b;

	ck_assert_int_eq(ktls_session_create(&a, &key, REAL, aead, 0), 0);
	ck_assert_int_eq(ktls_session_create(&b, &key, REAL, aead, 0), 0);
	ck_assert_uint_ne(a->aead_key_id, b->aead_key_id);
	ktls_session_free(b);
	ktls_session_hold(a);
	ktls_session_free(a);
	ck_assert_uint_eq(a->refcount, 1);
	ck_assert_mem_eq(a->params.key, key.key, 16);
	ktls_session_free(a);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *ktls_session_suite(void);

Suite *
ktls_session_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_ktls_session_create_accepts_what_the_kernel_accepts,
		 COUNT(create_rows)),
	    TEST(test_ktls_session_refuses_tls10_cbc_as_not_for_receive, 0),
	    TEST(test_ktls_session_lives_until_the_last_reference, 0),
	};

	return suite_create_table("ktls_session", tests, (size_t)COUNT(tests),
				  setup, teardown, 0);
}
