/*
 * matrix_check.h - rows of the FreeBSD matrix as checks of a test.
 *
 * Every check takes a new executor and destroys it.  One that fails ends the
 * test with a message.
 */
#ifndef TESTS_SUPPORT_MATRIX_CHECK_H
#define TESTS_SUPPORT_MATRIX_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/support/matrix_executor.h"

/* The first seed of a test: KTLSIM_TEST_SEED, or always the same. */
uint64_t matrix_check_seed(void);

/* matrix_freebsd_run of the row of an index.  True: it was skipped. */
bool matrix_check_row(const struct matrix_executor *x, unsigned index,
		      uint64_t seed, bool fragment);

/* With KTLS receive no listening, or the other way around. */
void matrix_check_listen(const struct matrix_executor *x, bool listen_first);
#endif
