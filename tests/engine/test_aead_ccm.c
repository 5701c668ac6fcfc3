/*
 * test_aead_ccm.c - AES-CCM against the mode written out block by block.
 *
 * Published vectors with TLS's nonce of 12 bytes have tags of 8; kernel TLS has
 * 16.  So the mode is written here from RFC 3610 over single AES blocks, held
 * to example 3 of NIST SP 800-38C, and then used as the oracle for whole tags.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "engine/aead.h"
#include "tests/support/chain.h"
#include "tests/support/hex.h"
#include "tests/support/suite_table.h"

enum {
	BLOCK = 16,
	TEXT_MAX = 2000,
};

struct ccm {
	EVP_CIPHER_CTX *aes; /* ECB */
	const uint8_t *nonce;
	const uint8_t *aad;
	size_t aad_len; /* below 65280 */
	size_t tag_len;
};

static void
block_encrypt(const struct ccm *ccm, uint8_t block[BLOCK])
{
	int n;

	ck_assert_int_eq(EVP_EncryptUpdate(ccm->aes, block, &n, block, BLOCK),
			 1);
}

/* Fold bytes into a CBC-MAC, with zeros up to a whole block. */
static void
mac_fold(const struct ccm *ccm, uint8_t mac[BLOCK], const uint8_t *bytes,
	 size_t len)
{
	for (size_t i = 0; i < len; i++) {
		mac[i % BLOCK] ^= bytes[i];
		if (i % BLOCK == BLOCK - 1 || i == len - 1)
			block_encrypt(ccm, mac);
	}
}

/* A_i of RFC 3610, with a length field of 3 bytes; encrypted. */
static void
key_stream(const struct ccm *ccm, size_t counter, uint8_t block[BLOCK])
{
	block[0] = 2;
	memcpy(block + 1, ccm->nonce, 12);
	block[13] = (uint8_t)(counter >> 16);
	block[14] = (uint8_t)(counter >> 8);
	block[15] = (uint8_t)counter;
	block_encrypt(ccm, block);
}

static void
ccm_tag(const struct ccm *ccm, const uint8_t *text, size_t len, uint8_t *tag)
{
	uint8_t mac[BLOCK], head[2 + 64], stream[BLOCK];
	size_t flags = (ccm->aad_len > 0 ? 64 : 0) + 8 * (ccm->tag_len / 2 - 1);

	mac[0] = (uint8_t)(flags + 2);
	memcpy(mac + 1, ccm->nonce, 12);
	mac[13] = (uint8_t)(len >> 16);
	mac[14] = (uint8_t)(len >> 8);
	mac[15] = (uint8_t)len;
	block_encrypt(ccm, mac);
	head[0] = (uint8_t)(ccm->aad_len >> 8);
	head[1] = (uint8_t)ccm->aad_len;
	ck_assert_uint_le(ccm->aad_len, 64);
	memcpy(head + 2, ccm->aad, ccm->aad_len);
	if (ccm->aad_len > 0)
		mac_fold(ccm, mac, head, 2 + ccm->aad_len);
	mac_fold(ccm, mac, text, len);
	key_stream(ccm, 0, stream);
	for (size_t i = 0; i < ccm->tag_len; i++)
		tag[i] = mac[i] ^ stream[i];
}

static void
ccm_crypt(const struct ccm *ccm, const uint8_t *in, size_t len, uint8_t *out)
{
	uint8_t stream[BLOCK];

	for (size_t i = 0; i < len; i++) {
		if (i % BLOCK == 0)
			key_stream(ccm, 1 + i / BLOCK, stream);
		out[i] = in[i] ^ stream[i % BLOCK];
	}
}

static void
ccm_init(struct ccm *ccm, const uint8_t key[BLOCK])
{
	ccm->aes = EVP_CIPHER_CTX_new();
	ck_assert_int_eq(
	    EVP_EncryptInit_ex(ccm->aes, EVP_aes_128_ecb(), NULL, key, NULL),
	    1);
	EVP_CIPHER_CTX_set_padding(ccm->aes, 0);
}

