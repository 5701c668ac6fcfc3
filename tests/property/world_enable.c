/*
 * world_enable.c - keys: setsockopt(TCP_RXTLS_ENABLE), right and wrong, and the
 * next key.
 *
 * A call with one wrong argument, or on a system that forbids it, must fail and
 * change nothing.  A second call is EALREADY, or the next key of TLS 1.3 by
 * Linux's rules; at a place where no key is due, that is the same key again.
 */
#include "tests/property/world_state.h"

#include <errno.h>
#include <string.h>

#include "engine/ktls_enable.h"

/* What is wrong with a call. */
enum wrong {
	WRONG_SYSTEM, /* kern.ipc.tls.enable is 0 */
	WRONG_CBC,    /* kern.ipc.tls.cbc_enable is 0 */
	WRONG_THREADS,
	WRONG_VERSION,
	WRONG_TLS_1_0,
	WRONG_FLAGS,
	WRONG_CIPHER,
	WRONG_MAC,
	WRONG_KEY_LEN,
	WRONG_KEY_BYTES,
	WRONG_IV_LEN,
	WRONG_COUNT, /* and above: nothing */
};

/* The arguments of a call, in memory of their own. */
struct call {
	struct ktls_key key;
	struct tls_enable en;
	struct ktls_enable_env env;
};

static void
call_init(struct call *call, const struct ktls_key *key)
{
	static const int algorithms[TLS_CIPHER_COUNT] = {
	    [TLS_CIPHER_AES_GCM] = CRYPTO_AES_NIST_GCM_16,
	    [TLS_CIPHER_CHACHA20_POLY1305] = CRYPTO_CHACHA20_POLY1305,
	    [TLS_CIPHER_AES_CBC] = CRYPTO_AES_CBC,
	};
	static const int macs[TLS_HASH_COUNT] = {
	    [TLS_HASH_SHA1] = CRYPTO_SHA1_HMAC,
	    [TLS_HASH_SHA256] = CRYPTO_SHA2_256_HMAC,
	};

	call->key = *key;
	call->en = (struct tls_enable){
	    .cipher_key = call->key.key,
	    .iv = call->key.iv,
	    .auth_key = call->key.mac_key,
	    .cipher_algorithm = algorithms[key->cipher],
	    .cipher_key_len = key->key_len,
	    .iv_len = key->iv_len,
	    .auth_algorithm = macs[key->mac],
	    .auth_key_len = key->mac_key_len,
	    .tls_vmajor = 3,
	    .tls_vminor = (uint8_t)key->version,
	};
	for (unsigned i = 0; i < 8; i++)
		call->en.rec_seq[i] = (uint8_t)(key->rec_seq >> (56 - 8 * i));
	call->env = (struct ktls_enable_env){
	    .tls_enable = true,
	    .cbc_enable = true,
	    .crypto = world.fx.crypto,
	    .aead = world.fx.aead,
	    .stats = &world.stats,
	};
}

/* Make it wrong; the error that must follow, or 0 where it is right still. */
static int
call_spoil(struct call *call, enum wrong wrong)
{
	bool cbc = world.cipher == TLS_CIPHER_AES_CBC;

	switch (wrong) {
	case WRONG_SYSTEM:
		call->env.tls_enable = false;
		return ENOTSUP;
	case WRONG_CBC:
		call->env.cbc_enable = false;
		return cbc ? ENOTSUP : 0;
	case WRONG_THREADS:
		call->env.threads_failed = true;
		return ENXIO;
	case WRONG_VERSION:
		call->en.tls_vminor = 5;
		return EINVAL;
	case WRONG_TLS_1_0:
		call->en.tls_vminor = 1;
		call->en.iv_len = 16;
		return world.mac == TLS_HASH_SHA1 ? EPROTONOSUPPORT : EINVAL;
	case WRONG_FLAGS:
		call->en.flags = 1;
		return EINVAL;
	case WRONG_CIPHER:
		call->en.cipher_algorithm = CRYPTO_SHA1_HMAC;
		return EINVAL;
	case WRONG_MAC:
		call->en.auth_algorithm = CRYPTO_AES_CBC;
		return EINVAL;
	case WRONG_KEY_LEN:
		call->en.cipher_key_len = 24;
		return EINVAL;
	case WRONG_KEY_BYTES:
		call->en.cipher_key = NULL;
		return EFAULT;
	case WRONG_IV_LEN:
		call->en.iv_len = cbc ? 17 : 8;
		return EINVAL;
	case WRONG_COUNT:
		break;
	}
	return 0;
}

static bool
in_job(void)
{
	return world.worker == WORKER_RECORD || world.worker == WORKER_OPENED;
}

/* What a call must say; wrong_error: of its arguments, or 0. */
static int
expected_error(enum wrong wrong, int wrong_error)
{
	bool rekeys = world.policy.rekey == ENGINE_REKEY_LINUX;

	if (wrong == WRONG_SYSTEM)
		return ENOTSUP;
	if (world.enabled && !rekeys)
		return EALREADY;
	if (wrong_error != 0)
		return wrong_error;
	if (!world.enabled)
		return world.locked ? EWOULDBLOCK : 0;
	if (world.version != TLS_1_3 || (!world.waits && world.fed > 0))
		return EBUSY;
	return in_job() ? EBUSY : 0;
}

/* The key and the record number that are due where the stream stands. */
static struct ktls_key
due_key(void)
{
	struct ktls_key key = world_key(world.key + world.waits);

	if (world.waits)
		key.rec_seq = 0;
	else if (world.enabled)
		key.rec_seq = world.seqno;
	else if (world.sent.count > 0)
		key.rec_seq = queue_first(&world.sent)->seqno;
	else
		key.rec_seq = world.fx.seal_seq;
	return key;
}

static void
note_key(const struct ktls_key *key)
{
	world.enabled = true;
	world.key += world.waits;
	world.waits = false;
	world.seqno = key->rec_seq;
}

void
world_enable(uint32_t number)
{
	enum wrong wrong = number < WRONG_COUNT ? number : WRONG_COUNT;
	struct ktls_key key = due_key();
	unsigned effects = 0;
	struct call call;
	int must, error;

	call_init(&call, &key);
	must = expected_error(wrong, call_spoil(&call, wrong));
	error = ktls_enable_rx(&world.fx.so, &call.en, &call.env, &effects);
	memset(&call.key, 0xff, sizeof(call.key));
	MUST(error == must);
	if (error == 0)
		note_key(&key);
	world_effects(effects, error == 0 ? world_check() : 0);
}

void
world_next_key(void)
{
	struct ktls_key key = world_key(world.key + 1);
	unsigned effects = 0;

	if (!world.enabled || (!in_job() && !world.waits))
		return;
	if (in_job()) {
		MUST(ktls_rx_next_key(&world.fx.so, &key, &effects) == EBUSY);
		return;
	}
	MUST(ktls_rx_next_key(&world.fx.so, &key, &effects) == 0);
	note_key(&key);
	world_effects(effects, world_check());
}
