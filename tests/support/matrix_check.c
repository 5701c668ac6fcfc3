/*
 * matrix_check.c - rows of the FreeBSD matrix as checks of a test.
 *
 * What the tests of every executor share.  Apart from matrix_freebsd.c, so that
 * the table needs no test framework.
 */
#include "tests/support/matrix_check.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "tests/support/matrix_freebsd.h"

uint64_t
matrix_check_seed(void)
{
	const char *text = getenv("KTLSIM_TEST_SEED");

	return text != NULL ? strtoull(text, NULL, 0) : 20261;
}

bool
matrix_check_row(const struct matrix_executor *x, unsigned index, uint64_t seed,
		 bool fragment)
{
	struct matrix_row row;
	struct matrix_report report;
	enum matrix_outcome outcome;

	ck_assert(matrix_freebsd_row(index, &row));
	outcome = matrix_freebsd_run(&row, x, seed, fragment, &report);
	if (outcome == MATRIX_FAILED)
		ck_abort_msg("row %u, %s of %s, seed %llu%s: %s", index,
			     row.stimulus_name, row.suite.name,
			     (unsigned long long)seed,
			     fragment ? ", fragmented" : "", report.message);
	x->destroy(x->self);
	return outcome == MATRIX_SKIPPED;
}

void
matrix_check_listen(const struct matrix_executor *x, bool listen_first)
{
	const uint8_t key[16] = "key of 16 bytes";
	const uint8_t iv[12] = {0};
	const struct tls_enable en = {
	    .cipher_key = key,
	    .iv = iv,
	    .cipher_algorithm = CRYPTO_AES_NIST_GCM_16,
	    .cipher_key_len = 16,
	    .iv_len = 12,
	    .tls_vmajor = 3,
	    .tls_vminor = 4,
	};

	if (listen_first)
		ck_assert_int_eq(x->listen(x->self), 0);
	ck_assert_int_eq(x->enable(x->self, &en), listen_first ? EINVAL : 0);
	if (!listen_first)
		ck_assert_int_eq(x->listen(x->self), EINVAL);
	x->destroy(x->self);
}
