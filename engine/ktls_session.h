/*
 * ktls_session.h - the receive session of one socket: keys and counters.
 *
 * Order of use: ktls_session_create (one reference); ktls_session_hold and
 * ktls_session_free; the last free wipes the keys.
 * Access: whoever has the socket.  The pool of cipher contexts is used by the
 * worker that decrypts and by the last ktls_session_free only, so that each
 * worker thread can have a pool of its own.
 * Mirrors: FreeBSD struct ktls_session, ktls_create_session(), ktls_free().
 */
#ifndef ENGINE_KTLS_SESSION_H
#define ENGINE_KTLS_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/suite.h"

struct aead_pool;

enum ktls_crypto {
	KTLS_CRYPTO_REAL,    /* bytes are decrypted and verified */
	KTLS_CRYPTO_MODEL,   /* no keys: lengths and costs only */
	KTLS_CRYPTO_ASSUMED, /* model, and the suite is a guess: any record
				length that TLS has is taken */
};

/*
 * Sessions of one host, as in sysctl kern.ipc.tls (03-engine section 4.9).  The
 * access is its owner's: where sessions end on several threads, under a lock.
 */
struct ktls_session_stats {
	uint64_t enable_calls;	/* stats.enable_calls: attempts */
	uint64_t offload_total; /* stats.offload_total: sessions set up */
	uint64_t active;	/* stats.active: alive now, as the following */
	uint64_t sw_cbc;	/* sw.cbc */
	uint64_t sw_gcm;	/* sw.gcm */
	uint64_t sw_chacha20;	/* sw.chacha20 */
};

struct ktls_session {
	struct ktls_key params; /* wiped by the last ktls_session_free */
	struct tls_framing framing;
	enum ktls_crypto crypto;
	struct aead_pool *aead; /* lent by the creator; NULL in model */
	uint64_t aead_key_id;	/* 0 in model */
	uint64_t aead_old_id;	/* of the key before: not forgotten yet; 0 */
	struct ktls_session_stats *stats; /* lent, or NULL */
	uint32_t wq_index; /* TLS work queue, fixed at creation */
	uint32_t refcount;
	uint32_t detached; /* records between begin and finish, 0 or 1 */
	bool key_pending;  /* a KeyUpdate or ChangeCipherSpec was
			      decrypted: wait for the next key */
	bool ifnet;	   /* a NIC has a tag of it: it wants to hear
			      of every record that it did not decrypt */
	/* What a NIC marked after a KeyUpdate, it decrypted with the key from
	   before, numbering on: see ktls_rx_next_key. */
	uint64_t nic_bytes;	 /* of the stream, from the next record on */
	uint64_t nic_seqno;	 /* of the next record, to the NIC */
	struct ktls_key nic_key; /* with nic_bytes, and while detached */
};

/*
 * Check the key as FreeBSD does and make a session with one reference.  In
 * the model kinds key->key and key->iv are not used.  Returns 0, EINVAL,
 * EPROTONOSUPPORT, EOPNOTSUPP (the backend lacks the cipher) or ENOMEM.
 */
int ktls_session_create(struct ktls_session **session,
			const struct ktls_key *key, enum ktls_crypto crypto,
			struct aead_pool *aead, uint32_t wq_index);

/* Add a session that is alive to the sums. */
void ktls_session_tally(const struct ktls_session *session,
			struct ktls_session_stats *stats);

/* The same, and take it out of *stats when it ends. */
void ktls_session_count(struct ktls_session *session,
			struct ktls_session_stats *stats);

void ktls_session_hold(struct ktls_session *session);

/* Give up one reference; the last one wipes and frees. */
void ktls_session_free(struct ktls_session *session);
#endif
