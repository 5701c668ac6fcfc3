/*
 * annotate.h - a pcapng of what the hosts received, with a comment on each
 * packet (--annotate).
 *
 * Order of use: annotate_create; per frame of the input annotate_frame, then,
 * as the frame is cut, annotate_segment, and annotate_fragment or
 * annotate_refused where there is nothing to cut; per segment annotate_wire
 * before the NIC sees it and annotate_nic after, or annotate_lost or
 * annotate_followed; annotate_finish; annotate_destroy.
 * A simulation without annotation has a NULL pointer, and its callers ask for
 * that: nothing is kept then.
 * Bytes are those of the wire: what the NIC decrypts is copied before.
 * Out of memory is run_fail's.  In virtual time only.
 */
#ifndef SIM_ANNOTATE_H
#define SIM_ANNOTATE_H

#include <stdint.h>
#include <stdio.h>

#include "sim/event.h"

struct annotate;
struct endpoint;
struct frame;
struct ktlsim;
struct ktlsim_frame;
struct mbuf;
struct nic_rx_result;

/* out is borrowed.  Returns 0 or ENOMEM. */
int annotate_create(struct annotate **annotate, struct ktlsim *sim, FILE *out);

/* NULL is allowed. */
void annotate_destroy(struct annotate *annotate);

/* The frame that the next calls are about; NULL: none any more. */
void annotate_frame(struct annotate *annotate,
		    const struct ktlsim_frame *input);

/* m is the piece of the frame's payload that begins at `off`. */
void annotate_segment(struct annotate *annotate, const struct mbuf *m,
		      const struct frame *frame, uint32_t off);

/* The frame is a part of an IP packet that is not whole yet. */
void annotate_fragment(struct annotate *annotate);

/* The frame's TCP checksum is wrong: the host of ep drops it. */
void annotate_refused(struct annotate *annotate, const struct endpoint *ep);

/* m's last bit has come: keep its bytes, which the NIC may change. */
void annotate_wire(struct annotate *annotate, const struct endpoint *ep,
		   const struct mbuf *m);

/* The NIC has dealt with the segment of the last annotate_wire. */
void annotate_nic(struct annotate *annotate, const struct endpoint *ep,
		  const struct nic_rx_result *rx, sim_time now);

/* m was lost before the NIC could take it; reason: "the link lost it". */
void annotate_lost(struct annotate *annotate, const struct endpoint *ep,
		   const struct mbuf *m, const char *reason, sim_time now);

/* m belongs to a direction that no host is simulated for. */
void annotate_followed(struct annotate *annotate, const struct endpoint *ep,
		       const struct mbuf *m, sim_time now);

/* Write what is left.  Returns the errno of the first failed write, or 0. */
int annotate_finish(struct annotate *annotate);

/* The same without writing. */
int annotate_error(const struct annotate *annotate);
#endif
