/*
 * capture_run.h - one shared capture through the library, against what
 * independent decryptors found in it.
 *
 * Order of use: capture_run_replay; capture_run_check or _check_row, and
 * run->replay; capture_run_fini.  The bytes are hashed twice: by the library,
 * and here from what ktlsim_on_data hands out.
 */
#ifndef TESTS_SUPPORT_CAPTURE_RUN_H
#define TESTS_SUPPORT_CAPTURE_RUN_H

#include <openssl/evp.h>
#include <stdint.h>

#include "tests/support/expected.h"
#include "tests/support/replay_run.h"

enum { CAPTURE_FLOWS_MAX = 128 };

struct capture_run {
	struct replay_run replay;
	/* What was handed out, by flow and direction. */
	EVP_MD_CTX *hash[CAPTURE_FLOWS_MAX][2];
	uint64_t hashed[CAPTURE_FLOWS_MAX][2];
};

/*
 * Replay it with these settings, which may be NULL.  It must be readable, and
 * the books must balance.  run is set up by this call.
 */
void capture_run_replay(struct capture_run *run,
			const struct expected_capture *capture,
			const struct replay_setting *settings);

/* Harmless on zeros. */
void capture_run_fini(struct capture_run *run);

/* The flow that a row is about; it is listed. */
const struct results_flow *capture_run_flow(const struct capture_run *run,
					    const struct expected_capture *of,
					    const struct expected_row *row);

/*
 * A row whose suite is taken over: every byte of it in either direction, or
 * none where it is not.
 */
void capture_run_check_row(const struct capture_run *run,
			   const struct expected_capture *capture,
			   const struct expected_row *row, bool taken_over);

/* Everything that was captured is accounted for, on both hosts. */
void capture_run_check_books(const struct capture_run *run,
			     const struct expected_capture *capture);

/* Every row, as FreeBSD's suites have it, and the books. */
void capture_run_check(const struct capture_run *run,
		       const struct expected_capture *capture);
#endif
