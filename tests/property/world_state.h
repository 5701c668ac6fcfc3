/*
 * world_state.h - what the model knows: records sent, fed, delivered; no mbufs.
 *
 * Shared by the world_*.c files only.  There is one world, as one script runs
 * at a time.
 */
#ifndef TESTS_PROPERTY_WORLD_STATE_H
#define TESTS_PROPERTY_WORLD_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/ktls_rx.h"
#include "tests/property/ops.h"
#include "tests/support/rx_fixture.h"

enum {
	QUEUE_MAX = 64, /* records in either queue */
	STREAM_MAX = 48 * 1024,
	STREAM_FULL = 28 * 1024, /* the sender waits */
	FLAT_BYTES = 65536,
	HELD_MAX = 2048,
	ENABLE_RIGHT = 15, /* of world_enable */
};

/* A record that was sent; a plain one has `taken` bytes less. */
struct item {
	uint64_t seqno;
	uint32_t off;	   /* of the payload in flat */
	uint32_t len;	   /* of the payload */
	uint32_t wire_len; /* as its header claims */
	uint32_t made;	   /* bytes that there are on the wire */
	uint32_t fed;	   /* of them appended */
	uint32_t marked;   /* of them said to be decrypted */
	uint32_t taken;	   /* of the payload read */
	uint32_t hole;	   /* of the payload: bytes that nobody has, */
	uint32_t hole_end; /* from here to there */
	int error;	   /* that crypt finds, or 0 */
	int head_error;	   /* that its header has, or 0 */
	uint8_t type;
	bool rekeys; /* the key changes behind it */
	bool read;   /* its control message was */
	bool holed;  /* the capture lacks bytes of it, */
	bool blind;  /* of its header even */
};

struct queue {
	struct item items[QUEUE_MAX];
	unsigned head, count;
};

enum worker {
	WORKER_IDLE,   /* RUNNING is clear */
	WORKER_READY,  /* queued, or between two records */
	WORKER_RECORD, /* after begin */
	WORKER_OPENED, /* after crypt */
	WORKER_ENDING, /* begin has found no record */
	WORKER_DEAD,   /* after a bad header, for ever */
};

struct world {
	struct rx_fixture fx;
	struct engine_policy policy;
	struct ktls_rx_job job;
	struct ktls_session_stats stats;
	uint8_t stream[STREAM_MAX]; /* of `sent`: as sealed; 0: nobody has it */
	uint8_t nic[STREAM_MAX];    /* and as decrypted by a NIC */
	uint8_t flat[FLAT_BYTES];   /* all payloads */
	uint32_t made;		    /* bytes in stream */
	uint32_t fed;		    /* of them appended */
	struct queue sent;	    /* not detached yet */
	struct queue plain;	    /* not read yet */
	struct item detached;
	uint64_t seqno; /* of the next record to be detached */
	uint64_t recrypts, decrypts, failed;
	uint32_t lowat, hiwat;
	uint32_t room;	 /* hiwat, or what autosizing may make of it */
	uint32_t wanted; /* bytes that a waiting call is still to get */
	unsigned refs;	 /* of the socket */
	unsigned key;	 /* the receiver's */
	unsigned tx_key;
	int error; /* so_error */
	enum worker worker;
	enum tls_version version;
	enum tls_cipher cipher;
	enum tls_hash mac;
	uint8_t key_len;
	uint8_t wire_minor; /* in every header */
	uint8_t hlen;
	uint8_t explicit_iv;
	bool real;   /* real cryptography */
	bool drains; /* a reader stays to the end */
	bool enabled;
	bool owned; /* the detached record was not flushed */
	bool waits; /* for the next key */
	bool ended; /* no more data will come */
	bool dropped;
	bool cuts;	 /* the capture lacks bytes */
	bool unreadable; /* a worker has found that a header is among them */
	bool stuck;	 /* nothing more is decrypted (sticky) */
	bool locked;	 /* a reader is within a call */
	bool flush_wanted;
	bool broken;	   /* the stream behind a bad header */
	bool closed;	   /* the owner's reference is gone */
	bool gone;	   /* the socket is */
	struct mbuf *held; /* shares storage with a packet; its bytes: */
	uint8_t held_bytes[HELD_MAX];
};

extern struct world world;

/* What must be so is told on standard error where it is not. */
_Noreturn void world_fail(const char *what, const char *file, int line);

#define MUST(cond)                                             \
	do {                                                   \
		if (!(cond))                                   \
			world_fail(#cond, __FILE__, __LINE__); \
	} while (0)

/* The first of a queue; there is one. */
struct item *queue_first(struct queue *q);
struct item queue_take(struct queue *q);
void queue_put(struct queue *q, struct item item);

/* The key of a generation. */
struct ktls_key world_key(unsigned number);

/* The stream's first record lies in the socket as a whole. */
bool world_head_complete(void);

/* Its header does, in bytes that nobody has. */
bool world_head_blind(void);

/* Everything that was sent and not detached is lost. */
void world_forget_stream(void);

/* What ktls_rx_check and so_drop must do now; returns their effects. */
unsigned world_check(void);
unsigned world_drop(int error);

/* Compare the effects of a step, and give the worker its reference. */
void world_effects(unsigned got, unsigned expected);

/* The reader's I/O lock, taken or left. */
void world_toggle_lock(void);

/* setsockopt(TCP_RXTLS_ENABLE): by number, wrong in a way, or ENABLE_RIGHT. */
void world_enable(uint32_t number);

/* The next key, where one is due. */
void world_next_key(void);

/* Give up a reference. */
void world_release(void);

/* The sender starts anew behind what the receiver has forgotten. */
void sender_restart(void);

void sender_make(const struct op *op);
void sender_append(const struct op *op);

/* One step, in which the fail-th allocation (0: none) fails. */
void worker_step(unsigned fail);

void reader_read(const struct op *op);
void reader_take_error(void);
#endif
