/*
 * tcp_window.c - the receive window: growth of the buffer, and what is offered.
 *
 * Used by whoever plays TCP's receiving half towards a sender that keeps to the
 * window; replay of a capture, whose sender does not react, uses neither.
 *
 * Ciphertext holds the window exactly like plaintext: sb_ccc counts the TLS
 * chain and a detached record.  Autosizing counts bytes on the wire.
 *
 * Left out: the window scale's granularity, and the limit of TCP_MAXWIN.
 *
 * Mirrors: FreeBSD tcp_autorcvbuf() and the window choice of tcp_output().
 */
#include "engine/tcp_window.h"

#include "engine/sockbuf.h"

/* Half as large again, as far as the limits go. */
static bool
grow(struct sockbuf *sb, uint32_t buf_max)
{
	uint64_t size = (uint64_t)sb->sb_hiwat + sb->sb_hiwat / 2;

	if (size > buf_max)
		size = buf_max;
	if (size <= sb->sb_hiwat)
		return false;
	if (sbreserve(sb, (uint32_t)size))
		return true;
	sb->sb_flags &= ~SB_AUTOSIZE;
	return false;
}

bool
tcp_autorcvbuf(struct tcp_rcvbuf *rcvbuf, struct sockbuf *sb, uint32_t tlen,
	       uint64_t now_ps, uint64_t srtt_ps, uint32_t buf_max)
{
	bool busy;

	if ((sb->sb_flags & SB_AUTOSIZE) == 0)
		return false;
	if (!rcvbuf->have_mark) {
		rcvbuf->have_mark = true;
		rcvbuf->rfbuf_ts = now_ps;
		rcvbuf->rfbuf_cnt = 0;
	}
	if (srtt_ps == 0 || now_ps - rcvbuf->rfbuf_ts <= srtt_ps / 2) {
		rcvbuf->rfbuf_cnt += tlen;
		return false;
	}
	busy = rcvbuf->rfbuf_cnt > sb->sb_hiwat / 8 * 3;
	*rcvbuf = (struct tcp_rcvbuf){0};
	return busy && grow(sb, buf_max);
}

uint32_t
tcp_rcvwin(const struct sockbuf *sb, uint32_t mss, uint32_t offered_left)
{
	int64_t space = sbspace(sb);

	if (space < 0 || (space < mss && space < sb->sb_hiwat / 4))
		space = 0;
	return space < offered_left ? offered_left : (uint32_t)space;
}
