/*
 * pipeline.c - the spine: the road of a segment, one function per stage.
 *
 * In travel order:
 *   stage_arrival    it is on its way; the link may misbehave (impair.c)
 *   stage_nic        its last bit is there; with pause frames it may wait
 *   stage_ring       the NIC takes it: TLS, RSS, descriptor, DMA
 *   rx_driver.c      it is in host memory: interrupt, softirq, merging
 *   stage_tcp        sequence check and reassembly
 *   stage_append     time stamps, socket buffer, effects
 * and on to worker.c (TLS work queue) and reader.c (application).  A followed
 * direction (no host) goes from arrival straight to stage_tcp.
 *
 * This file keeps no state of its own.  Left out: transmit.
 */
#include "sim/pipeline.h"

#include <assert.h>
#include <errno.h>

#include "engine/effects.h"
#include "engine/mbuf.h"
#include "sim/annotate.h"
#include "sim/feed.h"
#include "sim/offload.h"
#include "sim/reader.h"
#include "sim/record.h"
#include "sim/run.h"
#include "sim/worker.h"

enum { RESEND_AFTER_MIN_PS = 1000000000 }; /* 1 ms, as the product says */

static event_handler stage_arrival;
static event_handler stage_delayed;
static event_handler stage_resend;

struct endpoint *
endpoint_of_segment(const struct ktlsim *sim, const struct mbuf *m)
{
	struct conn *conn = conn_find(sim, m->m_pkthdr.flow);

	return &conn->endpoint[m->m_pkthdr.receiver];
}

static struct mbuf *
mbuf_of_argument(uint64_t argument)
{
	return (struct mbuf *)(uintptr_t)argument;
}

/* A segment that comes at `time`; of no use where memory is short. */
static void
segment_event(struct ktlsim *sim, struct mbuf *m, sim_time time,
	      event_handler *handler)
{
	if (run_event(sim, time, EVENT_ARRIVAL, handler, sim,
		      (uint64_t)(uintptr_t)m) == 0)
		m_freem(sim->pool, m);
}

/* Stage 9: note the times of each packet, then hand the bytes over. */
static void
note_times(struct endpoint *ep, const struct tcp_result *tcp,
	   sim_time handler_ps, sim_time now)
{
	struct segment_stamp stamp = {.end = tcp->in_order_offset,
				      .handler_ps = handler_ps,
				      .appended_ps = now};

	/*
	 * The segment that arrived last so far completes what stands behind it:
	 * packets of the chain itself come in order of arrival, and those that
	 * it released from the reassembly queue arrived before it.
	 */
	for (const struct mbuf *m = tcp->in_order; m != NULL; m = m->m_next) {
		const struct pkthdr *hdr = &m->m_pkthdr;

		if ((m->m_flags & M_PKTHDR) == 0)
			continue;
		if (hdr->rcv_tstmp >= stamp.arrival_ps) {
			stamp.arrival_ps = hdr->rcv_tstmp;
			stamp.visible_ps = hdr->visible_ps;
		}
		stamp.own_arrival_ps = hdr->rcv_tstmp;
		stamp.end += hdr->len;
		if (hdr->len > 0 &&
		    stamps_add_segment(&ep->stamps, &stamp) != 0)
			run_fail(ep->conn->sim, ENOMEM);
	}
	assert(stamp.end == tcp->in_order_offset + tcp->in_order_bytes);
}

/*
 * Has the sender gone beyond the window?  Of a captured one, whose window is
 * not known, that is said when the buffer would not hold the bytes.
 */
static bool
past_window(const struct endpoint *ep, uint32_t bytes)
{
	const struct sockbuf *sb = &ep->so.so_rcv;
	const struct config *config = &ep->conn->sim->config;

	if (ep->rcv_adv > 0)
		return ep->tcb.rcv_offset > ep->rcv_adv;
	return sb->sb_ccc + (uint64_t)bytes >
	       (config->sockbuf_autosize ? config->sockbuf_hiwat_max_bytes
					 : sb->sb_hiwat);
}

static void
stage_append(struct endpoint *ep, const struct tcp_result *tcp,
	     sim_time handler_ps, sim_time now)
{
	struct sockbuf *sb = &ep->so.so_rcv;
	unsigned effects;

	if ((sb->sb_state & SBS_CANTRCVMORE) == 0 &&
	    (sb->sb_flags & SB_TLS_RX_UNREADABLE) == 0)
		note_times(ep, tcp, handler_ps, now);
	endpoint_digest(ep, now, STAGE_SOFTIRQ, tcp->in_order_offset,
			tcp->in_order_bytes);
	ep->counts.appended_bytes += tcp->in_order_bytes;
	if (past_window(ep, tcp->in_order_bytes))
		ep->counts.window_exceeded_bytes += tcp->in_order_bytes;
	effects = sbappendstream(sb, tcp->in_order);
	offload_header(ep, now);
	/* Linux: complete records wake a reader, bytes alone do not. */
	if (ep->keyed && ep->reader.call != NULL)
		effects &= ~(unsigned)ENGINE_WAKE_READER;
	endpoint_act(ep, effects, now);
}

