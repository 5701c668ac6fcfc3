/*
 * sockbuf.c - the receive buffer of a TLS socket and its accounting.
 *
 * TCP appends in-order segments with sbappendstream.  Before KTLS is enabled
 * they form one flat plain chain; afterwards they go to the TLS chain, from
 * which ktls_rx.c takes whole records and brings them back to the plain chain,
 * each as a record of its own: a control mbuf, then its data.
 *
 *   sb_ccc = plain bytes + sb_tlsdcc (the detached record) + sb_tlscc
 *
 * sb_mbcnt charges MSIZE per mbuf and the nominal size of its cluster, for
 * both chains: a detached record keeps its bytes claimed but not its memory,
 * and a cluster that two mbufs share is charged twice, as in FreeBSD.
 *
 * Nothing here allocates.  Left out: the transmit side, not-ready mbufs in the
 * plain chain (sb_fnrdy), out-of-band data, sleeping and upcalls (the driver
 * acts on the effects).
 *
 * Mirrors: FreeBSD sys/kern/uipc_sockbuf.c.
 */
#include "engine/sockbuf.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "engine/effects.h"
#include "engine/ktls_rx.h"
#include "engine/ktls_session.h"
#include "engine/mbuf.h"
#include "engine/socket.h"

enum {
	SB_WASTE_FACTOR = 8,	    /* kern.ipc.sockbuf_waste_factor */
	SB_MBMAX = 2 * 1024 * 1024, /* kern.ipc.maxsockbuf */
	COALESCE_MAX = MCLBYTES / 4,
};

static void
set_limits(struct sockbuf *sb, uint32_t hiwat)
{
	uint64_t mbmax = (uint64_t)hiwat * SB_WASTE_FACTOR;

	sb->sb_hiwat = hiwat;
	sb->sb_mbmax = mbmax < SB_MBMAX ? (uint32_t)mbmax : SB_MBMAX;
}

void
sb_init(struct sockbuf *sb, struct mbuf_pool *pool, uint32_t hiwat)
{
	*sb = (struct sockbuf){.sb_pool = pool, .sb_lowat = 1};
	set_limits(sb, hiwat);
}

bool
sbreserve(struct sockbuf *sb, uint32_t cc)
{
	/* Whoever fills clusters of 2 KiB must stay below SB_MBMAX. */
	const uint64_t most =
	    (uint64_t)SB_MBMAX * MCLBYTES / (MSIZE + MCLBYTES);

	if (cc > most)
		return false;
	set_limits(sb, cc);
	if (sb->sb_lowat > cc)
		sb->sb_lowat = cc;
	return true;
}

void
sb_fini(struct sockbuf *sb)
{
	sbflush(sb);
	if (sb->sb_tls_info != NULL)
		ktls_session_free(sb->sb_tls_info);
	sb->sb_tls_info = NULL;
}

void
sballoc_ktls_rx(struct sockbuf *sb, const struct mbuf *m)
{
	sb->sb_ccc += m->m_len;
	sb->sb_tlscc += m->m_len;
	sb->sb_mbcnt += m_charge(m);
}

void
sbfree_ktls_rx(struct sockbuf *sb, const struct mbuf *m)
{
	sb->sb_ccc -= m->m_len;
	sb->sb_tlscc -= m->m_len;
	sb->sb_mbcnt -= m_charge(m);
}

void
sballoc(struct sockbuf *sb, const struct mbuf *m)
{
	sb->sb_ccc += m->m_len;
	sb->sb_acc += m->m_len;
	if (m->m_type != MT_DATA)
		sb->sb_ctl += m->m_len;
	sb->sb_mbcnt += m_charge(m);
}

void
sbfree(struct sockbuf *sb, const struct mbuf *m)
{
	sb->sb_ccc -= m->m_len;
	sb->sb_acc -= m->m_len;
	if (m->m_type != MT_DATA)
		sb->sb_ctl -= m->m_len;
	sb->sb_mbcnt -= m_charge(m);
}

