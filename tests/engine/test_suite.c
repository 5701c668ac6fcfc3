/*
 * test_suite.c - the cipher suites and what follows from them.
 *
 * The expected lengths are the literal table of the engine's specification, the
 * errors those of FreeBSD's own tests; the names that tshark gave to the
 * captures' flows are an oracle for the list.
 */
#include "engine/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/suite_table.h"
#include "tests/support/suite_table.h"

START_TEST(test_suite_table_ascends_and_finds_every_row)
{
	for (size_t i = 0; i < tls_suite_count; i++) {
		const struct tls_suite *row = &tls_suite_table[i];

		ck_assert_ptr_eq(tls_suite_find(row->id), row);
		if (i > 0)
			ck_assert_uint_lt(row[-1].id, row->id);
		ck_assert_int_eq(strncmp(row->name, "TLS_", 4), 0);
		ck_assert((row->key_len == 0) ==
			  (row->cipher == TLS_CIPHER_OTHER));
		ck_assert((row->mac != TLS_HASH_NONE) ==
			  (row->cipher == TLS_CIPHER_AES_CBC));
	}
}
END_TEST

/* One row per kind of suite and per way in which a name says its lengths. */
static const struct tls_suite known[] = {
    {0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", TLS_CIPHER_OTHER, 0,
     TLS_HASH_SHA256, TLS_HASH_NONE, false},
    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA", TLS_CIPHER_AES_CBC, 16,
     TLS_HASH_SHA256, TLS_HASH_SHA1, false},
    {0x003d, "TLS_RSA_WITH_AES_256_CBC_SHA256", TLS_CIPHER_AES_CBC, 32,
     TLS_HASH_SHA256, TLS_HASH_SHA256, false},
    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256", TLS_CIPHER_AES_GCM, 16,
     TLS_HASH_SHA256, TLS_HASH_NONE, false},
    {0x1301, "TLS_AES_128_GCM_SHA256", TLS_CIPHER_AES_GCM, 16, TLS_HASH_SHA256,
     TLS_HASH_NONE, true},
    {0x1302, "TLS_AES_256_GCM_SHA384", TLS_CIPHER_AES_GCM, 32, TLS_HASH_SHA384,
     TLS_HASH_NONE, true},
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256", TLS_CIPHER_CHACHA20_POLY1305, 32,
     TLS_HASH_SHA256, TLS_HASH_NONE, true},
    {0x1304, "TLS_AES_128_CCM_SHA256", TLS_CIPHER_AES_CCM, 16, TLS_HASH_SHA256,
     TLS_HASH_NONE, true},
    {0x1305, "TLS_AES_128_CCM_8_SHA256", TLS_CIPHER_AES_CCM_8, 16,
     TLS_HASH_SHA256, TLS_HASH_NONE, true},
    {0xc024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", TLS_CIPHER_AES_CBC, 32,
     TLS_HASH_SHA384, TLS_HASH_SHA384, false},
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", TLS_CIPHER_AES_GCM, 16,
     TLS_HASH_SHA256, TLS_HASH_NONE, false},
    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", TLS_CIPHER_AES_GCM, 32,
     TLS_HASH_SHA384, TLS_HASH_NONE, false},
    {0xc051, "TLS_RSA_WITH_ARIA_256_GCM_SHA384", TLS_CIPHER_OTHER, 0,
     TLS_HASH_SHA384, TLS_HASH_NONE, false},
    {0xc07a, "TLS_RSA_WITH_CAMELLIA_128_GCM_SHA256", TLS_CIPHER_OTHER, 0,
     TLS_HASH_SHA256, TLS_HASH_NONE, false},
    {0xc0a4, "TLS_PSK_WITH_AES_128_CCM", TLS_CIPHER_AES_CCM, 16,
     TLS_HASH_SHA256, TLS_HASH_NONE, false},
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
     TLS_CIPHER_CHACHA20_POLY1305, 32, TLS_HASH_SHA256, TLS_HASH_NONE, false},
};

