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

const char *
cli_notes_input_status(const struct cli_session *session)
{
	const struct trace_error *failure;

	if (!session->damaged)
		return "ok";
	failure = trace_pcap_failure(session->trace);
	/* ENODATA: the file ends inside a block or packet. */
	return failure != NULL && failure->code == ENODATA ? "truncated"
							   : "damaged";
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
	note_count(session, stats.frames_cut,
		   "frames were captured shorter than they were on the wire "
		   "(snap length)");
	return note_end(session);
}

/* What went wrong in a direction, summed over all flows. */
struct damage {
	uint64_t errors, undecrypted, holes;
	uint64_t flows; /* with any of these */
};

static struct damage
sum_damage(const struct results *results)
{
	struct damage sum = {0};

	for (size_t i = 0; i < results->flow_count; i++) {
		const struct results_direction *dir =
		    results->flows[i].direction;
		uint64_t errors = dir[0].errors + dir[1].errors;
		uint64_t undecrypted =
		    dir[0].undecrypted_records + dir[1].undecrypted_records;
		uint64_t holes = (uint64_t)dir[0].holes + dir[1].holes;

		sum.errors += errors;
		sum.undecrypted += undecrypted;
		sum.holes += holes;
		sum.flows += errors + undecrypted + holes > 0;
	}
	return sum;
}

void
cli_notes_warn(const struct results *results)
{
	struct damage sum = sum_damage(results);
	uint64_t checksums = 0;

	for (size_t i = 0; i < results->host_count; i++)
		checksums += results->hosts[i].conservation.dropped_checksum;
	if (checksums > 0)
		cli_message(CLI_WARN,
			    "%" PRIu64 " segments had a wrong checksum and "
			    "were dropped, as a host would "
			    "(replay.checksum=ignore takes them)",
			    checksums);
	if (sum.flows > 0)
		cli_message(CLI_WARN,
			    "%" PRIu64 " of %zu flows are damaged: %" PRIu64
			    " records failed, %" PRIu64
			    " were not decrypted, %" PRIu64
			    " holes never filled; the report says where",
			    sum.flows, results->flow_count, sum.errors,
			    sum.undecrypted, sum.holes);
}
