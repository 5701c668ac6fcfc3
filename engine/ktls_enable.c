/*
 * ktls_enable.c - setsockopt(TCP_RXTLS_ENABLE): arguments, errors, install.
 *
 * The application's call, or its TLS library's.  The checks come in FreeBSD's
 * order: system settings, state of the socket, sizes, pointers, algorithms;
 * then the session is made, and only then the socket is touched.  The key
 * material is copied once, into the session, and wiped here.
 *
 * A second call is EALREADY, as FreeBSD has no rekey.  Under the Linux policy
 * it installs the next key of a TLS 1.3 session, at the place where the stream
 * waits for it: not while ciphertext of the old key is still queued, so that no
 * record ever meets the other generation's key.
 *
 * Left out: NIC and TOE, privileges (none are needed), and the choice of a
 * work queue (the caller's).
 */
#include "engine/ktls_enable.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "engine/ktls_rx.h"
#include "engine/socket.h"

enum {
	TLS_MAX_PARAM_SIZE = 1024,
	TLS_VMAJOR = 3,
	TLS_VMINOR_LEAST = 1, /* TLS 1.0 */
	TLS_VMINOR_MOST = 4,
};

static bool
length_ok(int len, int most)
{
	return len >= 0 && len <= most;
}

/* Sizes and flags, whatever the algorithms. */
static int
check_sizes(const struct tls_enable *en)
{
	if (en->tls_vmajor != TLS_VMAJOR || en->tls_vminor < TLS_VMINOR_LEAST ||
	    en->tls_vminor > TLS_VMINOR_MOST)
		return EINVAL;
	if (!length_ok(en->cipher_key_len, TLS_MAX_PARAM_SIZE) ||
	    !length_ok(en->auth_key_len, TLS_MAX_PARAM_SIZE) ||
	    !length_ok(en->iv_len, TLS_IV_MAX))
		return EINVAL;
	if (en->cipher_key_len == 0 || en->flags != 0)
		return EINVAL;
	if (en->cipher_key == NULL || (en->iv == NULL && en->iv_len > 0) ||
	    (en->auth_key == NULL && en->auth_key_len > 0))
		return EFAULT;
	return 0;
}

/* The numbers of old GMAC identifiers are tolerated with GCM. */
static int
map_gcm(const struct tls_enable *en, struct ktls_key *key)
{
	key->cipher = TLS_CIPHER_AES_GCM;
	switch (en->auth_algorithm) {
	case 0:
	case CRYPTO_AES_128_NIST_GMAC:
	case CRYPTO_AES_192_NIST_GMAC:
	case CRYPTO_AES_256_NIST_GMAC:
		return 0;
	default:
		return EINVAL;
	}
}

static int
map_cbc(const struct tls_enable *en, struct ktls_key *key)
{
	key->cipher = TLS_CIPHER_AES_CBC;
	switch (en->auth_algorithm) {
	case CRYPTO_SHA1_HMAC:
		key->mac = TLS_HASH_SHA1;
		return 0;
	case CRYPTO_SHA2_256_HMAC:
		key->mac = TLS_HASH_SHA256;
		return 0;
	case CRYPTO_SHA2_384_HMAC:
		key->mac = TLS_HASH_SHA384;
		return 0;
	default:
		return EINVAL;
	}
}

static int
map_algorithms(const struct tls_enable *en, struct ktls_key *key)
{
	switch (en->cipher_algorithm) {
	case CRYPTO_AES_NIST_GCM_16:
		return map_gcm(en, key);
	case CRYPTO_CHACHA20_POLY1305:
		key->cipher = TLS_CIPHER_CHACHA20_POLY1305;
		return en->auth_algorithm == 0 ? 0 : EINVAL;
	case CRYPTO_AES_CBC:
		return map_cbc(en, key);
	default:
		return EINVAL;
	}
}

static uint64_t
be64_get(const uint8_t bytes[8])
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* The arguments as the session takes them; the key is the caller's to wipe. */
static int
key_from_enable(const struct tls_enable *en, struct ktls_key *key)
{
	int error = check_sizes(en);

	memset(key, 0, sizeof(*key));
	if (error == 0)
		error = map_algorithms(en, key);
	if (error == 0 && (en->cipher_key_len > TLS_KEY_MAX ||
			   en->auth_key_len > TLS_MAC_KEY_MAX))
		error = EINVAL;
	if (error != 0)
		return error;
	key->version = (enum tls_version)(en->tls_vmajor << 8 | en->tls_vminor);
	key->key_len = (uint8_t)en->cipher_key_len;
	key->iv_len = (uint8_t)en->iv_len;
	key->mac_key_len = (uint8_t)en->auth_key_len;
	memcpy(key->key, en->cipher_key, key->key_len);
	if (key->iv_len > 0)
		memcpy(key->iv, en->iv, key->iv_len);
	if (key->mac_key_len > 0)
		memcpy(key->mac_key, en->auth_key, key->mac_key_len);
	key->rec_seq = be64_get(en->rec_seq);
	return ktls_key_check(key);
}

/* What forbids the call before anybody looks at the keys. */
static int
check_state(const struct socket *so, const struct tls_enable *en,
	    const struct ktls_enable_env *env)
{
	bool rekeys = so->so_policy->rekey == ENGINE_REKEY_LINUX;

	if (!env->tls_enable)
		return ENOTSUP;
	if (so->so_rcv.sb_tls_info != NULL && !rekeys)
		return EALREADY;
	if (en->cipher_algorithm == CRYPTO_AES_CBC && !env->cbc_enable)
		return ENOTSUP;
	return env->threads_failed ? ENXIO : 0;
}

static int
next_key(struct socket *so, const struct ktls_key *key, unsigned *effects)
{
	const struct sockbuf *sb = &so->so_rcv;
	const struct ktls_session *session = sb->sb_tls_info;

	if (session->params.version != TLS_1_3)
		return EBUSY;
	if (key->key_len != session->params.key_len)
		return EINVAL;
	if (!session->key_pending && sb->sb_tlscc > 0)
		return EBUSY;
	return ktls_rx_next_key(so, key, effects);
}

static int
first_key(struct socket *so, const struct ktls_key *key,
	  const struct ktls_enable_env *env, unsigned *effects)
{
	struct ktls_session *session;
	int error;

	error = ktls_session_create(&session, key, env->crypto, env->aead,
				    env->wq_index);
	if (error != 0)
		return error;
	error = ktls_rx_enable(so, session, key->rec_seq, effects);
	if (error != 0)
		ktls_session_free(session);
	else if (env->stats != NULL)
		ktls_session_count(session, env->stats);
	return error;
}

int
ktls_enable_rx(struct socket *so, const struct tls_enable *en,
	       const struct ktls_enable_env *env, unsigned *effects)
{
	int error = check_state(so, en, env);
	struct ktls_key key;

	*effects = 0;
	if (env->tls_enable && env->stats != NULL)
		env->stats->enable_calls++;
	if (error != 0)
		return error;
	error = key_from_enable(en, &key);
	if (error == 0)
		error = so->so_rcv.sb_tls_info != NULL
			    ? next_key(so, &key, effects)
			    : first_key(so, &key, env, effects);
	ktls_key_clear(&key);
	return error;
}
