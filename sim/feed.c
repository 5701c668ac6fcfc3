/*
 * feed.c - modelled senders inside a simulation: frames in, windows back.
 *
 * The road of a frame: the source (synthetic.c) says when its next one is due,
 * feed_frame takes it then, declares the flow if this is its first, and puts it
 * on the link as an arrival.  The road back: pipeline.c and reader_task.c call
 * when TCP would send an acknowledgement or a window update; it reaches the
 * sender after twice link.delay, because times here are those at the receiver,
 * and may bring the next frame forward.
 *
 * Where TCP would send nothing the sender learns nothing, but for the
 * acknowledgement of a single segment, which TCP would delay: a sender that
 * stops in mid-window depends on it.  What acknowledgements cost is charged in
 * pipeline.c as for any other traffic; window updates are free.
 *
 * Left out: acknowledgements as frames on the link, and their loss; the window
 * scale's granularity.
 */
#include "sim/feed.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "engine/tcp_window.h"
#include "sim/ingress.h"
#include "sim/run.h"
#include "sim/synthetic.h"

enum { SRTT_LEAST_PS = 1000000 }; /* 1 us: with link.delay=0, too */

struct feed {
	struct trace_source *source;
	bool stopped;
	event_id event; /* of the next frame, or 0 */
	sim_time event_ps;
	struct endpoint **ep; /* receiving, by the source's flow */
	uint64_t *acked;      /* that the sender knows of, by flow */
};

static event_handler feed_frame, feed_feedback;

static sim_time
round_trip_ps(const struct ktlsim *sim)
{
	return 2 * sim->config.link_delay_ps;
}

/* The next frame's event is where the source wants it. */
static void
schedule_frame(struct ktlsim *sim)
{
	struct feed *feed = sim->feed;
	sim_time due = SIM_TIME_NEVER;

	if (!feed->stopped)
		due = feed->source->ops->next_time(feed->source);

	if (feed->event != 0 && due == feed->event_ps)
		return;
	if (feed->event != 0)
		event_cancel(sim->events, feed->event);
	feed->event = 0;
	feed->event_ps = due;
	if (due != SIM_TIME_NEVER)
		feed->event =
		    run_event(sim, due, EVENT_ARRIVAL, feed_frame, sim, 0);
}

/* The ends of a flow come to be, with its keys.  NULL: no memory. */
static struct endpoint *
declare_flow(struct ktlsim *sim, uint32_t flow)
{
	struct synthetic_flow described;
	struct endpoint *ep;
	int error;

	synthetic_describe(sim->feed->source, flow, &described);
	error = ktlsim_add_flow(sim, &described.flow, NULL);
	ktls_key_clear(&described.key);
	if (error != 0) {
		run_fail(sim, error);
		return NULL;
	}
	ep = &sim->conn[sim->conn_count - 1]->endpoint[FLOW_CLIENT_TO_SERVER];
	if (sim->config.sockbuf_autosize)
		ep->so.so_rcv.sb_flags |= SB_AUTOSIZE;
	ep->conn->round_trip_ps = round_trip_ps(sim);
	ep->feed_flow = flow;
	ep->rcv_adv = sim->config.sockbuf_hiwat_bytes;
	return ep;
}

static void
feed_frame(void *object, uint64_t argument, sim_time now)
{
	struct ktlsim *sim = object;
	struct feed *feed = sim->feed;
	struct trace_frame frame;
	uint32_t flow;

	(void)argument;
	feed->event = 0;
	if (feed->source->ops->next(feed->source, &frame) != 1) {
		run_fail(sim, ENOMEM);
		return;
	}
	assert(frame.time_ps == now);
	flow = synthetic_last_flow(feed->source);
	if (feed->ep[flow] == NULL)
		feed->ep[flow] = declare_flow(sim, flow);
	if (feed->ep[flow] == NULL)
		return;
	sim->last_arrival_ps = now;
	if (ingress_made(feed->ep[flow], frame.parsed, now) != 0)
		run_fail(sim, ENOMEM);
	schedule_frame(sim);
}

/* argument: acknowledgement and window as TCP writes them, 32 bits each. */
static void
feed_feedback(void *object, uint64_t argument, sim_time now)
{
	struct endpoint *ep = object;
	struct ktlsim *sim = ep->conn->sim;
	struct feed *feed = sim->feed;
	uint64_t *acked = &feed->acked[ep->feed_flow];
	uint32_t ack = (uint32_t)(argument >> 32);

	*acked += (uint32_t)(ack - (uint32_t)*acked);
	feed->source->ops->feedback(feed->source, now, ep->feed_flow, *acked,
				    (uint32_t)argument, 0);
	schedule_frame(sim);
}

