/*
 * report_text.c - the report for people: what matters first, 80 columns.
 *
 * Called once, after the run.  First what makes the numbers doubtful (failed
 * invariants, overload, a run cut short), then the notes, the run, each host
 * (report_host.c) and the flows.  Leaves out what only programs want; the JSON
 * report has everything.
 */
#include "sim/report.h"

#include <inttypes.h>
#include <string.h>

#include "sim/report_format.h"
#include "sim/report_internal.h"
#include "sim/results.h"

static void
print_warnings(FILE *out, const struct results *results)
{
	if (results->failure_count > 0)
		fprintf(out,
			"\nFAILED: what must hold at the end of a run does "
			"not; do not trust the numbers.\n");
	for (size_t i = 0; i < results->failure_count; i++)
		report_wrapped(out, "  - ", "    ", results->failures[i]);
	if (results->overloaded)
		report_wrapped(out, "\nOVERLOADED: ", "  ",
			       "queues grew until the end of the run, so its "
			       "latencies grow with its length.");
	if (results->partial)
		report_wrapped(
		    out, "\nPARTIAL: ", "  ",
		    "the run was stopped before its end; all numbers "
		    "are of the part that ran.");
	if (strcmp(results->input_status, "truncated") == 0 ||
	    strcmp(results->input_status, "damaged") == 0)
		fprintf(out, "\nINPUT %s: read up to the damage only.\n",
			results->input_status);
}

static void
print_notes(FILE *out, const struct results *results)
{
	if (results->note_count == 0)
		return;
	fprintf(out, "\nNotes\n");
	for (size_t i = 0; i < results->note_count; i++)
		report_wrapped(out, "  - ", "    ", results->notes[i]);
}

static void
print_run(FILE *out, const struct results *results)
{
	char time[FORMAT_MAX], events[48], frames[48], rate[FORMAT_MAX];

	fprintf(out, "\nInput   %s, %s\n",
		results->input_status[0] ? results->input_status : "none",
		format_counted(frames, sizeof(frames), results->input_frames,
			       "frame"));
	fprintf(
	    out, "Run     %s simulated, %s, seed %" PRIu64 "\n",
	    format_ps(time, results->end_ps),
	    format_counted(events, sizeof(events), results->events, "event"),
	    results->seed);
	fprintf(out, "Digest  %016" PRIx64 "\n", results->digest);
	if (results->wall_s <= 0)
		return;
	fprintf(out, "Took    %s (%s events/s)\n",
		format_ns(time, results->wall_s * 1e9),
		format_count(rate, (uint64_t)((double)results->events /
					      results->wall_s)));
}

void
report_text(FILE *out, const struct results *results, int verbose)
{
	fprintf(out, "ktlsim %s\n", KTLSIM_VERSION);
	print_warnings(out, results);
	print_notes(out, results);
	print_run(out, results);
	for (size_t i = 0; i < results->host_count; i++)
		report_host_text(out, &results->hosts[i], verbose != 0);
	report_flow_section(out, results, verbose != 0);
}
