/*
 * nic_cache.c - the on-NIC cache of TLS contexts: which packets wait for one.
 *
 * Models a cache of C contexts, replaced least recently used first, in front of
 * all contexts in host memory.  Each packet of an offloaded flow touches its
 * context once (nic_cache_access).  Where it is absent, the victim is written
 * back if it is dirty, and the context is read over PCIe; further packets of
 * the flow wait for the same fetch.  At most `outstanding` fetches are under
 * way; those beyond begin when earlier ones end, in order.  The steering lookup
 * by addresses and ports is always on the chip and costs nothing here.
 *
 * A victim whose packets still wait is not taken before they have passed: the
 * fetch that needs its place begins then.  So a flow is never reordered, even
 * with a cache of one entry.
 *
 * With head_of_line a waiting packet holds up its receive port, though the
 * fetches of packets behind it begin on their arrival.  With 0 entries
 * all contexts are in memory of the NIC's own, at a fixed latency.
 *
 * Entries are chained by hash and in LRU order by index, 0 meaning none; entry
 * 0 is the sentinel of the LRU list (next: most recently used).  Which entry a
 * context gets has no effect on any result.  Leaves out set associativity,
 * prefetching, and the bandwidth of the NIC's own memory.
 */
#include "nicmodel/nic_cache.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "nicmodel/nic_pcie.h"

struct nic_cache_entry {
	uint64_t usable_ps; /* the latest packet passes then */
	uint32_t ctx_id;
	uint32_t next; /* towards less recently used */
	uint32_t prev;
	uint32_t hash_next; /* in the chain, or in the list of free entries */
	bool dirty;
};

struct nic_cache_config
nic_cache_default(void)
{
	return (struct nic_cache_config){
	    .entries = 20000,
	    .context_bytes = NIC_CACHE_CONTEXT_BYTES,
	    .outstanding = 64,
	    .ports = 1,
	};
}

static bool
config_valid(const struct nic_cache_config *config)
{
	return config->entries <= NIC_CACHE_ENTRIES_MAX &&
	       config->context_bytes > 0 &&
	       config->context_bytes <= NIC_CACHE_CONTEXT_BYTES_MAX &&
	       config->outstanding > 0 &&
	       config->outstanding <= NIC_CACHE_OUTSTANDING_MAX &&
	       config->ports > 0 && config->ports <= NIC_CACHE_PORTS_MAX;
}

static int
alloc_entries(struct nic_cache *cache)
{
	uint32_t entries = cache->config.entries;
	uint32_t buckets = 1;

	while (buckets < entries)
		buckets *= 2;
	cache->bucket_mask = buckets - 1;
	cache->bucket = calloc(buckets, sizeof(*cache->bucket));
	cache->entry = calloc((size_t)entries + 1, sizeof(*cache->entry));
	cache->fetch_end =
	    calloc(cache->config.outstanding, sizeof(*cache->fetch_end));
	if (cache->bucket == NULL || cache->entry == NULL ||
	    cache->fetch_end == NULL)
		return ENOMEM;
	return 0;
}

int
nic_cache_init(struct nic_cache *cache, const struct nic_cache_config *config,
	       struct nic_pcie *pcie)
{
	int error = 0;

	assert(pcie != NULL);
	*cache = (struct nic_cache){.pcie = pcie};
	if (!config_valid(config))
		return EINVAL;
	cache->config = *config;
	cache->port_ps = calloc(config->ports, sizeof(*cache->port_ps));
	if (config->entries > 0)
		error = alloc_entries(cache);
	if (cache->port_ps == NULL)
		error = ENOMEM;
	if (error != 0)
		nic_cache_fini(cache);
	return error;
}

void
nic_cache_fini(struct nic_cache *cache)
{
	free(cache->bucket);
	free(cache->entry);
	free(cache->fetch_end);
	free(cache->port_ps);
	*cache = (struct nic_cache){0};
}

