/*
 * cli_notes.c - what a replay tells of damage: notes of the report, warnings.
 *
 * Called once the last event has run.  Damage to the container ends with exit
 * status 1; damage inside a packet, a record or a flow is counted and warned
 * about, and is no failure.
 */
#include "sim/cli/cli_notes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/cli/cli_options.h"
#include "sim/cli/cli_session.h"
#include "sim/ktlsim_internal.h"
#include "sim/report_format.h"
#include "sim/results.h"
#include "traces/trace_pcap.h"

/* A note of the report that standard error repeats. */
static void
note(const struct cli_session *session, enum cli_level level,
     const char *format, ...)
{
	char text[RESULTS_TEXT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	ktlsim_add_note(session->sim, text);
	cli_message(level, "%s", text);
}

static int
note_end(const struct cli_session *session)
{
	const struct trace_error *failure = NULL;
	int status = CLI_OK;
	char counted[64];

	if (session->damaged) {
		failure = trace_pcap_failure(session->trace);
		note(session, CLI_ERROR, "%s",
		     failure != NULL ? failure->text
				     : "the capture could not be read further");
		note(session, CLI_ERROR, "%s replayed before the damage",
		     format_counted(counted, sizeof(counted), session->frames,
				    "frame"));
		status = CLI_FAILED;
	}
	if (session->interrupted) {
		note(session, CLI_ERROR,
		     "interrupted by a signal after %s; the report is of what "
		     "ran until then",
		     format_counted(counted, sizeof(counted), session->frames,
				    "frame"));
		status = CLI_FAILED;
	}
	if (session->limited)
		note(session, CLI_INFO, "run.time_limit ended the run after %s",
		     format_counted(counted, sizeof(counted), session->frames,
				    "frame"));
	return status;
}

/* "3 frames" and what of them. */
static void
note_count(const struct cli_session *session, uint64_t count, const char *unit,
	   const char *what)
{
	char counted[64];

	if (count > 0)
		note(session, CLI_WARN, "%s %s",
		     format_counted(counted, sizeof(counted), count, unit),
		     what);
}

int
cli_notes_input(const struct cli_session *session)
{
	struct trace_pcap_stats stats = {0};

	if (session->trace != NULL)
		trace_pcap_read_stats(session->trace, &stats);
	note_count(session, stats.times_raised, "time stamp",
		   "earlier than the one before, raised to it");
	note_count(session, stats.times_invalid, "time stamp",
		   "with a fraction of a second out of range, carried over");
	note_count(session, stats.gaps_cut, "gap",
		   "between frames longer than replay.max_gap, cut to it");
	note_count(session, stats.lengths_corrected, "frame",
		   "longer as captured than on the wire, taken as captured");
	return note_end(session);
}

static void
warn_count(uint64_t count, const char *unit, const char *what)
{
	char counted[64];

	if (count > 0)
		cli_message(
		    CLI_WARN, "%s %s",
		    format_counted(counted, sizeof(counted), count, unit),
		    what);
}

/* The report has notes of these; see note_inputs in sim/collect.c. */
static void
warn_packets(const struct input_counts *input)
{
	warn_count(input->malformed, "frame", "malformed, passed over");
	warn_count(input->cut, "frame",
		   "passed over: the snap length cut off a header");
	warn_count(input->payload_cut, "segment",
		   "without all of its payload, which the snap length cut off: "
		   "the flow is timed from record headers");
	warn_count(input->bad_checksum, "segment",
		   "with a wrong TCP checksum dropped, as a host would "
		   "(replay.checksum=ignore takes them)");
}

static void
warn_flows(const struct results *results)
{
	uint64_t errors = 0, holes = 0;

	for (size_t i = 0; i < results->flow_count; i++) {
		for (int d = 0; d < 2; d++) {
			errors += results->flows[i].direction[d].errors;
			holes += results->flows[i].direction[d].holes;
		}
	}
	warn_count(errors, "record",
		   "not legal or not verified; the report says in which flow");
	warn_count(holes, "stream",
		   "with a hole that never filled; the report says where");
}

/* Keys were given: say so where they do not fit. */
static void
warn_keys(const struct results *results)
{
	const struct results_flow *first = NULL;
	uint64_t count = 0;

	for (size_t i = results->flow_count; i-- > 0;) {
		const struct results_flow *flow = &results->flows[i];

		if (flow->tls_version[0] == '\0' ||
		    strcmp(flow->keys, "found") == 0)
			continue;
		first = flow;
		count++;
	}
	if (first == NULL)
		return;
	warn_count(count, "TLS flow",
		   "not decrypted, but timed where record headers allow it");
	cli_message(CLI_WARN, "the first is flow %" PRIu32 ", %s -> %s: %s",
		    first->id, first->client, first->server, first->keys);
}

void
cli_notes_warn(const struct cli_session *session)
{
	const struct results *results = ktlsim_results(session->sim);

	if (results->no_receiver)
		cli_message(CLI_WARN,
			    "no flow has the address %s, so nothing was "
			    "simulated; `ktlsim flows` lists the addresses",
			    results->config->replay_receiver_address);
	warn_packets(&results->input);
	warn_flows(results);
	if (results->have_keylog)
		warn_keys(results);
}
