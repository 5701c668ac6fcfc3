/*
 * nic_pause.c - the port buffer's level, and the pause frames it sends.
 *
 * Models global flow control (IEEE 802.3 annex 31B) at the receiving port: a
 * buffer between the link and the rings, whose level crosses two thresholds.
 * At XOFF a pause frame stops the sender for the longest time there is; it is
 * repeated at half of that, until the level has fallen to XON, and then a pause
 * of no quanta lets the sender go on.
 *
 * The caller keeps the frames themselves, and carries pause frames to the
 * sender.  Leaves out priorities (PFC), the sender's response time beyond the
 * frame that it has begun, and pause frames from the other side.
 */
#include "nicmodel/nic_pause.h"

#include <assert.h>

/* A bit at one bit per second, in picoseconds. */
#define BIT_PS_AT_1_BPS 1000000000000u

void
nic_pause_init(struct nic_pause *pause, uint64_t rate_bps, uint32_t capacity,
	       uint32_t xoff, uint32_t xon)
{
	assert(rate_bps > 0 && xon <= xoff && xoff <= capacity);
	*pause = (struct nic_pause){
	    .rate_bps = rate_bps,
	    .capacity = capacity,
	    .xoff = xoff,
	    .xon = xon,
	};
}

/* So many bits at the link's rate: 65535 quanta need more than 64 bits. */
static uint64_t
bits_time(const struct nic_pause *pause, uint64_t bits)
{
	return (uint64_t)((unsigned __int128)bits * BIT_PS_AT_1_BPS /
			  pause->rate_bps);
}

uint64_t
nic_pause_time(const struct nic_pause *pause, uint32_t quanta)
{
	return bits_time(pause, (uint64_t)quanta * NIC_PAUSE_QUANTUM_BITS);
}

uint64_t
nic_pause_wire_time(const struct nic_pause *pause)
{
	return bits_time(pause, NIC_PAUSE_WIRE_BYTES * 8);
}

uint64_t
nic_pause_interval(const struct nic_pause *pause)
{
	return nic_pause_time(pause, NIC_PAUSE_QUANTA / 2);
}

bool
nic_pause_has_room(struct nic_pause *pause, uint32_t bytes)
{
	if (bytes <= pause->capacity - pause->bytes)
		return true;
	pause->discards++;
	return false;
}

enum nic_pause_act
nic_pause_put(struct nic_pause *pause, uint32_t bytes, uint64_t now)
{
	assert(bytes <= pause->capacity - pause->bytes);
	pause->bytes += bytes;
	if (pause->bytes > pause->bytes_max)
		pause->bytes_max = pause->bytes;
	if (pause->paused || pause->bytes < pause->xoff)
		return NIC_PAUSE_NONE;
	pause->paused = true;
	pause->since_ps = now;
	pause->pauses_sent++;
	return NIC_PAUSE_XOFF;
}

enum nic_pause_act
nic_pause_take(struct nic_pause *pause, uint32_t bytes, uint64_t now)
{
	assert(bytes <= pause->bytes);
	pause->bytes -= bytes;
	if (!pause->paused || pause->bytes > pause->xon)
		return NIC_PAUSE_NONE;
	pause->paused = false;
	pause->paused_ps += now - pause->since_ps;
	pause->pauses_sent++;
	return NIC_PAUSE_XON;
}

enum nic_pause_act
nic_pause_refresh(struct nic_pause *pause)
{
	if (!pause->paused)
		return NIC_PAUSE_NONE;
	pause->pauses_sent++;
	return NIC_PAUSE_XOFF;
}
