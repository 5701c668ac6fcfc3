/*
 * test_matrix_freebsd.c - FreeBSD's acceptance matrix, row by row.
 *
 * Every row of matrix_freebsd.c runs with packets of 1448 bytes and again,
 * several times, with packets and mbufs cut at random.  The seed of a failure
 * is in its message; KTLSIM_TEST_SEED sets it.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/matrix_check.h"
#include "tests/support/matrix_freebsd.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum {
	FRAGMENTED_RUNS = 4,
	BLOCK = 8, /* rows of one test, which is one process */
	BLOCKS = MATRIX_FREEBSD_ROWS / BLOCK,
};

static bool
run_row(unsigned index, uint64_t seed, bool fragment)
{
	struct matrix_executor x;

	matrix_virtual_create(&x, NULL);
	return matrix_check_row(&x, index, seed, fragment);
}

START_TEST(test_matrix_freebsd_rows)
{
	for (unsigned i = 0; i < BLOCK; i++)
		run_row((unsigned)_i * BLOCK + i, matrix_check_seed(), false);
}
END_TEST

START_TEST(test_matrix_freebsd_rows_with_fragmented_mbufs)
{
	for (unsigned i = 0; i < BLOCK; i++)
		for (uint64_t k = 0; k < FRAGMENTED_RUNS; k++)
			run_row((unsigned)_i * BLOCK + i,
				matrix_check_seed() + k, true);
}
END_TEST

/* The kernel's own count, per kind of test. */
static const struct {
	const char *prefix;
	unsigned rows;
} counts[] = {
    {"short", 14 + 10 + 3}, /* short, short_header, short_padded */
    {"long", 14 + 3},	      {"bad_data", 14},
    {"bad_mac", 14},	      {"bad_major", 14},
    {"bad_minor", 14},	      {"bad_padding", 8},
    {"bad_iv", 10},	      {"bad_type", 3},
    {"truncated_record", 14}, {"small_record", 14},
    {"oversized_record", 14}, {"padding_", 16 * 8 + 2 * 8},
    {"non_block_size", 8},    {"invalid", 11},
    {"unsupported", 2},	      {"", MATRIX_FREEBSD_ROWS},
};

START_TEST(test_matrix_freebsd_has_every_row_of_the_kernels_tests)
{
	struct matrix_row row;
	unsigned found = 0;

	for (unsigned i = 0; matrix_freebsd_row(i, &row); i++)
		found += strncmp(row.stimulus_name, counts[_i].prefix,
				 strlen(counts[_i].prefix)) == 0;
	ck_assert_uint_eq(found, counts[_i].rows);
}
END_TEST

/* Rows whose cipher the back end lacks are told, not hidden. */
START_TEST(test_matrix_freebsd_tells_what_it_skips)
{
	unsigned skipped = 0;

	for (unsigned i = 0; i < MATRIX_FREEBSD_ROWS; i++)
		skipped += run_row(i, 1, false);
	if (skipped > 0)
		fprintf(stderr,
			"matrix_freebsd: %u of %d rows skipped: the "
			"back end lacks their cipher\n",
			skipped, MATRIX_FREEBSD_ROWS);
	/* All rows of the CBC suites, or none. */
	ck_assert(skipped == 0 || skipped == 248);
}
END_TEST

START_TEST(test_matrix_freebsd_listening_socket)
{
	for (int listen_first = 0; listen_first < 2; listen_first++) {
		struct matrix_executor x;

		matrix_virtual_create(&x, NULL);
		matrix_check_listen(&x, listen_first != 0);
	}
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *matrix_freebsd_suite(void);

Suite *
matrix_freebsd_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_matrix_freebsd_has_every_row_of_the_kernels_tests,
		 COUNT(counts)),
	    TEST(test_matrix_freebsd_rows, BLOCKS),
	    TEST(test_matrix_freebsd_rows_with_fragmented_mbufs, BLOCKS),
	    TEST(test_matrix_freebsd_tells_what_it_skips, 0),
	    TEST(test_matrix_freebsd_listening_socket, 0),
	};

	return suite_create_table("matrix_freebsd", tests, (size_t)COUNT(tests),
				  NULL, NULL, 60);
}