START_TEST(test_suite_find_gives_the_registered_row)
{
	const struct tls_suite *want = &known[_i];
	const struct tls_suite *got = tls_suite_find(want->id);

	ck_assert_ptr_nonnull(got);
	ck_assert_str_eq(got->name, want->name);
	ck_assert_int_eq(got->cipher, want->cipher);
	ck_assert_uint_eq(got->key_len, want->key_len);
	ck_assert_int_eq(got->prf, want->prf);
	ck_assert_int_eq(got->mac, want->mac);
	ck_assert_int_eq(got->tls13, want->tls13);
}
END_TEST

START_TEST(test_suite_find_knows_no_other_value)
{
	size_t found = 0;

	for (unsigned id = 0; id <= UINT16_MAX; id++)
		found += tls_suite_find((uint16_t)id) != NULL;
	ck_assert_uint_eq(found, tls_suite_count);
	ck_assert_ptr_null(tls_suite_find(0x0000)); /* NULL_WITH_NULL */
	ck_assert_ptr_null(tls_suite_find(0x00ff)); /* SCSV */
	ck_assert_ptr_null(tls_suite_find(0x0a0a)); /* GREASE */
	ck_assert_ptr_null(tls_suite_find(0xffff));
}
END_TEST

struct framing_row {
	enum tls_version version;
	enum tls_cipher cipher;
	enum tls_hash mac;
	struct tls_framing want; /* hlen 0: there is no such combination */
};

static const struct framing_row framings[] = {
    {TLS_1_1, TLS_CIPHER_AES_CBC, TLS_HASH_SHA1, {21, 36, 16, 48, 16436}},
    {TLS_1_2, TLS_CIPHER_AES_CBC, TLS_HASH_SHA1, {21, 36, 16, 48, 16436}},
    {TLS_1_2, TLS_CIPHER_AES_CBC, TLS_HASH_SHA256, {21, 48, 16, 64, 16448}},
    {TLS_1_2, TLS_CIPHER_AES_CBC, TLS_HASH_SHA384, {21, 64, 16, 80, 16464}},
    {TLS_1_2, TLS_CIPHER_AES_GCM, TLS_HASH_NONE, {13, 16, 8, 24, 16408}},
    {TLS_1_2,
     TLS_CIPHER_CHACHA20_POLY1305,
     TLS_HASH_NONE,
     {5, 16, 0, 16, 16400}},
    {TLS_1_3, TLS_CIPHER_AES_GCM, TLS_HASH_NONE, {5, 17, 0, 17, 16401}},
    {TLS_1_3,
     TLS_CIPHER_CHACHA20_POLY1305,
     TLS_HASH_NONE,
     {5, 17, 0, 17, 16401}},
    {TLS_1_0, TLS_CIPHER_AES_CBC, TLS_HASH_SHA1, {0}},
    {TLS_1_0, TLS_CIPHER_AES_CBC, TLS_HASH_SHA256, {0}},
    {TLS_1_1, TLS_CIPHER_AES_CBC, TLS_HASH_SHA256, {0}},
    {TLS_1_2, TLS_CIPHER_AES_CBC, TLS_HASH_NONE, {0}},
    {TLS_1_3, TLS_CIPHER_AES_CBC, TLS_HASH_SHA256, {0}},
    {TLS_1_1, TLS_CIPHER_AES_GCM, TLS_HASH_NONE, {0}},
    {TLS_1_2, TLS_CIPHER_AES_GCM, TLS_HASH_SHA256, {0}},
    {TLS_1_1, TLS_CIPHER_CHACHA20_POLY1305, TLS_HASH_NONE, {0}},
    {TLS_1_2, TLS_CIPHER_AES_CCM, TLS_HASH_NONE, {13, 16, 8, 24, 16408}},
    {TLS_1_3, TLS_CIPHER_AES_CCM, TLS_HASH_NONE, {5, 17, 0, 17, 16401}},
    {TLS_1_1, TLS_CIPHER_AES_CCM, TLS_HASH_NONE, {0}},
    {TLS_1_3, TLS_CIPHER_AES_CCM_8, TLS_HASH_NONE, {0}},
    {TLS_1_3, TLS_CIPHER_OTHER, TLS_HASH_NONE, {0}},
    {TLS_VERSION_UNKNOWN, TLS_CIPHER_AES_GCM, TLS_HASH_NONE, {0}},
};

