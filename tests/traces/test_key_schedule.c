/*
 * test_key_schedule.c - record keys from secrets.
 *
 * Oracles: the traffic keys and the records of RFC 8448 section 3; NIST's CAVP
 * vectors for the TLS 1.2 KDF (SHA-256 and SHA-384, COUNT 0); and for the
 * update of a secret, which RFC 8448 does not show, HMAC computed by another
 * implementation.
 */
#include "traces/key_schedule.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "tests/support/crypto_faults.h"
#include "tests/support/hex.h"
#include "tests/support/suite_table.h"

enum {
	AES_128_GCM_13 = 0x1301,
	AES_256_GCM_13 = 0x1302,
	CHACHA_13 = 0x1303,
	AES_128_CCM_13 = 0x1304,
	RSA_3DES = 0x000a,
};

struct tls13_row {
	uint16_t suite;
	const char *secret, *key, *iv, *next;
};

/* RFC 8448 section 3: client and server handshake, client and server data. */
static const struct tls13_row tls13_rows[] = {
    {AES_128_GCM_13,
     "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21",
     "dbfaa693d1762c5b666af5d950258d01", "5bd3c71b836e0b76bb73265f",
     "7c1b48380af13a741e2e8b2f6ab3defd71d3b82a83107f8e21289cc8384dfbe7"},
    {AES_128_GCM_13,
     "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38",
     "3fce516009c21727d0f2e4e86ee403bc", "5d313eb2671276ee13000b30",
     "c5847ffa1bfea2d5c409eee45d2813181327a78a52ee6d02d8a5e10fbf0fface"},
    {AES_128_GCM_13,
     "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5",
     "17422dda596ed5d9acd890e3c63f5051", "5b78923dee08579033e523d9",
     "fcdfcc72725aaee48bf64e4fd8b749cdbdbab39d90da0b26e2245ca6ea167207"},
    {AES_128_GCM_13,
     "a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643",
     "9f02283b6c9c07efc26bb9f2ac92e356", "cf782b88dd83549aadf1e984",
     "51921b8aa3001976eb401d0a4319a8516416a6c56001a357e5d162031e84f916"},
    /* SHA-384 and a 32-byte key: HMAC by another implementation */
    {AES_256_GCM_13,
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
     "202122232425262728292a2b2c2d2e2f",
     "6877d022f1c61d24ebb7487c16752d9a4798e40431c75b39320e537c90e23225",
     "42822531a0fe88648fc09e9f",
     "401331b63e9d59f202e8f041042d9516f4cd7fa2e2ee14631d3b49fc340d7af3"
     "7fc2c0c9f252d8036f81ec5b85cbe5db"},
};

START_TEST(test_key_schedule_tls13_record_key)
{
	const struct tls13_row *row = &tls13_rows[_i];
	const struct tls_suite *suite = tls_suite_find(row->suite);
	uint8_t secret[48], want[32];
	size_t len = hex_decode(row->secret, secret, sizeof(secret));
	struct ktls_key key;

	ck_assert_int_eq(tls13_record_key(suite, secret, len, &key), 0);
	ck_assert_uint_eq(key.key_len, hex_decode(row->key, want, 32));
	ck_assert_mem_eq(key.key, want, key.key_len);
	ck_assert_uint_eq(key.iv_len, hex_decode(row->iv, want, 32));
	ck_assert_mem_eq(key.iv, want, key.iv_len);
	ck_assert_int_eq(key.version, TLS_1_3);
	ck_assert_int_eq(key.cipher, suite->cipher);
	ck_assert_uint_eq(key.rec_seq, 0);
	ck_assert_int_eq(ktls_key_check(&key), 0);
}
END_TEST

START_TEST(test_key_schedule_tls13_next_secret)
{
	const struct tls13_row *row = &tls13_rows[_i];
	const struct tls_suite *suite = tls_suite_find(row->suite);
	uint8_t secret[48], want[48];
	size_t len = hex_decode(row->secret, secret, sizeof(secret));

	hex_decode(row->next, want, sizeof(want));
	ck_assert_int_eq(tls13_next_secret(suite, secret, len), 0);
	ck_assert_mem_eq(secret, want, len);
}
END_TEST

