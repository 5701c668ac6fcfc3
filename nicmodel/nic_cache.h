/*
 * nic_cache.h - the on-NIC cache of TLS contexts: which packets wait for one.
 *
 * Order of use: nic_cache_init; per context nic_cache_install,
 * { nic_cache_access }*, nic_cache_remove; nic_cache_fini.
 * Access: one thread; `now` never decreases from call to call.  Times are
 * picoseconds.  Lends the PCIe link, which must outlive the cache.
 * Source: 04-nic section 1.10.
 */
#ifndef NICMODEL_NIC_CACHE_H
#define NICMODEL_NIC_CACHE_H

#include <stdbool.h>
#include <stdint.h>

struct nic_pcie;

enum {
	NIC_CACHE_ENTRIES_MAX = 1 << 22,
	NIC_CACHE_OUTSTANDING_MAX = 4096,
	NIC_CACHE_PORTS_MAX = 256,
	NIC_CACHE_CONTEXT_BYTES = 208,
	NIC_CACHE_CONTEXT_BYTES_MAX = 4096,
};

struct nic_cache_config {
	uint32_t entries;	/* 0: all contexts are in the NIC's memory */
	uint32_t context_bytes; /* NIC_CACHE_CONTEXT_BYTES */
	uint32_t outstanding;	/* fetches under way at once: 64 */
	uint32_t ports;		/* receive ports; needed for head_of_line */
	bool head_of_line;	/* a packet that waits blocks its port */
	uint64_t memory_ps;	/* with entries 0: latency of every access */
};

struct nic_cache_count {
	uint64_t hits;	       /* present, or being fetched */
	uint64_t hits_waiting; /* of them: being fetched */
	uint64_t misses;       /* each one is a fetch */
	uint64_t installs;
	uint64_t evictions;
	uint64_t writebacks; /* evictions of a dirty context */
	uint64_t queued;     /* fetches that waited: too many under way */
	uint64_t waits;	     /* packets that waited for anything */
	uint64_t wait_sum_ps;
	uint64_t wait_max_ps;
};

struct nic_cache_entry;

struct nic_cache {
	struct nic_cache_config config;
	struct nic_pcie *pcie;
	struct nic_cache_entry *entry; /* [0]: sentinel of the LRU list */
	uint32_t *bucket;	       /* first entry of a hash chain, or 0 */
	uint32_t bucket_mask;
	uint32_t free;	     /* list of free entries, or 0 */
	uint32_t used;	     /* entries that hold a context */
	uint32_t touched;    /* entries 1 .. touched have been in use */
	uint64_t *fetch_end; /* ring: the last `outstanding` fetches */
	uint64_t fetches;    /* in all; the next goes to fetches mod size */
	uint64_t order_ps;   /* no fetch begins before: they keep order */
	uint64_t fetched_ps; /* no fetch ends before: likewise */
	uint64_t *port_ps;   /* per port: no packet passes before */
	struct nic_cache_count count;
};

/* 20 000 entries of 208 bytes, 64 outstanding, one port, not head of line. */
struct nic_cache_config nic_cache_default(void);

/*
 * Returns 0, EINVAL (a value is 0 that must not be, or above its maximum) or
 * ENOMEM; nothing is left behind then.
 */
int nic_cache_init(struct nic_cache *cache,
		   const struct nic_cache_config *config, struct nic_pcie *pcie)
    __attribute__((warn_unused_result));
void nic_cache_fini(struct nic_cache *cache);

/*
 * A packet of context ctx_id (any value) has come on `port` at `now`.  Returns
 * the time at which it can be processed, >= now and never before an earlier
 * packet of the same context; with head_of_line, of the same port.  `dirty`:
 * the packet changes the context.
 */
uint64_t nic_cache_access(struct nic_cache *cache, uint32_t ctx_id,
			  uint32_t port, uint64_t now, bool dirty);

/*
 * A packet without a context has come on `port`.  Returns when it can be
 * processed: `now`, unless head_of_line holds it behind others.
 */
uint64_t nic_cache_pass(struct nic_cache *cache, uint32_t port, uint64_t now);

/*
 * The driver has written a new context, which may displace another.  It is
 * dirty and needs no fetch.  Writing one that is present touches it.
 */
void nic_cache_install(struct nic_cache *cache, uint32_t ctx_id, uint64_t now);

/*
 * A context is deleted; nothing is written back.  Returns whether it was
 * present.  Packets that still wait for it pass at the times they were given.
 */
bool nic_cache_remove(struct nic_cache *cache, uint32_t ctx_id);
#endif