START_TEST(test_aead_ccm_oracle_is_the_published_mode)
{
	uint8_t key[BLOCK], nonce[12], aad[20], text[24], want[32], got[32];
	struct ccm ccm = {
	    .nonce = nonce, .aad = aad, .aad_len = 20, .tag_len = 8};

	hex_decode("404142434445464748494a4b4c4d4e4f", key, sizeof(key));
	hex_decode("101112131415161718191a1b", nonce, sizeof(nonce));
	for (uint8_t i = 0; i < 20; i++)
		aad[i] = i;
	for (uint8_t i = 0; i < 24; i++)
		text[i] = 0x20 + i;
	hex_decode("e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5"
		   "484392fbc1b09951",
		   want, sizeof(want));
	ccm_init(&ccm, key);
	ccm_crypt(&ccm, text, 24, got);
	ccm_tag(&ccm, text, 24, got + 24);
	ck_assert_mem_eq(got, want, 32);
	EVP_CIPHER_CTX_free(ccm.aes);
}
END_TEST

START_TEST(test_aead_ccm_seals_and_opens_as_the_oracle)
{
	static const size_t lens[] = {0,  1,  15, 16,	17,  31,
				      32, 33, 64, 1000, 1999};
	static uint8_t text[TEXT_MAX], want[TEXT_MAX], got[TEXT_MAX];
	struct aead_pool *pool = aead_pool_create(1);
	struct ktls_key key = {.cipher = TLS_CIPHER_AES_CCM, .key_len = BLOCK};
	struct aead_record record = {.key = &key, .key_id = aead_key_id(pool)};
	uint8_t aad[13], tag[BLOCK];
	uint64_t seed = (uint64_t)_i;
	struct ccm ccm = {.nonce = record.nonce,
			  .aad = aad,
			  .aad_len = _i % 2 == 0 ? 13 : 5,
			  .tag_len = BLOCK};

	for (int i = 0; i < BLOCK; i++)
		key.key[i] = (uint8_t)chain_random(&seed);
	ccm_init(&ccm, key.key);
	for (size_t n = 0; n < sizeof(lens) / sizeof(lens[0]); n++) {
		size_t len = lens[n];

		for (size_t i = 0; i < len; i++)
			text[i] = (uint8_t)chain_random(&seed);
		for (size_t i = 0; i < 13; i++)
			aad[i] = (uint8_t)chain_random(&seed);
		for (size_t i = 0; i < 12; i++)
			record.nonce[i] = (uint8_t)chain_random(&seed);
		record.aad = aad;
		record.aad_len = ccm.aad_len;
		ccm_crypt(&ccm, text, len, want);
		ccm_tag(&ccm, text, len, tag);
		ck_assert_int_eq(aead_seal_bytes(pool, &record, text, len, got),
				 0);
		ck_assert_int_eq(memcmp(got, want, len), 0);
		ck_assert_mem_eq(record.tag, tag, BLOCK);
		ck_assert_int_eq(aead_open_bytes(pool, &record, want, len, got),
				 0);
		ck_assert_int_eq(memcmp(got, text, len), 0);
		record.tag[n % BLOCK] ^= 4;
		ck_assert_int_eq(aead_open_bytes(pool, &record, want, len, got),
				 EBADMSG);
	}
	EVP_CIPHER_CTX_free(ccm.aes);
	aead_pool_destroy(pool);
}
END_TEST

Suite *aead_ccm_suite(void);

Suite *
aead_ccm_suite(void)
{
	const struct suite_test tests[] = {
	    {"oracle_is_the_published_mode",
	     test_aead_ccm_oracle_is_the_published_mode, 0},
	    {"seals_and_opens_as_the_oracle",
	     test_aead_ccm_seals_and_opens_as_the_oracle, 8},
	};

	return suite_create_table("aead_ccm", tests, 2, NULL, NULL, 0);
}