START_TEST(test_key_schedule_tls13_other_ciphers_get_their_lengths)
{
	static const struct {
		uint16_t suite;
		enum tls_cipher cipher;
		uint8_t key_len;
	} rows[] = {{CHACHA_13, TLS_CIPHER_CHACHA20_POLY1305, 32},
		    {AES_128_CCM_13, TLS_CIPHER_AES_CCM, 16}};
	uint8_t secret[32] = {1};
	struct ktls_key key;

	ck_assert_int_eq(
	    tls13_record_key(tls_suite_find(rows[_i].suite), secret, 32, &key),
	    0);
	ck_assert_int_eq(key.cipher, rows[_i].cipher);
	ck_assert_uint_eq(key.key_len, rows[_i].key_len);
	ck_assert_uint_eq(key.iv_len, 12);
}
END_TEST

START_TEST(test_key_schedule_tls13_refuses_a_secret_of_another_length)
{
	const struct tls_suite *suite = tls_suite_find(AES_128_GCM_13);
	const struct tls_suite *long_suite = tls_suite_find(AES_256_GCM_13);
	uint8_t secret[48] = {0};
	struct ktls_key key;

	ck_assert_int_eq(tls13_record_key(suite, secret, 48, &key), EINVAL);
	ck_assert_int_eq(tls13_record_key(suite, secret, 0, &key), EINVAL);
	ck_assert_int_eq(tls13_record_key(long_suite, secret, 32, &key),
			 EINVAL);
	ck_assert_int_eq(tls13_next_secret(suite, secret, 48), EINVAL);
	ck_assert_int_eq(tls13_next_secret(long_suite, secret, 32), EINVAL);
}
END_TEST

/* The inputs of one CAVP vector and the key block that it gives. */
struct cavp {
	const char *master, *client_random, *server_random, *block;
};

static const struct cavp cavp_sha256 = {
    "202c88c00f84a17a20027079604787461176455539e705be730890602c289a50"
    "01e34eeb3a043e5d52a65e66125188bf",
    "62e1fd91f23f558a605f28478c58cf72637b89784d959df7e946d3f07bd1b616",
    "ae6c806f8ad4d80784549dff28a4b58fd837681a51d928c3e30ee5ff14f39868",
    "d06139889fffac1e3a71865f504aa5d0d2a2e89506c6f2279b670c3e1b74f531"
    "016a2530c51a3a0f7e1d6590d0f0566b2f387f8d11fd4f731cdd572d2eae927f"
    "6f2f81410b25e6960be68985add6c38445ad9f8c64bf8068bf9a6679485d966f"
    "1ad6f68b43495b10a683755ea2b858d70ccac7ec8b053c6bd41ca299d4e51928"};

static const struct cavp cavp_sha384 = {
    "b4d49bfa87747fe815457bc3da15073d6ac73389e703079a3503c09e14bd559a"
    "5b3c7c601c7365f6ea8c68d3d9596827",
    "954b5fe1849c2ede177438261f099a2fcd884d001b9fe1de754364b1f6a6dd8e",
    "1b1c8568344a65c30828e7483c0e353e2c68641c9551efae6927d9cd627a107c",
    "10fd89ef689c7ef033387b8a8f3e5e8e7c11f680f6bdd71fbac3246a73e98d45"
    "d03185dde686e6b2369e4503e9dc5a6d2cee3e2bf2fa3f41d3de57dff3e197c8"
    "a9d5f74cc2d277119d894f8584b07a0a5822f0bd68b3433ec6adaf5c9406c5f3"
    "ddbb71bbe17ce98f3d4d5893d3179ef369f57aad908e2bf710639100c3ce7e0c"};

static const struct cavp cavp_md5_sha1 = {
    "2f6962dfbc744c4b2138bb6b3d33054c5ecc14f24851d9896395a44ab3964efc"
    "2090c5bf51a0891209f46c1e1e998f62",
    "d58a7b1cd4fedaa232159df652ce188f9d997e061b9bf48e83b62990440931f6",
    "67267e650eb32444119d222a368c191af3082888dc35afe8368e638c828874be",
    "3088825988e77fce68d19f756e18e43eb7fe672433504feaf99b3c503d9091b1"
    "64f166db301d70c9fc0870b4a94563907bee1a61fb786cb717576890bcc51cb9"
    "ead97e01d0a2fea99c953377b195205ff07b369589178796edc963fd80fdbe51"
    "8a2fc1c35c18ae8d"};

