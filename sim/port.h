/*
 * port.h - flow control: the port's buffer, and the sender that it holds.
 *
 * Order of use: port_init; with nic.pause=on port_send for every frame that is
 * ready at the other end of the link, port_accept when its last bit has come,
 * port_drain when descriptors have been given back; port_fini.
 * Access: one thread.  Ownership: both queues own their frames.
 */
#ifndef SIM_PORT_H
#define SIM_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "nicmodel/nic_pause.h"
#include "sim/event.h"
#include "sim/qstat.h"

struct host;
struct mbuf;

/* Frames by m_nextpkt. */
struct port_queue {
	struct mbuf *head;
	struct mbuf *tail;
};

struct port {
	struct host *host;
	bool on;
	struct nic_pause pause;
	struct port_queue ready;  /* at the sender; rcv_tstmp: since when */
	struct port_queue buffer; /* in the port; rcv_tstmp: likewise */
	bool sending;		  /* a frame is on the link */
	bool draining;		  /* inside port_drain */
	sim_time held_ps;	  /* the sender stands still until then */
	event_id resume;	  /* at held_ps, or 0 */
	event_id refresh;	  /* of the pause, or 0 */
	struct qstat wait;	  /* in the buffer */
	uint64_t held_times;	  /* the sender stood with a frame ready */
	uint64_t held_sum_ps;	  /* ... for so long in all */
};

/* Reads nic.pause and its thresholds from the configuration of the host. */
void port_init(struct port *port, struct host *host);
void port_fini(struct port *port);

/* A frame is ready to be sent to the host.  Takes it. */
void port_send(struct port *port, struct mbuf *m, sim_time now);

enum port_verdict {
	PORT_PASSES,  /* a descriptor is free, and nobody waits in front */
	PORT_KEEPS,   /* it waits in the buffer, which has taken it */
	PORT_REFUSES, /* the buffer is full: it stays the caller's */
};

/* The last bit of a frame that port_send took has arrived. */
enum port_verdict port_accept(struct port *port, struct mbuf *m, sim_time now);

/* Descriptors may be free: hand frames of the buffer to stage_ring. */
void port_drain(struct port *port, sim_time now);
#endif
