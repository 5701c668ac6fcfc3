/*
 * ingress.c - frames in: parse, find the flow, cut into segments, copy once.
 *
 * Called by ktlsim_inject for every frame: headers (traces/frame), fragments
 * (traces/ipfrag), flow (traces/flow), TCP checksum policy, then one mbuf per
 * segment, the only copy of the payload.  Frames larger than the MSS were
 * captured before segmentation offload: they are cut as the sender's NIC does,
 * and the pieces follow each other at link rate.
 */
#include "sim/ingress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/mbuf.h"
#include "sim/annotate.h"
#include "sim/pipeline.h"
#include "sim/run.h"
#include "traces/flow.h"
#include "traces/frame.h"
#include "traces/ipfrag.h"

enum {
	TIMESTAMP_BYTES = 12, /* timestamp option, padded */
	MSS_UNKNOWN = 1448,   /* cut to this where no SYN was seen ... */
	JUMBO_PAYLOAD = 8960, /* ... and the frame exceeds a jumbo frame's */
};

static bool
same_address(const struct flow_endpoint *endpoint, const char *address)
{
	char text[64];
	size_t len = strlen(address);

	flow_endpoint_text(endpoint, text);
	if (text[0] == '[')
		return strncmp(text + 1, address, len) == 0 &&
		       text[1 + len] == ']';
	return strncmp(text, address, len) == 0 && text[len] == ':';
}

/* Which host, if any, receives each direction of a new flow. */
static void
choose_hosts(struct ktlsim *sim, const struct flow *flow, struct host *host[2])
{
	const char *address = sim->config.replay_receiver_address;

	host[FLOW_CLIENT_TO_SERVER] = NULL;
	host[FLOW_SERVER_TO_CLIENT] = NULL;
	switch (sim->config.replay_receiver) {
	case RECEIVER_BOTH:
		host[FLOW_SERVER_TO_CLIENT] = &sim->host[0];
		host[FLOW_CLIENT_TO_SERVER] = &sim->host[1];
		break;
	case RECEIVER_CLIENT:
		host[FLOW_SERVER_TO_CLIENT] = &sim->host[0];
		break;
	case RECEIVER_SERVER:
		host[FLOW_CLIENT_TO_SERVER] = &sim->host[0];
		break;
	case RECEIVER_ADDRESS:
		if (same_address(&flow->server, address))
			host[FLOW_CLIENT_TO_SERVER] = &sim->host[0];
		if (same_address(&flow->client, address))
			host[FLOW_SERVER_TO_CLIENT] = &sim->host[0];
		break;
	case RECEIVER_NONE:
		break;
	}
}

/* The RSS hash of a direction: its sender is the source. */
static uint32_t
rss_hash(const struct endpoint *ep)
{
	const struct flow *flow = ep->conn->flow;
	bool to_server = ep->direction == FLOW_CLIENT_TO_SERVER;
	const struct flow_endpoint *src =
	    to_server ? &flow->client : &flow->server;
	const struct flow_endpoint *dst =
	    to_server ? &flow->server : &flow->client;

	if (ep->host == NULL)
		return 0;
	return nic_rss_hash(
	    &ep->host->nic.rss, src->address.bytes, dst->address.bytes,
	    src->address.family == 6 ? 16 : 4, src->port, dst->port);
}

static int
add_conn(struct ktlsim *sim, const struct flow *flow)
{
	struct host *host[2];
	struct conn *conn;

	if (sim->conn_count == sim->conn_slots) {
		uint32_t slots =
		    sim->conn_slots == 0 ? 64 : sim->conn_slots * 2;
		struct conn **larger =
		    realloc(sim->conn, slots * sizeof(struct conn *));

		if (larger == NULL)
			return ENOMEM;
		sim->conn = larger;
		sim->conn_slots = slots;
	}
	choose_hosts(sim, flow, host);
	conn = conn_create(sim, flow, host);
	if (conn == NULL)
		return ENOMEM;
	sim->conn[sim->conn_count++] = conn;
	return 0;
}

/* What the capture tells of both ends, whatever the model does later. */
static void
note_segment(struct conn *conn, const struct frame *frame,
	     enum flow_direction direction, uint64_t time)
{
	struct endpoint *ep = &conn->endpoint[direction];

	if ((frame->th_flags & TH_SYN) != 0 && !ep->tcb.have_irs)
		tcp_set_irs(&ep->tcb, frame->th_seq + 1);
	if ((frame->th_flags & TH_ACK) != 0)
		tcp_note_ack(&endpoint_peer(ep)->tcb, frame->th_ack);
	if (direction != FLOW_CLIENT_TO_SERVER || conn->round_trip_ps != 0)
		return;
	if ((frame->th_flags & TH_SYN) != 0) {
		conn->syn_ps = time;
		conn->have_syn = true;
	} else if (conn->have_syn) {
		conn->round_trip_ps = time - conn->syn_ps;
	}
}

