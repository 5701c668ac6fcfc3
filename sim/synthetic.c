/*
 * synthetic.c - senders that keep every receive window full.
 *
 * Called by feed.c, which asks for frames when they are due and brings back
 * what the receivers have acknowledged.  Flows that have something to send and
 * room in their window stand in a list; the first one sends segments back to
 * back, until it has sent a burst and goes behind the others, or has filled its
 * window and leaves.  The link is one: a frame is due when the one before has
 * left.
 *
 * A segment is full, or it is the flow's last, or nothing is in flight: then
 * the window is used as far as it goes, where TCP would wait for its persist
 * timer.  Record boundaries and segment boundaries do not know each other.
 *
 * Without sealing, all flows share one record of zeros, into which the header
 * is written when a segment takes from it; else each flow that has begun holds
 * the record that it is sending.
 *
 * Left out: SYN, close_notify, and what is sent again: a segment that the model
 * loses comes back by itself (pipeline.c).
 */
#include "sim/synthetic.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/aead.h"
#include "engine/mbuf.h"
#include "nicmodel/link.h"
#include "sim/rng.h"
#include "sim/synthetic_record.h"
#include "traces/frame.h"

enum {
	RNG_PURPOSE_SYNTHETIC_SEQ = 1004,
	PORTS = 16384, /* of one client's address */
	PORT_FIRST = 49152,
	SERVER_PORT = 443,
	ETHERNET_BYTES = 14,
	IPV4_BYTES = 20,
	TCP_BYTES = 32, /* with time stamps */
};

#define NO_FLOW UINT32_MAX

/* A flow's record under way, where records are sealed. */
struct sealing {
	struct ktls_key key;
	uint64_t key_id;
	uint8_t record[];
};

struct sender {
	uint64_t sent;	 /* bytes of the stream on the link or beyond */
	uint64_t acked;	 /* ... that the receiver has in order */
	uint64_t edge;	 /* ... that its window allows */
	uint64_t offset; /* plaintext in records before the present one */
	uint64_t seqno;	 /* of the present record */
	uint64_t stop_ps;
	uint32_t plain_len;  /* of the present record */
	uint32_t record_len; /* of the present record, on the wire */
	uint32_t record_sent;
	uint32_t seq;  /* TCP sequence number of the first byte */
	uint32_t next; /* in the list, or NO_FLOW */
	bool listed;
	bool ended; /* its last byte has been sent */
	struct sealing *sealing;
};

struct synthetic {
	struct trace_source source; /* first: the ops find the rest */
	struct synthetic_options options;
	struct synthetic_maker maker;
	struct link link;
	struct sender *sender;
	uint32_t started;    /* flows from 0 */
	uint32_t head, tail; /* of the list of flows that can send */
	uint32_t burst_left; /* bytes until the head goes to the tail */
	uint64_t now_ps;     /* of the last call that told a time */
	uint32_t last_flow;
	uint8_t *zeros;	  /* the record of all flows; NULL with sealing */
	uint8_t *segment; /* of more than one record */
	struct frame frame;
};

static struct synthetic *
synthetic_of(struct trace_source *source)
{
	return (struct synthetic *)source;
}

/* --- the list -------------------------------------------------------------
 */

static void
list_append(struct synthetic *s, uint32_t flow)
{
	struct sender *f = &s->sender[flow];

	f->next = NO_FLOW;
	f->listed = true;
	if (s->head == NO_FLOW) {
		s->head = flow;
		s->burst_left = s->options.burst_bytes;
	} else {
		s->sender[s->tail].next = flow;
	}
	s->tail = flow;
}

static void
list_remove_head(struct synthetic *s)
{
	struct sender *f = &s->sender[s->head];

	f->listed = false;
	s->head = f->next;
	s->burst_left = s->options.burst_bytes;
}

static bool
can_send(const struct synthetic *s, const struct sender *f)
{
	uint64_t room = f->edge - f->sent;

	return !f->ended && room > 0 &&
	       (room >= s->options.mss_bytes || f->acked == f->sent);
}

/* --- records --------------------------------------------------------------
 */

