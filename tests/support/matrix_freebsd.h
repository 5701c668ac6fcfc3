/*
 * matrix_freebsd.h - the receive tests of FreeBSD's ktls_test as a table.
 *
 * 328 rows, made of suites and stimuli, and the runner of one row over any
 * executor.  Order of use: matrix_freebsd_row for an index, then
 * matrix_freebsd_run on a fresh executor.
 */
#ifndef TESTS_SUPPORT_MATRIX_FREEBSD_H
#define TESTS_SUPPORT_MATRIX_FREEBSD_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/suite.h"
#include "tests/support/matrix_executor.h"

enum { MATRIX_FREEBSD_ROWS = 328 };

struct matrix_suite {
	const char *name;
	enum tls_version version;
	enum tls_cipher cipher;
	enum tls_hash mac;
	uint8_t key_len;
};

enum matrix_outcome {
	MATRIX_PASSED,
	MATRIX_FAILED,	/* `message` says why */
	MATRIX_SKIPPED, /* the back end has no such cipher */
};

struct matrix_stimulus; /* private to matrix_freebsd.c */

struct matrix_row {
	const char *stimulus_name;
	struct matrix_suite suite;
	int enable_error;			/* what enable must return */
	const struct matrix_stimulus *stimulus; /* NULL: enable is all */
};

struct matrix_report {
	char message[200];
};

/* The row of an index; false past the end. */
bool matrix_freebsd_row(unsigned index, struct matrix_row *row);

/*
 * Run one row on an executor that is new.  Keys, payload, record number and the
 * sizes of packets follow from seed; `fragment` cuts their mbufs as well.
 */
enum matrix_outcome matrix_freebsd_run(const struct matrix_row *row,
				       const struct matrix_executor *x,
				       uint64_t seed, bool fragment,
				       struct matrix_report *report);
#endif
