/*
 * test_matrix_threads.c - FreeBSD's acceptance matrix on real threads.
 *
 * Every row of matrix_freebsd.c on the thread executor: with packets of 1448
 * bytes, with packets and mbufs cut at random, and with a reader that sleeps in
 * its call before the worker begins.  What a row must see is what it must see
 * in virtual time, whenever the threads have their turns.  The seed of a
 * failure is in its message; KTLSIM_TEST_SEED sets it.
 */
#include <check.h>
#include <string.h>

#include "tests/support/matrix_check.h"
#include "tests/support/matrix_freebsd.h"
#include "tests/support/suite_table.h"

enum {
	BLOCK = 8, /* rows of one test, which is one process */
	BLOCKS = MATRIX_FREEBSD_ROWS / BLOCK,
};

Suite *matrix_threads_suite(void);

/* A row is skipped in both executors, or in neither. */
static void
run_row(unsigned index, bool reader_first, bool fragment)
{
	uint64_t seed = matrix_check_seed();
	struct matrix_executor x;
	bool skipped;

	matrix_threads_create(&x, reader_first);
	skipped = matrix_check_row(&x, index, seed, fragment);
	if (!skipped)
		return;
	matrix_virtual_create(&x, NULL);
	ck_assert(matrix_check_row(&x, index, seed, fragment));
}

START_TEST(test_matrix_threads_rows)
{
	for (unsigned i = 0; i < BLOCK; i++)
		run_row((unsigned)_i * BLOCK + i, false, false);
}
END_TEST

START_TEST(test_matrix_threads_rows_with_fragmented_mbufs)
{
	for (unsigned i = 0; i < BLOCK; i++)
		run_row((unsigned)_i * BLOCK + i, false, true);
}
END_TEST

START_TEST(test_matrix_threads_rows_with_a_sleeping_reader)
{
	for (unsigned i = 0; i < BLOCK; i++)
		run_row((unsigned)_i * BLOCK + i, true, i % 2 != 0);
}
END_TEST

START_TEST(test_matrix_threads_listening_socket)
{
	struct matrix_executor x;

	matrix_threads_create(&x, false);
	matrix_check_listen(&x, _i != 0);
}
END_TEST

/* The first row of a stimulus whose suite is that one. */
static void
find_row(const char *stimulus, const char *suite, struct matrix_row *row)
{
	for (unsigned i = 0; matrix_freebsd_row(i, row); i++)
		if (strcmp(row->stimulus_name, stimulus) == 0 &&
		    strcmp(row->suite.name, suite) == 0)
			return;
	ck_abort_msg("no row %s of %s", stimulus, suite);
}

/* Work of worker threads, and of the reader on another. */
static const struct {
	const char *stimulus;
	const char *suite;
	uint64_t records;
	uint64_t calls;
	uint64_t sleeps;
} works[] = {
    /* kevent says that there is something, and no call sleeps. */
    {"short", "aes128_gcm_1_3", 1, 1, 0},
    /* Two calls for each record: one finds a part of it only. */
    {"long", "aes128_gcm_1_3", 4, 8, 4},
    {"long", "chacha20_poly1305_1_2", 4, 8, 4},
    /* Behind the error a call sleeps, in vain. */
    {"bad_mac", "aes128_gcm_1_3", 1, 2, 1},
    /* Behind this one is the end of the stream. */
    {"bad_minor", "aes128_gcm_1_3", 0, 2, 0},
    {"truncated_record", "aes128_gcm_1_3", 0, 2, 0},
    /* The call is there first, and the worker wakes it. */
    {"padding_1", "aes128_cbc_1_2_sha256", 1, 1, 1},
};

START_TEST(test_matrix_threads_workers_decrypt_and_another_thread_reads)
{
	struct matrix_threads_books books;
	struct matrix_executor x;
	struct matrix_report report;
	struct matrix_row row;
	enum matrix_outcome outcome;

	find_row(works[_i].stimulus, works[_i].suite, &row);
	matrix_threads_create(&x, true);
	outcome = matrix_freebsd_run(&row, &x, 1, false, &report);
	matrix_threads_books(&x, &books);
	x.destroy(x.self);
	if (outcome == MATRIX_SKIPPED)
		return;
	ck_assert_msg(outcome == MATRIX_PASSED, "%s", report.message);
	ck_assert_uint_eq(books.records, works[_i].records);
	ck_assert_uint_eq(books.calls, works[_i].calls);
	ck_assert_uint_eq(books.sleeps, works[_i].sleeps);
	ck_assert(books.worker_wakes >= works[_i].records);
}
END_TEST

Suite *
matrix_threads_suite(void)
{
	const struct suite_test tests[] = {
	    {"rows", test_matrix_threads_rows, BLOCKS},
	    {"rows_with_fragmented_mbufs",
	     test_matrix_threads_rows_with_fragmented_mbufs, BLOCKS},
	    {"rows_with_a_sleeping_reader",
	     test_matrix_threads_rows_with_a_sleeping_reader, BLOCKS},
	    {"listening_socket", test_matrix_threads_listening_socket, 2},
	    {"workers_decrypt_and_another_thread_reads",
	     test_matrix_threads_workers_decrypt_and_another_thread_reads,
	     (int)(sizeof(works) / sizeof(works[0]))},
	};

	return suite_create_table("matrix_threads", tests,
				  sizeof(tests) / sizeof(tests[0]), NULL, NULL,
				  120);
}
