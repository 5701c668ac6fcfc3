/*
 * offload.h - the driver of inline TLS: installs contexts, and brings them back
 * to a record's start when they have lost it.
 *
 * Order of use, per host: offload_create; offload_destroy.  Per endpoint:
 * offload_install when its keys are; then, as they happen, offload_packet,
 * offload_completion, offload_header, offload_record, offload_next_key;
 * offload_close when the application is done, offload_detach at the end.
 * Without nic.tls a host has no offload, and all but _create do nothing.
 * In virtual time only.  Times are picoseconds.
 * Source: 04-nic sections 1.2, 1.6 and 1.9.
 */
#ifndef SIM_OFFLOAD_H
#define SIM_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/ktls_recrypt.h"
#include "nicmodel/nic_context.h"
#include "nicmodel/nic_profile.h"
#include "nicmodel/nic_resync.h"
#include "sim/episode.h"
#include "sim/event.h"
#include "sim/offload_queue.h"
#include "sim/phases.h"

struct endpoint;
struct host;
struct ktls_key;
struct mbuf;

enum offload_state {
	OFFLOAD_NONE,	    /* was never asked for */
	OFFLOAD_REFUSED,    /* `reason` says why */
	OFFLOAD_INSTALLING, /* firmware is at work */
	OFFLOAD_ACTIVE,	    /* there is a context, and packets reach it */
	OFFLOAD_REKEYING,   /* old records first, then a new context */
	OFFLOAD_CLOSED,
};

/* Records, and their bytes on the wire, by what the NIC did of them. */
struct offload_split {
	uint64_t records_full, records_partial, records_none;
	uint64_t bytes_full, bytes_partial, bytes_none;
	uint64_t bytes_marked; /* decrypted by the NIC, of all of them */
};

/* One endpoint's. */
struct offload_flow {
	struct endpoint *ep;
	const char *reason;	     /* with OFFLOAD_REFUSED: constant text */
	struct nic_context *context; /* with ACTIVE, and while it is set up */
	enum offload_state state;
	uint32_t generation; /* of the context: older events are void */
	struct nic_resync resync;
	struct nic_resync_act retry; /* waits for the queue, or NONE */
	struct offload_flow *next_waiting;
	bool resyncs;		/* `resync` is set up */
	bool waiting;		/* in the host's list for it */
	bool device;		/* counts as a session of the device, below */
	bool open;		/* the session */
	sim_time path_ps;	/* next path change */
	sim_time candidate_ps;	/* the device found its latest candidate */
	uint64_t headers_end;	/* in the stream: before it they were told */
	sim_time asked_ps;	/* first install */
	sim_time active_ps;	/* first time that packets reached a context */
	sim_time first_full_ps; /* first record decrypted as a whole */
	uint32_t installs, resets, path_changes, rekeys;
	struct offload_split split;
	struct episodes episodes;
	struct phases phases;
	const char *shown; /* phase in the trace (trace_tap.c), or NULL */
	sim_time shown_ps; /* since when */
};

/*
 * Sessions by who decrypts, as Linux counts them: each is the device's or
 * software's from when it is enabled until it is closed, whatever becomes of
 * its context.
 */
struct offload_sessions {
	uint64_t device, sw;	     /* ever enabled */
	uint64_t device_now, sw_now; /* of them, not closed */
};

enum { OFFLOAD_INSTALLS_MAX = 64 };

/* One host's. */
struct offload {
	struct host *host;
	const struct nic_profile *profile;
	const struct nic_resync_ops *ops;
	struct nic_resync_counters counters;
	sim_time install_free_ps[OFFLOAD_INSTALLS_MAX];
	uint32_t installs_at_a_time;
	uint32_t to_come; /* contexts whose key is on its way */
	struct offload_queue queue;
	sim_time reset_ps; /* next device reset */
	uint64_t resets, path_changes;
	uint64_t rescans;  /* candidates given up: nobody answered */
	uint64_t no_space; /* installs refused: all contexts in use */
	uint64_t tls_err;  /* completions that said AUTH_FAIL */
	struct offload_sessions sessions;
	struct offload_split split;
};

/* What nic_init is to be told of contexts; false without nic.tls. */
struct config;
bool offload_limits(const struct config *config,
		    struct nic_contexts_config *limits);

/* host->offload; NULL without nic.tls.  Returns 0 or ENOMEM. */
int offload_create(struct host *host);
void offload_destroy(struct host *host);

/* Keys were installed on an endpoint's socket.  Returns 0 or ENOMEM. */
int offload_install(struct endpoint *ep, sim_time now);

/* Device resets, path changes and new searches due before a packet. */
void offload_before_packet(struct endpoint *ep, sim_time now);

/* The device has taken a packet of ep. */
void offload_packet(struct endpoint *ep, const struct nic_context_result *tls,
		    sim_time now);

/* The driver finds a frame's completion entry. */
void offload_completion(struct endpoint *ep, const struct mbuf *m,
			sim_time now);

/*
 * Bytes were appended, or a record is done with: a parser that takes a record
 * at a time (Linux' strparser) may have come to the next header.
 */
void offload_header(struct endpoint *ep, sim_time now);

/* What record_finish knows of a record. */
struct offload_record {
	uint64_t offset; /* in the stream */
	uint64_t seqno;
	uint32_t wire_bytes;
	uint32_t marked_bytes;
	enum ktls_mbuf_crypto_st marks;
	bool delivered;
	bool reported; /* ENGINE_RX_RESYNC */
};

void offload_record(struct endpoint *ep, const struct offload_record *record,
		    sim_time now);

/* Another key is about to be installed. */
void offload_next_key(struct endpoint *ep, sim_time now);

/* The application has closed the socket: the context is deleted. */
void offload_close(struct endpoint *ep);

/* Free what the endpoint has. */
void offload_detach(struct endpoint *ep);

/* "none", "refused", "installing", "active", ...; flow may be NULL. */
const char *offload_state_name(const struct offload_flow *flow);

/*
 * The same with what the device is at in place of "active": "starting",
 * "offloading", "searching" or, with a candidate, "tracking".
 */
const char *offload_phase_name(const struct offload_flow *flow);
#endif
