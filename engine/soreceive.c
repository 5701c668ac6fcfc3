/*
 * soreceive.c - the receive call: control message, data, errors and ends.
 *
 * A reader calls soreceive or soreceive_msg, one record per call.  FreeBSD
 * unlocks between the pieces that it copies; here one call is one step, which
 * first copies out without removing anything and then drops what it copied, so
 * that MSG_PEEK is the same walk without the second half, and a fault of the
 * user's memory loses nothing.
 *
 * Nothing sleeps.  Where the kernel would, the call says EWOULDBLOCK, or with
 * MSG_WAITALL `waits`; the driver puts the reader to sleep and calls again when
 * an effect of another step is ENGINE_WAKE_READER.
 *
 * Left out: out-of-band data, source addresses, so_rerror (which no TCP socket
 * has), and mbufs handed to the caller.
 *
 * Mirrors: FreeBSD sys/kern/uipc_socket.c soreceive_generic() and
 * uipc_syscalls.c kern_recvit().
 */
#include "engine/socket.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "engine/ktls_session.h"
#include "engine/mbuf.h"
#include "engine/suite.h"

/* The record lies behind the 16 bytes of struct cmsghdr. */
enum { CMSG_HEADER_BYTES = 16 };

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

/* True where a complete record stands at the head, whatever its size. */
static bool
head_has_eor(const struct sockbuf *sb)
{
	for (const struct mbuf *m = sb->sb_mb; m != NULL; m = m->m_next)
		if (m->m_flags & M_EOR)
			return true;
	return false;
}

/* True where this call would sleep in FreeBSD before it copies anything. */
static bool
would_sleep(const struct socket *so, const struct soreceive_msg *msg)
{
	const struct sockbuf *sb = &so->so_rcv;

	if (sb->sb_mb == NULL)
		return true;
	return (msg->flags & SORECEIVE_DONTWAIT) == 0 &&
	       sb->sb_acc < msg->resid && sb->sb_acc < sb->sb_lowat &&
	       sb->sb_mb->m_nextpkt == NULL && so->so_error == 0 &&
	       (sb->sb_state & SBS_CANTRCVMORE) == 0 && !head_has_eor(sb);
}

/*
 * Undecrypted bytes hold back the end of the stream, unless nobody can ever
 * read them.
 */
static bool
at_end(const struct sockbuf *sb)
{
	return (sb->sb_state & SBS_CANTRCVMORE) != 0 &&
	       ((sb->sb_tlscc == 0 && sb->sb_tlsdcc == 0) ||
		(sb->sb_flags & SB_TLS_RX_UNREADABLE) != 0);
}

static bool
key_expired(const struct socket *so)
{
	const struct ktls_session *session = so->so_rcv.sb_tls_info;

	return so->so_policy->rekey == ENGINE_REKEY_LINUX && session != NULL &&
	       session->key_pending;
}

/* What a reader is told when no data can be delivered. */
static void
receive_nothing(struct socket *so, const struct soreceive_msg *msg,
		struct soreceive_result *result)
{
	const struct sockbuf *sb = &so->so_rcv;

	if (so->so_error != 0 && (msg->flags & SORECEIVE_PEEK) != 0)
		result->error = so->so_error;
	else if (so->so_error != 0)
		result->error = so_take_error(so);
	else if (at_end(sb))
		result->eof = true;
	else if (sb->sb_mb == NULL && key_expired(so))
		result->error = EKEYEXPIRED;
	else
		result->error = EWOULDBLOCK;
}

/* Copy out the control message; false where the call ends here with ENXIO. */
static bool
receive_control(const struct mbuf *m, const struct soreceive_msg *msg,
		struct soreceive_result *result)
{
	control_read(m, &result->record);
	if ((msg->flags & SORECEIVE_TLSAPPDATA) != 0 &&
	    result->record.tls_type == TLS_ALERT) {
		result->error = ENXIO;
		return false;
	}
	result->has_record = msg->control_len >= TLS_CONTROL_LEN;
	result->ctrunc =
	    msg->control_len > 0 && msg->control_len < TLS_CONTROL_BYTES;
	return true;
}

/* Copy out data from m on, to the record's end or resid. */
static void
receive_data(const struct mbuf *m, const struct soreceive_msg *msg,
	     struct soreceive_result *result)
{
	uint32_t room = msg->resid < msg->fault_at ? msg->resid : msg->fault_at;

	if (m != NULL && msg->resid > 0 && room == 0)
		result->error = EFAULT;
	for (; m != NULL && room > 0; m = m->m_next) {
		uint32_t len = m->m_len < room ? m->m_len : room;

		if (msg->move != NULL)
			msg->move(msg->arg, m->m_data, len);
		result->bytes += len;
		room -= len;
		if (len == m->m_len && (m->m_flags & M_EOR) != 0)
			result->eor = true;
	}
}

/* True where MSG_WAITALL would sleep for more of a stream without records. */
static bool
would_wait(const struct socket *so, const struct soreceive_msg *msg,
	   const struct soreceive_result *result)
{
	const unsigned flags =
	    SORECEIVE_WAITALL | SORECEIVE_DONTWAIT | SORECEIVE_PEEK;

	return (msg->flags & flags) == SORECEIVE_WAITALL &&
	       result->bytes < msg->resid && result->bytes < msg->fault_at &&
	       !result->eor && result->bytes > 0 && so->so_rcv.sb_mb == NULL &&
	       so->so_error == 0 &&
	       (so->so_rcv.sb_state & SBS_CANTRCVMORE) == 0;
}

void
soreceive_msg(struct socket *so, const struct soreceive_msg *msg,
	      struct soreceive_result *result)
{
	struct sockbuf *sb = &so->so_rcv;
	const struct mbuf *m = sb->sb_mb;
	uint32_t consumed = 0;

	*result = (struct soreceive_result){0};
	if (would_sleep(so, msg)) {
		receive_nothing(so, msg, result);
		return;
	}
	if (m->m_type == MT_CONTROL) {
		if (!receive_control(m, msg, result))
			return;
		consumed = m->m_len;
		m = m->m_next;
	}
	receive_data(m, msg, result);
	if (result->error != 0 || (msg->flags & SORECEIVE_PEEK) != 0)
		return;
	sbdrop(sb, consumed + result->bytes);
	result->waits = would_wait(so, msg, result);
}

void
soreceive(struct socket *so, uint32_t resid, unsigned flags,
	  soreceive_uiomove *move, void *arg, struct soreceive_result *result)
{
	const struct soreceive_msg msg = {
	    .resid = resid,
	    .fault_at = UINT32_MAX,
	    .control_len = TLS_CONTROL_BYTES,
	    .flags = flags,
	    .move = move,
	    .arg = arg,
	};

	soreceive_msg(so, &msg, result);
}
