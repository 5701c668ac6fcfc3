/*
 * test_mbuf.c - storage choice, sharing, and bookkeeping of the mbuf pool.
 *
 * The oracle for contents is a flat array of bytes.
 */
#include "engine/mbuf.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

static struct mbuf_pool *pool;
static uint8_t flat[65536];

static void
setup(void)
{
	pool = mbuf_pool_create(0);
	ck_assert_ptr_nonnull(pool);
	for (size_t i = 0; i < sizeof(flat); i++)
		flat[i] = (uint8_t)(i * 31 + i / 251);
}

static void
teardown(void)
{
	mbuf_pool_destroy(pool);
}

static uint64_t
live(void)
{
	struct mbuf_pool_stats stats;

	mbuf_pool_read_stats(pool, &stats);
	return stats.mbufs + stats.clusters;
}

struct storage_row {
	uint32_t known;
	uint32_t unknown;
	uint32_t mbufs;
	uint32_t charge;
};

static const struct storage_row storage_rows[] = {
    {0, 0, 1, 256},
    {1, 0, 1, 256},
    {MLEN, 0, 1, 256},
    {MLEN + 1, 0, 1, 256 + 2048},
    {1448, 0, 1, 256 + 2048},
    {2048, 0, 1, 256 + 2048},
    {2049, 0, 1, 256 + 4096},
    {4096, 0, 1, 256 + 4096},
    {4097, 0, 1, 256 + 9216},
    {9216, 0, 1, 256 + 9216},
    {9217, 0, 2, 256 + 9216 + 256},
    {20000, 0, 3, 256 + 9216 + 256 + 9216 + 256 + 2048},
    {0, 1, 1, 256},
    {0, 65535, 1, 256},
    {60, 1388, 2, 256 + 256},
    {9217, 5, 3, 256 + 9216 + 256 + 256},
};

START_TEST(test_mbuf_from_bytes_takes_the_smallest_storage)
{
	const struct storage_row *row = &storage_rows[_i];
	struct mbuf *m = m_from_bytes(pool, flat, row->known, row->unknown);
	uint32_t mbufs = 0, charge = 0;
	uint8_t copy[20000];

	ck_assert_uint_ne(m->m_flags & M_PKTHDR, 0);
	ck_assert_uint_eq(m->m_pkthdr.len, row->known + row->unknown);
	ck_assert_uint_eq(m->m_pkthdr.csum_flags, 0);
	for (struct mbuf *n = m; n != NULL; n = n->m_next) {
		mbufs++;
		charge += m_charge(n);
		ck_assert(n == m || (n->m_flags & M_PKTHDR) == 0);
	}
	ck_assert_uint_eq(mbufs, row->mbufs);
	ck_assert_uint_eq(charge, row->charge);
	ck_assert_uint_eq(m_length(m), row->known + row->unknown);
	ck_assert(m_copydata(m, 0, row->known, copy));
	ck_assert_mem_eq(copy, flat, row->known);
	ck_assert(row->unknown == 0 || !m_copydata(m, row->known, 1, copy));
	ck_assert_ptr_null(m_last(m)->m_next);
	m_freem(pool, m);
}
END_TEST

/* 3 + 200 (cluster) + 0 + 4 unknown + 5 bytes. */
static struct mbuf *
mixed_chain(void)
{
	struct mbuf *m = m_from_bytes(pool, flat, 3, 0);

	m->m_next = m_from_bytes(pool, flat + 3, 200, 0);
	m->m_next->m_next = m_get(pool, MT_DATA);
	m->m_next->m_next->m_next = m_from_bytes(pool, NULL, 0, 4);
	m_last(m)->m_next = m_from_bytes(pool, flat + 207, 5, 0);
	return m;
}