int
feed_create(struct ktlsim *sim)
{
	const struct config *config = &sim->config;
	const struct synthetic_options options = {
	    .flows = config->synthetic_flows,
	    .stagger_ps = config->synthetic_stagger_ps,
	    .bytes = config->synthetic_bytes,
	    .time_ps = config->synthetic_time_ps,
	    .stop_ps = config->run_time_limit_ps,
	    .record_bytes = config->synthetic_record_bytes,
	    .mss_bytes = config->synthetic_mss_bytes,
	    .burst_bytes = config->synthetic_burst_bytes,
	    .window_bytes = config->sockbuf_hiwat_bytes,
	    .rate_bps = config->link_rate_bps,
	    .suite = config->synthetic_suite,
	    .suites = config->engine_suites,
	    .real = config->crypto_mode == CRYPTO_REAL,
	    .contexts = config->crypto_contexts,
	    .seed = config->run_seed,
	};
	struct feed *feed = calloc(1, sizeof(*feed));

	sim->feed = feed;
	if (feed == NULL)
		return ENOMEM;
	feed->ep = calloc(options.flows, sizeof(*feed->ep));
	feed->acked = calloc(options.flows, sizeof(*feed->acked));
	if (feed->ep == NULL || feed->acked == NULL ||
	    synthetic_create(&feed->source, &options) != 0)
		return ENOMEM;
	schedule_frame(sim);
	return 0;
}

void
feed_destroy(struct ktlsim *sim)
{
	struct feed *feed = sim->feed;

	if (feed == NULL)
		return;
	if (feed->source != NULL)
		feed->source->ops->close(feed->source);
	free(feed->ep);
	free(feed->acked);
	free(feed);
	sim->feed = NULL;
}

void
feed_stop(struct ktlsim *sim)
{
	if (sim->feed == NULL)
		return;
	sim->feed->stopped = true;
	schedule_frame(sim);
}

/* Bytes of the window that was offered last and not filled yet. */
static uint32_t
offered_left(const struct endpoint *ep)
{
	uint64_t next = ep->tcb.rcv_offset;

	return ep->rcv_adv > next ? (uint32_t)(ep->rcv_adv - next) : 0;
}

static void
send_window(struct endpoint *ep, uint32_t window, sim_time now)
{
	struct ktlsim *sim = ep->conn->sim;
	uint64_t next = ep->tcb.rcv_offset;

	ep->rcv_adv = next + window;
	run_event(sim, now + round_trip_ps(sim), EVENT_ARRIVAL, feed_feedback,
		  ep, next << 32 | window);
}

static bool
is_fed(const struct endpoint *ep)
{
	return ep->rcv_adv > 0 && !ep->tcb.closed;
}

static uint32_t
window_now(const struct endpoint *ep)
{
	return tcp_rcvwin(&ep->so.so_rcv,
			  ep->conn->sim->config.synthetic_mss_bytes,
			  offered_left(ep));
}

void
feed_segment(struct endpoint *ep, uint32_t bytes, sim_time now)
{
	const struct ktlsim *sim = ep->conn->sim;
	sim_time srtt = round_trip_ps(sim);

	if (!is_fed(ep))
		return;
	if (srtt < SRTT_LEAST_PS)
		srtt = SRTT_LEAST_PS;
	(void)tcp_autorcvbuf(&ep->rcvbuf, &ep->so.so_rcv, bytes, now, srtt,
			     sim->config.sockbuf_hiwat_max_bytes);
}

void
feed_acknowledge(struct endpoint *ep, sim_time now)
{
	if (is_fed(ep))
		send_window(ep, window_now(ep), now);
}

/* Worth a packet: half the buffer; or a quarter, and two segments. */
static bool
is_worth_an_update(const struct endpoint *ep, uint32_t growth)
{
	uint32_t hiwat = ep->so.so_rcv.sb_hiwat;
	uint32_t mss = ep->conn->sim->config.synthetic_mss_bytes;

	if (growth >= hiwat / 2)
		return growth > 0;
	return growth >= 2 * mss && (growth >= hiwat / 4 || hiwat <= 8 * mss);
}

void
feed_read(struct endpoint *ep, sim_time now)
{
	uint32_t window;

	if (!is_fed(ep))
		return;
	window = window_now(ep);
	if (is_worth_an_update(ep, window - offered_left(ep)))
		send_window(ep, window, now);
}