/* Demote a packet header and carry its verdict over to its own mbufs. */
static void
demote(struct mbuf *m, uint16_t *marks)
{
	if (m->m_flags & M_PKTHDR) {
		uint32_t tls = m->m_pkthdr.csum_flags & CSUM_TLS_MASK;

		*marks = (uint16_t)(*marks & ~M_DECRYPTED);
		if (tls == CSUM_TLS_DECRYPTED)
			*marks |= M_DECRYPTED;
	}
	m->m_flags = (m->m_flags & (M_EXT | M_UNKNOWN)) | *marks;
}

/*
 * Copy m to the end of tail where sbcompress would.  The tail must own all of
 * its storage, so that no byte of another mbuf is overwritten; bytes that the
 * NIC decrypted and bytes that it did not stay in different mbufs.
 */
static bool
coalesce(struct mbuf *tail, const struct mbuf *m)
{
	if (tail == NULL || m->m_len > COALESCE_MAX ||
	    ((tail->m_flags ^ m->m_flags) & M_DECRYPTED) != 0 ||
	    (m->m_flags & M_UNKNOWN) != 0 || m->m_len > m_trailingspace(tail))
		return false;
	memcpy(tail->m_data + tail->m_len, m->m_data, m->m_len);
	tail->m_len += m->m_len;
	return true;
}

/*
 * Bytes that nobody can read any more are counted without being kept, so that
 * the rest of a cut capture takes no memory.
 */
static bool
absorb(const struct sockbuf *sb, const struct mbuf *m)
{
	struct mbuf *tail = sb->sb_mtlstail;

	if ((sb->sb_flags & SB_TLS_RX_UNREADABLE) == 0 ||
	    (tail->m_flags & M_UNKNOWN) == 0)
		return false;
	tail->m_len += m->m_len;
	return true;
}

/* FreeBSD sbappend_ktls_rx() with sbcompress_ktls_rx(). */
static void
append_ktls_rx(struct sockbuf *sb, struct mbuf *m)
{
	uint16_t marks = M_NOTREADY;

	while (m != NULL) {
		struct mbuf *next = m->m_next;

		demote(m, &marks);
		if (m->m_len == 0) {
			m_free(sb->sb_pool, m);
		} else if (absorb(sb, m) || coalesce(sb->sb_mtlstail, m)) {
			sb->sb_ccc += m->m_len;
			sb->sb_tlscc += m->m_len;
			m_free(sb->sb_pool, m);
		} else {
			m->m_next = NULL;
			if (sb->sb_mtlstail != NULL)
				sb->sb_mtlstail->m_next = m;
			else
				sb->sb_mtls = m;
			sb->sb_mtlstail = m;
			sballoc_ktls_rx(sb, m);
		}
		m = next;
	}
}

/* Append to the flat chain of a plain socket: FreeBSD sbcompress(). */
static void
append_plain(struct sockbuf *sb, struct mbuf *m)
{
	uint16_t marks = 0;

	while (m != NULL) {
		struct mbuf *next = m->m_next;

		demote(m, &marks);
		if (m->m_len == 0) {
			m_free(sb->sb_pool, m);
		} else if (coalesce(sb->sb_mbtail, m)) {
			sb->sb_ccc += m->m_len;
			sb->sb_acc += m->m_len;
			m_free(sb->sb_pool, m);
		} else {
			m->m_next = NULL;
			if (sb->sb_mbtail != NULL)
				sb->sb_mbtail->m_next = m;
			else
				sb->sb_mb = sb->sb_lastrecord = m;
			sb->sb_mbtail = m;
			sballoc(sb, m);
		}
		m = next;
	}
}

/* The socket that a receive buffer belongs to. */
static struct socket *
socket_of(struct sockbuf *sb)
{
	char *rcv = (char *)sb;

	return (void *)(rcv - offsetof(struct socket, so_rcv));
}

unsigned
sbappendstream(struct sockbuf *sb, struct mbuf *m)
{
	assert((m->m_flags & M_PKTHDR) != 0 && m->m_nextpkt == NULL);
	if (sb->sb_state & SBS_CANTRCVMORE) {
		m_freem(sb->sb_pool, m);
		return 0;
	}
	if (sb->sb_flags & SB_TLS_RX) {
		append_ktls_rx(sb, m);
		return ENGINE_WAKE_READER | ktls_rx_check(socket_of(sb));
	}
	append_plain(sb, m);
	return ENGINE_WAKE_READER;
}