/* Is there a record to follow at `now_ps`?  Then it is begun. */
static bool
begin_record(struct synthetic *s, struct sender *f, uint64_t now_ps)
{
	uint64_t left = s->options.record_bytes;
	uint64_t offset = f->offset + f->plain_len;

	if (s->options.bytes > 0 && s->options.bytes - offset < left)
		left = s->options.bytes - offset;
	if (left == 0 || (offset > 0 && now_ps >= f->stop_ps))
		return false;
	f->seqno += f->record_len > 0;
	f->offset = offset;
	f->plain_len = (uint32_t)left;
	f->record_len = synthetic_record_bytes(&s->maker, f->plain_len);
	f->record_sent = 0;
	return true;
}

static int
start_sealing(struct synthetic *s, struct sender *f, uint32_t flow)
{
	uint32_t most =
	    synthetic_record_bytes(&s->maker, s->options.record_bytes);

	f->sealing = malloc(sizeof(*f->sealing) + most);
	if (f->sealing == NULL)
		return ENOMEM;
	synthetic_key(&s->maker, flow, &f->sealing->key);
	f->sealing->key_id = aead_key_id(s->maker.aead);
	return 0;
}

static void
stop_sealing(struct synthetic *s, struct sender *f)
{
	if (f->sealing == NULL)
		return;
	aead_pool_forget(s->maker.aead, f->sealing->key_id);
	ktls_key_clear(&f->sealing->key);
	free(f->sealing);
	f->sealing = NULL;
}

/* The bytes of the present record; NULL: no memory. */
static const uint8_t *
record_bytes(struct synthetic *s, struct sender *f, uint32_t flow)
{
	struct synthetic_record record = {.flow = flow,
					  .seqno = f->seqno,
					  .offset = f->offset,
					  .plaintext_bytes = f->plain_len};
	uint8_t *bytes = s->zeros;

	if (s->options.real) {
		if (f->sealing == NULL && start_sealing(s, f, flow) != 0)
			return NULL;
		bytes = f->sealing->record;
		record.key = &f->sealing->key;
		record.key_id = f->sealing->key_id;
		if (f->record_sent > 0)
			return bytes;
	}
	return synthetic_record_make(&s->maker, &record, bytes) == 0 ? bytes
								     : NULL;
}

/* --- segments -------------------------------------------------------------
 */

/*
 * The next bytes of a flow, at most `most`: *payload is valid until the next
 * call.  Their number, or 0: no memory.
 */
static uint32_t
take_payload(struct synthetic *s, uint32_t flow, uint32_t most,
	     const uint8_t **payload)
{
	struct sender *f = &s->sender[flow];
	uint32_t taken = 0;

	while (taken < most) {
		uint32_t piece;
		const uint8_t *bytes;

		if (f->record_sent == f->record_len &&
		    !begin_record(s, f, s->now_ps))
			break;
		bytes = record_bytes(s, f, flow);
		if (bytes == NULL)
			return 0;
		piece = f->record_len - f->record_sent;
		if (piece > most - taken)
			piece = most - taken;
		bytes += f->record_sent;
		f->record_sent += piece;
		*payload = bytes;
		if (taken > 0 || piece < most) {
			memcpy(s->segment + taken, bytes, piece);
			*payload = s->segment;
		}
		taken += piece;
	}
	return taken;
}

/* 10.0.0.1:49152 and up, PORTS flows of each address. */
static void
client_of(uint32_t flow, uint8_t address[4], uint16_t *port)
{
	address[0] = 10;
	address[1] = 0;
	address[2] = 0;
	address[3] = (uint8_t)(1 + flow / PORTS);
	*port = (uint16_t)(PORT_FIRST + flow % PORTS);
}

static const uint8_t server_address[4] = {10, 255, 255, 1};

static void
make_frame(struct synthetic *s, uint32_t flow, const uint8_t *payload,
	   uint32_t len)
{
	const struct sender *f = &s->sender[flow];
	struct frame *frame = &s->frame;

	client_of(flow, frame->src.bytes, &frame->sport);
	frame->th_seq = f->seq + (uint32_t)f->sent;
	frame->th_flags = TH_ACK;
	frame->payload = payload;
	frame->payload_known = len;
	frame->payload_len = len;
	frame->ip_bytes = IPV4_BYTES + TCP_BYTES + len;
}

