/*
 * session_run.h - a made-up TLS connection through the library, for the tests.
 *
 * Order of use: session_run_begin; build and bend run->session, change
 * run->shape; session_run_replay; look at run->run; session_run_fini.
 */
#ifndef TESTS_SUPPORT_SESSION_RUN_H
#define TESTS_SUPPORT_SESSION_RUN_H

#include <stdint.h>

#include "tests/support/replay_run.h"
#include "tests/support/tls_session.h"

struct session_run {
	struct tls_session session;
	struct session_shape shape;
	struct pcap_file file; /* with path: made and not removed */
	struct replay_run run;
};

/* version: 0x0303 or 0x0304, with AES-128-GCM. */
void session_run_begin(struct session_run *run, uint16_t version);
void session_run_fini(struct session_run *run);

/*
 * Handshake, records of 1 byte to 16 KiB both ways, an empty one among them,
 * and the end.
 */
void session_run_talk(struct session_run *run);

/* Write the capture and replay it with the session's key log. */
void session_run_replay(struct session_run *run,
			const struct replay_setting *settings);

/* Replay what stands in run->file already; keylog may be NULL. */
void session_run_file(struct session_run *run, const char *keylog,
		      const struct replay_setting *settings);

/* The only flow of the run. */
const struct results_flow *session_run_flow(const struct session_run *run);
#endif
