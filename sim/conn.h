/*
 * conn.h - one TCP connection: the two receiving sockets and what they share.
 *
 * Order of use: conn_create when the flow table has a new flow; the pipeline
 * drives it; conn_destroy at the end of the run.
 * endpoint[FLOW_CLIENT_TO_SERVER] is the server's socket: it receives what the
 * client sends.
 */
#ifndef SIM_CONN_H
#define SIM_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/socket.h"
#include "engine/tcp_input.h"
#include "engine/tcp_window.h"
#include "sim/cpu.h"
#include "sim/lock.h"
#include "sim/stamp.h"
#include "traces/flow.h"
#include "traces/handshake.h"

struct aead_pool;
struct conn;
struct content_hash;
struct exec_endpoint;
struct host;
struct ktlsim;
struct offload_flow;
struct reader_books;
struct reader_call;
struct worker;

/* What the application's thread is at. */
enum reader_mode {
	READER_HANDSHAKE, /* its TLS library reads record by record */
	READER_ENABLE,	  /* setsockopt(TCP_RXTLS_ENABLE) is under way */
	READER_RECORDS,	  /* reads decrypted records */
	READER_PLAIN,	  /* not TLS: reads a plain stream */
	READER_CLOSED,	  /* has seen the end of the stream */
};

/* Bytes of an endpoint's receive calls in one turn of its reader. */
enum { READER_CALLS_MAX = 2 };

struct reader {
	struct cpu_task task; /* in virtual time */
	enum reader_mode mode;
	enum reader_mode step_mode;  /* of the call under way */
	uint64_t thoughts;	     /* think times drawn so far */
	bool woken;		     /* by the stack, not by itself */
	bool thinking;		     /* between two receive calls */
	bool record_open;	     /* a record has been read in part */
	sim_time record_ps;	     /* when the record's first call was */
	uint32_t offered;	     /* bytes that were not enough last time */
	struct soreceive_result got; /* by this call */
	bool got_nothing;	     /* a spurious wake-up */
	uint32_t call_bytes[READER_CALLS_MAX];
	uint32_t calls;		    /* made in this turn */
	struct reader_call *call;   /* that decrypts; NULL: workers do */
	struct reader_books *books; /* lent; NULL: followed */
	uint8_t *scratch;	    /* lent: HANDSHAKE_PEEK_BYTES */
	uint32_t scratch_bytes;	    /* gathered there in this turn */
	uint32_t scratch_known;	    /* with scratch_cut: before the first ... */
	bool scratch_cut;	    /* ... that a snap length cut off */
	bool gather; /* copy application bytes there, and out of it later */
	struct handshake_output out;	 /* to be acted on when the call ends */
	struct handshake_effect install; /* with READER_ENABLE */
};

/* Per-direction counts that the report prints. */
struct endpoint_counts {
	uint64_t segments;
	uint64_t frames;
	uint64_t wire_bytes;
	uint64_t records; /* decrypted or charged, and delivered */
	uint64_t app_records;
	uint64_t app_bytes;
	uint64_t early_records;
	uint64_t handshake_records;
	uint64_t alerts;
	uint64_t errors; /* records that failed */
	uint64_t window_exceeded_bytes;
	uint64_t appended_bytes;
	uint64_t discarded_bytes;   /* of a record that the end cut off */
	uint64_t corrupted_headers; /* refused when they arrived */
	uint64_t too_large_records; /* likewise */
	int first_error;	    /* errno of the first failure, or 0 */
};

struct endpoint {
	struct conn *conn;
	struct host *host; /* NULL: followed without cost */
	enum flow_direction direction;
	struct socket so;
	struct tcpcb tcb;
	struct lock lock; /* of the socket buffer */
	struct stamps stamps;
	struct reader reader;
	struct worker *worker;	   /* with keyed and host */
	struct content_hash *hash; /* of the application bytes, or NULL */
	struct hist latency;	   /* STAGE_TOTAL of its records */
	_Atomic uint32_t flowid;   /* RSS hash: by the feeder */
	uint32_t ack_segments;	   /* not acknowledged yet: 0 or 1 */
	uint32_t held_segments;	   /* in the reassembly queue */
	uint64_t read_offset;	   /* of the first byte not read before KTLS */
	uint64_t tls_offset;	   /* of the next record to be detached */
	sim_time keyed_ps;	   /* when the present keys were installed */
	sim_time queued_ps;	   /* when it joined its work queue */
	struct tcp_rcvbuf rcvbuf;  /* with rcv_adv, for autosizing */
	uint64_t rcv_adv;   /* stream offset behind the window that a modelled
			       sender was offered; 0: it has none */
	uint32_t feed_flow; /* with rcv_adv: the sender's number */
	uint32_t unwoken;   /* records since a worker woke its reader */
	bool begun;	    /* its first byte has reached the link */
	bool keyed;
	bool real;	   /* with keyed: bytes are decrypted */
	bool work_pending; /* a record waits: followed, or reader.call */
	bool read_pending; /* followed: the reader has news */
	bool following;	   /* endpoint_follow is at work on it */
	struct endpoint_counts counts;
	struct offload_flow *offload; /* its inline TLS, or NULL */
	struct exec_endpoint *exec;   /* of the thread executor, or NULL */
};

struct conn {
	struct ktlsim *sim;
	const struct flow *flow; /* the flow table's */
	struct handshake *handshake;
	struct endpoint endpoint[2]; /* by the direction it receives */
	struct aead_pool *aead;	     /* lent: of its TLS libraries */
	_Atomic bool cut; /* the snap length cut bytes of it: by the feeder */
	bool declared;	  /* by ktlsim_add_flow, with its key */
	enum tls_version declared_version; /* with declared, as the next one */
	uint16_t declared_suite;	   /* IANA number */
	sim_time syn_ps;		   /* of its SYN, with have_syn */
	bool have_syn;
	sim_time round_trip_ps; /* SYN to the next client segment, or 0 */
};

/* NULL: no memory.  host[d] receives direction d, or is NULL. */
struct conn *conn_create(struct ktlsim *sim, const struct flow *flow,
			 struct host *const host[2]);
void conn_destroy(struct conn *conn);

/* The connection of a flow id. */
struct conn *conn_find(const struct ktlsim *sim, uint32_t flow);

/* The other direction of the same connection. */
struct endpoint *endpoint_peer(struct endpoint *ep);

/* Bytes that its socket holds, decrypted or not. */
uint32_t endpoint_backlog(const struct endpoint *ep);

/* From the socket that a work queue handed out. */
struct endpoint *endpoint_of_socket(struct socket *so);
#endif
