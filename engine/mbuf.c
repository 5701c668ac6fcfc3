/*
 * mbuf.c - slabs of mbufs and clusters, and the operations on chains.
 *
 * Every part of the simulator draws segments here: the frame decoder through
 * m_from_bytes, the socket layers through m_get and m_split.  Nothing is
 * requested from the system per mbuf: storage comes in slabs, which stay with
 * the pool until mbuf_pool_destroy, and each size has a free list of its own,
 * last in first out, so that the hottest storage is used next.
 *
 * A cluster is preceded by a small header that counts the mbufs over it.  Two
 * mbufs over one cluster hold disjoint bytes if m_split made them; the header
 * remembers in `overlaps` where that is not certain (m_split_ref).  The rule
 * that bytes are decrypted only into exclusive storage rests on this mark.
 *
 * Where threads pass mbufs to each other, each has a sibling pool.  Storage
 * belongs to the pool whose slab holds it; another pool that frees it pushes it
 * on the home's return list, a stack that any thread may push on and that the
 * home takes as a whole when its own free list is empty.
 *
 * Left out: external page arrays, tags, per-CPU caches, and FreeBSD's
 * difference between MLEN and MHLEN (every mbuf here has room for a header).
 */
#include "engine/mbuf.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLAB_MBUFS = 64,
	SLAB_CLUSTER_BYTES = 65536, /* aimed at; at least one cluster */
	SLAB_ALIGN = 64,	    /* a cache line */
	PREFETCH_MBUFS = 16,
	CLUSTER_SIZES = 3,
	MT_FREE = 0, /* m_type of an mbuf on the free list */
};

/* Sits in front of its storage. */
struct mbuf_cluster {
	struct mbuf_cluster *next; /* on the free list */
	uint32_t refcount;	   /* mbufs over it */
	uint16_t size;		   /* nominal bytes, which are charged */
	bool overlaps;		   /* two mbufs may hold the same byte */
	uint8_t home;		   /* pool it comes from, among siblings */
	_Alignas(16) uint8_t storage[];
};

/* System memory that the pool gives back at its end. */
struct slab {
	struct slab *next;
	_Alignas(SLAB_ALIGN) uint8_t items[];
};

/* All siblings, by m_home; made with the second one. */
struct mbuf_family {
	unsigned count;
	struct mbuf_pool *pool[MBUF_SIBLINGS_MAX];
};

struct mbuf_pool {
	struct mbuf *free_mbufs; /* by m_next */
	struct mbuf_cluster *free_clusters[CLUSTER_SIZES];
	struct mbuf_pool_stats stats;
	uint64_t fail_after; /* requests until one fails; 0: never */
	uint64_t max_bytes;  /* of slabs; 0: no limit */
	struct slab *slabs;
	struct mbuf_family *family; /* NULL: an only child */
	uint8_t home;		    /* own place in the family */
	/* What siblings have freed; pushed on by all, taken by the owner. */
	_Alignas(SLAB_ALIGN) _Atomic(struct mbuf *) returned_mbufs;
	_Atomic(struct mbuf_cluster *) returned_clusters;
};

static const uint16_t cluster_sizes[CLUSTER_SIZES] = {
    MCLBYTES,
    MJUMPAGESIZE,
    MJUM9BYTES,
};

