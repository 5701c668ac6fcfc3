/*
 * replay_run.h - one capture through the library, for the tests.
 *
 * The loop of `ktlsim replay` over the public API: run the events before each
 * frame, inject it, and at the end run until nothing is left.  Order of use:
 * replay_run_capture; look at the fields; replay_run_fini.
 */
#ifndef TESTS_SUPPORT_REPLAY_RUN_H
#define TESTS_SUPPORT_REPLAY_RUN_H

#include <stdbool.h>
#include <stdio.h>

#include "sim/ktlsim.h"
#include "sim/results.h"
#include "sim/run.h"
#include "traces/trace_pcap.h"

struct replay_setting {
	const char *key;
	const char *value;
};

struct replay_input {
	const char *capture;	 /* path */
	const char *keylog;	 /* path, or NULL */
	const char *keylog_text; /* used where keylog is NULL; or NULL */
	bool keyless;		 /* embedded secrets are left out too */
	bool stepwise;		 /* one call per event time */
	const struct replay_setting *settings; /* up to key NULL; or NULL */
	ktlsim_data_fn *data_fn;	       /* or NULL */
	void *data_arg;
	FILE *annotate; /* or NULL, as the next */
	FILE *trace;
};

struct replay_run {
	int refused;	/* errno of opening the capture; then no more is set */
	char text[512]; /* why it was refused, damaged, or did not add up */
	bool damaged;	/* the capture could not be read to its end */
	int finished; /* of ktlsim_finish: EPROTO where books do not balance */
	struct trace_pcap_stats stats;
	const struct input_counts *input;
	const struct results *results;
	char *json;
	struct ktlsim_config *config; /* private from here on */
	struct ktlsim *sim;
};

/* Whatever the user cannot cause fails an assertion. */
void replay_run_capture(struct replay_run *run,
			const struct replay_input *input);
void replay_run_fini(struct replay_run *run);

/*
 * The flow-th (from 0) flow between two endpoints, in the order of their first
 * segments; NULL where there is none.
 */
const struct results_flow *replay_run_flow(const struct replay_run *run,
					   const char *client,
					   const char *server, unsigned nth);
#endif