START_TEST(test_suite_framing_is_the_specified_table)
{
	const struct framing_row *row = &framings[_i];
	struct tls_framing got = {0};
	bool known_one =
	    tls_framing_of(row->version, row->cipher, row->mac, &got);

	ck_assert_int_eq(known_one, row->want.hlen != 0);
	ck_assert_uint_eq(got.hlen, row->want.hlen);
	ck_assert_uint_eq(got.tlen, row->want.tlen);
	ck_assert_uint_eq(got.explicit_iv, row->want.explicit_iv);
	ck_assert_uint_eq(got.min_length, row->want.min_length);
	ck_assert_uint_eq(got.max_length, row->want.max_length);
}
END_TEST

struct check_row {
	enum tls_version version;
	enum tls_cipher cipher;
	enum tls_hash mac;
	uint8_t key_len, iv_len, mac_key_len;
	int want;
};

#define GCM	TLS_CIPHER_AES_GCM
#define CHACHA	TLS_CIPHER_CHACHA20_POLY1305
#define CBC	TLS_CIPHER_AES_CBC
#define NONE	TLS_HASH_NONE
#define SHA1	TLS_HASH_SHA1
#define SHA256	TLS_HASH_SHA256
#define SHA384	TLS_HASH_SHA384
#define UNKNOWN TLS_VERSION_UNKNOWN

static const struct check_row checks[] = {
    {TLS_1_2, GCM, NONE, 16, 4, 0, 0},
    {TLS_1_2, GCM, NONE, 32, 4, 0, 0},
    {TLS_1_3, GCM, NONE, 16, 12, 0, 0},
    {TLS_1_3, GCM, NONE, 32, 12, 0, 0},
    {TLS_1_2, CHACHA, NONE, 32, 12, 0, 0},
    {TLS_1_3, CHACHA, NONE, 32, 12, 0, 0},
    {TLS_1_1, CBC, SHA1, 16, 16, 20, 0},
    {TLS_1_1, CBC, SHA1, 32, 0, 20, 0}, /* the IV is ignored */
    {TLS_1_2, CBC, SHA1, 16, 5, 20, 0},
    {TLS_1_2, CBC, SHA256, 32, 16, 32, 0},
    {TLS_1_2, CBC, SHA384, 32, 16, 48, 0},
    /* receive_unsupported of FreeBSD's tests */
    {TLS_1_0, CBC, SHA1, 16, 16, 20, EPROTONOSUPPORT},
    {TLS_1_0, CBC, SHA1, 32, 16, 20, EPROTONOSUPPORT},
    /* receive_invalid of FreeBSD's tests */
    {TLS_1_0, CBC, SHA256, 16, 16, 32, EINVAL},
    {TLS_1_0, CBC, SHA384, 16, 16, 48, EINVAL},
    {TLS_1_0, GCM, NONE, 16, 4, 0, EINVAL},
    {TLS_1_0, CHACHA, NONE, 32, 12, 0, EINVAL},
    {TLS_1_1, CBC, SHA256, 16, 16, 32, EINVAL},
    {TLS_1_1, CBC, SHA384, 16, 16, 48, EINVAL},
    {TLS_1_1, GCM, NONE, 16, 4, 0, EINVAL},
    {TLS_1_1, CHACHA, NONE, 32, 12, 0, EINVAL},
    {TLS_1_3, CBC, SHA1, 16, 16, 20, EINVAL},
    {TLS_1_3, CBC, SHA256, 16, 16, 32, EINVAL},
    {TLS_1_3, CBC, SHA384, 16, 16, 48, EINVAL},
    /* lengths */
    {TLS_1_0, CBC, SHA1, 16, 8, 20, EINVAL},
    {TLS_1_2, GCM, NONE, 16, 12, 0, EINVAL},
    {TLS_1_3, GCM, NONE, 16, 4, 0, EINVAL},
    {TLS_1_2, GCM, NONE, 24, 4, 0, EINVAL},
    {TLS_1_2, GCM, NONE, 0, 4, 0, EINVAL},
    {TLS_1_2, GCM, NONE, 16, 4, 20, EINVAL},
    {TLS_1_2, GCM, SHA256, 16, 4, 0, EINVAL},
    {TLS_1_2, CHACHA, NONE, 16, 12, 0, EINVAL},
    {TLS_1_2, CHACHA, NONE, 32, 4, 0, EINVAL},
    {TLS_1_2, CBC, SHA1, 24, 16, 20, EINVAL},
    {TLS_1_2, CBC, SHA1, 16, 16, 0, EINVAL},
    {TLS_1_2, CBC, SHA1, 16, 17, 20, EINVAL},
    {TLS_1_2, CBC, SHA1, 16, 16, 49, EINVAL},
    {TLS_1_2, CBC, NONE, 16, 16, 20, EINVAL},
    {TLS_1_2, TLS_CIPHER_AES_CCM, NONE, 16, 4, 0, EINVAL},
    {TLS_1_3, TLS_CIPHER_AES_CCM_8, NONE, 16, 12, 0, EINVAL},
    {TLS_1_2, TLS_CIPHER_OTHER, NONE, 16, 4, 0, EINVAL},
    {UNKNOWN, GCM, NONE, 16, 12, 0, EINVAL},
    {UNKNOWN, CBC, SHA1, 16, 16, 20, EINVAL},
};