/* How a suite cuts its block: lengths of MAC key, key and IV. */
struct tls12_row {
	enum tls_version version;
	uint16_t suite;
	const struct cavp *cavp;
	size_t mac_len, key_len, iv_len;
};

static const struct tls12_row tls12_rows[] = {
    {TLS_1_2, 0xc02f, &cavp_sha256, 0, 16, 4},	/* AES_128_GCM_SHA256 */
    {TLS_1_2, 0xc030, &cavp_sha384, 0, 32, 4},	/* AES_256_GCM_SHA384 */
    {TLS_1_2, 0xcca8, &cavp_sha256, 0, 32, 12}, /* CHACHA20_POLY1305_SHA256 */
    {TLS_1_2, 0xc09c, &cavp_sha256, 0, 16, 4},	/* AES_128_CCM */
    {TLS_1_2, 0x002f, &cavp_sha256, 20, 16, 0}, /* AES_128_CBC_SHA */
    {TLS_1_2, 0x003c, &cavp_sha256, 32, 16, 0}, /* AES_128_CBC_SHA256 */
    /* AES_256_CBC_SHA384, cut below */
    {TLS_1_2, 0xc028, &cavp_sha384, 48, 16, 0},
    {TLS_1_1, 0x002f, &cavp_md5_sha1, 20, 16, 0}, /* AES_128_CBC_SHA */
    {TLS_1_1, 0xc014, &cavp_md5_sha1, 20, 32, 0}, /* AES_256_CBC_SHA */
};

static int
cavp_keys(const struct cavp *cavp, enum tls_version version,
	  const struct tls_suite *suite, struct ktls_key key[2])
{
	uint8_t master[48], client_random[32], server_random[32];

	hex_decode(cavp->master, master, sizeof(master));
	hex_decode(cavp->client_random, client_random, 32);
	hex_decode(cavp->server_random, server_random, 32);
	return tls12_record_keys(version, suite, master, client_random,
				 server_random, key);
}

START_TEST(test_key_schedule_tls12_cuts_the_key_block)
{
	const struct tls12_row *row = &tls12_rows[_i];
	uint8_t block[128];
	struct ktls_key key[2];

	hex_decode(row->cavp->block, block, sizeof(block));
	ck_assert_int_eq(
	    cavp_keys(row->cavp, row->version, tls_suite_find(row->suite), key),
	    0);
	for (size_t side = 0; side < 2; side++) {
		const uint8_t *mac = block + side * row->mac_len;
		const uint8_t *bulk =
		    block + 2 * row->mac_len + side * row->key_len;
		const uint8_t *iv = block + 2 * (row->mac_len + row->key_len) +
				    side * row->iv_len;

		ck_assert_uint_eq(key[side].mac_key_len, row->mac_len);
		ck_assert_mem_eq(key[side].mac_key, mac, row->mac_len);
		if (row->suite == 0xc028 && side == 1)
			continue; /* the vector is too short for this key */
		ck_assert_mem_eq(key[side].key, bulk, row->key_len);
		ck_assert_mem_eq(key[side].iv, iv, row->iv_len);
		ck_assert_int_eq(key[side].version, row->version);
		ck_assert_uint_eq(key[side].rec_seq, 0);
	}
}
END_TEST

START_TEST(test_key_schedule_tls12_keys_pass_the_enable_check)
{
	static const uint16_t suites[] = {0x002f, 0x0035, 0x003c, 0x003d,
					  0x009c, 0x009d, 0xc024, 0xc028,
					  0xc02f, 0xc030, 0xcca8, 0xcca9};
	struct ktls_key key[2];

	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		const struct tls_suite *suite = tls_suite_find(suites[i]);

		ck_assert_int_eq(cavp_keys(&cavp_sha384, TLS_1_2, suite, key),
				 0);
		ck_assert_int_eq(ktls_key_check(&key[0]), 0);
		ck_assert_int_eq(ktls_key_check(&key[1]), 0);
		ck_assert(memcmp(key[0].key, key[1].key, suite->key_len) != 0);
	}
}
END_TEST

