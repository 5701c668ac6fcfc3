/*
 * tcp_input.c - TCP receive: sequence check, reassembly, in-order hand-over.
 *
 * Models the receiving half of one connection, after FreeBSD's tcp_do_segment()
 * and tcp_reass().  The driver calls tcp_init, then tcp_input for each packet
 * (or merged chain) in order of arrival, and appends what it hands over to the
 * socket buffer; tcp_fini frees what never came in order.
 *
 * Sequence numbers are turned into 64-bit stream offsets on entry, so that
 * everything behind that is plain arithmetic and a stream may be of any length:
 * see seq_offset().  The packet that everybody waits for, with nothing queued,
 * passes through without that (take_next).
 *
 * Any other packet is first cut into those pieces of it that are new
 * (cut_chain), which is the only step that needs memory and changes nothing in
 * the queue; then the pieces are queued; then the front of the queue is handed
 * over as far as it is in order.  A byte that is there is never replaced.
 *
 * Leaves out congestion control, timers, transmit, the window (bytes outside
 * the advertised window are taken), urgent data, SACK, timestamps and
 * challenge ACKs.  The kernel lets a new segment replace queued ones that it
 * covers; here the first copy wins.  The kernel bounds the number of queued
 * segments; here memory does.
 */
#include "engine/tcp_input.h"

#include <assert.h>
#include <stddef.h>

#include "engine/mbuf.h"

/* No window reaches further (RFC 7323 section 2.3). */
#define TCP_WINDOW_MAX (INT64_C(1) << 30)

/* How far ahead of rcv_nxt a RST is believed, in bytes. */
#define TCP_RST_WINDOW 65536u

/* A place in the queue: behind m, or in front of all where m is NULL. */
struct place {
	struct mbuf *m;
	int64_t offset; /* stream offset of m's first byte */
};

/* What is new in a packet: packets by m_nextpkt. */
struct pieces {
	struct mbuf *head;
	struct mbuf *last;
	uint32_t bytes;
};

void
tcp_init(struct tcpcb *tp, struct mbuf_pool *pool)
{
	assert(pool != NULL);
	*tp = (struct tcpcb){.t_pool = pool};
}

static void
packets_free(struct mbuf_pool *pool, struct mbuf *m)
{
	while (m != NULL) {
		struct mbuf *next = m->m_nextpkt;

		m_freem(pool, m);
		m = next;
	}
}

void
tcp_fini(struct tcpcb *tp)
{
	packets_free(tp->t_pool, tp->t_segq);
	tcp_init(tp, tp->t_pool);
}

void
tcp_set_irs(struct tcpcb *tp, uint32_t first_seq)
{
	if (tp->have_irs)
		return;
	assert(tp->rcv_offset == 0 && tp->t_segq == NULL);
	tp->have_irs = true;
	tp->irs = first_seq;
	tp->rcv_nxt = first_seq;
}

void
tcp_note_ack(struct tcpcb *tp, uint32_t th_ack)
{
	if (tp->have_peer_ack && (int32_t)(th_ack - tp->peer_ack) <= 0)
		return;
	tp->have_peer_ack = true;
	tp->peer_ack = th_ack;
}

/* Stream offset behind the last byte that has come. */
static int64_t
stream_end(const struct tcpcb *tp)
{
	return (int64_t)(tp->t_segq == NULL ? tp->rcv_offset : tp->t_segq_end);
}

/*
 * The stream offset that a sequence number means: of all that it could mean,
 * the one nearest to the last byte that has come.  (Nearest to rcv_nxt would go
 * wrong once more than 2 GiB lie behind a hole that is never filled, as in a
 * capture that lost a packet.)  Negative: ahead of the stream's beginning.
 */
static int64_t
seq_offset(const struct tcpcb *tp, uint32_t seq)
{
	int64_t end = stream_end(tp);

	return end + (int32_t)(seq - tp->irs - (uint32_t)end);
}

