/*
 * socket.c - the readers' side of a receiving socket, and its end of life.
 *
 * A reader calls soreceive, one record per call; the driver calls
 * socantrcvmore for a FIN, so_drop for a reset, so_close when the application
 * is done, and so_fini when the last reference is gone.
 *
 * soreceive first copies out without removing anything and then drops what it
 * copied, so that MSG_PEEK is the same walk without the second half.  FreeBSD
 * unlocks between the pieces; here one call is one step.
 *
 * Left out: sleeping (EWOULDBLOCK is said instead), out-of-band data, atomic
 * protocols, MSG_WAITALL and MSG_TLSAPPDATA, and the send side.
 *
 * Mirrors: FreeBSD sys/kern/uipc_socket.c soreceive_generic(), sofree(), and
 * uipc_sockbuf.c socantrcvmore().
 */
#include "engine/socket.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "engine/effects.h"
#include "engine/ktls_rx.h"
#include "engine/mbuf.h"

/* The record lies behind the 16 bytes of struct cmsghdr. */
enum { CMSG_HEADER_BYTES = 16 };

void
so_init(struct socket *so, struct mbuf_pool *pool, uint32_t hiwat)
{
	*so = (struct socket){0};
	sb_init(&so->so_rcv, pool, hiwat);
}

void
so_fini(struct socket *so)
{
	assert(so->so_count == 0);
	assert(so->so_rcv.sb_tlsdcc == 0);
	sb_fini(&so->so_rcv);
}

void
so_control_write(struct mbuf *m, const struct tls_get_record *record)
{
	assert(m->m_len == 0);
	memset(m->m_data, 0, TLS_CONTROL_BYTES);
	memcpy(m->m_data + CMSG_HEADER_BYTES, record, sizeof(*record));
	m->m_len = TLS_CONTROL_BYTES;
}

static void
control_read(const struct mbuf *m, struct tls_get_record *record)
{
	assert(m->m_len == TLS_CONTROL_BYTES);
	memcpy(record, m->m_data + CMSG_HEADER_BYTES, sizeof(*record));
}

/* True where a receive of resid bytes would sleep in FreeBSD. */
static bool
would_sleep(const struct socket *so, uint32_t resid)
{
	const struct sockbuf *sb = &so->so_rcv;
	const struct mbuf *m = sb->sb_mb;

	if (m == NULL)
		return true;
	if (sb->sb_acc >= resid || sb->sb_acc >= sb->sb_lowat ||
	    m->m_nextpkt != NULL || so->so_error != 0 ||
	    (sb->sb_state & SBS_CANTRCVMORE) != 0)
		return false;
	for (; m != NULL; m = m->m_next)
		if (m->m_flags & M_EOR)
			return false;
	return true;
}

/*
 * What a reader is told when no data can be delivered.  Undecrypted bytes hold
 * back the end of the stream, unless nobody can ever read them, but not an
 * error.
 */
static void
receive_nothing(struct socket *so, unsigned flags,
		struct soreceive_result *result)
{
	const struct sockbuf *sb = &so->so_rcv;
	bool drained =
	    sb->sb_ccc == 0 || (sb->sb_flags & SB_TLS_RX_UNREADABLE) != 0;

	if (so->so_error != 0) {
		result->error = so->so_error;
		if ((flags & SORECEIVE_PEEK) == 0)
			so->so_error = 0;
	} else if ((sb->sb_state & SBS_CANTRCVMORE) != 0 && drained) {
		result->eof = true;
	} else {
		result->error = EWOULDBLOCK;
	}
}

/* Copy out data from m on, to the record's end or resid. */
static void
receive_data(const struct mbuf *m, uint32_t resid, soreceive_uiomove *move,
	     void *arg, struct soreceive_result *result)
{
	for (; m != NULL && resid > 0; m = m->m_next) {
		uint32_t len = m->m_len < resid ? m->m_len : resid;

		if (move != NULL)
			move(arg, m->m_data, len);
		result->bytes += len;
		resid -= len;
		if (len == m->m_len && (m->m_flags & M_EOR) != 0)
			result->eor = true;
	}
}

void
soreceive(struct socket *so, uint32_t resid, unsigned flags,
	  soreceive_uiomove *move, void *arg, struct soreceive_result *result)
{
	struct sockbuf *sb = &so->so_rcv;
	const struct mbuf *m = sb->sb_mb;
	uint32_t consumed = 0;

	*result = (struct soreceive_result){0};
	if (would_sleep(so, resid)) {
		receive_nothing(so, flags, result);
		return;
	}
	if (m->m_type == MT_CONTROL) {
		control_read(m, &result->record);
		result->has_record = true;
		consumed = m->m_len;
		m = m->m_next;
	}
	receive_data(m, resid, move, arg, result);
	if ((flags & SORECEIVE_PEEK) == 0)
		sbdrop(sb, consumed + result->bytes);
}

bool
soreadable(const struct socket *so)
{
	const struct sockbuf *sb = &so->so_rcv;

	return sb->sb_acc >= sb->sb_lowat || so->so_error != 0 ||
	       (sb->sb_state & SBS_CANTRCVMORE) != 0;
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
	so->so_error = error;
	return effects | socantrcvmore(so);
}
