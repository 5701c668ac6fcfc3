/*
 * nic_frames.h - frames for the tests of merging, and what became of them.
 */
#ifndef TESTS_SUPPORT_NIC_FRAMES_H
#define TESTS_SUPPORT_NIC_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mbuf;
struct mbuf_pool;
struct nic_chains;

enum {
	NIC_FRAME_BYTES = 64, /* payload of one at most */
	NIC_FRAMES_TEXT = 256,
};

/* What the rules look at; ACK is set unless no_ack. */
struct nic_frame {
	uint32_t seq;
	uint32_t len;
	uint8_t flags; /* beside ACK */
	bool no_ack;
	uint32_t ack;
	uint32_t flow;
	uint8_t receiver;
	uint32_t hash; /* RSS */
	uint32_t csum_flags;
	uint32_t ts;	  /* aligned timestamp option, unless 0 */
	uint32_t options; /* other options' fingerprint (even) */
	uint64_t arrival; /* kept in rcv_tstmp */
};

/* A packet whose bytes are those of its sequence numbers. */
struct mbuf *nic_frame_make(struct mbuf_pool *pool,
			    const struct nic_frame *frame);

/*
 * Take every chain out of the list and free it; text (NIC_FRAMES_TEXT bytes)
 * gets "seq:bytes/frames" of each, with a blank in between.  Asserts that each
 * holds its bytes in order and that its first header describes it.
 */
void nic_frames_take(struct nic_chains *list, struct mbuf_pool *pool,
		     char *text);
#endif