/*
 * The frame goes onto the link.  It is the flow's last if no record begins when
 * the link is free again.
 */
static void
send_frame(struct synthetic *s, struct sender *f)
{
	uint32_t len = s->frame.payload_len;
	uint64_t free_ps =
	    link_send(&s->link, s->now_ps, frame_wire_bytes(&s->frame, len));

	f->sent += len;
	f->ended =
	    f->record_sent == f->record_len && !begin_record(s, f, free_ps);
	if (f->ended)
		s->frame.th_flags |= TH_FIN | TH_PUSH;
}

/* The head goes to the end, or leaves, or goes on. */
static void
pass_turn(struct synthetic *s, uint32_t len)
{
	uint32_t flow = s->head;

	s->burst_left -= len < s->burst_left ? len : s->burst_left;
	if (!can_send(s, &s->sender[flow])) {
		list_remove_head(s);
	} else if (s->burst_left == 0) {
		list_remove_head(s);
		list_append(s, flow);
	}
}

static void
start_flow(struct synthetic *s, uint64_t now_ps)
{
	uint32_t flow = s->started++;
	struct sender *f = &s->sender[flow];
	const struct synthetic_options *options = &s->options;

	f->edge = options->window_bytes;
	f->stop_ps =
	    options->time_ps > 0 ? now_ps + options->time_ps : UINT64_MAX;
	if (options->stop_ps > 0 && options->stop_ps < f->stop_ps)
		f->stop_ps = options->stop_ps;
	list_append(s, flow);
}

static uint64_t
start_ps(const struct synthetic *s, uint32_t flow)
{
	return flow * s->options.stagger_ps;
}

/* Flows whose start has come join the list. */
static void
start_flows(struct synthetic *s, uint64_t now_ps)
{
	while (s->started < s->options.flows &&
	       start_ps(s, s->started) <= now_ps)
		start_flow(s, start_ps(s, s->started));
}

static uint64_t
synthetic_next_time(struct trace_source *source)
{
	const struct synthetic *s = synthetic_of(source);
	uint64_t ready = UINT64_MAX;

	if (s->head != NO_FLOW)
		ready = s->now_ps;
	else if (s->started < s->options.flows)
		ready = start_ps(s, s->started);
	return ready > s->link.free_ps ? ready : s->link.free_ps;
}

static int
synthetic_next(struct trace_source *source, struct trace_frame *out)
{
	struct synthetic *s = synthetic_of(source);
	uint64_t now_ps = synthetic_next_time(source);
	const uint8_t *payload = NULL;
	struct sender *f;
	uint64_t room;
	uint32_t len;

	if (now_ps == UINT64_MAX)
		return 0;
	s->now_ps = now_ps;
	start_flows(s, now_ps);
	s->last_flow = s->head;
	f = &s->sender[s->head];
	room = f->edge - f->sent;
	len = take_payload(s, s->head,
			   room < s->options.mss_bytes ? (uint32_t)room
						       : s->options.mss_bytes,
			   &payload);
	if (len == 0)
		return -1;
	make_frame(s, s->head, payload, len);
	send_frame(s, f);
	*out = (struct trace_frame){
	    .time_ps = now_ps,
	    .wire_len = ETHERNET_BYTES + s->frame.ip_bytes,
	    .link = TRACE_LINK_ETHERNET,
	    .parsed = &s->frame,
	};
	pass_turn(s, len);
	return 1;
}

