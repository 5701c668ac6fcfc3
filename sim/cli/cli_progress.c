/*
 * cli_progress.c - one line on standard error that says how far a run is.
 *
 * Called by the replay loop every few thousand frames.  On a terminal the line
 * is rewritten in place and, unless it was asked for, taken away at the end;
 * elsewhere each state is a line of its own, twenty times less often.
 */
#include "sim/cli/cli_progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "sim/report_format.h"

#define SECOND_NS	  UINT64_C(1000000000)
#define TERMINAL_EVERY_NS (SECOND_NS / 5)
#define FILE_EVERY_NS	  (4 * SECOND_NS)

uint64_t
cli_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

void
cli_progress_begin(struct cli_progress *progress, enum cli_progress_mode mode)
{
	progress->terminal = isatty(STDERR_FILENO) == 1;
	progress->on = mode == CLI_PROGRESS_ALWAYS ||
		       (mode == CLI_PROGRESS_AUTO && progress->terminal);
	progress->kept = mode == CLI_PROGRESS_ALWAYS;
	progress->shown = false;
	progress->begun_ns = cli_clock_ns();
	progress->next_ns = progress->begun_ns;
	if (mode == CLI_PROGRESS_AUTO)
		progress->next_ns += SECOND_NS;
}

bool
cli_progress_due(struct cli_progress *progress)
{
	return progress->on && cli_clock_ns() >= progress->next_ns;
}

void
cli_progress_update(struct cli_progress *progress,
		    const struct cli_progress_state *state)
{
	uint64_t now_ns = cli_clock_ns();
	double seconds = (double)(now_ns - progress->begun_ns) / 1e9;
	double rate = seconds > 0 ? (double)state->frames / seconds : 0;
	char frames[FORMAT_MAX], per_s[FORMAT_MAX], time[FORMAT_MAX];

	fprintf(stderr, "%s%s frames", progress->terminal ? "\r\033[K" : "",
		format_count(frames, state->frames));
	if (state->file_bytes > 0)
		fprintf(stderr, ", %.0f %% of the file",
			format_share((double)state->file_offset,
				     (double)state->file_bytes));
	fprintf(stderr, ", %s simulated, %s frames/s%s",
		format_ps(time, state->time_ps),
		format_count(per_s, (uint64_t)rate),
		progress->terminal ? "" : "\n");
	fflush(stderr);
	progress->shown = true;
	progress->next_ns =
	    now_ns + (progress->terminal ? TERMINAL_EVERY_NS : FILE_EVERY_NS);
}

void
cli_progress_end(struct cli_progress *progress)
{
	if (progress->shown && progress->terminal)
		fputs(progress->kept ? "\n" : "\r\033[K", stderr);
	progress->shown = false;
	progress->on = false;
}
