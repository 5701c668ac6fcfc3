/*
 * report_context.c - one flow's inline TLS, in the report for people.
 *
 * Called by report_flow.c, verbose, for each direction whose host has a NIC
 * that decrypts: state, time to offload, who decrypted what, losses of sync,
 * and the changes of its phase.  The JSON report has each episode besides, and
 * what is left out here.
 */
#include <inttypes.h>
#include <string.h>

#include "sim/report_format.h"
#include "sim/report_offload.h"
#include "sim/results.h"

enum { PHASES_MAX = 32 }; /* shown of a flow */

#define MARGIN "         "

/* "NIC: active, the first record 12.3 us after the connect, 1 install" */
static void
print_state(FILE *out, const struct results_offload *offload)
{
	char when[96], time[FORMAT_MAX], installs[48], text[384];

	if (offload->first_full_ps == SIM_TIME_NEVER)
		snprintf(when, sizeof(when), "no record decrypted as a whole");
	else
		snprintf(when, sizeof(when),
			 "first whole record %s after the connect",
			 format_ps(time, offload->first_full_ps -
					     offload->connect_ps));
	snprintf(text, sizeof(text), "NIC: %s%s%s, %s, %s", offload->state,
		 offload->reason != NULL ? ": " : "",
		 offload->reason != NULL ? offload->reason : "",
		 format_counted(installs, sizeof(installs), offload->installs,
				"install"),
		 when);
	report_wrapped(out, "       ", MARGIN, text);
}

/* Milliseconds to the nanosecond: a timeline needs more than three digits. */
static void
print_phase(FILE *out, const struct phase *phase)
{
	fprintf(out, MARGIN "%9" PRIu64 ".%06" PRIu64 " ms  ",
		phase->at / 1000000000, phase->at / 1000 % 1000000);
	if (phase->cause != NULL)
		fprintf(out, "%-12s%.40s\n", phase->name, phase->cause);
	else
		fprintf(out, "%s\n", phase->name);
}

static void
print_timeline(FILE *out, const struct results_offload *offload)
{
	uint64_t all = offload->phase_count + offload->phases_left_out;
	size_t shown = offload->phase_count;
	char rest[FORMAT_MAX];

	if (shown > PHASES_MAX)
		shown = PHASES_MAX;
	for (size_t i = 0; i < shown; i++)
		print_phase(out, &offload->phases[i]);
	if (shown < all)
		fprintf(out, MARGIN "... and %s more changes\n",
			format_count(rest, all - shown));
}

void
report_context_text(FILE *out, const struct results_offload *offload)
{
	const struct report_losses losses = {
	    .episodes = offload->episodes,
	    .closed = offload->episodes_closed,
	    .again = offload->episodes_again,
	    .mean_ns = offload->episode_mean_ns,
	    .max_ps = offload->episode_max_ps,
	};

	print_state(out, offload);
	report_split_text(out, MARGIN, &offload->split);
	if (offload->installs > 0)
		report_losses_text(out, MARGIN, &losses);
	print_timeline(out, offload);
}