START_TEST(test_key_schedule_refuses_suites_of_the_other_version)
{
	uint8_t secret[48] = {0};
	struct ktls_key key[2];

	ck_assert_int_eq(cavp_keys(&cavp_sha256, TLS_1_2,
				   tls_suite_find(AES_128_GCM_13), key),
			 EINVAL);
	ck_assert_int_eq(
	    cavp_keys(&cavp_sha256, TLS_1_2, tls_suite_find(RSA_3DES), key),
	    EINVAL);
	ck_assert_int_eq(
	    tls13_record_key(tls_suite_find(0xc02f), secret, 32, key), EINVAL);
	ck_assert_int_eq(
	    tls13_record_key(tls_suite_find(0xc0b4), secret, 32, key), EINVAL);
	ck_assert_int_eq(tls13_next_secret(tls_suite_find(0xc02f), secret, 32),
			 EINVAL);
	ck_assert_int_eq(tls13_next_secret(tls_suite_find(0x00c6), secret, 0),
			 EINVAL);
}
END_TEST

static int
derive_tls12(void)
{
	struct ktls_key key[2];

	return cavp_keys(&cavp_sha256, TLS_1_2, tls_suite_find(0xc02f), key);
}

static int
derive_tls13(void)
{
	uint8_t secret[32] = {0};
	struct ktls_key key;

	return tls13_record_key(tls_suite_find(AES_128_GCM_13), secret, 32,
				&key);
}

static int
derive_next(void)
{
	uint8_t secret[32] = {0}, before[32] = {0};
	int error =
	    tls13_next_secret(tls_suite_find(AES_128_GCM_13), secret, 32);

	if (error != 0)
		ck_assert_mem_eq(secret, before, 32);
	return error;
}

START_TEST(test_key_schedule_says_that_memory_is_short)
{
	static int (*const derives[])(void) = {derive_tls12, derive_tls13,
					       derive_next};
	unsigned refused = 0;
	bool hit = true;

	/* OpenSSL itself crashes where its start-up lacks memory. */
	ck_assert_int_eq(derives[_i](), 0);
	for (uint64_t nth = 1; hit; nth++) {
		int error;

		crypto_faults_after(nth);
		error = derives[_i]();
		hit = crypto_faults_hit();
		crypto_faults_after(0);
		ck_assert(error == 0 || error == ENOMEM);
		refused += error == ENOMEM;
		ck_assert_uint_lt(nth, 10000);
	}
	ck_assert_uint_gt(refused, 0);
	ck_assert_int_eq(derives[_i](), 0);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *key_schedule_suite(void);

Suite *
key_schedule_suite(void)
{
	const struct suite_test tests[] = {
	    {"tls13_record_key", test_key_schedule_tls13_record_key,
	     ROWS(tls13_rows)},
	    {"tls13_next_secret", test_key_schedule_tls13_next_secret,
	     ROWS(tls13_rows)},
	    {"tls13_other_ciphers_get_their_lengths",
	     test_key_schedule_tls13_other_ciphers_get_their_lengths, 2},
	    {"tls13_refuses_a_secret_of_another_length",
	     test_key_schedule_tls13_refuses_a_secret_of_another_length, 0},
	    {"tls12_cuts_the_key_block",
	     test_key_schedule_tls12_cuts_the_key_block, ROWS(tls12_rows)},
	    {"tls12_keys_pass_the_enable_check",
	     test_key_schedule_tls12_keys_pass_the_enable_check, 0},
	    {"refuses_suites_of_the_other_version",
	     test_key_schedule_refuses_suites_of_the_other_version, 0},
	    {"says_that_memory_is_short",
	     test_key_schedule_says_that_memory_is_short, 3},
	};

	crypto_faults_install();
	return suite_create_table("key_schedule", tests, ROWS(tests), NULL,
				  NULL, 0);
}
