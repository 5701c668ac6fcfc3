/*
 * pipeline.h - the spine: the road of a segment, one function per stage.
 *
 * Order of use: pipeline_offer for every segment that ingress.c has made; the
 * rest follows from events.  record.c and reader.c come back through
 * endpoint_act with what the engine asked for.
 */
#ifndef SIM_PIPELINE_H
#define SIM_PIPELINE_H

#include "sim/event.h"

struct endpoint;
struct host;
struct ktlsim;
struct mbuf;

/* The socket that a segment is for. */
struct endpoint *endpoint_of_segment(const struct ktlsim *sim,
				     const struct mbuf *m);

/*
 * Offer segments of one frame (linked by m_nextpkt) to their host's link at
 * `time`.  Takes ownership.
 */
void pipeline_offer(struct ktlsim *sim, struct mbuf *segments, sim_time time);

/* The same at `now`, from inside an event that is an arrival. */
void pipeline_arrive(struct ktlsim *sim, struct mbuf *segments, sim_time now);

/*
 * The stages from TCP on, which the thread executor enters directly: a chain of
 * `frames` frames, which their handler took at handler_ps, is through TCP at
 * now.  Takes ownership.  Needs the endpoint to itself.
 */
void stage_tcp(struct endpoint *ep, struct mbuf *m, uint32_t frames,
	       sim_time handler_ps, sim_time now);

/*
 * The last bit of a segment (an mbuf, as the argument of an event) is in the
 * port of a host: an event handler, scheduled here and by port.c.
 */
void stage_nic(void *host, uint64_t segment, sim_time now);

/* The NIC takes a segment from the link or from the port's buffer. */
void stage_ring(struct host *host, struct mbuf *m, sim_time now);

/* A segment is there: does it hold the first byte of the stream? */
void endpoint_note_begin(struct endpoint *ep, const struct mbuf *m);

/* Act on a set of engine effects of one socket. */
void endpoint_act(struct endpoint *ep, unsigned effects, sim_time now);

/* Free the segments that pending events hold, at the end of a run. */
void pipeline_drain(struct ktlsim *sim);
#endif
