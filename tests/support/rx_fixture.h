/*
 * rx_fixture.h - a receiving socket with a sender that seals records for it.
 *
 * Order of use: rx_init; rx_enable; { rx_record, rx_feed, rx_pass, rx_read }*;
 * rx_fini, which asserts that nothing has leaked.  Nothing reports by itself:
 * the test reads `effects` and the verdicts.
 */
#ifndef TESTS_SUPPORT_RX_FIXTURE_H
#define TESTS_SUPPORT_RX_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/ktls_rx.h"
#include "engine/ktls_session.h"
#include "engine/socket.h"
#include "engine/suite.h"

enum { RX_RECORD_MAX = 16384 + 64 };

struct rx_fixture {
	struct mbuf_pool *pool;
	struct aead_pool *aead; /* the receiver's; NULL in model mode */
	struct aead_pool *seal; /* the sender's */
	struct socket so;
	struct ktls_key first_key; /* the receiver's at enable */
	struct ktls_key key;	   /* the sender's */
	uint64_t seal_id;
	uint64_t seal_seq; /* of the next record that is made */
	enum ktls_crypto crypto;
	struct ktls_rx_counters counters;
	unsigned effects; /* ORed since the test last cleared them */
	bool gone;	  /* the test has given up the last reference */
	/* the record made last, as a NIC that has decrypted it hands it up */
	uint8_t nic[RX_RECORD_MAX];
};

/* What a read got. */
struct rx_read {
	struct soreceive_result result;
	uint32_t pieces;  /* calls of move */
	uint32_t unknown; /* bytes passed without storage */
	uint8_t bytes[RX_RECORD_MAX];
};

/* A key whose bytes follow from seed. */
struct ktls_key rx_key(enum tls_version version, enum tls_cipher cipher,
		       uint8_t key_len, uint8_t seed);

/*
 * A plain socket.  The sender's first record has the number key->rec_seq; a
 * model sender does not seal.
 */
void rx_init(struct rx_fixture *fx, const struct ktls_key *key,
	     enum ktls_crypto crypto);

/* Enable with the key of rx_init and its rec_seq. */
void rx_enable(struct rx_fixture *fx);

/* Close, drop the owner's reference and free everything. */
void rx_fini(struct rx_fixture *fx);

/* Change the sender's key and its record number. */
void rx_change_key(struct rx_fixture *fx, const struct ktls_key *key);

/*
 * Make the wire bytes of the sender's next record with pad zero bytes of TLS
 * 1.3 padding; returns their number.  In model mode the payload is not sealed.
 */
size_t rx_record(struct rx_fixture *fx, uint8_t type, const uint8_t *payload,
		 size_t len, size_t pad, uint8_t *wire);

/* The same with the inner plaintext as it is (TLS 1.3: type included). */
size_t rx_record_raw(struct rx_fixture *fx, uint8_t outer_type,
		     const uint8_t *inner, size_t len, uint8_t *wire);

/* Append one packet, the last unknown_len bytes of which nobody has. */
void rx_feed(struct rx_fixture *fx, const uint8_t *bytes, size_t len);
void rx_feed_cut(struct rx_fixture *fx, const uint8_t *bytes, size_t known_len,
		 size_t unknown_len);

/* Append one packet that a NIC says it has decrypted. */
void rx_feed_decrypted(struct rx_fixture *fx, const uint8_t *bytes, size_t len);

/* Append in packets of `segment` bytes. */
void rx_feed_segments(struct rx_fixture *fx, const uint8_t *bytes, size_t len,
		      size_t segment);

/*
 * Act as the worker of a queued socket until begin finds no record, and end
 * the pass (not after KTLS_RX_DROPPED).  Returns begin's last verdict.
 */
enum ktls_rx_verdict rx_pass(struct rx_fixture *fx);

/* True while the socket waits for a worker, or has one. */
bool rx_running(const struct rx_fixture *fx);

void rx_read(struct rx_fixture *fx, uint32_t resid, unsigned flags,
	     struct rx_read *read);

/* The same as recvmsg(2); msg->move and msg->arg are set here. */
void rx_recvmsg(struct rx_fixture *fx, const struct soreceive_msg *msg,
		struct rx_read *read);
#endif