/*
 * The place behind the next packet.  Behind the last one stands the FIN, or
 * nothing for ever.  Neighbours are never more than TCP_WINDOW_MAX apart, so
 * the difference of their sequence numbers is exact.
 */
static struct place
place_next(const struct tcpcb *tp, struct place at)
{
	struct place next = {.offset = INT64_MAX};
	int64_t base = (int64_t)tp->rcv_offset;
	uint32_t seq = tp->rcv_nxt;

	next.m = tp->t_segq;
	if (at.m != NULL) {
		next.m = at.m->m_nextpkt;
		base = at.offset;
		seq = at.m->m_pkthdr.th_seq;
	}
	if (next.m != NULL)
		next.offset = base + (uint32_t)(next.m->m_pkthdr.th_seq - seq);
	else if (tp->have_fin)
		next.offset = (int64_t)tp->fin_offset;
	return next;
}

/* Stream offset behind the bytes that end at a place. */
static int64_t
place_end(const struct tcpcb *tp, struct place at)
{
	if (at.m == NULL)
		return (int64_t)tp->rcv_offset;
	return at.offset + at.m->m_pkthdr.len;
}

/*
 * The last place that begins at `offset` or before.  A run that grows at the
 * end of the queue finds its place at once, and one that fills a hole in the
 * middle starts where the last search ended; only shuffled arrivals walk.
 */
static struct place
place_find(struct tcpcb *tp, int64_t offset)
{
	struct place at = {0};
	struct place next = place_next(tp, at);
	int64_t last;

	if (next.m == NULL || offset < next.offset)
		return at;
	last = (int64_t)tp->t_segq_end - tp->t_segq_last->m_pkthdr.len;
	if (offset >= last)
		return (struct place){.m = tp->t_segq_last, .offset = last};
	if (tp->t_segq_hint != NULL && offset >= (int64_t)tp->t_hint_offset) {
		at.m = tp->t_segq_hint;
		at.offset = (int64_t)tp->t_hint_offset;
		next = place_next(tp, at);
	}
	while (next.offset <= offset) {
		at = next;
		next = place_next(tp, at);
	}
	tp->t_segq_hint = at.m;
	tp->t_hint_offset = (uint64_t)at.offset;
	return at;
}

/* The last mbuf of the chain's first packet; *len gets that packet's bytes. */
static struct mbuf *
packet_last(struct mbuf *m, uint32_t *len)
{
	uint32_t bytes = m->m_len;

	while (m->m_next != NULL && !(m->m_next->m_flags & M_PKTHDR)) {
		m = m->m_next;
		bytes += m->m_len;
	}
	*len = bytes;
	return m;
}

/* Take the first packet off a merged chain and return the others. */
static struct mbuf *
packet_detach(struct mbuf *m)
{
	struct mbuf *last = packet_last(m, &m->m_pkthdr.len);
	struct mbuf *rest = last->m_next;

	last->m_next = NULL;
	return rest;
}

/*
 * Drop count bytes, not all, from the front of a packet and return it.  The
 * header moves to the first mbuf that is left.
 */
static struct mbuf *
packet_trim(struct mbuf_pool *pool, struct mbuf *m, uint32_t count)
{
	struct pkthdr hdr = m->m_pkthdr;

	assert(count < hdr.len);
	hdr.len -= count;
	hdr.th_seq += count;
	while (count >= m->m_len) {
		count -= m->m_len;
		m = m_free(pool, m);
	}
	m->m_flags |= M_PKTHDR;
	m->m_pkthdr = hdr;
	m->m_len -= count;
	if (!(m->m_flags & M_UNKNOWN))
		m->m_data += count;
	return m;
}

/*
 * Cut a packet after `count` bytes, of which it has more, and return the second
 * part, a packet with a copy of the header.  It may begin with an empty mbuf,
 * which goes when the part is trimmed, as it always is: it begins with bytes
 * that are queued or past the FIN.  NULL: no memory, m as it was.
 */