/* Rows of the suite table, counted by hand. */
enum { TAKEN_BY_FREEBSD = 104, TAKEN_BY_LINUX = 48 };

static int
row_check(const struct check_row *row, enum ktls_suites taken)
{
	const struct ktls_key key = {
	    .version = row->version,
	    .cipher = row->cipher,
	    .mac = row->mac,
	    .key_len = row->key_len,
	    .iv_len = row->iv_len,
	    .mac_key_len = row->mac_key_len,
	    .suites = taken,
	};

	return ktls_key_check(&key);
}

START_TEST(test_suite_key_check_answers_as_the_kernel)
{
	ck_assert_int_eq(row_check(&checks[_i], KTLS_SUITES_FREEBSD),
			 checks[_i].want);
}
END_TEST

#define CCM   TLS_CIPHER_AES_CCM
#define CCM_8 TLS_CIPHER_AES_CCM_8

static const struct check_row linux_checks[] = {
    {TLS_1_2, GCM, NONE, 16, 4, 0, 0},
    {TLS_1_3, GCM, NONE, 32, 12, 0, 0},
    {TLS_1_2, CHACHA, NONE, 32, 12, 0, 0},
    {TLS_1_3, CHACHA, NONE, 32, 12, 0, 0},
    {TLS_1_2, CCM, NONE, 16, 4, 0, 0},
    {TLS_1_3, CCM, NONE, 16, 12, 0, 0},
    {TLS_1_2, CCM, NONE, 16, 12, 0, EINVAL},
    {TLS_1_1, CCM, NONE, 16, 4, 0, EINVAL},
    {TLS_1_2, CCM, NONE, 32, 4, 0, EINVAL},
    {TLS_1_2, CCM, SHA1, 16, 4, 0, EINVAL},
    {TLS_1_2, CCM_8, NONE, 16, 4, 0, EINVAL},
    {TLS_1_3, CCM_8, NONE, 16, 12, 0, EINVAL},
    {TLS_1_2, CBC, SHA1, 16, 16, 20, EINVAL},
    {TLS_1_1, CBC, SHA1, 16, 16, 20, EINVAL},
    {TLS_1_0, CBC, SHA1, 16, 16, 20, EINVAL},
};

START_TEST(test_suite_key_check_of_linux_has_ccm_and_no_cbc)
{
	ck_assert_int_eq(row_check(&linux_checks[_i], KTLS_SUITES_LINUX),
			 linux_checks[_i].want);
}
END_TEST

