/*
 * tcp_input.h - TCP receive: sequence check, reassembly, in-order hand-over.
 *
 * Order of use: tcp_init; { tcp_input }*; tcp_fini.  No congestion control, no
 * timers, no transmit: the model is the receiving half.
 * Access: one thread; the connection's owner.
 * Ownership: tcp_input takes the packet; what it hands over belongs to the
 * caller; what it keeps lies in the reassembly queue until a hole is filled.
 * Mirrors: FreeBSD tcp_do_segment() and tcp_reass() (docs/fidelity.md lists
 * differences; the first copy of a byte wins everywhere here).
 */
#ifndef ENGINE_TCP_INPUT_H
#define ENGINE_TCP_INPUT_H

#include <stdbool.h>
#include <stdint.h>

struct mbuf;
struct mbuf_pool;

struct tcpcb {
	struct mbuf_pool *t_pool;
	struct mbuf *t_segq;	  /* packets by m_nextpkt, by sequence,
				     disjoint, all ahead of a hole */
	struct mbuf *t_segq_last; /* its last packet */
	struct mbuf *t_segq_hint; /* where the last search inside it ended,
				     or NULL */
	uint64_t t_segq_end;	  /* stream offset behind t_segq_last */
	uint64_t t_hint_offset;	  /* stream offset of t_segq_hint */
	uint64_t t_segqbytes;	  /* bytes in t_segq */
	uint32_t t_segqlen;	  /* packets in t_segq */
	uint32_t irs;		  /* sequence number of stream offset 0 */
	uint32_t rcv_nxt;	  /* next sequence number expected */
	uint64_t rcv_offset;	  /* stream offset of rcv_nxt, SYN and FIN
				     not counted */
	uint64_t fin_offset;	  /* stream offset of the FIN, if known */
	bool have_irs;		  /* rcv_nxt is known */
	bool have_syn;		  /* the SYN itself has come */
	bool have_fin;		  /* fin_offset is known */
	bool closed;		  /* FIN reached in order, or RST taken */
	bool reset;		  /* RST taken */
	bool have_peer_ack;	  /* peer_ack is known */
	uint32_t peer_ack;	  /* greatest acknowledgement that the
				     receiver itself was seen to send */
};

enum tcp_outcome {
	TCP_ACCEPTED,	/* in order: *in_order holds its bytes, or none */
	TCP_QUEUED,	/* ahead of a hole: kept in the reassembly queue */
	TCP_DUPLICATE,	/* nothing new or acceptable in it: freed */
	TCP_PAST_CLOSE, /* after FIN or RST: freed */
	TCP_NOMEM,	/* no memory to cut it: freed, nothing of it taken */
};

struct tcp_result {
	enum tcp_outcome outcome;
	struct mbuf *in_order;	  /* chain by m_next of packets, or NULL */
	uint64_t in_order_offset; /* stream offset of its first byte */
	uint32_t in_order_bytes;
	uint32_t duplicate_bytes; /* of this packet: freed, for any reason */
	bool old;     /* with TCP_DUPLICATE: every byte was below rcv_nxt */
	bool fin;     /* the stream has ended, after in_order */
	bool reset;   /* a RST was accepted */
	bool ack_due; /* the receiver answers with an ACK */
};

/* A hole at the end of a run (expected.csv and the hostile inputs list them) */
struct tcp_hole {
	uint64_t offset;       /* stream offset of the first missing byte */
	uint64_t bytes;	       /* missing up to the next byte that is there */
	uint64_t bytes_behind; /* queued behind it */
	bool acked;	       /* the receiver acknowledged past it: the capture
				  lost it, the network did not */
};

void tcp_init(struct tcpcb *tp, struct mbuf_pool *pool);

/* Free what the reassembly queue still holds. */
void tcp_fini(struct tcpcb *tp);

/*
 * Say where the stream begins (from a SYN: its sequence number + 1).  Without
 * it, the first packet with payload begins the stream, or a FIN that comes
 * before any; bytes ahead of the beginning count as old.  Only the first call
 * has an effect.
 */
void tcp_set_irs(struct tcpcb *tp, uint32_t first_seq);

/* The receiver itself was seen to acknowledge up to th_ack. */
void tcp_note_ack(struct tcpcb *tp, uint32_t th_ack);

/*
 * Take one packet (a chain by m_next; m_pkthdr of the first mbuf describes the
 * first packet, len and th_flags of a merged chain are those of the whole).
 * Every packet of a merged chain begins with M_PKTHDR, and keeps it in the
 * hand-over, trimmed to the bytes that were new.  In the hand-over every
 * m_pkthdr.len is the bytes of that packet alone, the first one's too, and
 * th_seq of a packet that was cut is that of its first byte that is left.  A
 * packet with queued bytes in its middle becomes several, each with a copy of
 * the header.
 *
 * Outcomes: a packet of which some bytes were new is ACCEPTED where this call
 * hands bytes over, else QUEUED; its other bytes are in duplicate_bytes.  A
 * packet that only brings news of a SYN, FIN or RST is ACCEPTED, also where the
 * FIN waits behind a hole.  A RST counts when it lies at rcv_nxt or less than
 * 64 KiB ahead; its payload is freed.  What no receiver would take (a RST
 * elsewhere, a SYN in mid-stream, bytes more than a gigabyte ahead of all
 * others) is DUPLICATE without `old`.  A FIN below bytes that have come already
 * is not believed; its bytes are taken.
 */
void tcp_input(struct tcpcb *tp, struct mbuf *m, struct tcp_result *result);

/*
 * The first hole: in front of the reassembly queue or of a FIN that waits.
 * Returns false where there is none.
 */
bool tcp_first_hole(const struct tcpcb *tp, struct tcp_hole *hole);
#endif
