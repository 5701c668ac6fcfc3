/*
 * ktls_enable.h - setsockopt(TCP_RXTLS_ENABLE): arguments, errors, install.
 *
 * Order of use: ktls_enable_rx once per socket, or again for the next key with
 * ENGINE_REKEY_LINUX.
 * Access: needs the socket to itself, and takes the place of its reader.
 * Mirrors: FreeBSD ktls_enable_rx() and ktls_create_session().
 */
#ifndef ENGINE_KTLS_ENABLE_H
#define ENGINE_KTLS_ENABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/ktls_session.h"

struct aead_pool;
struct socket;

/* Algorithms, with FreeBSD's numbers (sys/opencrypto/cryptodev.h). */
enum tls_algorithm {
	CRYPTO_SHA1_HMAC = 7,
	CRYPTO_AES_CBC = 11,
	CRYPTO_SHA2_256_HMAC = 18,
	CRYPTO_SHA2_384_HMAC = 19,
	CRYPTO_AES_NIST_GCM_16 = 25,
	CRYPTO_AES_128_NIST_GMAC = 26,
	CRYPTO_AES_192_NIST_GMAC = 27,
	CRYPTO_AES_256_NIST_GMAC = 28,
	CRYPTO_CHACHA20_POLY1305 = 41,
};

/* FreeBSD struct tls_enable.  Pointers are borrowed for the call. */
struct tls_enable {
	const uint8_t *cipher_key;
	const uint8_t *iv;
	const uint8_t *auth_key;
	int cipher_algorithm; /* enum tls_algorithm, or anything */
	int cipher_key_len;   /* bytes, as the other lengths */
	int iv_len;
	int auth_algorithm;
	int auth_key_len;
	int flags; /* must be 0 */
	uint8_t tls_vmajor;
	uint8_t tls_vminor;
	uint8_t rec_seq[8]; /* big-endian: of the first unread byte's record */
};

/* What the system and the caller add. */
struct ktls_enable_env {
	bool tls_enable;     /* kern.ipc.tls.enable */
	bool cbc_enable;     /* kern.ipc.tls.cbc_enable */
	bool threads_failed; /* the workers could not be started: for good */
	enum ktls_crypto crypto;
	struct aead_pool *aead; /* NULL in model */
	uint32_t wq_index;
	struct ktls_session_stats *stats; /* or NULL; outlives the session */
};

/*
 * Check the arguments, make a session and install it; everything queued becomes
 * ciphertext.  Returns effects in *effects, and 0 or an errno, with which
 * nothing has changed:
 *   ENOTSUP          kern.ipc.tls.enable, or cbc_enable for CBC, is 0
 *   EALREADY         the socket has KTLS receive
 *   ENXIO            the workers could not be started
 *   EINVAL           version, suite, lengths or flags; a listening socket
 *   EFAULT           a length without its bytes
 *   EPROTONOSUPPORT  TLS 1.0 CBC: valid, but not for receive
 *   EOPNOTSUPP       the back end lacks the cipher
 *   ENOMEM
 *   EWOULDBLOCK      a reader is in the middle of a call: FreeBSD sleeps
 * With ENGINE_REKEY_LINUX a second call installs the next key: EBUSY for TLS
 * 1.2, for a record in work, and for ciphertext of the old key; EINVAL for
 * another version or cipher.
 */
int ktls_enable_rx(struct socket *so, const struct tls_enable *en,
		   const struct ktls_enable_env *env, unsigned *effects);
#endif
