/*
 * sockbuf.h - receive buffer of one TLS socket: ciphertext in, records out.
 *
 * Order of use: sb_init; { sbappendstream, ktls_rx_*, soreceive, sbflush }*;
 * sb_fini.
 * Access: every function needs its sockbuf to itself; the caller arranges it.
 * Ownership: sbappendstream takes the chain; ktls_rx_begin takes a record out
 * and ktls_rx_finish brings it back as a plain record.
 * Mirrors: FreeBSD sys/kern/uipc_sockbuf.c (docs/fidelity.md lists
 * differences).
 */
#ifndef ENGINE_SOCKBUF_H
#define ENGINE_SOCKBUF_H

#include <stdbool.h>
#include <stdint.h>

struct ktls_session;
struct mbuf;
struct mbuf_pool;

/* sb_flags, with FreeBSD's values */
#define SB_TLS_RX	  0x0001u /* KTLS receive is on */
#define SB_TLS_RX_RUNNING 0x0002u /* queued to, or processed by, a worker */
#define SB_AUTOSIZE	  0x0800u /* sb_hiwat may grow */
#define SB_STOP		  0x1000u /* sbspace is 0 */
#define SB_TLS_RX_RESYNC  0x8000u /* the NIC has lost sync */
/* Ours: the next record's header lies in bytes that the capture cut off. */
#define SB_TLS_RX_UNREADABLE 0x10000u
/* Ours: a record did not open, and nothing behind it will be (sticky). */
#define SB_TLS_RX_STUCK 0x20000u

/* sb_state */
#define SBS_CANTRCVMORE 0x0020u /* end of stream seen */

struct sockbuf {
	struct mbuf_pool *sb_pool;
	struct mbuf *sb_mb;	    /* plain chain: records by m_nextpkt */
	struct mbuf *sb_mbtail;	    /* last mbuf of the last record */
	struct mbuf *sb_lastrecord; /* first mbuf of the last record */
	struct mbuf *sb_mtls;	    /* TLS chain, all M_NOTREADY */
	struct mbuf *sb_mtlstail;
	struct ktls_session *sb_tls_info; /* one reference, set once */
	uint64_t sb_tls_seqno;		  /* next record to be detached */
	uint32_t sb_tlscc;		  /* bytes in the TLS chain */
	uint32_t sb_tlsdcc; /* detached record on the wire, or 0 */
	uint32_t sb_ccc;    /* plain + tlsdcc + tlscc */
	uint32_t sb_acc;    /* plain bytes a reader may take */
	uint32_t sb_ctl;    /* of them in control mbufs */
	uint32_t sb_mbcnt;  /* memory charge; without detached */
	uint32_t sb_hiwat;  /* byte limit */
	uint32_t sb_mbmax;  /* memory limit, 8 * hiwat, <= 2 MiB */
	uint32_t sb_lowat;  /* bytes that make it readable */
	uint32_t sb_flags;  /* SB_* */
	uint32_t sb_state;  /* SBS_* */
};

/* hiwat in bytes.  sb_lowat starts at 1. */
void sb_init(struct sockbuf *sb, struct mbuf_pool *pool, uint32_t hiwat);

/*
 * Steps draw mbufs from and free them to this pool, from now on: that of the
 * thread that has the sockbuf, a sibling of all that were lent before.
 */
static inline void
sb_lend_pool(struct sockbuf *sb, struct mbuf_pool *pool)
{
	sb->sb_pool = pool;
}

/* Flush and drop the session reference (FreeBSD sbdestroy). */
void sb_fini(struct sockbuf *sb);

/*
 * Append an in-order chain of one or more packets (linked by m_next, each
 * beginning with M_PKTHDR).  Takes ownership.  Demotes the packet headers,
 * compacts small mbufs into the tail as sbcompress does, never across a
 * different M_DECRYPTED mark and never M_UNKNOWN bytes.  Allocates nothing.
 * Returns engine effects: with SB_TLS_RX those of ktls_rx_check, and always
 * ENGINE_WAKE_READER (TCP wakes per appended segment, readable or not).  After
 * the end of the stream (SBS_CANTRCVMORE) the chain is freed without effects.
 * With SB_TLS_RX the sockbuf must be the so_rcv of a socket.
 */
unsigned sbappendstream(struct sockbuf *sb, struct mbuf *m);

/*
 * Append a decrypted record: control mbuf, then data (may be NULL), M_EOR on
 * the last data mbuf.  No space check, as FreeBSD sbappendcontrol_locked.
 */
void sbappendcontrol(struct sockbuf *sb, struct mbuf *control,
		     struct mbuf *data);

/*
 * Turn everything queued into ciphertext (FreeBSD sb_mark_notready): the plain
 * chain becomes the TLS chain.  The plain chain is a flat stream here.
 */
void sb_mark_notready(struct sockbuf *sb);

/*
 * Remove the first len bytes and return their mbufs, linked by m_next, to the
 * caller.  Either len is within the plain chain, where an mbuf that is cut
 * stays, or it is sb_ccc: a detached record is then disowned by sb_tlsdcc = 0,
 * to be freed by whoever holds it, and the TLS chain is removed as well.
 */
struct mbuf *sbcut(struct sockbuf *sb, uint32_t len);

/* The same, freed. */
void sbdrop(struct sockbuf *sb, uint32_t len);

/*
 * Remove and free everything, as sbdrop of sb_ccc (FreeBSD sbflush_internal).
 */
void sbflush(struct sockbuf *sb);

/*
 * Free the TLS chain only: bytes that no worker will ever decrypt.  A detached
 * record is not touched.
 */
void sbflush_tls(struct sockbuf *sb);

/*
 * Change the limits to cc bytes, as FreeBSD sbreserve: sb_mbmax follows, and
 * sb_lowat is at most cc.  False, and nothing is changed, where cc exceeds what
 * kern.ipc.maxsockbuf allows.
 */
bool sbreserve(struct sockbuf *sb, uint32_t cc);

/*
 * Space in bytes: what sb_ccc leaves of sb_hiwat or sb_mbcnt of sb_mbmax, the
 * less; 0 with SB_STOP.  Negative where control messages have gone beyond it
 * (FreeBSD sbspace).
 */
int64_t sbspace(const struct sockbuf *sb);

/* Accounting of one mbuf in the TLS chain or in the plain chain. */
void sballoc_ktls_rx(struct sockbuf *sb, const struct mbuf *m);
void sbfree_ktls_rx(struct sockbuf *sb, const struct mbuf *m);
void sballoc(struct sockbuf *sb, const struct mbuf *m);
void sbfree(struct sockbuf *sb, const struct mbuf *m);

/*
 * Assert every invariant of 03-engine section 1.3 (FreeBSD SBCHECK,
 * SBLASTRECORDCHK, SBLASTMBUFCHK).  Walks both chains: for tests.
 */
void sbcheck(const struct sockbuf *sb);
#endif
