/*
 * nic_pause.h - the port buffer's level, and the pause frames it sends.
 *
 * Order of use: nic_pause_init; nic_pause_put for a frame that the buffer
 * takes, nic_pause_take when it leaves; nic_pause_refresh at the times that
 * nic_pause_interval gives, while paused.  IEEE 802.3 annex 31B; 04-nic
 * section 2.8.
 * Access: one thread.  Times are picoseconds.
 */
#ifndef NICMODEL_NIC_PAUSE_H
#define NICMODEL_NIC_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	NIC_PAUSE_QUANTA = 65535, /* that XOFF asks for; XON asks for 0 */
	NIC_PAUSE_QUANTUM_BITS = 512,
	NIC_PAUSE_WIRE_BYTES = 84, /* a frame of 64, preamble and gap */
};

struct nic_pause {
	uint64_t rate_bps;
	uint32_t capacity; /* bytes */
	uint32_t xoff;	   /* stop the sender at this level ... */
	uint32_t xon;	   /* ... until it has fallen to this one */
	uint32_t bytes;	   /* inside */
	uint32_t bytes_max;
	bool paused;	      /* XOFF was sent, and no XON since */
	uint64_t since_ps;    /* with paused */
	uint64_t paused_ps;   /* total of the pauses that are over */
	uint64_t pauses_sent; /* pause frames, XOFF and XON */
	uint64_t discards;    /* frames for which there was no room */
};

enum nic_pause_act {
	NIC_PAUSE_NONE,
	NIC_PAUSE_XOFF, /* send a pause frame with NIC_PAUSE_QUANTA */
	NIC_PAUSE_XON,	/* send one with 0 */
};

/* xon <= xoff <= capacity; rate_bps is that of the link, not 0. */
void nic_pause_init(struct nic_pause *pause, uint64_t rate_bps,
		    uint32_t capacity, uint32_t xoff, uint32_t xon);

/* A frame of so many bytes came.  Returns false, and counts it, without room.
 */
bool nic_pause_has_room(struct nic_pause *pause, uint32_t bytes);

/* It has room and is in the buffer; returns NONE or XOFF. */
enum nic_pause_act nic_pause_put(struct nic_pause *pause, uint32_t bytes,
				 uint64_t now);

/* A frame has left the buffer; returns NONE or XON. */
enum nic_pause_act nic_pause_take(struct nic_pause *pause, uint32_t bytes,
				  uint64_t now);

/* Half of a pause is over: returns XOFF where it has to go on, or NONE. */
enum nic_pause_act nic_pause_refresh(struct nic_pause *pause);

/* How long the sender stops for so many quanta, rounded down. */
uint64_t nic_pause_time(const struct nic_pause *pause, uint32_t quanta);

/* How long a pause frame is on the wire, rounded down. */
uint64_t nic_pause_wire_time(const struct nic_pause *pause);

/* Time between two pause frames of one pause. */
uint64_t nic_pause_interval(const struct nic_pause *pause);
#endif
