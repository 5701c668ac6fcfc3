/*
 * cli_notes.c - what a replay tells of damage: notes of the report, warnings.
 *
 * Called once the last event has run.  Damage to the container ends with exit
 * status 1; damage inside a packet, a record or a flow is counted and warned
 * about, and is no failure.
 */
#include "sim/cli/cli_notes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/cli/cli_options.h"
#include "sim/cli/cli_session.h"
#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "sim/run.h"
#include "traces/trace_pcap.h"

/* A note of the report that standard error repeats. */
static void
note(const struct cli_session *session, enum cli_level level,
     const char *format, ...)
{
	char text[256];
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

	if (session->damaged) {
		failure = trace_pcap_failure(session->trace);
		note(session, CLI_ERROR, "%s",
		     failure != NULL ? failure->text
				     : "the capture could not be read further");
		note(session, CLI_ERROR,
		     "the %" PRIu64 " frames before the damage were replayed",
		     session->frames);
		status = CLI_FAILED;
	}
	if (session->interrupted) {
		note(session, CLI_ERROR,
		     "interrupted by a signal after %" PRIu64
		     " frames; the report is of what ran until then",
		     session->frames);
		status = CLI_FAILED;
	}
	if (session->limited)
		note(session, CLI_INFO,
		     "run.time_limit ended the run after %" PRIu64 " frames",
		     session->frames);
	return status;
}

static void
note_count(const struct cli_session *session, uint64_t count,
	   const char *sentence)
{
	if (count > 0)
		note(session, CLI_WARN, "%" PRIu64 " %s", count, sentence);
}

int
cli_notes_input(const struct cli_session *session)
{
	struct trace_pcap_stats stats;

	trace_pcap_read_stats(session->trace, &stats);
	note_count(session, stats.times_raised,
		   "time stamps lay before their predecessor's and were raised "
		   "to it");
	note_count(session, stats.times_invalid,
		   "time stamps had a fraction of a second out of range");
	note_count(session, stats.gaps_cut,
		   "gaps between frames were longer than replay.max_gap and "
		   "were cut to it");
	note_count(session, stats.lengths_corrected,
		   "frames claimed to be captured longer than they were");
	return note_end(session);
}

static void
warn_count(uint64_t count, const char *sentence)
{
	if (count > 0)
		cli_message(CLI_WARN, "%" PRIu64 " %s", count, sentence);
}

/* The report has notes of these; see note_inputs in sim/collect.c. */
static void
warn_packets(const struct input_counts *input)
{
	warn_count(input->malformed, "frames are malformed and passed over");
	warn_count(input->cut, "frames are passed over, because the snap "
			       "length cut off a header");
	warn_count(input->payload_cut,
		   "segments lack payload that the snap length cut off; their "
		   "flows are timed from record headers");
	warn_count(input->bad_checksum,
		   "segments with a wrong TCP checksum are dropped, as a host "
		   "would (replay.checksum=ignore takes them)");
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
	warn_count(errors, "records did not verify or were not legal; the "
			   "report says in which flows");
	warn_count(holes, "streams have a hole that never filled; the report "
			  "says where");
}

void
cli_notes_warn(const struct cli_session *session)
{
	warn_packets(&session->sim->input);
	warn_flows(ktlsim_results(session->sim));
}
