/*
 * nic_context.h - the TLS contexts of one NIC: which flows have one, and what
 * their packets wait for.
 *
 * Order of use: nic_contexts_init; per flow nic_context_add, then, when its
 * flow rule is active, nic_context_rule; nic_contexts_rx for every packet;
 * nic_context_remove; nic_contexts_fini.
 * Access: one thread; `now` never decreases from call to call.
 * Ownership: contexts belong to the set; pointers hold until they are removed.
 * Source: 04-nic sections 1.1, 1.2 and 1.10.
 */
#ifndef NICMODEL_NIC_CONTEXT_H
#define NICMODEL_NIC_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "nicmodel/nic_cache.h"
#include "nicmodel/nic_stack.h"
#include "nicmodel/nic_tls.h"

struct mbuf;
struct nic_pcie;

struct nic_contexts_config {
	uint32_t limit; /* contexts at a time, 1 .. NIC_STACK_CONTEXTS_MAX */
	bool stack;	/* keep stack distances */
	struct nic_cache_config cache;
};

struct nic_context {
	struct nic_tls tls;
	uint32_t id;	/* below the limit; reused */
	uint32_t flow;	/* of m_pkthdr */
	uint32_t queue; /* that the rule steers to, past RSS */
	uint8_t receiver;
	bool ruled; /* packets reach it */
};

struct nic_contexts {
	struct nic_contexts_config config;
	struct nic_context **context; /* by id, NULL: free */
	uint32_t slots;		      /* of context */
	uint32_t lowest_free;	      /* no free id is below it */
	uint32_t *by_flow;	      /* 2 * flow + receiver -> id + 1, or 0 */
	uint32_t by_flow_slots;
	uint32_t count, count_max;
	uint8_t *scratch; /* of all contexts; NULL before the first */
	uint8_t *saved;	  /* NIC_TLS_SCRATCH_BYTES behind it */
	struct nic_cache cache;
	struct nic_stack stack; /* with config.stack */
	struct nic_tls_counters counters;
	uint64_t added, removed;
};

/* What a packet met. */
struct nic_context_result {
	struct nic_context *context; /* NULL: it has none, or no rule yet */
	struct nic_tls_result tls;   /* with context */
	bool lost;		     /* with context: it stopped offloading */
	uint64_t ready_ps;	     /* its context was there */
};

/* Returns 0, EINVAL or ENOMEM; nothing is left behind then. */
int nic_contexts_init(struct nic_contexts *set,
		      const struct nic_contexts_config *config,
		      struct nic_pcie *pcie);
void nic_contexts_fini(struct nic_contexts *set);

/*
 * Make a context for what side `receiver` of a flow receives; scratch and
 * counters of params are the set's.  Returns 0, ENOSPC (all are in use), ENOMEM
 * or what nic_tls_init returns; *context is set with 0.
 */
int nic_context_add(struct nic_contexts *set, uint32_t flow, uint8_t receiver,
		    const struct nic_tls_params *params,
		    struct nic_context **context);

/* Its flow rule is active from now on: packets go to it and to `queue`. */
void nic_context_rule(struct nic_contexts *set, struct nic_context *context,
		      uint32_t queue, uint64_t now);

/* Delete it; packets of the flow go by RSS again. */
void nic_context_remove(struct nic_contexts *set, struct nic_context *context);

/* The context of side `receiver` of a flow, or NULL. */
struct nic_context *nic_context_find(const struct nic_contexts *set,
				     uint32_t flow, uint8_t receiver);

/*
 * A packet, its checksum right, has come on the port at `now`.  Where it has
 * `no_room` in host memory its context moves on, but the packet stays as it
 * was: decryption comes before the write.
 */
struct nic_context_result nic_contexts_rx(struct nic_contexts *set,
					  struct mbuf *m, bool no_room,
					  uint64_t now);
#endif
