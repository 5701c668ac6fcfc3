/*
 * offload_queue.c - the driver's talk with the device about resyncs.
 *
 * A resync protocol (nicmodel/nic_resync.h) says what to do; this file does it
 * with the latencies of a real driver: work item, doorbell, fetch of the work
 * request, write of the progress, interrupt.  Posts share one internal queue of
 * nic.tls_queue entries; what finds it full is tried again when one is free.
 * offload.c calls it, with what the protocol has answered.
 *
 * Every event holds the generation of the context that it is about: what comes
 * after the context has gone is dropped.
 *
 * Left out: CPU time of the driver's own work.
 */
#include "sim/offload_queue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "sim/offload.h"
#include "sim/run.h"
#include "sim/trace_tap.h"

static event_handler post_work;
static event_handler query_device;
static event_handler query_done;
static event_handler answer_device;

static struct offload *
offload_of(const struct offload_flow *flow)
{
	return flow->ep->host->offload;
}

int
offload_queue_init(struct offload_queue *queue, uint32_t entries)
{
	queue->post = calloc(entries, sizeof(*queue->post));
	if (queue->post == NULL)
		return ENOMEM;
	for (uint32_t i = 0; i < entries; i++)
		queue->post[i].next_free = i + 1 < entries ? i + 2 : 0;
	queue->free_post = 1;
	queue->waiting_end = &queue->waiting;
	return 0;
}

void
offload_queue_fini(struct offload_queue *queue)
{
	free(queue->post);
}

sim_time
offload_post_price(struct host *host)
{
	return price(host, COST_DOORBELL) + host_pcie_read(host);
}

sim_time
offload_completion_price(struct host *host)
{
	return price(host, COST_PCIE_WRITE) +
	       price(host, COST_INTERRUPT_DELIVERY);
}

void
offload_schedule(struct offload_flow *flow, sim_time time,
		 event_handler *handler)
{
	run_event(flow->ep->conn->sim, time, EVENT_INTERNAL, handler, flow,
		  flow->generation);
}

static struct offload_post *
post_get(struct offload_queue *queue)
{
	struct offload_post *post;

	if (queue->free_post == 0)
		return NULL;
	post = &queue->post[queue->free_post - 1];
	queue->free_post = post->next_free;
	return post;
}

static void
wait_for_queue(struct offload_flow *flow, struct nic_resync_act act)
{
	struct offload_queue *queue = &offload_of(flow)->queue;

	flow->retry = act;
	if (act.kind == NIC_RESYNC_NONE || flow->waiting)
		return;
	flow->waiting = true;
	flow->next_waiting = NULL;
	*queue->waiting_end = flow;
	queue->waiting_end = &flow->next_waiting;
}

/* Post an act on the internal queue, now. */
static void
post_act(struct offload_flow *flow, struct nic_resync_act act, sim_time now)
{
	struct offload *offload = offload_of(flow);
	struct offload_post *post = post_get(&offload->queue);
	struct nic_resync_act again =
	    nic_resync_posted(&flow->resync, &act, post != NULL);

	if (post == NULL) {
		wait_for_queue(flow, again);
		return;
	}
	assert(again.kind == NIC_RESYNC_NONE);
	post->flow = flow;
	post->generation = flow->generation;
	post->act = act;
	run_event(offload->host->sim, now + offload_post_price(offload->host),
		  EVENT_INTERNAL,
		  act.kind == NIC_RESYNC_QUERY ? query_device : answer_device,
		  offload, (uint64_t)(post - offload->queue.post));
}

/* Whoever waits longest, and still has something to post. */
static struct offload_flow *
next_waiting(struct offload_queue *queue)
{
	struct offload_flow *flow;

	while ((flow = queue->waiting) != NULL) {
		queue->waiting = flow->next_waiting;
		if (queue->waiting == NULL)
			queue->waiting_end = &queue->waiting;
		flow->waiting = false;
		if (flow->retry.kind != NIC_RESYNC_NONE)
			return flow;
	}
	return NULL;
}

