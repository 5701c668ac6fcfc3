/*
 * run.c - one simulation: the few services that all its parts use.
 */
#include "sim/run.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

event_id
run_event(struct ktlsim *sim, sim_time time, enum event_class class,
	  event_handler *handler, void *object, uint64_t argument)
{
	event_id id =
	    event_at(sim->events, time, class, handler, object, argument);

	if (id == 0)
		run_fail(sim, ENOMEM);
	return id;
}

void
run_fail(struct ktlsim *sim, int error)
{
	int none = 0;

	(void)atomic_compare_exchange_strong(&sim->failure, &none, error);
}

void
run_note(struct ktlsim *sim, const char *format, ...)
{
	va_list arguments;

	if (sim->note_count == NOTES_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(sim->notes[sim->note_count++], sizeof(sim->notes[0]), format,
		  arguments);
	va_end(arguments);
}