/* Each suite as its own connection would give it. */
START_TEST(test_suite_key_init_gives_what_the_check_takes)
{
	unsigned taken[2] = {0, 0};

	for (uint32_t id = 0; id <= UINT16_MAX; id++) {
		const struct tls_suite *suite = tls_suite_find((uint16_t)id);
		struct tls_framing framing;
		struct ktls_key key;

		if (suite == NULL)
			continue;
		for (int i = 0; i < 2; i++) {
			ktls_key_init(&key, suite->tls13 ? TLS_1_3 : TLS_1_2,
				      suite, (enum ktls_suites)i);
			if (ktls_key_check(&key) != 0)
				continue;
			taken[i]++;
			ck_assert(tls_framing_of(key.version, key.cipher,
						 key.mac, &framing));
		}
	}
	ck_assert_uint_eq(taken[KTLS_SUITES_FREEBSD], TAKEN_BY_FREEBSD);
	ck_assert_uint_eq(taken[KTLS_SUITES_LINUX], TAKEN_BY_LINUX);
}
END_TEST

static const uint8_t test_iv[TLS_NONCE_BYTES] = {
    0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab};

START_TEST(test_suite_nonce_of_tls12_gcm_takes_the_explicit_bytes)
{
	static const uint8_t explicit_iv[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	static const uint8_t want[TLS_NONCE_BYTES] = {
	    0xa0, 0xa1, 0xa2, 0xa3, 1, 2, 3, 4, 5, 6, 7, 8};
	struct ktls_key key = {
	    .version = TLS_1_2, .cipher = TLS_CIPHER_AES_GCM, .iv_len = 4};
	uint8_t nonce[TLS_NONCE_BYTES];

	memcpy(key.iv, test_iv, 4);
	tls_nonce(&key, 99, explicit_iv, nonce);
	ck_assert_mem_eq(nonce, want, sizeof(want));
}
END_TEST

struct nonce_row {
	enum tls_version version;
	enum tls_cipher cipher;
	uint64_t seqno;
	uint8_t want[TLS_NONCE_BYTES];
};

static const struct nonce_row nonces[] = {
    {TLS_1_3,
     TLS_CIPHER_AES_GCM,
     0,
     {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab}},
    {TLS_1_2,
     TLS_CIPHER_CHACHA20_POLY1305,
     0x0102030405060708,
     {0xa0, 0xa1, 0xa2, 0xa3, 0xa5, 0xa7, 0xa5, 0xa3, 0xad, 0xaf, 0xad, 0xa3}},
    {TLS_1_3,
     TLS_CIPHER_CHACHA20_POLY1305,
     UINT64_MAX,
     {0xa0, 0xa1, 0xa2, 0xa3, 0x5b, 0x5a, 0x59, 0x58, 0x57, 0x56, 0x55, 0x54}},
};

START_TEST(test_suite_nonce_else_xors_the_record_number)
{
	const struct nonce_row *row = &nonces[_i];
	struct ktls_key key = {
	    .version = row->version, .cipher = row->cipher, .iv_len = 12};
	uint8_t nonce[TLS_NONCE_BYTES];

	memcpy(key.iv, test_iv, sizeof(test_iv));
	tls_nonce(&key, row->seqno, NULL, nonce);
	ck_assert_mem_eq(nonce, row->want, sizeof(nonce));
}
END_TEST

START_TEST(test_suite_aad_has_the_plaintext_length_in_tls12)
{
	static const uint8_t header[] = {22, 3, 3, 0x12, 0x34};
	static const uint8_t want[] = {0xf1, 2,	 3, 4, 5,    6,	  0xf7,
				       0xf8, 22, 3, 3, 0xab, 0xcd};
	struct ktls_key key = {.version = TLS_1_2};
	uint8_t aad[13];

	ck_assert_uint_eq(
	    tls_aad(&key, 0xf10203040506f7f8, header, 0xabcd, aad), 13);
	ck_assert_mem_eq(aad, want, 13);
}
END_TEST

START_TEST(test_suite_aad_is_the_header_in_tls13)
{
	static const uint8_t header[] = {23, 3, 3, 0x12, 0x34};
	struct ktls_key key = {.version = TLS_1_3};
	uint8_t aad[13];

	ck_assert_uint_eq(tls_aad(&key, 7, header, 0xabcd, aad), 5);
	ck_assert_mem_eq(aad, header, 5);
}
END_TEST

START_TEST(test_suite_key_clear_leaves_nothing)
{
	struct ktls_key key;
	const uint8_t *bytes = (const uint8_t *)&key;

	memset(&key, 0xa5, sizeof(key));
	ktls_key_clear(&key);
	for (size_t i = 0; i < sizeof(key); i++)
		ck_assert_uint_eq(bytes[i], 0);
}
END_TEST

START_TEST(test_suite_hash_bytes)
{
	ck_assert_uint_eq(tls_hash_bytes(TLS_HASH_NONE), 0);
	ck_assert_uint_eq(tls_hash_bytes(TLS_HASH_SHA1), 20);
	ck_assert_uint_eq(tls_hash_bytes(TLS_HASH_SHA256), 32);
	ck_assert_uint_eq(tls_hash_bytes(TLS_HASH_SHA384), 48);
	ck_assert_uint_eq(tls_hash_bytes(TLS_HASH_COUNT), 0);
}
END_TEST

/* The seventh field of a line of expected.csv, cut off in place, or NULL. */
static char *
csv_cipher(char *line)
{
	for (int field = 1; field < 7 && line != NULL; field++) {
		line = strchr(line, ',');
		if (line != NULL)
			line++;
	}
	if (line != NULL)
		line[strcspn(line, ",")] = '\0';
	return line;
}

static bool
suite_named(const char *name)
{
	for (size_t i = 0; i < tls_suite_count; i++) {
		if (strcmp(tls_suite_table[i].name, name) == 0)
			return true;
	}
	return false;
}

START_TEST(test_suite_names_are_those_that_tshark_gives)
{
	const char *folder = getenv("KTLSIM_CAPTURES");
	char path[4096], line[4096];
	unsigned seen = 0;
	FILE *csv;

	if (folder == NULL) {
		printf("skipped: KTLSIM_CAPTURES is not set\n");
		return;
	}
	snprintf(path, sizeof(path), "%s/expected.csv", folder);
	csv = fopen(path, "r");
	ck_assert_msg(csv != NULL, "%s cannot be read", path);
	while (fgets(line, sizeof(line), csv) != NULL) {
		const char *name = csv_cipher(line);

		if (name == NULL || strncmp(name, "TLS_", 4) != 0)
			continue;
		ck_assert_msg(suite_named(name), "%s is not known", name);
		seen++;
	}
	fclose(csv);
	ck_assert_uint_gt(seen, 0);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *suite_suite(void);

Suite *
suite_suite(void)
{
	const struct suite_test tests[] = {
	    {"table_ascends_and_finds_every_row",
	     test_suite_table_ascends_and_finds_every_row, 0},
	    {"find_gives_the_registered_row",
	     test_suite_find_gives_the_registered_row, ROWS(known)},
	    {"find_knows_no_other_value", test_suite_find_knows_no_other_value,
	     0},
	    {"names_are_those_that_tshark_gives",
	     test_suite_names_are_those_that_tshark_gives, 0},
	    {"framing_is_the_specified_table",
	     test_suite_framing_is_the_specified_table, ROWS(framings)},
	    {"key_check_answers_as_the_kernel",
	     test_suite_key_check_answers_as_the_kernel, ROWS(checks)},
	    {"key_check_of_linux_has_ccm_and_no_cbc",
	     test_suite_key_check_of_linux_has_ccm_and_no_cbc,
	     ROWS(linux_checks)},
	    {"key_init_gives_what_the_check_takes",
	     test_suite_key_init_gives_what_the_check_takes, 0},
	    {"nonce_of_tls12_gcm_takes_the_explicit_bytes",
	     test_suite_nonce_of_tls12_gcm_takes_the_explicit_bytes, 0},
	    {"nonce_else_xors_the_record_number",
	     test_suite_nonce_else_xors_the_record_number, ROWS(nonces)},
	    {"aad_has_the_plaintext_length_in_tls12",
	     test_suite_aad_has_the_plaintext_length_in_tls12, 0},
	    {"aad_is_the_header_in_tls13",
	     test_suite_aad_is_the_header_in_tls13, 0},
	    {"key_clear_leaves_nothing", test_suite_key_clear_leaves_nothing,
	     0},
	    {"hash_bytes", test_suite_hash_bytes, 0},
	};

	return suite_create_table("suite", tests, ROWS(tests), NULL, NULL, 0);
}