void
sbappendcontrol(struct sockbuf *sb, struct mbuf *control, struct mbuf *data)
{
	struct mbuf *tail = control;

	assert(control->m_type != MT_DATA && control->m_nextpkt == NULL);
	control->m_next = data;
	sballoc(sb, control);
	for (struct mbuf *m = data; m != NULL; m = m->m_next) {
		sballoc(sb, m);
		tail = m;
	}
	if (data != NULL)
		tail->m_flags |= M_EOR;
	if (sb->sb_lastrecord != NULL)
		sb->sb_lastrecord->m_nextpkt = control;
	else
		sb->sb_mb = control;
	sb->sb_lastrecord = control;
	sb->sb_mbtail = tail;
}

void
sb_mark_notready(struct sockbuf *sb)
{
	assert(sb->sb_mtls == NULL && sb->sb_tlsdcc == 0 && sb->sb_ctl == 0);
	assert(sb->sb_mb == NULL || sb->sb_mb->m_nextpkt == NULL);
	sb->sb_mtls = sb->sb_mb;
	sb->sb_mtlstail = sb->sb_mbtail;
	sb->sb_mb = sb->sb_mbtail = sb->sb_lastrecord = NULL;
	/* No NIC had the key of bytes that came before it. */
	for (struct mbuf *m = sb->sb_mtls; m != NULL; m = m->m_next)
		m->m_flags = (m->m_flags & (M_EXT | M_UNKNOWN)) | M_NOTREADY;
	sb->sb_tlscc = sb->sb_acc;
	sb->sb_acc = 0;
	assert(sb->sb_tlscc == sb->sb_ccc);
}

/* Make m (with `next` behind its record) the head of the plain chain. */
static void
set_head(struct sockbuf *sb, struct mbuf *m, struct mbuf *next)
{
	if (m != NULL)
		m->m_nextpkt = next;
	else
		m = next;
	sb->sb_mb = m;
	if (m == NULL)
		sb->sb_mbtail = sb->sb_lastrecord = NULL;
	else if (m->m_nextpkt == NULL)
		sb->sb_lastrecord = m;
}

/* Shorten the first bytes of an mbuf that stays in the plain chain. */
static void
trim_plain(struct sockbuf *sb, struct mbuf *m, uint32_t len)
{
	assert(m->m_type == MT_DATA);
	if (m->m_data != NULL)
		m->m_data += len;
	m->m_len -= len;
	sb->sb_ccc -= len;
	sb->sb_acc -= len;
}

/*
 * Take len bytes, at most sb_acc, off the plain chain and link the mbufs that
 * go to *link; returns where the next one is to be linked.
 */
static struct mbuf **
cut_plain(struct sockbuf *sb, uint32_t len, struct mbuf **link)
{
	struct mbuf *m = sb->sb_mb;
	struct mbuf *next = m != NULL ? m->m_nextpkt : NULL;

	while (len > 0) {
		if (m == NULL) {
			m = next;
			next = m->m_nextpkt;
		}
		if (m->m_len > len) {
			trim_plain(sb, m, len);
			break;
		}
		len -= m->m_len;
		sbfree(sb, m);
		m->m_nextpkt = NULL;
		*link = m;
		link = &m->m_next;
		m = m->m_next;
	}
	*link = NULL;
	set_head(sb, m, next);
	return link;
}

/* Take the TLS chain, a list by m_next already, out of the accounts. */
static struct mbuf *
cut_tls(struct sockbuf *sb)
{
	struct mbuf *chain = sb->sb_mtls;

	for (const struct mbuf *m = chain; m != NULL; m = m->m_next)
		sbfree_ktls_rx(sb, m);
	sb->sb_mtls = sb->sb_mtlstail = NULL;
	sb->sb_flags &= ~SB_TLS_RX_UNREADABLE;
	assert(sb->sb_tlscc == 0);
	return chain;
}

