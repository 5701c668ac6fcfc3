/*
 * phases.c - the phases that a flow's inline TLS went through.
 *
 * trace_tap.c tells it whenever offload.c or offload_queue.c may have changed a
 * flow's phase, so that this list and the trace agree.  The list begins with
 * the first phase and is cut off at its bound; what came later is counted, and
 * the last phase is known in any case.
 */
#include "sim/phases.h"

#include <errno.h>
#include <stdlib.h>

enum { SLOTS_FIRST = 2 }; /* of a flow that never loses its place */

void
phases_init(struct phases *phases, uint32_t most)
{
	*phases = (struct phases){.most = most};
}

void
phases_fini(struct phases *phases)
{
	free(phases->kept);
	*phases = (struct phases){0};
}

/* Room for another one; more are below `most`. */
static int
grow(struct phases *phases)
{
	uint32_t slots = phases->slots > 0 ? 2 * phases->slots : SLOTS_FIRST;
	struct phase *grown = realloc(phases->kept, slots * sizeof(*grown));

	if (grown == NULL)
		return ENOMEM;
	phases->kept = grown;
	phases->slots = slots;
	return 0;
}

int
phases_note(struct phases *phases, const char *name, const char *cause,
	    sim_time now)
{
	if (name == phases->name)
		return 0;
	if (phases->kept_count < phases->most &&
	    phases->kept_count == phases->slots && grow(phases) != 0)
		return ENOMEM;
	phases->name = name;
	if (now > phases->at)
		phases->at = now;
	if (phases->kept_count < phases->most)
		phases->kept[phases->kept_count++] = (struct phase){
		    .at = phases->at, .name = name, .cause = cause};
	else
		phases->left_out++;
	return 0;
}
