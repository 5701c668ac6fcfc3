/*
 * test_creation.c - making the engine's pools without memory.
 *
 * Every allocation fails in turn.  Nothing is made then, what there was is as
 * it was, and the next try succeeds.
 */
#include <stdbool.h>
#include <stddef.h>

#include "engine/aead.h"
#include "engine/mbuf.h"
#include "tests/sabotage/libc_faults.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum { REQUESTS_MAX = 20 };

static struct mbuf_pool *first; /* has an mbuf in use */

static void *
make_pool(void)
{
	return mbuf_pool_create(0);
}

static void
drop_pool(void *pool)
{
	mbuf_pool_destroy(pool);
}

static void *
make_sibling(void)
{
	return mbuf_pool_create_sibling(first);
}

/* A sibling goes with the first: use it, and leave it. */
static void
use_sibling(void *sibling)
{
	struct mbuf *m = m_get(sibling, MT_DATA);

	ck_assert_ptr_nonnull(m);
	m_freem(first, m);
}

static void *
make_contexts(void)
{
	return aead_pool_create(3);
}

static void
drop_contexts(void *pool)
{
	aead_pool_destroy(pool);
}

static const struct {
	void *(*make)(void);
	void (*drop)(void *made);
	unsigned requests;
} rows[] = {
    {make_pool, drop_pool, 1},
    {make_sibling, use_sibling, 2},
    {make_contexts, drop_contexts, 3},
};

START_TEST(test_creation_fails_as_a_whole_and_can_be_tried_again)
{
	struct mbuf *kept;
	void *made = NULL;
	unsigned failed = 0;
	bool hit;

	/* OpenSSL does not begin without memory; it is to have begun. */
	aead_pool_destroy(aead_pool_create(1));
	first = mbuf_pool_create(0);
	kept = m_get(first, MT_DATA);
	ck_assert_ptr_nonnull(kept);
	while (made == NULL) {
		ck_assert_uint_lt(failed, REQUESTS_MAX);
		libc_faults_after(failed + 1);
		made = rows[_i].make();
		hit = libc_faults_hit();
		libc_faults_after(0);
		ck_assert(made != NULL || hit);
		failed += made == NULL;
	}
	ck_assert_uint_eq(failed, rows[_i].requests);
	rows[_i].drop(made);
	m_freem(first, kept);
	mbuf_pool_destroy(first);
}
END_TEST

/* A pool whose slabs cannot be had refuses, and goes on when they can. */
START_TEST(test_creation_of_a_slab_fails_and_is_tried_again)
{
	struct mbuf *m = NULL;
	struct mbuf_pool_stats stats;

	first = mbuf_pool_create(0);
	for (unsigned nth = 1; nth <= 2; nth++) {
		libc_faults_after(nth);
		m = m_getjcl(first, MT_DATA, MJUM9BYTES);
		ck_assert(libc_faults_hit());
		ck_assert_ptr_null(m);
		mbuf_pool_read_stats(first, &stats);
		ck_assert_uint_eq(stats.mbufs, 0);
		ck_assert_uint_eq(stats.refused, nth);
	}
	m = m_getjcl(first, MT_DATA, MJUM9BYTES);
	ck_assert_ptr_nonnull(m);
	m_freem(first, m);
	mbuf_pool_destroy(first);
}
END_TEST

Suite *creation_suite(void);

Suite *
creation_suite(void)
{
	const struct suite_test tests[] = {
	    {"test_creation_fails_as_a_whole_and_can_be_tried_again",
	     test_creation_fails_as_a_whole_and_can_be_tried_again, ROWS(rows)},
	    {"test_creation_of_a_slab_fails_and_is_tried_again",
	     test_creation_of_a_slab_fails_and_is_tried_again, 0},
	};

	return suite_create_table("creation", tests, (size_t)ROWS(tests), NULL,
				  NULL, 0);
}