/* Where a segment went, for the books of its host. */
static void
count_outcome(struct endpoint *ep, const struct tcp_result *tcp,
	      uint32_t frames)
{
	struct host_conservation *segments = &ep->host->segments;

	switch (tcp->outcome) {
	case TCP_ACCEPTED:
		segments->delivered += frames;
		break;
	case TCP_QUEUED:
		segments->in_reassembly += frames;
		ep->held_segments += frames;
		break;
	case TCP_DUPLICATE:
		if (tcp->old)
			segments->dropped_old += frames;
		else
			segments->dropped_duplicate += frames;
		break;
	case TCP_PAST_CLOSE:
		segments->dropped_past_close += frames;
		break;
	case TCP_NOMEM:
		segments->dropped_reassembly += frames;
		run_fail(ep->conn->sim, ENOMEM);
		break;
	}
}

/* Segments that left the reassembly queue with this one count as delivered. */
static void
count_released(struct endpoint *ep, const struct tcp_result *tcp,
	       uint32_t frames)
{
	struct host_conservation *segments = &ep->host->segments;
	uint32_t packets = 0;

	if (ep->held_segments == 0 || tcp->outcome != TCP_ACCEPTED)
		return;
	for (const struct mbuf *m = tcp->in_order; m != NULL; m = m->m_next)
		packets += (m->m_flags & M_PKTHDR) != 0;
	packets = packets > frames ? packets - frames : 0;
	if (packets > ep->held_segments || ep->tcb.t_segqlen == 0)
		packets = ep->held_segments;
	ep->held_segments -= packets;
	segments->in_reassembly -= packets;
	segments->delivered += packets;
}

/* Stage 8: sequence check, reassembly, end of stream. */
void
stage_tcp(struct endpoint *ep, struct mbuf *m, uint32_t frames,
	  sim_time handler_ps, sim_time now)
{
	struct tcp_result tcp;

	offload_completion(ep, m, now);
	tcp_input(&ep->tcb, m, &tcp);
	if (ep->host != NULL) {
		count_outcome(ep, &tcp, frames);
		count_released(ep, &tcp, frames);
	}
	if (tcp.in_order_bytes > 0) {
		feed_segment(ep, tcp.in_order_bytes, now);
		stage_append(ep, &tcp, handler_ps, now);
	} else {
		m_freem(ep->conn->sim->pool, tcp.in_order);
	}
	feed_acknowledge(ep, now);
	if (tcp.fin || tcp.reset)
		endpoint_eof(ep, now);
}

/*
 * A segment was lost inside the model: it is offered again, by its sender if
 * that is modelled, else by the replay.
 */
static void
segment_lost(struct host *host, struct mbuf *m, sim_time now)
{
	struct ktlsim *sim = host->sim;
	const struct conn *conn = conn_find(sim, m->m_pkthdr.flow);
	sim_time after = sim->config.replay_resend_after_ps;
	bool sent = impair_restore(m);

	endpoint_digest(endpoint_of_segment(sim, m), now, STAGE_NIC,
			m->m_pkthdr.th_seq, m->m_pkthdr.len);
	if (!sent || sim->config.replay_recovery == RECOVERY_NONE ||
	    (m->m_pkthdr.len == 0 &&
	     (m->m_pkthdr.th_flags & (TH_SYN | TH_FIN)) == 0)) {
		m_freem(sim->pool, m);
		return;
	}
	if (after == 0)
		after = conn->round_trip_ps > RESEND_AFTER_MIN_PS
			    ? conn->round_trip_ps
			    : RESEND_AFTER_MIN_PS;
	segment_event(sim, m, now + after, stage_resend);
}

