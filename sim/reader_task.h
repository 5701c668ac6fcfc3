/*
 * reader_task.h - a reader as a task of a modelled CPU, in virtual time.
 *
 * Order of use: reader_task_init; reader_task_wake whenever the stack calls
 * sorwakeup(); the reader's CPU does the rest.
 */
#ifndef SIM_READER_TASK_H
#define SIM_READER_TASK_H

#include "sim/event.h"

struct endpoint;

/* ep->host is not NULL. */
void reader_task_init(struct endpoint *ep);

/* sorwakeup(): wakes a sleeping reader, whether or not there is news. */
void reader_task_wake(struct endpoint *ep, sim_time now);
#endif