static void
post_put(struct offload_queue *queue, struct offload_post *post, sim_time now)
{
	struct offload_flow *flow = next_waiting(queue);

	post->next_free = queue->free_post;
	queue->free_post = (uint32_t)(post - queue->post) + 1;
	if (flow != NULL)
		post_act(flow, flow->retry, now);
}

static void
post_work(void *object, uint64_t argument, sim_time now)
{
	struct offload_flow *flow = object;

	if ((uint32_t)argument == flow->generation)
		post_act(flow,
			 (struct nic_resync_act){.kind = NIC_RESYNC_QUERY},
			 now);
}

/* Linux' driver queries from a work item, FreeBSD's where it stands. */
static bool
queries_by_work_item(const struct offload_flow *flow)
{
	return flow->resync.ops != &nic_resync_freebsd_ops;
}

void
offload_carry_out(struct offload_flow *flow, struct nic_resync_act act,
		  sim_time now)
{
	struct host *host = flow->ep->host;

	if (act.kind == NIC_RESYNC_NONE)
		return;
	episodes_note(&flow->episodes, EPISODE_REQUEST, now);
	if (act.kind == NIC_RESYNC_QUERY && queries_by_work_item(flow))
		offload_schedule(flow, now + price(host, COST_RESYNC_DISPATCH),
				 post_work);
	else
		post_act(flow, act, now);
}

/* The context that a post is about, or NULL where it has gone. */
static struct offload_flow *
flow_of_post(const struct offload_post *post)
{
	return post->flow->generation == post->generation ? post->flow : NULL;
}

/* The device reads the request, and writes down where it stands. */
static void
query_device(void *object, uint64_t argument, sim_time now)
{
	struct offload *offload = object;
	struct offload_post *post = &offload->queue.post[argument];
	const struct offload_flow *flow = flow_of_post(post);
	struct nic_tls_progress progress = {.tracker = NIC_TLS_START};

	if (flow != NULL)
		nic_tls_query(&flow->context->tls, &progress);
	post->progress = (struct nic_resync_progress){
	    .candidate_valid = progress.tracker == NIC_TLS_TRACKING &&
			       progress.auth == NIC_TLS_NO_OFFLOAD,
	    .candidate = progress.hw_resync_tcp_sn,
	};
	run_event(offload->host->sim,
		  now + offload_completion_price(offload->host), EVENT_INTERNAL,
		  query_done, offload, argument);
}

static void
query_done(void *object, uint64_t argument, sim_time now)
{
	struct offload *offload = object;
	struct offload_post *post = &offload->queue.post[argument];
	struct offload_flow *flow = flow_of_post(post);
	struct nic_resync_progress progress = post->progress;

	post_put(&offload->queue, post, now);
	if (flow == NULL)
		return;
	if (progress.candidate_valid)
		episodes_note(&flow->episodes, EPISODE_QUERY, now);
	offload_carry_out(flow, nic_resync_query_done(&flow->resync, &progress),
			  now);
}

/* New static parameters have reached the device. */
static void
answer_device(void *object, uint64_t argument, sim_time now)
{
	struct offload *offload = object;
	struct offload_post *post = &offload->queue.post[argument];
	struct offload_flow *flow = flow_of_post(post);
	struct nic_resync_act act = post->act;
	bool taken;

	post_put(&offload->queue, post, now);
	if (flow == NULL)
		return;
	taken = act.kind == NIC_RESYNC_ANSWER
		    ? nic_tls_answer(&flow->context->tls, act.seq, act.rec_seq)
		    : nic_tls_hint(&flow->context->tls, act.seq, act.rec_seq);
	if (!taken)
		return;
	episodes_note(&flow->episodes, EPISODE_ANSWER, now);
	trace_tap_phase(flow, "answer", now);
}
