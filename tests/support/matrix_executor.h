/*
 * matrix_executor.h - one receiving socket, as an acceptance matrix drives it.
 *
 * The matrices (matrix_freebsd.h, the Linux one) know nothing of who decrypts:
 * an executor is a table of functions over one socket and its sender's side.
 * Order of use: matrix_virtual_create or matrix_threads_create, { the functions
 * }*, destroy, which asserts that nothing has leaked.
 */
#ifndef TESTS_SUPPORT_MATRIX_EXECUTOR_H
#define TESTS_SUPPORT_MATRIX_EXECUTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/ktls_enable.h"
#include "engine/policy.h"
#include "engine/socket.h"

struct mbuf_pool;

enum { MATRIX_READ_MAX = 16384 + 64 };

/* What one receive call got. */
struct matrix_read {
	struct soreceive_result result;
	uint8_t bytes[MATRIX_READ_MAX];
};

struct matrix_executor {
	void *self;
	/* setsockopt(TCP_RXTLS_ENABLE) on the receiving socket. */
	int (*enable)(void *self, const struct tls_enable *en);
	int (*listen)(void *self);
	/*
	 * The peer sends bytes, which arrive as one packet; with fragment != 0
	 * its mbufs are cut where that seed says (matrix_packet).
	 */
	void (*feed)(void *self, const uint8_t *bytes, size_t len,
		     uint64_t fragment);
	/*
	 * Let the workers run until there is nothing to decrypt.  On threads
	 * they run anyway: who must see the end of it waits for it.
	 */
	void (*run)(void *self);
	/*
	 * One recvmsg(2), with EWOULDBLOCK where there is nothing and nothing
	 * is under way; move and arg of the message are the executor's.
	 */
	void (*receive)(void *self, const struct soreceive_msg *msg,
			struct matrix_read *read);
	int (*set_rcvlowat)(void *self, int64_t bytes);
	/* poll(2) for input, and EVFILT_READ. */
	bool (*poll)(void *self);
	bool (*kevent)(void *self, struct so_kevent *kev);
	/* The peer's shutdown(SHUT_WR) arrives. */
	void (*shutdown)(void *self);
	void (*destroy)(void *self);
};

/*
 * The executor of virtual time: the worker's steps one after another, with
 * sbcheck after each.  policy NULL is FreeBSD's, else it is borrowed.
 */
void matrix_virtual_create(struct matrix_executor *x,
			   const struct engine_policy *policy);

/*
 * The simulator's thread executor: a real TLS worker decrypts, and a thread of
 * its own sleeps in the receive call until the engine wakes it.  FreeBSD's
 * policy.  The worker runs at any time; with reader_first only while somebody
 * waits for what it does, and not before a call that needs it has gone to
 * sleep.
 */
void matrix_threads_create(struct matrix_executor *x, bool reader_first);

/* What the threads of that executor have done so far. */
struct matrix_threads_books {
	uint64_t records;      /* detached by TLS workers */
	uint64_t worker_wakes; /* of the reader, by TLS workers */
	uint64_t calls;	       /* receive calls of the reader's thread */
	uint64_t sleeps;       /* of its, inside a call */
};

void matrix_threads_books(const struct matrix_executor *x,
			  struct matrix_threads_books *books);

/*
 * Copy to `to`, a struct matrix_read, what a receive call moves
 * (soreceive_uiomove).
 */
void matrix_collect(void *to, const uint8_t *bytes, size_t len);

/*
 * A packet of these bytes.  With fragment != 0 it is a chain of several mbufs,
 * which lie in shared clusters, so that nothing is compacted again.
 */
struct mbuf *matrix_packet(struct mbuf_pool *pool, const uint8_t *bytes,
			   size_t len, uint64_t fragment);

/* A number below bound, from a generator of 64 bits (splitmix64). */
uint32_t matrix_below(uint64_t *rng, uint32_t bound);
#endif
