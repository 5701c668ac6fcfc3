/*
 * tcp_window.h - the receive window: growth of the buffer, and what is offered.
 *
 * Order of use: tcp_autorcvbuf for each segment in order, before it is
 * appended; tcp_rcvwin where an acknowledgement is made.
 * Access: the caller's, as of the sockbuf.
 * Mirrors: FreeBSD tcp_autorcvbuf() and the window choice of tcp_output().
 */
#ifndef ENGINE_TCP_WINDOW_H
#define ENGINE_TCP_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct sockbuf;

/* What arrived since the mark; all zero at first. */
struct tcp_rcvbuf {
	uint64_t rfbuf_ts;  /* of the mark, with have_mark */
	uint32_t rfbuf_cnt; /* bytes on the wire since then */
	bool have_mark;
};

/*
 * A segment of tlen payload bytes arrives in order at now_ps.  More than half a
 * round trip (srtt_ps; 0: no sample yet) after the mark, the buffer grows by
 * half, to buf_max at most, if more than 3/8 of it have arrived since; then a
 * new mark is set.  Returns whether sb_hiwat has changed.  Without SB_AUTOSIZE
 * nothing happens; a size that kern.ipc.maxsockbuf forbids ends autosizing.
 * What is not decrypted yet is not looked at.
 */
bool tcp_autorcvbuf(struct tcp_rcvbuf *rcvbuf, struct sockbuf *sb,
		    uint32_t tlen, uint64_t now_ps, uint64_t srtt_ps,
		    uint32_t buf_max);

/*
 * The window to offer, in bytes: sbspace, or 0 where that is below a segment
 * (mss) and a quarter of the buffer; never less than what is left of the window
 * that was offered last.
 */
uint32_t tcp_rcvwin(const struct sockbuf *sb, uint32_t mss,
		    uint32_t offered_left);
#endif
