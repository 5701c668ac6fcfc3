/*
 * ingress.h - frames in: parse, find the flow, cut into segments, copy once.
 *
 * Order of use: ingress_frame for every frame; what it makes goes to
 * the executor's offer.
 */
#ifndef SIM_INGRESS_H
#define SIM_INGRESS_H

struct endpoint;
struct flow_endpoint;
struct ktlsim;
struct ktlsim_flow;
struct ktlsim_frame;

/* Returns 0 or ENOMEM.  Damage inside the frame is counted, not an error. */
int ingress_frame(struct ktlsim *sim, const struct ktlsim_frame *frame);

/*
 * Make the connection of a declared flow as if its SYN had been seen, with the
 * stream beginning at flow->tcp_seq.  Returns 0, EEXIST or ENOMEM.
 */
int ingress_declare(struct ktlsim *sim, const struct flow_endpoint *client,
		    const struct flow_endpoint *server,
		    const struct ktlsim_flow *flow, struct endpoint **ep);
#endif