START_TEST(test_mbuf_copydata_equals_the_flat_bytes_for_every_range)
{
	struct mbuf *m = mixed_chain();
	uint8_t copy[212];

	for (uint32_t off = 0; off <= 212; off++)
		for (uint32_t len = 0; off + len <= 212; len++) {
			bool known = len == 0 || off + len <= 203 || off >= 207;

			ck_assert(m_copydata(m, off, len, copy) == known);
			ck_assert(!known || memcmp(copy, flat + off, len) == 0);
		}
	ck_assert(!m_copydata(m, 208, 5, copy));
	ck_assert(!m_copydata(m, 300, 1, copy));
	m_freem(pool, m);
}
END_TEST

struct split_row {
	uint32_t known;
	uint32_t unknown;
	uint32_t clusters;
};

static const struct split_row split_rows[] = {
    {100, 0, 0},
    {400, 0, 1},
    {5000, 0, 1},
    {0, 90, 0},
};

static void
check_part(const struct mbuf *m, uint32_t off, uint32_t len)
{
	const uint16_t marks = M_NOTREADY | M_DECRYPTED;
	uint8_t copy[5000];

	ck_assert_uint_eq(m->m_len, len);
	ck_assert_uint_eq(m->m_flags & marks, marks);
	ck_assert_uint_eq(m->m_type, MT_DATA);
	if (m->m_flags & M_UNKNOWN) {
		ck_assert_ptr_null(m->m_data);
		return;
	}
	ck_assert(m_copydata(m, 0, len, copy));
	ck_assert_mem_eq(copy, flat + off, len);
	ck_assert(m_exclusive(m));
}

START_TEST(test_mbuf_split_keeps_bytes_marks_and_exclusive_ranges)
{
	const struct split_row *row = &split_rows[_i];
	uint32_t len = row->known + row->unknown;

	for (uint32_t off = 0; off <= len; off += 1 + off / 64) {
		struct mbuf *m =
		    m_from_bytes(pool, flat, row->known, row->unknown);
		struct mbuf *follower = m_get(pool, MT_DATA);
		struct mbuf *n;

		m->m_flags |= M_NOTREADY | M_DECRYPTED;
		m->m_next = follower;
		n = m_split(pool, m, off);
		ck_assert_ptr_null(m->m_next);
		ck_assert_ptr_eq(n->m_next, follower);
		ck_assert_uint_eq(n->m_flags & M_PKTHDR, 0);
		check_part(m, 0, off);
		check_part(n, off, len - off);
		ck_assert_uint_eq(live(), 3 + row->clusters);
		m_freem(pool, m);
		check_part(n, off, len - off);
		m_freem(pool, n);
		ck_assert_uint_eq(live(), 0);
	}
}
END_TEST

START_TEST(test_mbuf_split_ref_leaves_the_first_whole_and_neither_exclusive)
{
	struct mbuf *m = m_from_bytes(pool, flat, 1000, 0);
	struct mbuf *n = m_split_ref(pool, m, 400);

	ck_assert_uint_eq(m->m_len, 1000);
	ck_assert_uint_eq(n->m_len, 600);
	ck_assert_ptr_eq(n->m_data, m->m_data + 400);
	ck_assert(!m_exclusive(m) && !m_exclusive(n));
	ck_assert(!m_writable(m) && !m_writable(n));
	ck_assert_uint_eq(m_trailingspace(n), 0);
	m_freem(pool, m);
	ck_assert(m_exclusive(n) && m_writable(n));
	m = m_split(pool, n, 100);
	ck_assert(m_exclusive(m) && m_exclusive(n));
	ck_assert(!m_writable(m) && !m_writable(n));
	m_freem(pool, m);
	m_freem(pool, n);
}
END_TEST

START_TEST(test_mbuf_split_of_an_overlapped_mbuf_does_not_claim_exclusiveness)
{
	struct mbuf *m = m_from_bytes(pool, flat, 1000, 0);
	struct mbuf *other = m_split_ref(pool, m, 0);
	struct mbuf *n = m_split(pool, m, 500);

	ck_assert(!m_exclusive(m) && !m_exclusive(n) && !m_exclusive(other));
	m_freem(pool, m);
	m_freem(pool, n);
	m_freem(pool, other);
}
END_TEST

