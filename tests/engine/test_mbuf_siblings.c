/*
 * test_mbuf_siblings.c - mbufs that one thread draws and another frees.
 *
 * By hand first, then with real threads that pass mbufs round in a ring: every
 * one comes home, and the memory of a pool does not grow with what passed.
 */
#include <check.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "engine/mbuf.h"
#include "tests/support/suite_table.h"

Suite *mbuf_siblings_suite(void);

enum { THREADS = 4, ROUNDS = 20000, SLAB_MBUFS = 64 };

static struct mbuf_pool *home, *away;

static void
setup(void)
{
	home = mbuf_pool_create(0);
	away = mbuf_pool_create_sibling(home);
	ck_assert_ptr_nonnull(away);
}

static void
teardown(void)
{
	mbuf_pool_destroy(home);
}

static struct mbuf_pool_stats
stats_of(const struct mbuf_pool *pool)
{
	struct mbuf_pool_stats stats;

	mbuf_pool_read_stats(pool, &stats);
	return stats;
}

/* What was freed abroad is live until its home needs it. */
START_TEST(test_mbuf_siblings_send_storage_home)
{
	struct mbuf *first, *m;
	uint64_t bytes;

	first = m_getjcl(home, MT_DATA, MCLBYTES);
	bytes = stats_of(home).storage_bytes;
	m_free(away, first);
	ck_assert_uint_eq(stats_of(home).mbufs, 1);
	ck_assert_uint_eq(stats_of(home).clusters, 1);
	ck_assert_uint_eq(stats_of(away).mbufs, 0);
	for (int i = 0; i < 10 * SLAB_MBUFS; i++) {
		m = m_getjcl(home, MT_DATA, MCLBYTES);
		ck_assert_ptr_nonnull(m);
		m_free(away, m);
	}
	ck_assert_uint_eq(stats_of(home).storage_bytes, bytes);
	ck_assert_uint_eq(stats_of(away).storage_bytes, 0);
}
END_TEST

/* Every size comes home, also where another size is asked for. */
START_TEST(test_mbuf_siblings_return_clusters_of_every_size)
{
	static const enum mbuf_size sizes[] = {MCLBYTES, MJUMPAGESIZE,
					       MJUM9BYTES};

	for (int i = 0; i < 300; i++)
		m_free(away, m_getjcl(home, MT_DATA, sizes[i % 3]));
	m_free(home, m_getjcl(home, MT_DATA, MCLBYTES));
	ck_assert_uint_le(stats_of(home).storage_bytes, 300 * 1024);
}
END_TEST

/* The cluster of one pool under the mbufs of two: the last one frees it. */
START_TEST(test_mbuf_siblings_share_a_cluster)
{
	struct mbuf *m = m_getjcl(home, MT_DATA, MCLBYTES);
	struct mbuf *rest;

	m->m_len = 1000;
	memset(m->m_data, 7, 1000);
	rest = m_split(away, m, 400);
	ck_assert_uint_eq(stats_of(away).mbufs, 1);
	ck_assert(m_exclusive(m) && m_exclusive(rest));
	ck_assert(!m_writable(m) && !m_writable(rest));
	m_free(away, m);
	ck_assert(m_writable(rest));
	ck_assert_int_eq(rest->m_data[0], 7);
	m_free(home, rest);
	ck_assert_uint_eq(stats_of(home).clusters, 0);
}
END_TEST

START_TEST(test_mbuf_siblings_are_limited_in_number)
{
	for (int i = 2; i < MBUF_SIBLINGS_MAX; i++)
		ck_assert_ptr_nonnull(mbuf_pool_create_sibling(home));
	ck_assert_ptr_null(mbuf_pool_create_sibling(home));
	ck_assert_ptr_null(mbuf_pool_create_sibling(away));
}
END_TEST

/* One thread of the ring: it draws, and frees what the one before it drew. */
struct link {
	struct mbuf_pool *pool;
	struct link *next;
	_Atomic(struct mbuf *) inbox;
	pthread_barrier_t *start;
	atomic_uint *senders; /* that have not sent all */
	pthread_t thread;
	uint64_t wrong;
};

/* Whoever takes it out owns it; NULL: nothing there yet. */
static void
take_one(struct link *link)
{
	struct mbuf *m = atomic_exchange(&link->inbox, NULL);

	if (m == NULL)
		return;
	for (uint32_t i = 0; i < m->m_len; i++)
		link->wrong += m->m_data[i] != m->m_data[0];
	m_freem(link->pool, m);
}

static void
send_one(struct link *link, int round)
{
	uint8_t bytes[MLEN * 4];
	uint32_t len = 1 + (uint32_t)round * 37 % (uint32_t)sizeof(bytes);
	struct mbuf *none = NULL, *m;

	memset(bytes, round, len);
	m = m_from_bytes(link->pool, bytes, len, 0);
	while (!atomic_compare_exchange_weak(&link->next->inbox, &none, m)) {
		none = NULL;
		take_one(link);
		sched_yield();
	}
}

static void *
link_main(void *arg)
{
	struct link *link = arg;

	pthread_barrier_wait(link->start);
	for (int i = 0; i < ROUNDS; i++) {
		send_one(link, i);
		take_one(link);
	}
	atomic_fetch_sub(link->senders, 1);
	while (atomic_load(link->senders) > 0) {
		take_one(link);
		sched_yield();
	}
	return NULL;
}

START_TEST(test_mbuf_siblings_pass_mbufs_round_a_ring_of_threads)
{
	struct link ring[THREADS] = {0};
	pthread_barrier_t start;
	atomic_uint senders = THREADS;

	pthread_barrier_init(&start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		ring[i].pool = mbuf_pool_create_sibling(home);
		ring[i].next = &ring[(i + 1) % THREADS];
		ring[i].start = &start;
		ring[i].senders = &senders;
	}
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(
		    pthread_create(&ring[i].thread, NULL, link_main, &ring[i]),
		    0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(ring[i].thread, NULL);
	for (int i = 0; i < THREADS; i++) {
		take_one(&ring[i]);
		ck_assert_uint_eq(ring[i].wrong, 0);
		/* One in flight each: a slab of every kind suffices. */
		ck_assert_uint_le(stats_of(ring[i].pool).storage_bytes,
				  512 * 1024);
	}
	pthread_barrier_destroy(&start);
}
END_TEST

Suite *
mbuf_siblings_suite(void)
{
	const struct suite_test tests[] = {
	    {"send_storage_home", test_mbuf_siblings_send_storage_home, 0},
	    {"return_clusters_of_every_size",
	     test_mbuf_siblings_return_clusters_of_every_size, 0},
	    {"share_a_cluster", test_mbuf_siblings_share_a_cluster, 0},
	    {"are_limited_in_number", test_mbuf_siblings_are_limited_in_number,
	     0},
	    {"pass_mbufs_round_a_ring_of_threads",
	     test_mbuf_siblings_pass_mbufs_round_a_ring_of_threads, 0},
	};

	return suite_create_table("mbuf_siblings", tests,
				  sizeof(tests) / sizeof(tests[0]), setup,
				  teardown, 120);
}
