/*
 * results.h - what a run has found, as plain data: the input of every report.
 *
 * Filled by collect.c and invariant.c at the end of a run, read by the reports
 * (report_*.c).  Times are picoseconds.  The names follow the result schema
 * ktlsim-result-1.
 */
#ifndef SIM_RESULTS_H
#define SIM_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/config.h"
#include "sim/episode.h"
#include "sim/event.h"
#include "sim/phases.h"

enum stage {
	STAGE_ASSEMBLY, /* apart: the sender's pace */
	STAGE_HOLD,	/* apart: the network's loss */
	STAGE_NIC,
	STAGE_MODERATION,
	STAGE_SOFTIRQ,
	STAGE_KEY_WAIT,
	STAGE_QUEUE,
	STAGE_DECRYPT,
	STAGE_WAKE,
	STAGE_READ,
	STAGE_TOTAL, /* nic + ... + read */
	STAGE_COUNT,
};

/* "assembly", "hold", "nic" ... as in the schema. */
const char *stage_name(enum stage stage);

/* What a NIC did of the records, and of their bytes on the wire. */
struct results_split {
	uint64_t records_full, records_partial, records_none;
	uint64_t bytes_full, bytes_partial, bytes_none;
	uint64_t bytes_marked; /* decrypted by the NIC, of all of them */
};

/* Inline TLS of one direction.  SIM_TIME_NEVER: has not happened. */
struct results_offload {
	bool present;	     /* nic.tls, and keys were installed */
	const char *state;   /* at the end; constant text, as the next */
	const char *reason;  /* of a refusal, or NULL */
	sim_time connect_ps; /* of its SYN, or of its keys */
	sim_time asked_ps, active_ps, first_full_ps;
	uint64_t installs, resets, path_changes, rekeys;
	struct results_split split;
	/* All; over; lost again before that; the others are open. */
	uint64_t episodes, episodes_closed, episodes_again;
	double episode_mean_ns; /* of those over, lost to full */
	sim_time episode_max_ps;
	size_t listed_count; /* the first ones */
	struct episode *listed;
	size_t phase_count; /* the first ones */
	struct phase *phases;
	uint64_t phases_left_out;
};

/* Flows of a host that have no context for this reason. */
struct results_refusal {
	const char *reason; /* constant text */
	uint64_t flows;
};

/* More than there are reasons. */
enum { RESULTS_REFUSALS = 16 };

struct results_latency {
	uint64_t count;
	double mean_ns;
	uint64_t min_ps, p50_ps, p90_ps, p99_ps, p999_ps, max_ps;
};

struct results_hole {
	uint64_t offset;       /* stream offset of the first missing byte */
	uint64_t bytes_behind; /* queued behind it, never delivered */
	bool acked;	       /* the receiver acknowledged past it */
};

struct results_direction {
	uint64_t segments, frames, wire_bytes;
	uint64_t records, app_records, app_bytes;
	char app_sha256[65]; /* "" when off or without bytes */
	uint64_t early_records, handshake_records, alerts, errors;
	uint64_t undecrypted_records;
	uint64_t window_exceeded_bytes;
	uint32_t holes; /* 0 or 1 */
	struct results_hole hole;
	uint32_t worker; /* TLS work queue; with `keyed` */
	bool keyed;	 /* a KTLS session was enabled */
	char error[64];	 /* "EBADMSG: ..." of the first one, or "" */
	struct results_latency latency; /* of STAGE_TOTAL */
	struct results_offload offload;
};

struct results_flow {
	uint32_t id;
	char client[64], server[64];
	char tls_version[16];  /* "1.3", or "" where unknown */
	char cipher_suite[64]; /* IANA name, or "" */
	char keys[160];	       /* "found" or the reason why not */
	char timed_from[16];   /* "keys", "headers", "assumed" or "" */
	bool border_inferred;
	uint32_t key_updates, renegotiations;
	struct results_direction direction[2]; /* by flow_direction */
};

struct results_stage {
	enum stage stage;
	struct results_latency latency;
};

struct results_cpu {
	uint32_t id;
	sim_time irq_ps, softirq_ps, worker_ps, app_ps, idle_ps;
	uint64_t context_switches;
	uint64_t preemptions;
};

