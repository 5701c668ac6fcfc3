/*
 * feed.h - modelled senders inside a simulation: frames in, windows back.
 *
 * Order of use: feed_create with the simulation, if traffic.source asks for
 * senders; then events; feed_segment and feed_acknowledge around TCP, feed_read
 * behind a receive call; feed_destroy.
 * The hooks do nothing for an endpoint that no sender feeds.
 */
#ifndef SIM_FEED_H
#define SIM_FEED_H

#include <stdint.h>

#include "sim/event.h"

struct endpoint;
struct ktlsim;

/* Make the senders and schedule their first frame.  0 or ENOMEM. */
int feed_create(struct ktlsim *sim);
void feed_destroy(struct ktlsim *sim);

/* Send nothing any more: the books are about to be closed. */
void feed_stop(struct ktlsim *sim);

/* Bytes in order are about to be appended: the buffer may grow. */
void feed_segment(struct endpoint *ep, uint32_t bytes, sim_time now);

/* A chain is through TCP: its acknowledgement leaves. */
void feed_acknowledge(struct endpoint *ep, sim_time now);

/* A receive call has returned: does the window want an update? */
void feed_read(struct endpoint *ep, sim_time now);
#endif