static struct mbuf *
packet_split(struct mbuf_pool *pool, struct mbuf *m, uint32_t count)
{
	struct mbuf *n = m;
	struct mbuf *rest;
	uint32_t left = count;

	assert(count > 0 && count < m->m_pkthdr.len);
	for (; left > n->m_len; n = n->m_next)
		left -= n->m_len;
	rest = m_split(pool, n, left);
	if (rest == NULL)
		return NULL;
	rest->m_flags |= M_PKTHDR;
	rest->m_pkthdr = m->m_pkthdr;
	rest->m_pkthdr.len -= count;
	rest->m_pkthdr.th_seq += count;
	m->m_pkthdr.len = count;
	return rest;
}

static void
pieces_add(struct pieces *new, struct mbuf *m)
{
	assert(m->m_nextpkt == NULL && m->m_pkthdr.len > 0);
	if (new->head == NULL)
		new->head = m;
	else
		new->last->m_nextpkt = m;
	new->last = m;
	new->bytes += m->m_pkthdr.len;
}

/*
 * Add the first `room` bytes of *m to `new`; *m becomes what reaches further,
 * or NULL.  Returns false without memory: *m is freed.
 */
static bool
cut_piece(struct mbuf_pool *pool, struct mbuf **m, int64_t room,
	  struct pieces *new)
{
	struct mbuf *rest = NULL;

	if (room <= 0)
		return true;
	if (room < (*m)->m_pkthdr.len) {
		rest = packet_split(pool, *m, (uint32_t)room);
		if (rest == NULL) {
			m_freem(pool, *m);
			return false;
		}
	}
	pieces_add(new, *m);
	*m = rest;
	return true;
}

/*
 * Add to `new` what is new in one packet, whose first byte has stream offset
 * `start`, and free the rest of it.  Bytes below rcv_nxt and bytes past the FIN
 * are there already like those of the queue.  Returns false without memory: m
 * is freed.
 */
static bool
cut_packet(struct tcpcb *tp, struct mbuf *m, int64_t start, struct pieces *new)
{
	struct place at = place_find(tp, start);

	while (m != NULL && m->m_pkthdr.len > 0) {
		struct place next = place_next(tp, at);
		int64_t had = place_end(tp, at) - start;

		if (had >= m->m_pkthdr.len)
			break;
		if (had > 0) {
			m = packet_trim(tp->t_pool, m, (uint32_t)had);
			start += had;
		}
		if (!cut_piece(tp->t_pool, &m, next.offset - start, new))
			return false;
		if (next.m == NULL)
			break;
		start = next.offset;
		at = next;
	}
	m_freem(tp->t_pool, m);
	return true;
}

/*
 * The same for a merged chain whose first byte has sequence number seq.  The
 * queue is only read.  Returns false without memory: everything is freed.
 */
static bool
cut_chain(struct tcpcb *tp, struct mbuf *m, uint32_t seq, struct pieces *new)
{
	while (m != NULL) {
		struct mbuf *rest = packet_detach(m);
		int64_t start = seq_offset(tp, seq);

		m->m_pkthdr.th_seq = seq;
		seq += m->m_pkthdr.len;
		if (!cut_packet(tp, m, start, new)) {
			m_freem(tp->t_pool, rest);
			packets_free(tp->t_pool, new->head);
			return false;
		}
		m = rest;
	}
	return true;
}

/* Put a packet of which no byte is there yet into the queue. */
static void
queue_packet(struct tcpcb *tp, struct mbuf *m)
{
	int64_t start = seq_offset(tp, m->m_pkthdr.th_seq);
	struct place at = place_find(tp, start);
	struct mbuf **link = at.m == NULL ? &tp->t_segq : &at.m->m_nextpkt;

	assert(start >= place_end(tp, at));
	m->m_nextpkt = *link;
	*link = m;
	if (m->m_nextpkt == NULL) {
		tp->t_segq_last = m;
		tp->t_segq_end = (uint64_t)start + m->m_pkthdr.len;
	}
	tp->t_segqlen++;
	tp->t_segqbytes += m->m_pkthdr.len;
}

