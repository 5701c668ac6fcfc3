/*
 * link.c - the modelled link into one host: serialisation at a rate.
 *
 * Models one direction of a full-duplex link: a frame starts when it is ready
 * and the one before has left, and takes its wire bits at the rate (04-nic
 * section 2.8 gives what counts as wire bytes: preamble and gap included).
 *
 * Called by the driver once per frame, in the order in which the frames are
 * ready, before nic_rx.
 *
 * A frame rarely lasts a whole number of picoseconds at an odd rate, so the
 * part that is left over (in units of 1 / rate_bps picoseconds) is carried
 * into the next frame of the same busy period.  The end of the nth frame of a
 * busy period is thus the exact time rounded down, for every n: the error never
 * grows.  A frame that finds the link idle starts at a whole picosecond again.
 *
 * Leaves out loss, reordering and the wire's propagation delay, which would
 * only shift every arrival by a constant.
 */
#include "nicmodel/link.h"

#include <assert.h>
#include <stddef.h>

/* Eight bits at one bit per second, in picoseconds. */
#define BYTE_PS_AT_1_BPS 8000000000000u

/* NARROW_BYTES * BYTE_PS_AT_1_BPS + UINT32_MAX < 2^64 */
enum { NARROW_BYTES = 2000000 };

void
link_init(struct link *link, uint64_t rate_bps)
{
	assert(rate_bps == 0 || rate_bps >= LINK_RATE_MIN_BPS);
	*link = (struct link){.rate_bps = rate_bps};
}

/*
 * How long wire_bytes last, with the carried remainder.  A frame of 4 GiB needs
 * 75 bits before the division; those that exist fit into 64, which is faster.
 */
static uint64_t
serialise(struct link *link, uint32_t wire_bytes)
{
	unsigned __int128 numerator;

	if (wire_bytes <= NARROW_BYTES && link->remainder <= UINT32_MAX) {
		uint64_t narrow =
		    wire_bytes * BYTE_PS_AT_1_BPS + link->remainder;

		link->remainder = narrow % link->rate_bps;
		return narrow / link->rate_bps;
	}
	numerator =
	    (unsigned __int128)wire_bytes * BYTE_PS_AT_1_BPS + link->remainder;

	link->remainder = (uint64_t)(numerator % link->rate_bps);
	return (uint64_t)(numerator / link->rate_bps);
}

uint64_t
link_send(struct link *link, uint64_t ready_ps, uint32_t wire_bytes)
{
	uint64_t duration;

	assert(link != NULL);
	if (link->rate_bps == 0)
		return ready_ps;
	if (ready_ps < link->free_ps) {
		link->delayed++;
		link->delay_sum_ps += link->free_ps - ready_ps;
	} else if (ready_ps > link->free_ps) {
		link->free_ps = ready_ps;
		link->remainder = 0;
	}
	duration = serialise(link, wire_bytes);
	link->busy_ps += duration;
	link->free_ps += duration;
	return link->free_ps;
}
