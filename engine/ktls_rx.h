/*
 * ktls_rx.h - KTLS receive: check - begin - crypt - finish.
 *
 * Order of use, by the driver:
 *   ktls_rx_enable once; then sbappendstream calls ktls_rx_check;
 *   on ENGINE_QUEUE_WORK the socket is queued, and a worker calls
 *   { ktls_rx_begin -> ktls_rx_crypt -> ktls_rx_finish }* until begin says that
 *   there is no record, then ktls_rx_end_pass.
 * A step ends exactly where FreeBSD drops the socket-buffer lock: appends,
 * reads, flushes and closes may happen between begin and finish.
 * Access: begin, finish and end_pass need the socket to themselves; crypt needs
 * only the job, and may run while others use the socket.
 * Mirrors: FreeBSD sys/kern/uipc_ktls.c ktls_enable_rx(), ktls_check_rx(),
 * ktls_detach_record(), ktls_decrypt().
 */
#ifndef ENGINE_KTLS_RX_H
#define ENGINE_KTLS_RX_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/ktls_recrypt.h"
#include "engine/suite.h"

struct ktls_session;
struct mbuf;
struct socket;

enum ktls_rx_verdict {
	KTLS_RX_RECORD,	 /* a record was detached: crypt and finish it */
	KTLS_RX_DRY,	 /* no complete record: end the pass */
	KTLS_RX_DROPPED, /* bad header: the connection is gone, no end_pass */
	KTLS_RX_WAITKEY, /* the next key is not installed yet: end the pass */
	KTLS_RX_NOMEM,	 /* no mbuf to split with: try again later */
	/* a record header lies in bytes that the capture cut off: end the
	   pass; the socket is not queued again, later bytes are counted but
	   not kept, and the reader's end of stream is a plain one */
	KTLS_RX_UNREADABLE,
};

/* A record between begin and finish.  Owned by the worker. */
struct ktls_rx_job {
	struct mbuf *record;	      /* detached chain, header first */
	struct mbuf *last;	      /* its last mbuf */
	struct mbuf *control;	      /* empty, for the control message */
	struct ktls_session *session; /* borrowed: the socket keeps it alive */
	uint64_t seqno;
	uint64_t retired_id;		/* crypt forgets this key; 0: none */
	uint32_t wire_len;		/* header to tag */
	uint32_t plaintext_len;		/* set by crypt */
	uint32_t trail_len;		/* set by crypt: pad, type, tag */
	int error;			/* set by crypt: 0, EBADMSG, EMSGSIZE */
	enum ktls_mbuf_crypto_st state; /* set by crypt: the NIC's part */
	uint32_t marked_len; /* set by crypt: bytes marked by a NIC */
	uint64_t nic_seqno;  /* with nic_rekeyed */
	uint8_t header[21];  /* the wire's header and explicit IV */
	uint8_t record_type; /* set by crypt: inner type for TLS 1.3 */
	bool rekeys;	     /* set by crypt: CCS in 1.2, KeyUpdate (which
				model mode cannot see) */
	bool exclusive;	     /* nobody else holds a byte of record */
	bool marked;	     /* a NIC has decrypted some of it, or all */
	bool unknown;	     /* bytes of it were cut off by the capture */
	bool nic_rekeyed;    /* marks are by the session's nic_key */
};

struct ktls_rx_counters {
	uint64_t sw_rx_inqueue;	    /* sockets queued or processed now: kept
				       by the driver */
	uint64_t corrupted_records; /* refused at header validation */
	uint64_t failed_crypto;	    /* bad tag, no inner type, too short */
	uint64_t too_large_records; /* ours: refused as larger than the buffer
				       can become; kept by the driver, upon
				       ENGINE_COUNT_TOO_LARGE */
	/* attempts, records refused as too short left out, as are those
	   that a NIC has decrypted; recrypts: mixed records, which count as
	   decrypts too */
	uint64_t tls11_cbc_decrypts; /* of TLS 1.2 too, as in FreeBSD */
	uint64_t tls12_gcm_decrypts;
	uint64_t tls12_gcm_recrypts;
	uint64_t tls12_chacha20_decrypts;
	uint64_t tls13_gcm_decrypts;
	uint64_t tls13_gcm_recrypts;
	uint64_t tls13_chacha20_decrypts;
};

/* Add what another worker has counted. */
void ktls_rx_counters_add(struct ktls_rx_counters *counters,
			  const struct ktls_rx_counters *other);