/* Driver's context numbers are mostly consecutive: spread them. */
static uint32_t *
bucket_of(struct nic_cache *cache, uint32_t ctx_id)
{
	uint32_t hash = ctx_id * 2654435769u;

	return &cache->bucket[(hash ^ hash >> 16) & cache->bucket_mask];
}

/* The chain's link to the entry of ctx_id, or to 0 at the chain's end. */
static uint32_t *
find_link(struct nic_cache *cache, uint32_t ctx_id)
{
	uint32_t *link = bucket_of(cache, ctx_id);

	while (*link != 0 && cache->entry[*link].ctx_id != ctx_id)
		link = &cache->entry[*link].hash_next;
	return link;
}

static void
lru_remove(struct nic_cache *cache, uint32_t i)
{
	struct nic_cache_entry *e = &cache->entry[i];

	cache->entry[e->prev].next = e->next;
	cache->entry[e->next].prev = e->prev;
}

/* Make it the most recently used one. */
static void
lru_insert(struct nic_cache *cache, uint32_t i)
{
	struct nic_cache_entry *sentinel = &cache->entry[0];

	cache->entry[i].prev = 0;
	cache->entry[i].next = sentinel->next;
	cache->entry[sentinel->next].prev = i;
	sentinel->next = i;
}

/* Take an entry out of the cache, given the link to it. */
static void
drop_entry(struct nic_cache *cache, uint32_t *link)
{
	uint32_t i = *link;

	*link = cache->entry[i].hash_next;
	lru_remove(cache, i);
	cache->entry[i].hash_next = cache->free;
	cache->free = i;
	cache->used--;
}

/*
 * Evict the least recently used context at start_ps or when its packets have
 * passed, if that is later.  Returns when its place is free; no fetch begins
 * before, so that the victim's next packet cannot overtake its last one.
 */
static uint64_t
evict(struct nic_cache *cache, uint64_t now, uint64_t start_ps)
{
	struct nic_cache_entry *victim = &cache->entry[cache->entry[0].prev];

	assert(cache->used == cache->config.entries);
	if (start_ps < victim->usable_ps)
		start_ps = victim->usable_ps;
	if (start_ps < cache->order_ps)
		start_ps = cache->order_ps;
	cache->order_ps = start_ps;
	cache->count.evictions++;
	if (victim->dirty) {
		cache->count.writebacks++;
		nic_pcie_write(cache->pcie, now, start_ps,
			       NIC_PCIE_USE_CTX_WRITEBACK,
			       cache->config.context_bytes);
	}
	drop_entry(cache, find_link(cache, victim->ctx_id));
	return start_ps;
}

/*
 * Give an absent context an entry, by eviction where all are used.  *start_ps
 * becomes the time from which on the entry is its own.
 */
static struct nic_cache_entry *
make_entry(struct nic_cache *cache, uint32_t ctx_id, uint64_t now,
	   uint64_t *start_ps)
{
	uint32_t i, *bucket;

	if (cache->used == cache->config.entries)
		*start_ps = evict(cache, now, *start_ps);
	i = cache->free;
	if (i != 0)
		cache->free = cache->entry[i].hash_next;
	else
		i = ++cache->touched;
	assert(i <= cache->config.entries);
	cache->used++;
	bucket = bucket_of(cache, ctx_id);
	cache->entry[i] = (struct nic_cache_entry){
	    .ctx_id = ctx_id, .hash_next = *bucket, .usable_ps = *start_ps};
	*bucket = i;
	lru_insert(cache, i);
	return &cache->entry[i];
}

/*
 * Fetches begin in order, as none of the three times below ever decreases, and
 * the NIC takes their answers in order, though one may be slower than the next:
 * so they end in order, and the one that began `outstanding` fetches ago is the
 * first to make room.
 */