START_TEST(test_mbuf_unshare_gives_storage_of_its_own)
{
	struct mbuf *m = m_from_bytes(pool, flat, 1000, 0);
	struct mbuf *other = m_split_ref(pool, m, 0);
	struct mbuf *follower = m_get(pool, MT_DATA);
	uint8_t copy[1000];

	m->m_flags |= M_NOTREADY | M_DECRYPTED;
	m->m_pkthdr.flow = 77;
	m->m_next = follower;
	m = m_unshare(pool, m);
	ck_assert(m_writable(m) && m_writable(other));
	ck_assert_ptr_eq(m->m_next, follower);
	ck_assert_uint_eq(m->m_flags,
			  M_NOTREADY | M_DECRYPTED | M_PKTHDR | M_EXT);
	ck_assert_uint_eq(m->m_pkthdr.flow, 77);
	memset(m->m_data, 0, m->m_len);
	ck_assert(m_copydata(other, 0, 1000, copy));
	ck_assert_mem_eq(copy, flat, 1000);
	m_freem(pool, m);
	m_freem(pool, other);
}
END_TEST

START_TEST(test_mbuf_unshare_of_no_bytes_gives_them_up)
{
	struct mbuf *m = m_from_bytes(pool, flat, 1000, 0);
	struct mbuf *other = m_split_ref(pool, m, 1000);

	ck_assert_uint_eq(other->m_len, 0);
	ck_assert(!m_writable(m));
	other = m_unshare(pool, other);
	ck_assert_uint_eq(other->m_len, 0);
	ck_assert(m_writable(m) && m_writable(other));
	m_freem(pool, m);
	m_freem(pool, other);
}
END_TEST

START_TEST(test_mbuf_trailing_space_ends_at_the_storage)
{
	struct mbuf *m = m_get(pool, MT_CONTROL);
	struct mbuf *n = m_getjcl(pool, MT_DATA, MJUMPAGESIZE);
	struct mbuf *u = m_from_bytes(pool, NULL, 0, 10);

	ck_assert_uint_eq(m->m_type, MT_CONTROL);
	ck_assert_uint_eq(m_trailingspace(m), MLEN);
	m->m_data += 8;
	m->m_len = 10;
	ck_assert_uint_eq(m_trailingspace(m), MLEN - 18);
	ck_assert_uint_eq(m_trailingspace(n), 4096);
	n->m_len = 4096;
	ck_assert_uint_eq(m_trailingspace(n), 0);
	memset(n->m_data, 0xff, 4096);
	ck_assert_uint_eq(m_trailingspace(u), 0);
	ck_assert(!m_writable(u) && !m_exclusive(u));
	m_freem(pool, m);
	m_freem(pool, n);
	m_freem(pool, u);
}
END_TEST

/* A cluster, inline bytes, bytes that nobody has, a cluster that is shared. */
struct survey_row {
	uint32_t len;
	uint32_t mbufs;
	uint32_t end;
	uint32_t charge;
	uint16_t any_of;
	bool exclusive;
};

static const struct survey_row survey_rows[] = {
    {1, 1, 1, 2304, M_EXT, true},
    {1000, 1, 1000, 2304, M_EXT, true},
    {1001, 2, 1, 2560, M_EXT | M_DECRYPTED, true},
    {1100, 2, 100, 2560, M_EXT | M_DECRYPTED, true},
    {1150, 3, 50, 2816, M_EXT | M_DECRYPTED | M_UNKNOWN, true},
    {1151, 4, 1, 5120, M_EXT | M_DECRYPTED | M_UNKNOWN, false},
    {1450, 4, 300, 5120, M_EXT | M_DECRYPTED | M_UNKNOWN, false},
};

