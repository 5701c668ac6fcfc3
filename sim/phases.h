/*
 * phases.h - the phases that a flow's inline TLS went through: the first ones,
 * and how many more there were.
 *
 * Order of use: phases_init; { phases_note }*; phases_fini.  Plain books:
 * nothing here moves the model.  Times are picoseconds.
 */
#ifndef SIM_PHASES_H
#define SIM_PHASES_H

#include <stddef.h>
#include <stdint.h>

#include "sim/event.h"

/* All text is constant. */
struct phase {
	sim_time at;
	const char *name;  /* of offload_phase_name */
	const char *cause; /* or NULL */
};

struct phases {
	struct phase *kept; /* the first ones; NULL: none */
	uint32_t kept_count;
	uint32_t slots;
	uint32_t most; /* to be kept */
	uint32_t left_out;
	const char *name; /* of the latest, or NULL */
	sim_time at;	  /* its time */
};

/* Keep at most `most` of them. */
void phases_init(struct phases *phases, uint32_t most);
void phases_fini(struct phases *phases);

/*
 * This is the phase now; nothing where it was before.  Names are told apart by
 * their address.  A time before that of the latest is raised to that, because a
 * packet may be taken ahead of the time of others.  Returns 0 or ENOMEM.
 */
int phases_note(struct phases *phases, const char *name, const char *cause,
		sim_time now);
#endif