static struct nic_cache_entry *
fetch(struct nic_cache *cache, uint32_t ctx_id, uint64_t now)
{
	uint32_t slot = (uint32_t)(cache->fetches % cache->config.outstanding);
	uint64_t start_ps = now;
	struct nic_cache_entry *e;

	cache->count.misses++;
	if (start_ps < cache->fetch_end[slot]) {
		start_ps = cache->fetch_end[slot];
		cache->count.queued++;
	}
	if (start_ps < cache->order_ps)
		start_ps = cache->order_ps;
	e = make_entry(cache, ctx_id, now, &start_ps);
	e->usable_ps =
	    nic_pcie_read(cache->pcie, now, start_ps, NIC_PCIE_USE_CTX_FETCH,
			  cache->config.context_bytes);
	if (e->usable_ps < cache->fetched_ps)
		e->usable_ps = cache->fetched_ps;
	cache->fetched_ps = e->usable_ps;
	cache->fetch_end[slot] = e->usable_ps;
	cache->fetches++;
	return e;
}

static void
touch(struct nic_cache *cache, uint32_t i)
{
	lru_remove(cache, i);
	lru_insert(cache, i);
}

static struct nic_cache_entry *
lookup(struct nic_cache *cache, uint32_t ctx_id, uint64_t now)
{
	uint32_t i = *find_link(cache, ctx_id);
	struct nic_cache_entry *e = &cache->entry[i];

	if (i == 0)
		return fetch(cache, ctx_id, now);
	cache->count.hits++;
	if (e->usable_ps > now)
		cache->count.hits_waiting++;
	touch(cache, i);
	return e;
}

static void
count_wait(struct nic_cache_count *count, uint64_t wait_ps)
{
	if (wait_ps == 0)
		return;
	count->waits++;
	count->wait_sum_ps += wait_ps;
	if (wait_ps > count->wait_max_ps)
		count->wait_max_ps = wait_ps;
}

/* A packet that could pass at ready_ps: when its port lets it. */
static uint64_t
pass_port(struct nic_cache *cache, uint32_t port, uint64_t ready_ps)
{
	assert(port < cache->config.ports);
	if (!cache->config.head_of_line)
		return ready_ps;
	if (ready_ps < cache->port_ps[port])
		ready_ps = cache->port_ps[port];
	cache->port_ps[port] = ready_ps;
	return ready_ps;
}

uint64_t
nic_cache_access(struct nic_cache *cache, uint32_t ctx_id, uint32_t port,
		 uint64_t now, bool dirty)
{
	struct nic_cache_entry *e;
	uint64_t usable_ps = now;

	if (cache->config.entries == 0) {
		cache->count.hits++;
		usable_ps =
		    pass_port(cache, port, now + cache->config.memory_ps);
	} else {
		e = lookup(cache, ctx_id, now);
		if (usable_ps < e->usable_ps)
			usable_ps = e->usable_ps;
		usable_ps = pass_port(cache, port, usable_ps);
		e->usable_ps = usable_ps;
		e->dirty |= dirty;
	}
	count_wait(&cache->count, usable_ps - now);
	return usable_ps;
}

uint64_t
nic_cache_pass(struct nic_cache *cache, uint32_t port, uint64_t now)
{
	return pass_port(cache, port, now);
}

void
nic_cache_install(struct nic_cache *cache, uint32_t ctx_id, uint64_t now)
{
	struct nic_cache_entry *e;
	uint64_t start_ps = now;
	uint32_t i;

	cache->count.installs++;
	if (cache->config.entries == 0)
		return;
	i = *find_link(cache, ctx_id);
	if (i != 0) {
		touch(cache, i);
		e = &cache->entry[i];
	} else {
		e = make_entry(cache, ctx_id, now, &start_ps);
	}
	e->dirty = true;
}

bool
nic_cache_remove(struct nic_cache *cache, uint32_t ctx_id)
{
	uint32_t *link;

	if (cache->config.entries == 0)
		return false;
	link = find_link(cache, ctx_id);
	if (*link == 0)
		return false;
	drop_entry(cache, link);
	return true;
}