static struct mbuf *
queue_pop(struct tcpcb *tp)
{
	struct mbuf *m = tp->t_segq;

	assert(tp->t_segqlen > 0 && tp->t_segqbytes >= m->m_pkthdr.len);
	tp->t_segq = m->m_nextpkt;
	m->m_nextpkt = NULL;
	tp->t_segqlen--;
	tp->t_segqbytes -= m->m_pkthdr.len;
	if (tp->t_segq == NULL)
		tp->t_segq_last = NULL;
	if (tp->t_segq_hint == m)
		tp->t_segq_hint = NULL;
	return m;
}

/* Move the front of the queue to the result as far as it is in order. */
static void
hand_over(struct tcpcb *tp, struct tcp_result *result)
{
	struct mbuf **link = &result->in_order;

	result->in_order_offset = tp->rcv_offset;
	while (tp->t_segq != NULL &&
	       tp->t_segq->m_pkthdr.th_seq == tp->rcv_nxt) {
		struct mbuf *m = queue_pop(tp);

		result->in_order_bytes += m->m_pkthdr.len;
		tp->rcv_nxt += m->m_pkthdr.len;
		tp->rcv_offset += m->m_pkthdr.len;
		*link = m;
		link = &m_last(m)->m_next;
	}
	if (tp->have_fin && !tp->closed && tp->rcv_offset == tp->fin_offset) {
		tp->closed = true;
		tp->rcv_nxt++;
		result->fin = true;
	}
}

static void
drop(struct tcpcb *tp, struct mbuf *m, enum tcp_outcome outcome,
     struct tcp_result *result)
{
	result->outcome = outcome;
	result->duplicate_bytes = m->m_pkthdr.len;
	m_freem(tp->t_pool, m);
}

/* A SYN in front of the byte `first_seq`.  *news: it is the first to come. */
static bool
take_syn(struct tcpcb *tp, uint32_t first_seq, bool *news)
{
	tcp_set_irs(tp, first_seq);
	if (tp->irs != first_seq)
		return false;
	*news = !tp->have_syn;
	tp->have_syn = true;
	return true;
}

/* A FIN at stream offset `end`.  Returns true if it tells anything new. */
static bool
take_fin(struct tcpcb *tp, int64_t end)
{
	if (tp->have_fin || end < stream_end(tp))
		return false;
	tp->have_fin = true;
	tp->fin_offset = (uint64_t)end;
	return true;
}

static void
take_rst(struct tcpcb *tp, struct mbuf *m, struct tcp_result *result)
{
	uint32_t ahead = m->m_pkthdr.th_seq - tp->rcv_nxt;

	if (!tp->have_irs || ahead >= TCP_RST_WINDOW) {
		drop(tp, m, TCP_DUPLICATE, result);
		return;
	}
	drop(tp, m, TCP_ACCEPTED, result);
	tp->closed = true;
	tp->reset = true;
	result->reset = true;
}

static void
queue_pieces(struct tcpcb *tp, struct mbuf *m)
{
	while (m != NULL) {
		struct mbuf *next = m->m_nextpkt;

		queue_packet(tp, m);
		m = next;
	}
}

/*
 * Bytes and FIN of a packet whose first byte has sequence number seq.  `news`:
 * it has brought something that is not a byte already.
 */
static void
take_bytes(struct tcpcb *tp, struct mbuf *m, uint32_t seq, bool news,
	   struct tcp_result *result)
{
	const uint32_t len = m->m_pkthdr.len;
	const bool fin = m->m_pkthdr.th_flags & TH_FIN;
	const int64_t end = seq_offset(tp, seq) + len;
	const bool old = end <= (int64_t)tp->rcv_offset;
	const bool past = tp->have_fin && end > (int64_t)tp->fin_offset;
	struct pieces new = {0};