struct mbuf_pool *
mbuf_pool_create(uint64_t max_bytes)
{
	struct mbuf_pool *pool = aligned_alloc(SLAB_ALIGN, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	memset(pool, 0, sizeof(*pool));
	pool->max_bytes = max_bytes;
	return pool;
}

static bool
make_family(struct mbuf_pool *pool)
{
	struct mbuf_family *family = calloc(1, sizeof(*family));

	if (family == NULL)
		return false;
	family->pool[family->count++] = pool;
	pool->family = family;
	return true;
}

struct mbuf_pool *
mbuf_pool_create_sibling(struct mbuf_pool *pool)
{
	struct mbuf_pool *sibling;

	if ((pool->family == NULL && !make_family(pool)) ||
	    pool->family->count == MBUF_SIBLINGS_MAX)
		return NULL;
	sibling = mbuf_pool_create(pool->max_bytes);
	if (sibling == NULL)
		return NULL;
	sibling->family = pool->family;
	sibling->home = (uint8_t)pool->family->count;
	pool->family->pool[pool->family->count++] = sibling;
	return sibling;
}

/* What siblings have freed goes back on the free list.  False: nothing did. */
static bool
take_returned_mbufs(struct mbuf_pool *pool)
{
	struct mbuf *m = atomic_exchange_explicit(&pool->returned_mbufs, NULL,
						  memory_order_acquire);
	bool any = m != NULL;

	while (m != NULL) {
		struct mbuf *next = m->m_next;

		m->m_next = pool->free_mbufs;
		pool->free_mbufs = m;
		pool->stats.mbufs--;
		m = next;
	}
	return any;
}

static unsigned
cluster_index(uint32_t size)
{
	return size <= MCLBYTES ? 0 : size <= MJUMPAGESIZE ? 1 : 2;
}

static bool
take_returned_clusters(struct mbuf_pool *pool)
{
	struct mbuf_cluster *ext = atomic_exchange_explicit(
	    &pool->returned_clusters, NULL, memory_order_acquire);
	bool any = ext != NULL;

	while (ext != NULL) {
		struct mbuf_cluster *next = ext->next;
		unsigned index = cluster_index(ext->size);

		ext->next = pool->free_clusters[index];
		pool->free_clusters[index] = ext;
		pool->stats.clusters--;
		ext = next;
	}
	return any;
}

static void
destroy_one(struct mbuf_pool *pool)
{
	take_returned_mbufs(pool);
	take_returned_clusters(pool);
	assert(pool->stats.mbufs == 0);
	assert(pool->stats.clusters == 0);
	while (pool->slabs != NULL) {
		struct slab *slab = pool->slabs;

		pool->slabs = slab->next;
		free(slab);
	}
	free(pool);
}

void
mbuf_pool_destroy(struct mbuf_pool *pool)
{
	struct mbuf_family *family;

	if (pool == NULL)
		return;
	family = pool->family;
	for (unsigned i = 0; family != NULL && i < family->count; i++)
		if (family->pool[i] != pool)
			destroy_one(family->pool[i]);
	destroy_one(pool);
	free(family);
}

void
mbuf_pool_read_stats(const struct mbuf_pool *pool,
		     struct mbuf_pool_stats *stats)
{
	*stats = pool->stats;
}

void
mbuf_pool_fail_after(struct mbuf_pool *pool, uint64_t nth)
{
	pool->fail_after = nth;
}

/* Room for count items of item_bytes (a multiple of 16), or NULL. */
static uint8_t *
slab_create(struct mbuf_pool *pool, size_t item_bytes, size_t count)
{
	size_t bytes = sizeof(struct slab) + item_bytes * count;
	struct slab *slab;

	bytes = (bytes + SLAB_ALIGN - 1) / SLAB_ALIGN * SLAB_ALIGN;
	if (pool->max_bytes != 0 &&
	    bytes > pool->max_bytes - pool->stats.storage_bytes)
		return NULL;
	slab = aligned_alloc(SLAB_ALIGN, bytes);
	if (slab == NULL)
		return NULL;
	slab->next = pool->slabs;
	pool->slabs = slab;
	pool->stats.storage_bytes += bytes;
	return slab->items;
}

static bool
grow_mbufs(struct mbuf_pool *pool)
{
	uint8_t *items = slab_create(pool, MSIZE, SLAB_MBUFS);

	if (items == NULL)
		return false;
	for (size_t i = SLAB_MBUFS; i-- > 0;) {
		struct mbuf *m = (struct mbuf *)(void *)(items + i * MSIZE);

		m->m_type = MT_FREE;
		m->m_home = pool->home;
		m->m_next = pool->free_mbufs;
		pool->free_mbufs = m;
	}
	return true;
}

static bool
grow_clusters(struct mbuf_pool *pool, unsigned index)
{
	size_t item = sizeof(struct mbuf_cluster) + cluster_sizes[index];
	size_t count = SLAB_CLUSTER_BYTES / item;
	uint8_t *items = slab_create(pool, item, count);

	if (items == NULL)
		return false;
	for (size_t i = count; i-- > 0;) {
		struct mbuf_cluster *ext = (void *)(items + i * item);

		ext->size = cluster_sizes[index];
		ext->home = pool->home;
		ext->next = pool->free_clusters[index];
		pool->free_clusters[index] = ext;
	}
	return true;
}

/* Count a request and say whether fault injection lets it fail. */
static inline bool
request_fails(struct mbuf_pool *pool)
{
	return pool->fail_after != 0 && --pool->fail_after == 0;
}

struct mbuf *
m_get(struct mbuf_pool *pool, enum mbuf_type type)
{
	struct mbuf *m = pool->free_mbufs;

	if (request_fails(pool) ||
	    (m == NULL && !take_returned_mbufs(pool) && !grow_mbufs(pool))) {
		pool->stats.refused++;
		return NULL;
	}
	m = pool->free_mbufs;
	pool->free_mbufs = m->m_next;
	/* The one that is asked for next may have been freed long ago. */
	__builtin_prefetch(pool->free_mbufs, 1);
	if (++pool->stats.mbufs > pool->stats.mbufs_max)
		pool->stats.mbufs_max = pool->stats.mbufs;
	m->m_next = NULL;
	m->m_nextpkt = NULL;
	m->m_data = m->m_dat;
	m->m_ext = NULL;
	m->m_len = 0;
	m->m_flags = 0;
	m->m_type = (uint8_t)type;
	return m;
}

/* Siblings return clusters of every size: those asked for may be none. */
static bool
refill_clusters(struct mbuf_pool *pool, unsigned index)
{
	take_returned_clusters(pool);
	return pool->free_clusters[index] != NULL || grow_clusters(pool, index);
}

static struct mbuf_cluster *
cluster_get(struct mbuf_pool *pool, uint32_t size)
{
	unsigned index = cluster_index(size);
	struct mbuf_cluster *ext = pool->free_clusters[index];

	if (request_fails(pool) ||
	    (ext == NULL && !refill_clusters(pool, index))) {
		pool->stats.refused++;
		return NULL;
	}
	ext = pool->free_clusters[index];
	pool->free_clusters[index] = ext->next;
	pool->stats.clusters++;
	ext->refcount = 1;
	ext->overlaps = false;
	return ext;
}

/* Send storage home; it is the home's from the swap on. */
static void
return_cluster(struct mbuf_pool *home, struct mbuf_cluster *ext)
{
	struct mbuf_cluster *head = atomic_load_explicit(
	    &home->returned_clusters, memory_order_relaxed);

	do
		ext->next = head;
	while (!atomic_compare_exchange_weak_explicit(
	    &home->returned_clusters, &head, ext, memory_order_release,
	    memory_order_relaxed));
}

static void
return_mbuf(struct mbuf_pool *home, struct mbuf *m)
{
	struct mbuf *head =
	    atomic_load_explicit(&home->returned_mbufs, memory_order_relaxed);

	do
		m->m_next = head;
	while (!atomic_compare_exchange_weak_explicit(
	    &home->returned_mbufs, &head, m, memory_order_release,
	    memory_order_relaxed));
}

static void
cluster_put(struct mbuf_pool *pool, struct mbuf_cluster *ext)
{
	unsigned index;

	assert(ext->refcount > 0);
	if (--ext->refcount > 0)
		return;
	if (ext->home != pool->home) {
		return_cluster(pool->family->pool[ext->home], ext);
		return;
	}
	index = cluster_index(ext->size);
	ext->next = pool->free_clusters[index];
	pool->free_clusters[index] = ext;
	pool->stats.clusters--;
}

struct mbuf *
m_getjcl(struct mbuf_pool *pool, enum mbuf_type type, enum mbuf_size size)
{
	struct mbuf *m = m_get(pool, type);

	if (m == NULL)
		return NULL;
	m->m_ext = cluster_get(pool, size);
	if (m->m_ext == NULL)
		return m_free(pool, m);
	m->m_flags = M_EXT;
	m->m_data = m->m_ext->storage;
	return m;
}

/* The smallest storage for len bytes, or the largest there is. */
static struct mbuf *
get_for(struct mbuf_pool *pool, uint32_t len)
{
	if (len <= MLEN)
		return m_get(pool, MT_DATA);
	if (len > MJUMPAGESIZE)
		return m_getjcl(pool, MT_DATA, MJUM9BYTES);
	return m_getjcl(pool, MT_DATA,
			len <= MCLBYTES ? MCLBYTES : MJUMPAGESIZE);
}

/* len bytes that nobody has. */
static struct mbuf *
get_unknown(struct mbuf_pool *pool, uint32_t len)
{
	struct mbuf *m = m_get(pool, MT_DATA);

	if (m == NULL)
		return NULL;
	m->m_flags = M_UNKNOWN;
	m->m_data = NULL;
	m->m_len = len;
	return m;
}

/* The rest of m_from_bytes behind `last`: rare, frames beyond one mbuf. */
static bool
append_rest(struct mbuf_pool *pool, struct mbuf *last, const uint8_t *bytes,
	    uint32_t known_len, uint32_t unknown_len)
{
	while (known_len > 0) {
		uint32_t len = known_len < MJUM9BYTES ? known_len : MJUM9BYTES;
		struct mbuf *m = get_for(pool, len);

		if (m == NULL)
			return false;
		memcpy(m->m_data, bytes, len);
		m->m_len = len;
		bytes += len;
		known_len -= len;
		last->m_next = m;
		last = m;
	}
	if (unknown_len > 0)
		last->m_next = get_unknown(pool, unknown_len);
	return unknown_len == 0 || last->m_next != NULL;
}

struct mbuf *
m_from_bytes(struct mbuf_pool *pool, const uint8_t *bytes, uint32_t known_len,
	     uint32_t unknown_len)
{
	uint32_t first = known_len < MJUM9BYTES ? known_len : MJUM9BYTES;
	uint32_t total = known_len + unknown_len;
	struct mbuf *m;

	assert(total >= known_len);
	if (known_len == 0 && unknown_len > 0) {
		m = get_unknown(pool, unknown_len);
		unknown_len = 0;
	} else {
		m = get_for(pool, first);
	}
	if (m == NULL)
		return NULL;
	if (first > 0) {
		memcpy(m->m_data, bytes, first);
		m->m_len = first;
	}
	m->m_flags |= M_PKTHDR;
	m->m_pkthdr = (struct pkthdr){.len = total};
	if ((known_len > first || unknown_len > 0) &&
	    !append_rest(pool, m, bytes + first, known_len - first,
			 unknown_len)) {
		m_freem(pool, m);
		return NULL;
	}
	return m;
}

struct mbuf *
m_free(struct mbuf_pool *pool, struct mbuf *m)
{
	struct mbuf *next = m->m_next;

	assert(m->m_type != MT_FREE);
	if (m->m_ext != NULL)
		cluster_put(pool, m->m_ext);
	m->m_type = MT_FREE;
	if (m->m_home != pool->home) {
		return_mbuf(pool->family->pool[m->m_home], m);
		return next;
	}
	m->m_next = pool->free_mbufs;
	pool->free_mbufs = m;
	pool->stats.mbufs--;
	return next;
}

void
m_freem(struct mbuf_pool *pool, struct mbuf *m)
{
	while (m != NULL)
		m = m_free(pool, m);
}

uint32_t
m_length(const struct mbuf *m)
{
	uint32_t len = 0;

	for (; m != NULL; m = m->m_next)
		len += m->m_len;
	return len;
}

struct mbuf *
m_last(struct mbuf *m)
{
	while (m->m_next != NULL)
		m = m->m_next;
	return m;
}

bool
m_copydata(const struct mbuf *m, uint32_t off, uint32_t len, uint8_t *dst)
{
	for (; m != NULL && off >= m->m_len; m = m->m_next)
		off -= m->m_len;
	for (; len > 0; m = m->m_next) {
		uint32_t piece;

		if (m == NULL)
			return false;
		piece = m->m_len - off;
		if (piece == 0)
			continue;
		if (m->m_flags & M_UNKNOWN)
			return false;
		if (piece > len)
			piece = len;
		memcpy(dst, m->m_data + off, piece);
		dst += piece;
		len -= piece;
		off = 0;
	}
	return true;
}

struct mbuf *
m_split_ref(struct mbuf_pool *pool, const struct mbuf *m, uint32_t off)
{
	const uint16_t kept = M_NOTREADY | M_DECRYPTED | M_UNKNOWN | M_EXT;
	struct mbuf *n;

	assert(off <= m->m_len);
	n = m_get(pool, (enum mbuf_type)m->m_type);
	if (n == NULL)
		return NULL;
	n->m_flags = m->m_flags & kept;
	n->m_len = m->m_len - off;
	if (m->m_flags & M_UNKNOWN) {
		n->m_data = NULL;
	} else if (m->m_flags & M_EXT) {
		n->m_ext = m->m_ext;
		n->m_ext->refcount++;
		n->m_ext->overlaps = true;
		n->m_data = m->m_data + off;
	} else if (n->m_len > 0) {
		memcpy(n->m_data, m->m_data + off, n->m_len);
	}
	return n;
}

struct mbuf *
m_split(struct mbuf_pool *pool, struct mbuf *m, uint32_t off)
{
	bool exclusive = m_exclusive(m);
	struct mbuf *n = m_split_ref(pool, m, off);

	if (n == NULL)
		return NULL;
	if (exclusive && n->m_ext != NULL)
		n->m_ext->overlaps = false;
	n->m_flags |= m->m_flags & M_ROOM;
	m->m_flags &= (uint16_t)~M_ROOM;
	m->m_len = off;
	n->m_next = m->m_next;
	m->m_next = NULL;
	return n;
}

struct mbuf *
m_unshare(struct mbuf_pool *pool, struct mbuf *m)
{
	struct mbuf *n;

	assert(!(m->m_flags & M_UNKNOWN));
	n = get_for(pool, m->m_len);
	if (n == NULL)
		return NULL;
	if (m->m_len > 0)
		memcpy(n->m_data, m->m_data, m->m_len);
	n->m_len = m->m_len;
	n->m_type = m->m_type;
	n->m_flags |= m->m_flags & (uint16_t)~M_EXT;
	if (m->m_flags & M_PKTHDR)
		n->m_pkthdr = m->m_pkthdr;
	n->m_nextpkt = m->m_nextpkt;
	n->m_next = m_free(pool, m);
	return n;
}

bool
m_writable(const struct mbuf *m)
{
	if (m->m_flags & M_UNKNOWN)
		return false;
	return m->m_ext == NULL || m->m_ext->refcount == 1;
}

bool
m_exclusive(const struct mbuf *m)
{
	if (m->m_flags & M_UNKNOWN)
		return false;
	return m->m_ext == NULL || m->m_ext->refcount == 1 ||
	       !m->m_ext->overlaps;
}

static uint32_t
bytes_behind(const struct mbuf *m)
{
	const uint8_t *end = m->m_ext != NULL
				 ? m->m_ext->storage + m->m_ext->size
				 : (const uint8_t *)m + MSIZE;

	return (uint32_t)(end - (m->m_data + m->m_len));
}

uint32_t
m_trailingspace(const struct mbuf *m)
{
	return m_writable(m) ? bytes_behind(m) : 0;
}

/*
 * Mbufs that were drawn one after the other mostly lie so in memory, and the
 * next row to be looked over is mostly as long.  The links of a chain cannot be
 * followed before they are there, but guessed.
 */
static void
prefetch_behind(const struct mbuf *m, unsigned count)
{
	uintptr_t at = (uintptr_t)m;

	if (count > PREFETCH_MBUFS)
		count = PREFETCH_MBUFS;
	while (count-- > 0) {
		at += MSIZE;
		__builtin_prefetch((const void *)at, 1);
	}
}

void
m_survey(struct mbuf *m, uint32_t len, struct m_survey *survey)
{
	unsigned count = 1;

	*survey = (struct m_survey){.exclusive = true};
	for (;; m = m->m_next, count++) {
		if (m_writable(m))
			m->m_flags |= M_ROOM;
		else if (!m_exclusive(m) && (m->m_flags & M_UNKNOWN) == 0)
			survey->exclusive = false;
		survey->charge += m_charge(m);
		survey->any_of |= m->m_flags;
		if (len <= m->m_len)
			break;
		len -= m->m_len;
	}
	prefetch_behind(m, count);
	survey->last = m;
	survey->end = len;
}

uint32_t
m_room(const struct mbuf *m)
{
	return (m->m_flags & M_ROOM) != 0 ? bytes_behind(m) : 0;
}

uint32_t
m_charge(const struct mbuf *m)
{
	return MSIZE + (m->m_ext != NULL ? m->m_ext->size : 0u);
}