struct results_workqueue {
	uint32_t id;
	uint64_t enqueued;
	double mean_depth;
	uint64_t max_depth;
	double mean_wait_ns;
	uint64_t p99_wait_ps;
	double utilization;		 /* of its worker, 0 to 1 */
	uint64_t tx_enqueued, tx_served; /* records of ktls.tx_load */
	double tx_mean_wait_ns;
};

struct results_lock {
	const char *name;
	uint64_t acquisitions, contended;
	double mean_wait_ns;
};

/* A NIC counter under its ethtool or sysctl name. */
struct results_counter {
	char name[40];
	uint64_t value;
};

/* Misses that a context cache of this size would have had. */
struct results_cache_size {
	uint32_t entries;
	uint64_t misses;
};

struct results_conservation {
	uint64_t segments_in, delivered;
	uint64_t dropped_ring, dropped_link, dropped_checksum;
	uint64_t dropped_duplicate, dropped_old, dropped_past_close;
	uint64_t dropped_reassembly;
	uint64_t queued; /* still in NIC, ring or reassembly */
	bool balanced;
};

struct results_host {
	char name[64];
	size_t stage_count;
	struct results_stage stages[STAGE_COUNT];
	double slowest_percent_ns[STAGE_COUNT]; /* mean split, slowest 1 % */
	uint64_t slowest_count;
	size_t counter_count;
	struct results_counter *counters;
	size_t cpu_count;
	struct results_cpu *cpus;
	size_t workqueue_count;
	struct results_workqueue *workqueues;
	size_t lock_count;
	struct results_lock locks[4];
	bool has_tls; /* nic.tls: what follows holds more than `none` */
	const char *tls_profile; /* constant text, as the next */
	const char *tls_resync;
	struct results_split split;
	uint64_t tls_contexts; /* installs, the same flow's anew included */
	size_t refusal_count;
	struct results_refusal refusals[RESULTS_REFUSALS];
	uint64_t episodes, episodes_closed, episodes_again;
	double episode_mean_ns;
	sim_time episode_max_ps;
	uint64_t cache_accesses;  /* of TLS contexts, by packets */
	uint64_t cache_entries;	  /* 0: all contexts are in the NIC */
	size_t cache_curve_count; /* without feedback: */
	struct results_cache_size *cache_curve;
	uint64_t wakeups_useful, wakeups_spurious;
	double goodput_gbps; /* application bytes over the run's time */
	double cores_busy;
	double gbps_per_core;
	struct results_conservation conservation;
};

/*
 * Room for a note or the name of a failed invariant: a whole sentence of
 * struct trace_error fits, as it may end with the cure.
 */
enum { RESULTS_TEXT_BYTES = 512 };

/* What happened to frames before they became segments of a host. */
struct input_counts {
	uint64_t frames;
	uint64_t not_ip;
	uint64_t not_tcp;
	uint64_t cut;	      /* a header was cut off by the snap length */
	uint64_t malformed;   /* a header contradicts itself */
	uint64_t payload_cut; /* segments whose payload was cut */
	uint64_t bad_checksum;
	uint64_t partial_checksum;
	uint64_t segmented; /* frames cut into segments of the MSS */
	uint64_t resent;    /* segments offered again after a loss inside */
};

/* Which run of a scenario this was. */
struct results_variable {
	const char *name, *value;
};

struct results_scenario {
	const char *configuration;
	uint64_t run;
	size_t variable_count;
	const struct results_variable *variables;
};

struct results {
	const struct config *config;
	const struct results_scenario *scenario; /* lent; NULL: none */
	size_t note_count;
	char (*notes)[RESULTS_TEXT_BYTES];
	uint64_t seed, repetition;
	sim_time end_ps;
	uint64_t events;
	uint64_t digest;
	double wall_s;	       /* filled by the caller: the library has no
				  clock */
	char input_status[16]; /* "ok", "truncated", "damaged" */
	uint64_t input_frames;
	struct input_counts input;
	bool have_keylog; /* a key log was given */
	bool no_receiver; /* no flow has the address replay.receiver */
	bool partial;	  /* interrupted, or a time limit was reached */
	bool overloaded;
	size_t flow_count;
	struct results_flow *flows;
	size_t host_count;
	struct results_host *hosts;
	size_t failure_count; /* end-of-run invariants that do not hold */
	char (*failures)[RESULTS_TEXT_BYTES];
};

/* Free what a results holds, not the object itself. */
void results_fini(struct results *results);
#endif
