/*
 * replay_run.c - one capture through the library, for the tests.
 *
 * Used by the tests that replay whole captures.  Every step asserts what no
 * input may cause; what an input may cause is left in the fields for the test
 * to judge.
 */
#include "tests/support/replay_run.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config.h"
#include "sim/ktlsim_internal.h"

static void
create_sim(struct replay_run *run, const struct replay_input *input)
{
	const struct replay_setting *set = input->settings;
	struct ktlsim_error error = {0};

	run->config = ktlsim_config_create();
	ck_assert_ptr_nonnull(run->config);
	for (; set != NULL && set->key != NULL; set++)
		ck_assert_msg(ktlsim_config_set(run->config, set->key,
						set->value, &error) == 0,
			      "%s", error.text);
	ck_assert_msg(ktlsim_create(&run->sim, run->config, &error) == 0, "%s",
		      error.text);
	ktlsim_on_data(run->sim, input->data_fn, input->data_arg);
}

static void
add_text(struct replay_run *run, const char *text, size_t len,
	 unsigned priority)
{
	ck_assert_int_eq(ktlsim_add_keylog(run->sim, text, len, priority, NULL),
			 0);
}

static void
add_file(struct replay_run *run, const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = malloc(1 << 20);
	size_t len;

	ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
	ck_assert_ptr_nonnull(text);
	len = fread(text, 1, 1 << 20, file);
	ck_assert_uint_lt(len, 1 << 20);
	fclose(file);
	add_text(run, text, len, 1);
	free(text);
}

static void
add_keys(struct replay_run *run, const struct replay_input *input,
	 const struct trace_pcap *trace)
{
	uint64_t len = 0;
	const char *secrets = trace_pcap_secrets(trace, &len);

	if (len > 0 && !input->keyless)
		add_text(run, secrets, len, 0);
	if (input->keylog != NULL)
		add_file(run, input->keylog);
	else if (input->keylog_text != NULL)
		add_text(run, input->keylog_text, strlen(input->keylog_text),
			 1);
}

static void
run_until(struct replay_run *run, uint64_t time_ps, bool stepwise)
{
	uint64_t next = ktlsim_next_time(run->sim);

	for (; stepwise && next < time_ps; next = ktlsim_next_time(run->sim))
		ck_assert_int_eq(ktlsim_run_until(run->sim, next), 0);
	ck_assert_int_eq(ktlsim_run_until(run->sim, time_ps), 0);
}

static void
inject(struct replay_run *run, const struct trace_frame *frame)
{
	const struct ktlsim_frame injected = {
	    .size = sizeof(injected),
	    .time_ps = frame->time_ps,
	    .data = frame->data,
	    .captured_len = frame->captured_len,
	    .wire_len = frame->wire_len,
	    .link_type = (int)frame->link,
	};
	struct ktlsim_error error = {0};

	ck_assert_msg(ktlsim_inject(run->sim, &injected, &error) == 0, "%s",
		      error.text);
}

static void
run_frames(struct replay_run *run, struct trace_pcap *trace, bool stepwise)
{
	struct trace_source *source = trace_pcap_source(trace);
	struct trace_frame frame;
	int more;

	while ((more = source->ops->next(source, &frame)) > 0) {
		run_until(run, frame.time_ps, stepwise);
		inject(run, &frame);
	}
	run_until(run, KTLSIM_NEVER, stepwise);
	ck_assert_uint_eq(ktlsim_next_time(run->sim), KTLSIM_NEVER);
	run->damaged = more < 0;
	if (run->damaged)
		snprintf(run->text, sizeof(run->text), "%s",
			 trace_pcap_failure(trace)->text);
}

static void
finish(struct replay_run *run, const struct trace_pcap *trace)
{
	struct ktlsim_error error = {0};

	trace_pcap_read_stats(trace, &run->stats);
	ktlsim_set_input(run->sim, trace_pcap_status(trace), run->stats.frames,
			 0, false);
	run->finished = ktlsim_finish(run->sim, &error);
	if (run->finished != 0)
		snprintf(run->text, sizeof(run->text), "%s", error.text);
	run->input = &run->sim->input;
	run->results = ktlsim_results(run->sim);
	ck_assert_ptr_nonnull(run->results);
	ck_assert_int_eq(ktlsim_report_json(run->sim, &run->json), 0);
}

void
replay_run_capture(struct replay_run *run, const struct replay_input *input)
{
	struct trace_pcap_options options;
	const struct config *config;
	struct trace_pcap *trace;
	struct trace_error error = {0};

	*run = (struct replay_run){0};
	create_sim(run, input);
	config = ktlsim_config_view(run->config);
	options.max_gap_ps = config->replay_max_gap_ps;
	options.speed_ppm = config->replay_speed_ppm;
	run->refused =
	    trace_pcap_open(&trace, input->capture, &options, &error);
	if (run->refused != 0) {
		snprintf(run->text, sizeof(run->text), "%s", error.text);
		return;
	}
	add_keys(run, input, trace);
	if (input->annotate != NULL)
		ck_assert_int_eq(ktlsim_annotate_to(run->sim, input->annotate),
				 0);
	if (input->trace != NULL)
		ck_assert_int_eq(ktlsim_trace_to(run->sim, input->trace), 0);
	run_frames(run, trace, input->stepwise);
	finish(run, trace);
	trace_pcap_source(trace)->ops->close(trace_pcap_source(trace));
}

void
replay_run_fini(struct replay_run *run)
{
	ktlsim_free(run->json);
	ktlsim_destroy(run->sim);
	ktlsim_config_destroy(run->config);
	*run = (struct replay_run){0};
}

const struct results_flow *
replay_run_flow(const struct replay_run *run, const char *client,
		const char *server, unsigned nth)
{
	for (size_t i = 0; i < run->results->flow_count; i++) {
		const struct results_flow *flow = &run->results->flows[i];

		if (strcmp(flow->client, client) == 0 &&
		    strcmp(flow->server, server) == 0 && nth-- == 0)
			return flow;
	}
	return NULL;
}