START_TEST(test_mbuf_survey_tells_what_a_row_of_mbufs_is_like)
{
	static const uint32_t lens[4] = {1000, 100, 0, 300};
	const struct survey_row *row = &survey_rows[_i];
	struct mbuf *m[4], *other;
	struct m_survey survey;

	for (int i = 0; i < 4; i++) {
		m[i] = m_from_bytes(pool, flat, lens[i], i == 2 ? 50 : 0);
		m[i]->m_flags &= (uint16_t)~M_PKTHDR;
		if (i > 0)
			m[i - 1]->m_next = m[i];
	}
	m[1]->m_flags |= M_DECRYPTED;
	other = m_split_ref(pool, m[3], 0);
	m_survey(m[0], row->len, &survey);
	ck_assert_ptr_eq(survey.last, m[row->mbufs - 1]);
	ck_assert_uint_eq(survey.end, row->end);
	ck_assert_uint_eq(survey.charge, row->charge);
	ck_assert_uint_eq(survey.any_of & ~M_ROOM, row->any_of);
	ck_assert(survey.exclusive == row->exclusive);
	for (uint32_t i = 0; i < 4; i++)
		ck_assert_uint_eq(m_room(m[i]),
				  i < row->mbufs ? m_trailingspace(m[i]) : 0);
	m_freem(pool, m[0]);
	m_freem(pool, other);
}
END_TEST

START_TEST(test_mbuf_room_goes_to_the_last_part_of_a_cluster)
{
	struct mbuf *m = m_from_bytes(pool, flat, 1448, 0), *n, *o, *other;
	struct m_survey survey;

	m_survey(m, 1448, &survey);
	ck_assert_uint_eq(m_room(m), 600);
	n = m_split(pool, m, 1000);
	ck_assert_uint_eq(m_room(m), 0);
	ck_assert_uint_eq(m_room(n), 600);
	ck_assert_uint_eq(m_trailingspace(n), 0);
	o = m_split(pool, n, 100);
	ck_assert_uint_eq(m_room(n), 0);
	ck_assert_uint_eq(m_room(o), 600);
	/* Looking again while they are shared gives and takes nothing. */
	m_survey(m, 1000, &survey);
	m_survey(n, 100, &survey);
	m_survey(o, 348, &survey);
	ck_assert_uint_eq(m_room(m) + m_room(n), 0);
	ck_assert_uint_eq(m_room(o), 600);
	other = m_split_ref(pool, o, 48);
	ck_assert_uint_eq(m_room(other), 0);
	m_freem(pool, other);
	m_freem(pool, o);
	m_freem(pool, n);
	m_survey(m, 1000, &survey);
	ck_assert_uint_eq(m_room(m), 1048);
	m_freem(pool, m);
}
END_TEST

START_TEST(test_mbuf_every_failing_request_leaks_nothing)
{
	struct mbuf_pool_stats stats;
	uint64_t nth;

	/* Three clusters with their mbufs, and one unknown mbuf. */
	for (nth = 1; nth <= 7; nth++) {
		mbuf_pool_fail_after(pool, nth);
		ck_assert_ptr_null(m_from_bytes(pool, flat, 20000, 9));
		ck_assert_uint_eq(live(), 0);
	}
	mbuf_pool_fail_after(pool, nth);
	m_freem(pool, m_from_bytes(pool, flat, 20000, 9));
	mbuf_pool_fail_after(pool, 1);
	mbuf_pool_fail_after(pool, 0);
	m_freem(pool, m_from_bytes(pool, flat, 1, 0));
	mbuf_pool_read_stats(pool, &stats);
	ck_assert_uint_eq(stats.refused, 7);
	ck_assert_uint_eq(stats.mbufs_max, 4);
}
END_TEST

START_TEST(test_mbuf_failing_split_changes_nothing)
{
	struct mbuf *m = m_from_bytes(pool, flat, 1000, 0);

	mbuf_pool_fail_after(pool, 1);
	ck_assert_ptr_null(m_split(pool, m, 10));
	ck_assert_uint_eq(m->m_len, 1000);
	ck_assert(m_writable(m));
	mbuf_pool_fail_after(pool, 2);
	ck_assert_ptr_null(m_unshare(pool, m));
	ck_assert_uint_eq(live(), 2);
	m_freem(pool, m);
}
END_TEST

