/*
 * host.h - one simulated host: NIC, CPUs, queues' handlers, TLS workers.
 *
 * Order of use: host_init; the pipeline drives it; host_fini.
 * Two hosts of a run share nothing but the pools of the simulation.
 */
#ifndef SIM_HOST_H
#define SIM_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/ktls_rx.h"
#include "engine/workq.h"
#include "nicmodel/nic.h"
#include "sim/config.h"
#include "sim/cpu.h"
#include "sim/impair.h"
#include "sim/lock.h"
#include "sim/port.h"
#include "sim/qstat.h"
#include "sim/rx_driver.h"
#include "sim/softirq.h"
#include "sim/stage_stats.h"
#include "sim/stamp.h"
#include "sim/tx_load.h"

struct aead_pool;
struct endpoint;
struct ktlsim;
struct ktlsim_error;
struct offload;

/* One TLS worker thread with its work queue (FreeBSD ktls_work_thread). */
struct worker {
	struct cpu_task task;
	struct host *host;
	uint32_t id;
	struct workq wq;
	struct cpu *home;
	struct cpu *last;	   /* where it ran last, or NULL */
	struct endpoint *current;  /* socket in work, or NULL */
	struct ktls_rx_job job;	   /* with has_job */
	struct record_stamp stamp; /* of the job's record */
	bool has_job;
	bool dropped;		/* current was dropped by begin */
	uint32_t pass_records;	/* detached in this pass */
	struct tx_queue tx;	/* transmit work */
	uint32_t batch_tx;	/* of this batch, still to be done: records */
	uint32_t batch_so;	/* ... and sockets */
	bool sending;		/* a record of tx is in work */
	sim_time busy_ps;	/* prices of its steps, or their real times */
	struct qstat waiting;	/* sockets in the work queue */
	struct aead_pool *aead; /* lent: its sessions decrypt with it */
	uint64_t records;	/* detached, good or bad */
	struct ktls_rx_counters ktls;
};

/* What readers find out; each thread that readers run on keeps its own. */
struct reader_books {
	struct stage_stats stages;
	uint64_t wakeups_useful;
	uint64_t wakeups_spurious;
	uint64_t app_bytes;
};

enum host_lock {
	HOST_LOCK_APPEND,
	HOST_LOCK_BEGIN,
	HOST_LOCK_FINISH,
	HOST_LOCK_READ,
	HOST_LOCK_COUNT,
};

/* Segments: in = delivered + dropped + queued (checked at the end). */
struct host_conservation {
	uint64_t segments_in;
	uint64_t delivered;
	uint64_t dropped_ring;
	uint64_t dropped_link;
	uint64_t dropped_checksum;
	uint64_t dropped_duplicate;
	uint64_t dropped_old;
	uint64_t dropped_past_close;
	uint64_t dropped_reassembly;
	uint64_t on_link; /* arrived or in the NIC, not in a ring yet */
	uint64_t in_reassembly;
};

struct host {
	struct ktlsim *sim;
	uint32_t index;		    /* in the simulation */
	uint64_t draws[COST_COUNT]; /* prices drawn so far, by kind */
	char name[64];
	struct port port; /* in front of it, with nic.pause */
	struct nic nic;
	struct impair impair;	  /* of the link into it */
	struct offload *offload;  /* driver of its inline TLS, or NULL */
	struct rx_driver *driver; /* one per NIC queue */
	struct softirq *softirq;  /* one per CPU */
	struct cpu *cpu;
	uint32_t cpus;
	struct worker *worker;
	uint32_t workers;
	struct lock_stats lock[HOST_LOCK_COUNT];
	struct reader_books books;
	struct host_conservation segments;
	uint64_t acks;
	uint64_t tx_arrivals;	       /* records of ktls.tx_load */
	uint64_t tx_draws[COST_COUNT]; /* as draws, for those */
};

/* Returns 0, or EINVAL or ENOMEM with everything undone. */
int host_init(struct host *host, struct ktlsim *sim, const char *name);
void host_fini(struct host *host);

/* The capture's times are those of the softirq: no NIC, no interrupts. */
bool host_is_captured(const struct host *host);

/* The round trip of a read by its NIC, serialisation apart: a draw. */
sim_time host_pcie_read(struct host *host);

/* Bring the books of its CPUs and workers up to `now`. */
void host_settle(struct host *host, sim_time now);
#endif
