/*
 * cli_progress.h - one line on standard error that says how far a run is.
 *
 * Order of use: cli_progress_begin; { cli_progress_update }*;
 * cli_progress_end, before anything else is printed.
 */
#ifndef SIM_CLI_CLI_PROGRESS_H
#define SIM_CLI_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum cli_progress_mode {
	CLI_PROGRESS_AUTO,   /* on a terminal, after a second */
	CLI_PROGRESS_ALWAYS, /* and once more at the end */
	CLI_PROGRESS_NEVER,
};

struct cli_progress {
	bool on;
	bool terminal;	   /* the line is rewritten in place */
	bool kept;	   /* the last line stays */
	bool shown;	   /* there is a line to take away */
	uint64_t begun_ns; /* by the monotonic clock */
	uint64_t next_ns;  /* when to print next */
};

/* How far the run is. */
struct cli_progress_state {
	uint64_t frames;
	uint64_t file_offset, file_bytes; /* 0 bytes: unknown */
	uint64_t time_ps;		  /* simulated */
};

/* Nanoseconds of the monotonic clock. */
uint64_t cli_clock_ns(void);

void cli_progress_begin(struct cli_progress *progress,
			enum cli_progress_mode mode);

/* Is a new line due?  Reads the clock; the caller asks every few frames. */
bool cli_progress_due(struct cli_progress *progress);
void cli_progress_update(struct cli_progress *progress,
			 const struct cli_progress_state *state);
void cli_progress_end(struct cli_progress *progress);
#endif