START_TEST(test_mbuf_pool_stays_inside_its_limit_and_recovers)
{
	struct mbuf_pool *small = mbuf_pool_create(200000);
	struct mbuf_pool_stats stats;
	struct mbuf *chain = NULL;
	uint64_t first = 0;

	for (int round = 0; round < 2; round++) {
		struct mbuf *m;
		uint64_t got = 0;

		for (; (m = m_from_bytes(small, flat, 1448, 0)); got++) {
			m->m_next = chain;
			chain = m;
		}
		mbuf_pool_read_stats(small, &stats);
		ck_assert_uint_le(stats.storage_bytes, 200000);
		ck_assert_uint_gt(got, 50);
		ck_assert(round == 0 || got == first);
		first = got;
		m_freem(small, chain);
		chain = NULL;
	}
	ck_assert_uint_eq(stats.refused, 2);
	mbuf_pool_destroy(small);
}
END_TEST

/* Random draws and frees against a table of what each mbuf must hold. */
START_TEST(test_mbuf_random_use_keeps_contents_and_counts)
{
	enum { SLOTS = 64, STEPS = 20000 };
	struct mbuf *slots[SLOTS] = {0};
	uint32_t off[SLOTS], len[SLOTS];
	uint8_t copy[12000];
	struct mbuf_pool_stats stats;

	srand(4711);
	for (int step = 0; step < STEPS; step++) {
		int i = rand() % SLOTS;

		if (slots[i] != NULL) {
			ck_assert(m_copydata(slots[i], 0, len[i], copy));
			ck_assert_mem_eq(copy, flat + off[i], len[i]);
			m_freem(pool, slots[i]);
			slots[i] = NULL;
			continue;
		}
		off[i] = (uint32_t)(rand() % 40000);
		len[i] = (uint32_t)(rand() % (rand() % 4 ? 1500 : 12000));
		slots[i] = m_from_bytes(pool, flat + off[i], len[i], 0);
	}
	for (int i = 0; i < SLOTS; i++)
		m_freem(pool, slots[i]);
	mbuf_pool_read_stats(pool, &stats);
	ck_assert_uint_eq(stats.mbufs + stats.clusters, 0);
	ck_assert_uint_lt(stats.storage_bytes, 2u << 20);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *mbuf_suite(void);

Suite *
mbuf_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_mbuf_from_bytes_takes_the_smallest_storage,
		 COUNT(storage_rows)),
	    TEST(test_mbuf_copydata_equals_the_flat_bytes_for_every_range, 0),
	    TEST(test_mbuf_split_keeps_bytes_marks_and_exclusive_ranges,
		 COUNT(split_rows)),
	    TEST(
		test_mbuf_split_ref_leaves_the_first_whole_and_neither_exclusive,
		0),
	    TEST(
		test_mbuf_split_of_an_overlapped_mbuf_does_not_claim_exclusiveness,
		0),
	    TEST(test_mbuf_unshare_gives_storage_of_its_own, 0),
	    TEST(test_mbuf_unshare_of_no_bytes_gives_them_up, 0),
	    TEST(test_mbuf_trailing_space_ends_at_the_storage, 0),
	    TEST(test_mbuf_survey_tells_what_a_row_of_mbufs_is_like,
		 COUNT(survey_rows)),
	    TEST(test_mbuf_room_goes_to_the_last_part_of_a_cluster, 0),
	    TEST(test_mbuf_every_failing_request_leaks_nothing, 0),
	    TEST(test_mbuf_failing_split_changes_nothing, 0),
	    TEST(test_mbuf_pool_stays_inside_its_limit_and_recovers, 0),
	    TEST(test_mbuf_random_use_keeps_contents_and_counts, 0),
	};

	return suite_create_table("mbuf", tests, (size_t)COUNT(tests), setup,
				  teardown, 0);
}
