/*
 * cost_cipher.c - which prices a cipher suite is charged.
 *
 * Called by worker.c for each record, and by the configuration, which refuses a
 * suite that has no price.
 */
#include <stddef.h>

#include "sim/cost.h"

static const struct {
	enum tls_cipher cipher;
	uint8_t key_len;   /* bytes */
	enum tls_hash mac; /* CBC only */
	enum cost_id record, byte;
} cipher_costs[] = {
    {TLS_CIPHER_AES_GCM, 16, TLS_HASH_NONE, COST_AES128_GCM_RECORD,
     COST_AES128_GCM_BYTE},
    {TLS_CIPHER_AES_GCM, 32, TLS_HASH_NONE, COST_AES256_GCM_RECORD,
     COST_AES256_GCM_BYTE},
    {TLS_CIPHER_CHACHA20_POLY1305, 32, TLS_HASH_NONE, COST_CHACHA20_RECORD,
     COST_CHACHA20_BYTE},
    {TLS_CIPHER_AES_CBC, 16, TLS_HASH_SHA1, COST_AES128_CBC_SHA1_RECORD,
     COST_AES128_CBC_SHA1_BYTE},
    {TLS_CIPHER_AES_CBC, 16, TLS_HASH_SHA256, COST_AES128_CBC_SHA256_RECORD,
     COST_AES128_CBC_SHA256_BYTE},
    {TLS_CIPHER_AES_CBC, 16, TLS_HASH_SHA384, COST_AES128_CBC_SHA384_RECORD,
     COST_AES128_CBC_SHA384_BYTE},
    {TLS_CIPHER_AES_CBC, 32, TLS_HASH_SHA1, COST_AES256_CBC_SHA1_RECORD,
     COST_AES256_CBC_SHA1_BYTE},
    {TLS_CIPHER_AES_CBC, 32, TLS_HASH_SHA256, COST_AES256_CBC_SHA256_RECORD,
     COST_AES256_CBC_SHA256_BYTE},
    {TLS_CIPHER_AES_CBC, 32, TLS_HASH_SHA384, COST_AES256_CBC_SHA384_RECORD,
     COST_AES256_CBC_SHA384_BYTE},
    {TLS_CIPHER_AES_CCM, 16, TLS_HASH_NONE, COST_AES128_CCM_RECORD,
     COST_AES128_CCM_BYTE},
};

bool
cost_of_cipher(const struct ktls_key *key, enum cost_id *record,
	       enum cost_id *byte)
{
	const size_t count = sizeof(cipher_costs) / sizeof(cipher_costs[0]);

	for (size_t i = 0; i < count; i++) {
		if (cipher_costs[i].cipher != key->cipher ||
		    cipher_costs[i].key_len != key->key_len ||
		    cipher_costs[i].mac != key->mac)
			continue;
		*record = cipher_costs[i].record;
		*byte = cipher_costs[i].byte;
		return true;
	}
	return false;
}

bool
cost_of_suite(const struct tls_suite *suite)
{
	enum tls_version version = suite->tls13 ? TLS_1_3 : TLS_1_2;
	enum cost_id record, byte;
	struct ktls_key key;

	ktls_key_init(&key, version, suite, KTLS_SUITES_FREEBSD);
	if (ktls_key_check(&key) != 0) {
		key.suites = KTLS_SUITES_LINUX;
		if (ktls_key_check(&key) != 0)
			return false;
	}
	return cost_of_cipher(&key, &record, &byte);
}