/* Stage 7: pick a queue, take a descriptor. */
void
stage_ring(struct host *host, struct mbuf *m, sim_time now)
{
	struct endpoint *ep = endpoint_of_segment(host->sim, m);
	struct nic_rx_result rx;
	uint32_t link;

	m->m_pkthdr.rcv_tstmp = now;
	host->segments.on_link--;
	offload_before_packet(ep, now);
	link = impair_take(&host->nic, m);
	if (host->sim->annotate != NULL)
		annotate_wire(host->sim->annotate, ep, m);
	rx =
	    nic_rx(&host->nic, m, now,
		   host_is_captured(host) ? 0 : price(host, COST_NIC_PIPELINE));
	offload_packet(ep, &rx.tls, now);
	if (host->sim->annotate != NULL)
		annotate_nic(host->sim->annotate, ep, &rx, now);
	if (rx.dropped) {
		host->segments.dropped_ring++;
		impair_put(m, link);
		segment_lost(host, m, now);
		return;
	}
	rx_driver_frame(&host->driver[rx.queue], rx.visible_ps, now);
}

/* Stage 6: the last bit has arrived. */
void
stage_nic(void *object, uint64_t argument, sim_time now)
{
	struct host *host = object;
	struct mbuf *m = mbuf_of_argument(argument);

	m->m_pkthdr.rcv_tstmp = now;
	switch (host->port.on ? port_accept(&host->port, m, now)
			      : PORT_PASSES) {
	case PORT_PASSES:
		stage_ring(host, m, now);
		break;
	case PORT_KEEPS:
		break;
	case PORT_REFUSES:
		if (host->sim->annotate != NULL)
			annotate_lost(host->sim->annotate,
				      endpoint_of_segment(host->sim, m), m,
				      "the port's buffer is full", now);
		host->segments.on_link--;
		host->segments.dropped_ring++;
		segment_lost(host, m, now);
		break;
	}
}

/* Does the segment hold the first byte of its stream? */
static bool
begins_stream(const struct endpoint *ep, const struct mbuf *m)
{
	const struct flow *flow = ep->conn->flow;
	int d = (int)ep->direction;

	return m->m_pkthdr.len > 0 &&
	       (!flow->syn_seen[d] ||
		flow->isn[d] + 1 - m->m_pkthdr.th_seq < m->m_pkthdr.len);
}

void
endpoint_note_begin(struct endpoint *ep, const struct mbuf *m)
{
	ep->begun = ep->begun || begins_stream(ep, m);
}

/* A segment's first bit is on the link to its host. */
static void
segment_arrives(struct ktlsim *sim, struct mbuf *m, sim_time now)
{
	struct endpoint *ep = endpoint_of_segment(sim, m);
	struct host *host = ep->host;
	sim_time end;

	if (host == NULL) {
		if (sim->annotate != NULL)
			annotate_followed(sim->annotate, ep, m, now);
		m->m_pkthdr.rcv_tstmp = now;
		m->m_pkthdr.visible_ps = now;
		stage_tcp(ep, m, 1, now, now);
		endpoint_follow(ep, now);
		return;
	}
	host->segments.segments_in++;
	host->segments.on_link++;
	if (host->port.on) {
		port_send(&host->port, m, now);
		return;
	}
	end = host_is_captured(host)
		  ? now
		  : link_send(&host->nic.link, now, m->m_pkthdr.wire_bytes);
	/*
	 * Where nothing else happens before the last bit, and whatever arrives
	 * meanwhile ends behind it on this link, it need not be waited for.
	 */
	if (end > now && event_next_time(sim->events) > end) {
		sim->events_run++;
		sim->ahead_ps = end;
		stage_nic(host, (uint64_t)(uintptr_t)m, end);
		return;
	}
	run_event(sim, end, EVENT_INTERNAL, stage_nic, host,
		  (uint64_t)(uintptr_t)m);
}

static void
segment_lost_on_link(struct endpoint *ep, struct mbuf *m,
		     enum impair_verdict verdict, sim_time now)
{
	struct ktlsim *sim = ep->conn->sim;
	struct host *host = ep->host;

	host->segments.segments_in++;
	if (verdict == IMPAIR_LOST)
		host->segments.dropped_link++;
	else
		host->segments.dropped_checksum++;
	if (sim->annotate != NULL)
		annotate_lost(sim->annotate, ep, m,
			      verdict == IMPAIR_LOST
				  ? "the link lost it"
				  : "the link damaged it, the checksum told",
			      now);
	segment_lost(host, m, now);
}