/* Greatest payload of one segment, or 0 to leave the frame whole. */
static uint32_t
segment_limit(const struct ktlsim *sim, const struct flow *flow,
	      const struct frame *frame)
{
	uint32_t mss = flow->mss;

	if (sim->config.replay_segmentation == SEGMENTATION_KEEP)
		return 0;
	if (mss == 0)
		return frame->payload_len > JUMBO_PAYLOAD ? MSS_UNKNOWN : 0;
	if (frame->has_timestamp && mss > TIMESTAMP_BYTES + 1)
		mss -= TIMESTAMP_BYTES;
	return mss;
}

/* One segment: bytes [off, off + len) of the frame's payload. */
static struct mbuf *
make_segment(const struct endpoint *ep, const struct frame *frame, uint32_t off,
	     uint32_t len)
{
	uint32_t known =
	    frame->payload_known > off ? frame->payload_known - off : 0;
	bool last = off + len == frame->payload_len;
	struct mbuf *m;

	if (known > len)
		known = len;
	m = m_from_bytes(ep->conn->sim->pool, frame->payload + off, known,
			 len - known);
	if (m == NULL)
		return NULL;
	m->m_pkthdr.flow = ep->conn->flow->id;
	m->m_pkthdr.receiver = (uint8_t)ep->direction;
	m->m_pkthdr.flowid = ep->flowid;
	m->m_pkthdr.wire_bytes = frame_wire_bytes(frame, len);
	m->m_pkthdr.th_seq = frame->th_seq + off;
	m->m_pkthdr.th_ack = frame->th_ack;
	m->m_pkthdr.th_win = frame->th_win;
	m->m_pkthdr.th_ts = frame->th_ts;
	m->m_pkthdr.th_options = frame->th_options;
	m->m_pkthdr.th_flags = frame->th_flags;
	if (!last)
		m->m_pkthdr.th_flags &= (uint8_t) ~(TH_FIN | TH_PUSH);
	if (ep->conn->sim->annotate != NULL)
		annotate_segment(ep->conn->sim->annotate, m, frame, off);
	return m;
}

/* The segments of a frame, linked by m_nextpkt; NULL: no memory. */
static struct mbuf *
make_segments(struct endpoint *ep, const struct frame *frame)
{
	struct ktlsim *sim = ep->conn->sim;
	uint32_t limit = segment_limit(sim, ep->conn->flow, frame);
	struct mbuf *head = NULL, **tail = &head;
	uint32_t off = 0;

	if (limit == 0 || limit >= frame->payload_len)
		limit = frame->payload_len;
	else
		sim->input.segmented++;
	do {
		uint32_t len = frame->payload_len - off;

		if (len > limit)
			len = limit;
		*tail = make_segment(ep, frame, off, len);
		if (*tail == NULL)
			goto fail;
		ep->counts.segments++;
		ep->counts.wire_bytes += (*tail)->m_pkthdr.wire_bytes;
		tail = &(*tail)->m_nextpkt;
		off += len;
	} while (off < frame->payload_len);
	return head;
fail:
	while (head != NULL) {
		struct mbuf *next = head->m_nextpkt;

		m_freem(sim->pool, head);
		head = next;
	}
	return NULL;
}

/* A wrong checksum is dropped by the host, before TCP sees the segment. */
static bool
checksum_refused(struct ktlsim *sim, struct endpoint *ep,
		 const struct frame *frame)
{
	bool verify = sim->config.replay_checksum == CHECKSUM_VERIFY;

	switch (frame->checksum) {
	case FRAME_SUM_GOOD:
	case FRAME_SUM_UNJUDGED:
		return false;
	case FRAME_SUM_PARTIAL:
		sim->input.partial_checksum++;
		if (!verify)
			return false;
		break;
	case FRAME_SUM_WRONG:
		break;
	}
	sim->input.bad_checksum++;
	if (sim->annotate != NULL)
		annotate_refused(sim->annotate, ep);
	if (ep->host != NULL) {
		ep->host->segments.segments_in++;
		ep->host->segments.dropped_checksum++;
	}
	return true;
}

/* The sender of the ClientHello is not whom the ports made the client. */
static void
turn_round(struct conn *conn)
{
	struct host *host[2];

	if (conn->sim->config.replay_receiver != RECEIVER_ADDRESS)
		return;
	choose_hosts(conn->sim, conn->flow, host);
	for (int d = 0; d < 2; d++) {
		conn->endpoint[d].host = host[d];
		conn->endpoint[d].reader.books = NULL;
	}
	if (conn->sim->exec->attach(conn) != 0)
		run_fail(conn->sim, ENOMEM);
}