static void
synthetic_feedback(struct trace_source *source, uint64_t now_ps, uint32_t flow,
		   uint64_t acked_bytes, uint64_t window_bytes,
		   uint64_t lost_bytes)
{
	struct synthetic *s = synthetic_of(source);
	struct sender *f = &s->sender[flow];

	(void)lost_bytes;
	assert(flow < s->started && acked_bytes <= f->sent);
	if (now_ps > s->now_ps)
		s->now_ps = now_ps;
	if (acked_bytes > f->acked)
		f->acked = acked_bytes;
	if (acked_bytes + window_bytes > f->edge)
		f->edge = acked_bytes + window_bytes;
	if (f->ended && f->acked == f->sent)
		stop_sealing(s, f);
	if (!f->listed && can_send(s, f))
		list_append(s, flow);
}

static void
synthetic_close(struct trace_source *source)
{
	struct synthetic *s = synthetic_of(source);

	for (uint32_t i = 0; s->sender != NULL && i < s->options.flows; i++)
		stop_sealing(s, &s->sender[i]);
	synthetic_maker_fini(&s->maker);
	free(s->sender);
	free(s->segment);
	free(s->zeros);
	free(s);
}

static const struct trace_source_ops ops = {
    .next_time = synthetic_next_time,
    .next = synthetic_next,
    .feedback = synthetic_feedback,
    .close = synthetic_close,
};

static bool
allocate(struct synthetic *s)
{
	const struct synthetic_options *options = &s->options;

	if (synthetic_maker_init(&s->maker, options->suite, options->suites,
				 options->real, options->contexts) != 0)
		return false;
	s->maker.seed = options->seed;
	s->sender = calloc(options->flows, sizeof(*s->sender));
	s->segment = malloc(options->mss_bytes);
	if (!options->real)
		s->zeros = calloc(1, synthetic_record_bytes(
					 &s->maker, options->record_bytes));
	return s->sender != NULL && s->segment != NULL &&
	       (options->real || s->zeros != NULL);
}

int
synthetic_create(struct trace_source **source,
		 const struct synthetic_options *options)
{
	struct synthetic *s = calloc(1, sizeof(*s));

	*source = NULL;
	if (s == NULL)
		return ENOMEM;
	s->source.ops = &ops;
	s->options = *options;
	s->head = s->tail = NO_FLOW;
	link_init(&s->link, options->rate_bps);
	if (!allocate(s)) {
		synthetic_close(&s->source);
		return ENOMEM;
	}
	for (uint32_t i = 0; i < options->flows; i++)
		s->sender[i].seq = (uint32_t)rng_u64(
		    options->seed, RNG_PURPOSE_SYNTHETIC_SEQ, i, 0);
	s->frame = (struct frame){.dport = SERVER_PORT,
				  .th_off = TCP_BYTES,
				  .th_win = UINT16_MAX,
				  .link_bytes = ETHERNET_BYTES,
				  .has_timestamp = true,
				  .checksum = FRAME_SUM_UNJUDGED};
	s->frame.src.family = s->frame.dst.family = 4;
	memcpy(s->frame.dst.bytes, server_address, sizeof(server_address));
	*source = &s->source;
	return 0;
}

uint32_t
synthetic_last_flow(const struct trace_source *source)
{
	return ((const struct synthetic *)source)->last_flow;
}

static void
address_text(char text[32], const uint8_t address[4], uint16_t port)
{
	snprintf(text, 32, "%u.%u.%u.%u:%u", address[0], address[1], address[2],
		 address[3], port);
}

void
synthetic_describe(const struct trace_source *source, uint32_t flow,
		   struct synthetic_flow *described)
{
	const struct synthetic *s = (const struct synthetic *)source;
	struct ktls_key *key = &described->key;
	uint8_t address[4];
	uint16_t port;

	synthetic_key(&s->maker, flow, key);
	client_of(flow, address, &port);
	address_text(described->client, address, port);
	address_text(described->server, server_address, SERVER_PORT);
	described->flow = (struct ktlsim_flow){
	    .size = sizeof(described->flow),
	    .client = described->client,
	    .server = described->server,
	    .direction = KTLSIM_CLIENT_TO_SERVER,
	    .tls_version = (uint16_t)s->maker.version,
	    .cipher_suite = s->options.suite,
	    .key = s->options.real ? key->key : NULL,
	    .iv = s->options.real ? key->iv : NULL,
	    .tcp_seq = s->sender[flow].seq,
	};
}
