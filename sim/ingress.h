/*
 * ingress.h - frames in: parse, find the flow, cut into segments, copy once.
 *
 * Order of use: ingress_frame for every frame; what it makes goes to
 * the executor's offer.
 */
#ifndef SIM_INGRESS_H
#define SIM_INGRESS_H

#include "sim/event.h"

struct endpoint;
struct flow_endpoint;
struct frame;
struct ktlsim;
struct ktlsim_flow;
struct ktlsim_frame;

/* Returns 0 or ENOMEM.  Damage inside the frame is counted, not an error. */
int ingress_frame(struct ktlsim *sim, const struct ktlsim_frame *frame);

/*
 * A segment that a modelled sender of `ep`'s stream puts on the link at `now`,
 * from inside an event.  Returns 0 or ENOMEM.
 */
int ingress_made(struct endpoint *ep, const struct frame *frame, sim_time now);

/*
 * Make the connection of a declared flow as if its SYN had been seen, with the
 * stream beginning at flow->tcp_seq.  Returns 0, EEXIST or ENOMEM.
 */
int ingress_declare(struct ktlsim *sim, const struct flow_endpoint *client,
		    const struct flow_endpoint *server,
		    const struct ktlsim_flow *flow, struct endpoint **ep);
#endif