struct mbuf *
sbcut(struct sockbuf *sb, uint32_t len)
{
	bool all = len > sb->sb_acc;
	struct mbuf *chain = NULL;
	struct mbuf **link;

	assert(!all || len == sb->sb_ccc);
	link = cut_plain(sb, all ? sb->sb_acc : len, &chain);
	if (!all)
		return chain;
	sb->sb_ccc -= sb->sb_tlsdcc;
	sb->sb_tlsdcc = 0;
	*link = cut_tls(sb);
	return chain;
}

void
sbdrop(struct sockbuf *sb, uint32_t len)
{
	m_freem(sb->sb_pool, sbcut(sb, len));
}

void
sbflush_tls(struct sockbuf *sb)
{
	m_freem(sb->sb_pool, cut_tls(sb));
}

void
sbflush(struct sockbuf *sb)
{
	sbdrop(sb, sb->sb_ccc);
	assert(sb->sb_ccc == 0 && sb->sb_mb == NULL && sb->sb_mbcnt == 0);
}

int64_t
sbspace(const struct sockbuf *sb)
{
	int64_t bytes = (int64_t)sb->sb_hiwat - sb->sb_ccc;
	int64_t memory = (int64_t)sb->sb_mbmax - sb->sb_mbcnt;

	if (sb->sb_flags & SB_STOP)
		return 0;
	return bytes < memory ? bytes : memory;
}

/* Sums over one chain of either kind. */
struct tally {
	uint64_t bytes;
	uint64_t control;
	uint64_t charge;
	const struct mbuf *last;
};

static void
tally_mbuf(struct tally *tally, const struct mbuf *m)
{
	assert(m->m_len > 0);
	assert((m->m_flags & M_PKTHDR) == 0);
	assert((m->m_data == NULL) == ((m->m_flags & M_UNKNOWN) != 0));
	assert((m->m_ext != NULL) == ((m->m_flags & M_EXT) != 0));
	tally->bytes += m->m_len;
	tally->control += m->m_type != MT_DATA ? m->m_len : 0;
	tally->charge += m_charge(m);
	tally->last = m;
}

/* One record of the plain chain. */
static void
tally_record(struct tally *tally, const struct mbuf *record)
{
	for (const struct mbuf *m = record; m != NULL; m = m->m_next) {
		assert((m->m_flags & M_NOTREADY) == 0);
		assert(m == record || m->m_type == MT_DATA);
		assert(m == record || m->m_nextpkt == NULL);
		assert((m->m_flags & M_EOR) == 0 || m->m_next == NULL);
		tally_mbuf(tally, m);
	}
}

static void
check_plain(const struct sockbuf *sb, struct tally *tally)
{
	const struct mbuf *lastrecord = NULL;

	for (const struct mbuf *m = sb->sb_mb; m != NULL; m = m->m_nextpkt) {
		lastrecord = m;
		tally_record(tally, m);
	}
	assert(sb->sb_acc == tally->bytes);
	assert(sb->sb_ctl == tally->control);
	assert(sb->sb_lastrecord == lastrecord);
	assert(sb->sb_mbtail == tally->last);
}

static void
check_tls(const struct sockbuf *sb, struct tally *tally)
{
	for (const struct mbuf *m = sb->sb_mtls; m != NULL; m = m->m_next) {
		assert((m->m_flags & M_NOTREADY) != 0);
		assert((m->m_flags & M_EOR) == 0);
		assert(m->m_type == MT_DATA && m->m_nextpkt == NULL);
		tally_mbuf(tally, m);
	}
	assert(sb->sb_tlscc == tally->bytes);
	assert(sb->sb_mtlstail == tally->last);
}

void
sbcheck(const struct sockbuf *sb)
{
	struct tally plain = {0};
	struct tally tls = {0};

	check_plain(sb, &plain);
	check_tls(sb, &tls);
	assert(sb->sb_ccc == plain.bytes + sb->sb_tlsdcc + sb->sb_tlscc);
	assert(sb->sb_mbcnt == plain.charge + tls.charge);
	assert(sb->sb_tlsdcc == 0 || (sb->sb_flags & SB_TLS_RX_RUNNING) != 0);
	assert((sb->sb_tls_info != NULL) == ((sb->sb_flags & SB_TLS_RX) != 0));
	assert((sb->sb_flags & SB_TLS_RX) != 0 || sb->sb_mtls == NULL);
}
