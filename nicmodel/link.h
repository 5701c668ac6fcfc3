/*
 * link.h - the modelled link into one host: serialisation at a rate.
 *
 * Access: one thread.  Times are picoseconds.  04-nic section 2.8.
 */
#ifndef NICMODEL_LINK_H
#define NICMODEL_LINK_H

#include <stdint.h>

/* Below it a single frame would last for hours. */
#define LINK_RATE_MIN_BPS 1000000u

struct link {
	uint64_t rate_bps;     /* bits per second; 0: no serialisation */
	uint64_t free_ps;      /* the link is free from then on */
	uint64_t busy_ps;      /* total time of bits on the link */
	uint64_t delayed;      /* frames that found it busy */
	uint64_t delay_sum_ps; /* total time they waited */
	uint64_t remainder;    /* in 1 / rate_bps picoseconds, < rate_bps:
				  free_ps is rounded down by it */
};

/* rate_bps is 0 or at least LINK_RATE_MIN_BPS. */
void link_init(struct link *link, uint64_t rate_bps);

/*
 * Send wire_bytes (preamble and gap included) of a frame that is ready at
 * ready_ps.  Returns the arrival of its last bit, rounded down to a picosecond.
 * With rate 0 that is ready_ps, and nothing is counted.
 */
uint64_t link_send(struct link *link, uint64_t ready_ps, uint32_t wire_bytes);
#endif
