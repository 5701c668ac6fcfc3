/*
 * socket.c - the life of a receiving socket, its options, and its readiness.
 *
 * Its owner calls so_init; the driver calls socantrcvmore for a FIN and so_drop
 * for a reset; the application's calls are soreceive (soreceive.c), so_shutdown
 * and so_close, the socket options, poll (soreadable) and kqueue (so_kqread).
 * Whoever gives up the last reference destroys it: the owner, or the worker
 * that still had it when it was closed.
 *
 * None of these waits: a record that is detached, and RUNNING, which stays set
 * for ever after a bad header, hold nothing back.  The only thing to wait for
 * is a reader in the middle of a call, and the wait is the caller's.
 *
 * Left out: sleeping, the send side, listen queues, upcalls.
 *
 * Mirrors: FreeBSD sys/kern/uipc_socket.c sorele(), sofree(), sorflush(),
 * sopoll_generic(), filt_soread(), sosetopt(), and uipc_sockbuf.c
 * socantrcvmore().
 */
#include "engine/socket.h"

#include <assert.h>
#include <errno.h>

#include "engine/effects.h"
#include "engine/ktls_rx.h"

static const struct engine_policy freebsd_policy = {0};

void
so_init(struct socket *so, struct mbuf_pool *pool, uint32_t hiwat)
{
	*so = (struct socket){.so_policy = &freebsd_policy, .so_count = 1};
	sb_init(&so->so_rcv, pool, hiwat);
}

void
so_hold(struct socket *so)
{
	assert(so->so_count > 0);
	so->so_count++;
}

bool
so_rele(struct socket *so)
{
	assert(so->so_count > 0);
	if (--so->so_count > 0)
		return false;
	assert(so->so_rcv.sb_tlsdcc == 0);
	sb_fini(&so->so_rcv);
	return true;
}

void
so_fini(struct socket *so)
{
	bool last = so_rele(so);

	assert(last);
	(void)last;
}

bool
so_io_lock(struct socket *so)
{
	if (so->so_io_locked)
		return false;
	so->so_io_locked = true;
	return true;
}

/* FreeBSD sbrelease: nothing is kept, and nothing fits any more. */
static void
release_buffer(struct socket *so)
{
	struct sockbuf *sb = &so->so_rcv;

	so->so_flush_wanted = false;
	sbflush(sb);
	sb->sb_hiwat = 0;
	sb->sb_mbmax = 0;
}

void
so_io_unlock(struct socket *so)
{
	assert(so->so_io_locked);
	so->so_io_locked = false;
	if (so->so_flush_wanted)
		release_buffer(so);
}

bool
soreadable(const struct socket *so)
{
	const struct sockbuf *sb = &so->so_rcv;

	return sb->sb_acc >= sb->sb_lowat || so->so_error != 0 ||
	       (sb->sb_state & SBS_CANTRCVMORE) != 0;
}

bool
so_kqread(const struct socket *so, uint32_t note_lowat, struct so_kevent *kev)
{
	const struct sockbuf *sb = &so->so_rcv;
	uint32_t payload = sb->sb_acc - sb->sb_ctl;

	*kev = (struct so_kevent){.data = payload};
	if ((sb->sb_state & SBS_CANTRCVMORE) != 0) {
		kev->eof = true;
		kev->fflags = so->so_error;
		return true;
	}
	if (so->so_error != 0)
		return true;
	if (note_lowat > 0)
		return payload >= note_lowat;
	return sb->sb_acc >= sb->sb_lowat;
}

int
so_take_error(struct socket *so)
{
	int error = so->so_error;

	if ((so->so_rcv.sb_flags & SB_TLS_RX_STUCK) == 0)
		so->so_error = 0;
	return error;
}

int
so_set_rcvlowat(struct socket *so, int64_t bytes)
{
	struct sockbuf *sb = &so->so_rcv;

	if (bytes < 1)
		return EINVAL;
	sb->sb_lowat = bytes > sb->sb_hiwat ? sb->sb_hiwat : (uint32_t)bytes;
	return 0;
}

int
so_set_rcvbuf(struct socket *so, int64_t bytes)
{
	struct sockbuf *sb = &so->so_rcv;

	if (bytes < 1)
		return EINVAL;
	if (bytes > UINT32_MAX || !sbreserve(sb, (uint32_t)bytes))
		return ENOBUFS;
	sb->sb_flags &= ~SB_AUTOSIZE;
	return 0;
}

int
so_listen(struct socket *so)
{
	if ((so->so_rcv.sb_flags & SB_TLS_RX) != 0)
		return EINVAL;
	so->so_listening = true;
	return 0;
}

unsigned
socantrcvmore(struct socket *so)
{
	struct sockbuf *sb = &so->so_rcv;
	unsigned effects = ENGINE_WAKE_READER;

	sb->sb_state |= SBS_CANTRCVMORE;
	if (sb->sb_flags & SB_TLS_RX)
		effects |= ktls_rx_check(so);
	return effects;
}

unsigned
so_shutdown(struct socket *so)
{
	unsigned effects = socantrcvmore(so);

	if (so->so_io_locked)
		so->so_flush_wanted = true;
	else
		release_buffer(so);
	return effects;
}

void
so_close(struct socket *so)
{
	so->so_rcv.sb_state |= SBS_CANTRCVMORE;
	sbflush(&so->so_rcv);
}

/*
 * The error is set before the stream is ended, so that a reader that is woken
 * sees it and no plain end of stream.  RUNNING is left alone: a worker that
 * has the socket goes on with the records that are complete.
 */
unsigned
so_drop(struct socket *so, int error)
{
	unsigned effects = so->so_dropped ? 0 : ENGINE_DROP;

	so->so_dropped = true;
	if ((so->so_rcv.sb_flags & SB_TLS_RX_STUCK) == 0)
		so->so_error = error;
	return effects | socantrcvmore(so);
}