/* What is left of a segment on a link that misbehaves (sim/impair.c). */
static void
segment_impaired(struct endpoint *ep, struct mbuf *m, enum impair_pass pass,
		 sim_time now)
{
	struct ktlsim *sim = ep->conn->sim;
	const struct impair_fate fate = impair_segment(ep, m, pass);
	struct mbuf *copy = NULL;

	if (fate.verdict != IMPAIR_ARRIVES) {
		segment_lost_on_link(ep, m, fate.verdict, now);
		return;
	}
	if (fate.duplicate) {
		copy = impair_copy(sim->pool, m);
		if (copy == NULL)
			run_fail(sim, ENOMEM);
	}
	if (fate.flipped)
		impair_flip(m, fate.bit);
	if (fate.delay_ps > 0)
		segment_event(sim, m, now + fate.delay_ps, stage_delayed);
	else
		segment_arrives(sim, m, now);
	if (copy != NULL)
		segment_arrives(sim, copy, now);
}

/* Stage 4: a segment is on its way to its host, or to a followed direction. */
static void
segment_sent(struct ktlsim *sim, struct mbuf *m, enum impair_pass pass,
	     sim_time now)
{
	struct endpoint *ep = endpoint_of_segment(sim, m);

	endpoint_note_begin(ep, m);
	if (ep->host != NULL && ep->host->impair.on)
		segment_impaired(ep, m, pass, now);
	else
		segment_arrives(sim, m, now);
}

static void
stage_arrival(void *object, uint64_t argument, sim_time now)
{
	struct mbuf *next;

	for (struct mbuf *m = mbuf_of_argument(argument); m != NULL; m = next) {
		next = m->m_nextpkt;
		m->m_nextpkt = NULL;
		segment_sent(object, m, IMPAIR_FIRST, now);
	}
}

static void
stage_resend(void *object, uint64_t argument, sim_time now)
{
	struct ktlsim *sim = object;

	sim->input.resent++;
	segment_sent(sim, mbuf_of_argument(argument), IMPAIR_AGAIN, now);
}

/* A delay of the link is over. */
static void
stage_delayed(void *object, uint64_t argument, sim_time now)
{
	segment_arrives(object, mbuf_of_argument(argument), now);
}

void
pipeline_offer(struct ktlsim *sim, struct mbuf *segments, sim_time time)
{
	/*
	 * An arrival that would be the next event anyway needs no event: the
	 * usual case of a replay, which runs up to a frame and then offers it.
	 */
	if (time == sim->now && !sim->running &&
	    event_next_time(sim->events) > time) {
		sim->events_run++;
		stage_arrival(sim, (uint64_t)(uintptr_t)segments, time);
		return;
	}
	if (run_event(sim, time, EVENT_ARRIVAL, stage_arrival, sim,
		      (uint64_t)(uintptr_t)segments) != 0)
		return;
	while (segments != NULL) {
		struct mbuf *next = segments->m_nextpkt;

		m_freem(sim->pool, segments);
		segments = next;
	}
}

void
pipeline_arrive(struct ktlsim *sim, struct mbuf *segments, sim_time now)
{
	stage_arrival(sim, (uint64_t)(uintptr_t)segments, now);
}

/* The policy refused a header when it arrived: nobody else has counted it. */
static void
count_refused(struct endpoint *ep, unsigned effects)
{
	if (effects & ENGINE_COUNT_CORRUPTED)
		ep->counts.corrupted_headers++;
	if (effects & ENGINE_COUNT_TOO_LARGE)
		ep->counts.too_large_records++;
	record_count_error(ep, ep->so.so_error);
}

void
endpoint_act(struct endpoint *ep, unsigned effects, sim_time now)
{
	const struct exec_ops *exec = ep->conn->sim->exec;
	const unsigned refused =
	    ENGINE_COUNT_CORRUPTED | ENGINE_COUNT_TOO_LARGE;
	const unsigned known =
	    ENGINE_QUEUE_WORK | ENGINE_WAKE_READER | ENGINE_DROP | refused;

	assert((effects & ~known) == 0);
	if ((effects & refused) != 0)
		count_refused(ep, effects);
	if ((effects & ENGINE_QUEUE_WORK) != 0)
		exec->queue_work(ep, now);
	/* The connection was reset: TCP takes nothing more of it. */
	if ((effects & ENGINE_DROP) != 0)
		ep->tcb.closed = ep->tcb.reset = true;
	if ((effects & (ENGINE_WAKE_READER | ENGINE_DROP)) != 0)
		exec->wake_reader(ep, now);
}

void
pipeline_drain(struct ktlsim *sim)
{
	struct event event;

	while (event_pop(sim->events, &event)) {
		struct mbuf *m = NULL, *next;

		if (event.handler == stage_arrival ||
		    event.handler == stage_nic ||
		    event.handler == stage_resend ||
		    event.handler == stage_delayed)
			m = mbuf_of_argument(event.argument);
		for (; m != NULL; m = next) {
			next = m->m_nextpkt;
			m_freem(sim->pool, m);
		}
	}
}