/*
 * setsockopt(TCP_RXTLS_ENABLE): takes over the caller's reference to session,
 * makes everything queued ciphertext and checks for a complete record.
 * rec_seq is the number of the record at the first unread byte.  Returns 0,
 * EALREADY, EINVAL (a listening socket) or EWOULDBLOCK (a reader holds the I/O
 * lock: FreeBSD sleeps); then the reference stays with the caller.  *effects
 * gets the effects.
 */
int ktls_rx_enable(struct socket *so, struct ktls_session *session,
		   uint64_t rec_seq, unsigned *effects);

/*
 * Install the next key of a running session at a record boundary: after a
 * KeyUpdate (TLS 1.3) or a ChangeCipherSpec (TLS 1.2 renegotiation).  A
 * departure from FreeBSD, which has no rekey (docs/fidelity.md).  Returns 0,
 * EINVAL (other version, cipher or MAC, or a key that ktls_key_check refuses)
 * or EBUSY (a record is detached, or flushed while it was).
 */
int ktls_rx_next_key(struct socket *so, const struct ktls_key *key,
		     unsigned *effects);

/*
 * Before ktls_rx_next_key, where a NIC has the session's key: the NIC has seen
 * the stream up to `bytes` bytes behind the last record that was detached, and
 * went on with the old key, which it has lost now.  Records that begin there
 * are made ciphertext again with that key.  Legal with 0 bytes; not while
 * earlier such bytes are left (ktls_rx_nic_drained), nor with a record
 * detached.
 */
void ktls_rx_keep_nic_key(struct socket *so, uint64_t bytes);

/* True where no record is left that a NIC may have marked with an old key. */
bool ktls_rx_nic_drained(const struct socket *so);

/*
 * FreeBSD ktls_check_rx(): queue the socket where a complete record waits.
 * Returns effects: ENGINE_QUEUE_WORK, upon which the driver must queue the
 * socket (RUNNING is set), or ENGINE_WAKE_READER with so_error EMSGSIZE for a
 * partial record at the end of the stream.  While a key is pending, or behind a
 * failed record under ENGINE_BAD_RECORD_STICKY, nothing is queued.  By policy
 * the record at the head may be refused here: ENGINE_DROP with one of
 * ENGINE_COUNT_*, also while a worker has the socket, which then finds it dry.
 */
unsigned ktls_rx_check(struct socket *so);

/*
 * True where ktls_rx_begin would find something to do: anything but
 * KTLS_RX_DRY.  A worker asks so that it can end its pass at once.
 */
bool ktls_rx_ready(const struct socket *so);

/*
 * Bytes on the wire of the record at the head, header included: as soon as its
 * header is there and good, and while no key is pending; else 0.
 */
uint32_t ktls_rx_head_bytes(const struct socket *so);

/*
 * Take the next record out.  *effects matters with KTLS_RX_DROPPED.  After
 * KTLS_RX_NOMEM nothing has changed: call again later, or end the pass, which
 * queues the socket again.
 */
enum ktls_rx_verdict ktls_rx_begin(struct socket *so, struct ktls_rx_job *job,
				   struct ktls_rx_counters *counters,
				   unsigned *effects);

/*
 * A record that lacks bytes, which only a capture does, can never be opened:
 * make its session, if it is a real one, go on as a model.  Right after begin,
 * under its lock.  Returns true where the session has changed.
 */
bool ktls_rx_forgo(struct ktls_rx_job *job);

/* The work without the lock.  Touches only the job and the session's keys. */
void ktls_rx_crypt(struct ktls_rx_job *job);

/*
 * Bring the record back: append it as a plain record, or report so_error and
 * free it, or free it silently when it was flushed meanwhile.  Returns
 * effects: ENGINE_WAKE_READER on an error only; ENGINE_RX_RESYNC, where a NIC
 * has a tag, for a delivered record that it has not decrypted as a whole, and
 * for the first one after such that it has.  The job is empty afterwards.
 * *delivered tells whether a plain record was appended.
 */
unsigned ktls_rx_finish(struct socket *so, struct ktls_rx_job *job,
			struct ktls_rx_counters *counters, bool *delivered);

/*
 * Free a detached record where a run is cut short between begin and finish; the
 * stream has a hole then, so only closing may follow.  Legal on an empty job.
 */
void ktls_rx_abandon(struct socket *so, struct ktls_rx_job *job);

/*
 * End of a worker's pass: clear RUNNING, report a partial record at the end of
 * the stream, wake the reader once.  Returns effects; ENGINE_QUEUE_WORK where
 * a record completed since begin said dry.
 */
unsigned ktls_rx_end_pass(struct socket *so);
#endif
