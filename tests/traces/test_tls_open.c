/*
 * test_tls_open.c - userland opens single records.
 *
 * Oracle: tests/support/tls_seal.c, which shares no code with it.
 */
#include "traces/tls_open.h"

#include <errno.h>
#include <string.h>

#include "engine/aead.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_seal.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

struct kind {
	enum tls_version version;
	enum tls_cipher cipher;
	uint8_t key_len;
	enum tls_hash mac; /* CBC only */
};

static const struct kind kinds[] = {
    {TLS_1_2, TLS_CIPHER_AES_GCM, 16, TLS_HASH_NONE},
    {TLS_1_2, TLS_CIPHER_AES_GCM, 32, TLS_HASH_NONE},
    {TLS_1_2, TLS_CIPHER_CHACHA20_POLY1305, 32, TLS_HASH_NONE},
    {TLS_1_3, TLS_CIPHER_AES_GCM, 16, TLS_HASH_NONE},
    {TLS_1_3, TLS_CIPHER_AES_GCM, 32, TLS_HASH_NONE},
    {TLS_1_3, TLS_CIPHER_CHACHA20_POLY1305, 32, TLS_HASH_NONE},
    {TLS_1_2, TLS_CIPHER_AES_CCM, 16, TLS_HASH_NONE},
    {TLS_1_3, TLS_CIPHER_AES_CCM, 16, TLS_HASH_NONE},
    {TLS_1_1, TLS_CIPHER_AES_CBC, 16, TLS_HASH_SHA1},
    {TLS_1_1, TLS_CIPHER_AES_CBC, 32, TLS_HASH_SHA1},
    {TLS_1_2, TLS_CIPHER_AES_CBC, 16, TLS_HASH_SHA1},
    {TLS_1_2, TLS_CIPHER_AES_CBC, 32, TLS_HASH_SHA256},
    {TLS_1_2, TLS_CIPHER_AES_CBC, 32, TLS_HASH_SHA384},
};

static struct aead_pool *pool;
static struct tls_opener opener;
static struct ktls_key key;

static void
key_make(const struct kind *kind)
{
	if (kind->mac != TLS_HASH_NONE)
		tls_seal_key_cbc(&key, kind->version, kind->mac, kind->key_len,
				 9);
	else
		tls_seal_key(&key, kind->version, kind->cipher, kind->key_len,
			     9);
	if (kind->cipher == TLS_CIPHER_AES_CCM)
		key.suites = KTLS_SUITES_LINUX;
}

static void
begin(const struct kind *kind)
{
	pool = aead_pool_create(1);
	key_make(kind);
	tls_opener_init(&opener, pool, &key);
}

static void
end(void)
{
	tls_opener_fini(&opener);
	tls_opener_fini(&opener);
	aead_pool_destroy(pool);
}

START_TEST(test_tls_open_opens_what_was_sealed)
{
	static const size_t lens[] = {0, 1, 15, 16, 1000, TLS_PLAINTEXT_MAX};
	static uint8_t record[TLS_SEAL_MAX + 100], out[TLS_SEAL_MAX + 100];
	static uint8_t bytes[TLS_PLAINTEXT_MAX];
	struct tls_plaintext plaintext;

	begin(&kinds[_i]);
	memset(bytes, 'x', sizeof(bytes));
	for (int n = 0; n < ROWS(lens); n++) {
		struct tls_plain plain = {
		    .type = TLS_HANDSHAKE,
		    .bytes = bytes,
		    .len = lens[n],
		};
		size_t len;

		if (kinds[_i].version == TLS_1_3)
			plain.padding = 37;
		else if (kinds[_i].mac != TLS_HASH_NONE)
			plain.padding = 32;
		len = tls_seal(&key, (uint64_t)n, &plain, record);

		ck_assert_uint_eq(opener.key.rec_seq, (unsigned)n);
		ck_assert_int_eq(
		    tls_open(&opener, record, len, out, &plaintext), 0);
		ck_assert_uint_eq(plaintext.type, TLS_HANDSHAKE);
		ck_assert_uint_eq(plaintext.len, lens[n]);
		ck_assert_int_eq(memcmp(out, bytes, lens[n]), 0);
	}
	end();
}
END_TEST

START_TEST(test_tls_open_counts_nothing_that_does_not_open)
{
	uint8_t record[TLS_SEAL_OVERHEAD + 20], out[TLS_SEAL_OVERHEAD + 20];
	struct tls_plaintext plaintext;
	size_t len;

	begin(&kinds[_i]);
	len = tls_seal_data(&key, 0, (const uint8_t *)"0123456789", 10, record);
	/* Too short to be a record of this suite, down to the header alone. */
	for (size_t cut = TLS_HEADER_BYTES; cut < len; cut++)
		ck_assert_int_eq(
		    tls_open(&opener, record, cut, out, &plaintext), EBADMSG);
	for (size_t at = 0; at < len; at++) {
		/* The length field is not under TLS 1.2's seal. */
		if ((at == 3 || at == 4) && key.version != TLS_1_3)
			continue;
		record[at] ^= 1;
		ck_assert_int_eq(
		    tls_open(&opener, record, len, out, &plaintext), EBADMSG);
		record[at] ^= 1;
	}
	ck_assert_uint_eq(opener.key.rec_seq, 0);
	ck_assert_int_eq(tls_open(&opener, record, len, out, &plaintext), 0);
	ck_assert_int_eq(tls_open(&opener, record, len, out, &plaintext),
			 EBADMSG);
	end();
}
END_TEST

START_TEST(test_tls_open_refuses_a_record_of_nothing_but_padding)
{
	uint8_t record[TLS_SEAL_OVERHEAD + 20], out[TLS_SEAL_OVERHEAD + 20];
	struct tls_plain plain = {.type = 0, .padding = 5};
	struct tls_plaintext plaintext;
	size_t len;

	begin(&kinds[3]);
	len = tls_seal(&key, 0, &plain, record);
	ck_assert_int_eq(tls_open(&opener, record, len, out, &plaintext),
			 EBADMSG);
	end();
}
END_TEST

START_TEST(test_tls_open_has_the_suites_of_this_release)
{
	struct ktls_key other = {.version = TLS_1_2,
				 .cipher = TLS_CIPHER_AES_CBC,
				 .mac = TLS_HASH_SHA1,
				 .key_len = 16,
				 .iv_len = 16,
				 .mac_key_len = 20};

	ck_assert(tls_open_has(&other));
	other.suites = KTLS_SUITES_LINUX;
	ck_assert(!tls_open_has(&other));
	for (int i = 0; i < ROWS(kinds); i++) {
		key_make(&kinds[i]);
		ck_assert(tls_open_has(&key));
		key.version = TLS_1_0;
		ck_assert(!tls_open_has(&key));
	}
}
END_TEST

Suite *tls_open_suite(void);

Suite *
tls_open_suite(void)
{
	const struct suite_test tests[] = {
	    {"opens_what_was_sealed", test_tls_open_opens_what_was_sealed,
	     ROWS(kinds)},
	    {"counts_nothing_that_does_not_open",
	     test_tls_open_counts_nothing_that_does_not_open, ROWS(kinds)},
	    {"refuses_a_record_of_nothing_but_padding",
	     test_tls_open_refuses_a_record_of_nothing_but_padding, 0},
	    {"has_the_suites_of_this_release",
	     test_tls_open_has_the_suites_of_this_release, 0},
	};

	return suite_create_table("tls_open", tests, ROWS(tests), NULL, NULL,
				  0);
}