static int
ingress_segment(struct ktlsim *sim, const struct frame *frame, uint64_t time)
{
	struct flow_match match;
	struct conn *conn;
	struct endpoint *ep;
	struct mbuf *segments;

	if (flow_lookup(sim->flows, frame, &match) != 0)
		return ENOMEM;
	if (match.created && add_conn(sim, match.flow) != 0)
		return ENOMEM;
	conn = conn_find(sim, match.flow->id);
	if (match.flipped)
		turn_round(conn);
	if (match.created || match.flipped) {
		conn->endpoint[0].flowid = rss_hash(&conn->endpoint[0]);
		conn->endpoint[1].flowid = rss_hash(&conn->endpoint[1]);
	}
	ep = &conn->endpoint[match.direction];
	ep->counts.frames++;
	if (checksum_refused(sim, ep, frame))
		return 0;
	note_segment(conn, frame, match.direction, time);
	if (frame->payload_known < frame->payload_len) {
		sim->input.payload_cut++;
		conn->cut = true;
	}
	segments = make_segments(ep, frame);
	if (segments == NULL)
		return ENOMEM;
	sim->exec->offer(sim, segments, time);
	return 0;
}

static int
ingress_fragment(struct ktlsim *sim, const struct frame_fragment *fragment,
		 bool judge, uint64_t time)
{
	uint32_t len;
	const uint8_t *whole = ipfrag_add(sim->ipfrag, fragment, &len);
	struct frame frame;

	if (whole == NULL) {
		if (sim->annotate != NULL)
			annotate_fragment(sim->annotate);
		return 0;
	}
	switch (frame_parse_tcp(fragment, whole, len, judge, &frame)) {
	case FRAME_TCP:
		return ingress_segment(sim, &frame, time);
	case FRAME_NOT_TCP:
		sim->input.not_tcp++;
		break;
	case FRAME_FRAGMENT:
	case FRAME_NOT_IP:
	case FRAME_CUT:
	case FRAME_MALFORMED:
		sim->input.malformed++;
		break;
	}
	return 0;
}

static int
take_frame(struct ktlsim *sim, const struct ktlsim_frame *input)
{
	const struct trace_frame captured = {
	    .time_ps = input->time_ps,
	    .data = input->data,
	    .captured_len = input->captured_len,
	    .wire_len = input->wire_len,
	    .link = (enum trace_link)input->link_type,
	};
	bool judge = sim->config.replay_checksum != CHECKSUM_IGNORE;
	struct frame frame;
	struct frame_fragment fragment;

	sim->input.frames++;
	switch (frame_parse(&captured, judge, &frame, &fragment)) {
	case FRAME_TCP:
		return ingress_segment(sim, &frame, input->time_ps);
	case FRAME_FRAGMENT:
		return ingress_fragment(sim, &fragment, judge, input->time_ps);
	case FRAME_NOT_IP:
		sim->input.not_ip++;
		break;
	case FRAME_NOT_TCP:
		sim->input.not_tcp++;
		break;
	case FRAME_CUT:
		sim->input.cut++;
		break;
	case FRAME_MALFORMED:
		sim->input.malformed++;
		break;
	}
	return 0;
}

int
ingress_frame(struct ktlsim *sim, const struct ktlsim_frame *input)
{
	int error;

	if (sim->annotate == NULL)
		return take_frame(sim, input);
	annotate_frame(sim->annotate, input);
	error = take_frame(sim, input);
	annotate_frame(sim->annotate, NULL);
	return error;
}

int
ingress_made(struct endpoint *ep, const struct frame *frame, sim_time now)
{
	struct ktlsim *sim = ep->conn->sim;
	struct mbuf *m = make_segment(ep, frame, 0, frame->payload_len);

	sim->input.frames++;
	ep->counts.frames++;
	if (m == NULL)
		return ENOMEM;
	ep->counts.segments++;
	ep->counts.wire_bytes += m->m_pkthdr.wire_bytes;
	pipeline_arrive(sim, m, now);
	return 0;
}

int
ingress_declare(struct ktlsim *sim, const struct flow_endpoint *client,
		const struct flow_endpoint *server,
		const struct ktlsim_flow *flow, struct endpoint **ep)
{
	bool to_server = flow->direction == KTLSIM_CLIENT_TO_SERVER;
	const struct flow_endpoint *src = to_server ? client : server;
	const struct flow_endpoint *dst = to_server ? server : client;
	struct frame syn = {
	    .src = src->address,
	    .dst = dst->address,
	    .sport = src->port,
	    .dport = dst->port,
	    .th_seq = flow->tcp_seq - 1,
	    .th_flags = TH_SYN | (to_server ? 0 : TH_ACK),
	};
	struct flow_match match;
	struct conn *conn;

	if (flow_lookup(sim->flows, &syn, &match) != 0)
		return ENOMEM;
	if (match.created && add_conn(sim, match.flow) != 0)
		return ENOMEM;
	conn = conn_find(sim, match.flow->id);
	*ep = &conn->endpoint[match.direction];
	if ((*ep)->keyed)
		return EEXIST;
	(*ep)->flowid = rss_hash(*ep);
	tcp_set_irs(&(*ep)->tcb, flow->tcp_seq);
	return 0;
}