	if (!cut_chain(tp, m, seq, &new)) {
		result->outcome = TCP_NOMEM;
		result->duplicate_bytes = len;
		return;
	}
	result->duplicate_bytes = len - new.bytes;
	if (fin && take_fin(tp, end))
		news = true;
	queue_pieces(tp, new.head);
	hand_over(tp, result);
	if (result->in_order != NULL)
		return;
	if (new.bytes > 0) {
		result->outcome = TCP_QUEUED;
	} else if (!news) {
		result->outcome = past ? TCP_PAST_CLOSE : TCP_DUPLICATE;
		result->old = old;
	}
}

/* A packet that occupies sequence space, and any that is not plain. */
static void
take_segment(struct tcpcb *tp, struct mbuf *m, struct tcp_result *result)
{
	uint32_t seq = m->m_pkthdr.th_seq;
	bool news = false;

	result->ack_due = true;
	if (m->m_pkthdr.th_flags & TH_SYN) {
		seq++;
		if (!take_syn(tp, seq, &news)) {
			drop(tp, m, TCP_DUPLICATE, result);
			return;
		}
	}
	tcp_set_irs(tp, seq);
	if (seq_offset(tp, seq) > stream_end(tp) + TCP_WINDOW_MAX) {
		drop(tp, m, TCP_DUPLICATE, result);
		return;
	}
	take_bytes(tp, m, seq, news, result);
}

/* The packet that everybody waits for, with nothing to weigh it against. */
static bool
is_next(const struct tcpcb *tp, const struct pkthdr *hdr)
{
	return hdr->th_seq == tp->rcv_nxt && tp->t_segq == NULL &&
	       tp->have_irs && !tp->have_fin && !tp->reset &&
	       !(hdr->th_flags & (TH_SYN | TH_FIN | TH_RST)) && hdr->len > 0;
}

static void
take_next(struct tcpcb *tp, struct mbuf *m, struct tcp_result *result)
{
	uint32_t len = m->m_pkthdr.len;

	result->in_order = m;
	result->in_order_offset = tp->rcv_offset;
	result->in_order_bytes = len;
	result->ack_due = true;
	tp->rcv_nxt += len;
	tp->rcv_offset += len;
	packet_last(m, &m->m_pkthdr.len);
}

void
tcp_input(struct tcpcb *tp, struct mbuf *m, struct tcp_result *result)
{
	const struct pkthdr *hdr = &m->m_pkthdr;

	assert((m->m_flags & M_PKTHDR) && m->m_nextpkt == NULL);
	assert(hdr->len < TCP_WINDOW_MAX);
	*result = (struct tcp_result){.outcome = TCP_ACCEPTED};
	if (is_next(tp, hdr))
		take_next(tp, m, result);
	else if (tp->reset)
		drop(tp, m, TCP_PAST_CLOSE, result);
	else if (hdr->th_flags & TH_RST)
		take_rst(tp, m, result);
	else if (hdr->len > 0 || hdr->th_flags & (TH_SYN | TH_FIN))
		take_segment(tp, m, result);
	else
		drop(tp, m, TCP_ACCEPTED, result);
}

bool
tcp_first_hole(const struct tcpcb *tp, struct tcp_hole *hole)
{
	struct place front = {0};
	int64_t end = place_next(tp, front).offset;
	uint32_t end_seq = tp->irs + (uint32_t)end;

	if (end == INT64_MAX || end == (int64_t)tp->rcv_offset)
		return false;
	hole->offset = tp->rcv_offset;
	hole->bytes = (uint64_t)end - tp->rcv_offset;
	hole->bytes_behind = tp->t_segqbytes;
	hole->acked =
	    tp->have_peer_ack && (int32_t)(tp->peer_ack - end_seq) >= 0;
	return true;
}
