/*
 * rx_driver.c - the host's side of a receive queue: interrupt and polling.
 *
 * In travel order:
 *   rx_driver_frame  the NIC has taken a frame: interrupt moderation
 *   stage_timer, stage_interrupt
 *                    the interrupt reaches its CPU
 *   irq_*            hard interrupt: the queue waits for its CPU's softirq
 *   rx_driver_step, rx_driver_step_done
 *                    the poll, in steps: drain the ring, merge, deliver
 * and on to stage_tcp of pipeline.c at the end of each step that delivers.
 *
 * Without LRO and GRO a step takes one chain from the ring and delivers it, and
 * its descriptors are free at the end of that.  With them a step either takes
 * frames from the ring (as many as there are; with GRO until one sends a chain
 * up), after which their descriptors are free, or delivers one chain.  LRO's
 * batch ends, and GRO lets go what it holds, when the ring is found empty; a
 * batch also when it holds as many frames as the ring, or the poll's weight is
 * used up.
 *
 * At the end of a poll adaptive moderation takes its sample.  A new profile is
 * set by a work item, a task of the class of workers whose step is free; the
 * command to the device takes no time.
 *
 * Left out: polling without interrupts, deferred re-arming.
 */
#include "sim/rx_driver.h"

#include <assert.h>
#include <stddef.h>

#include "engine/mbuf.h"
#include "sim/pipeline.h"
#include "sim/run.h"
#include "sim/softirq.h"

#define US_PS 1000000u

static struct nic_rxq *
queue_of(const struct rx_driver *driver)
{
	return &driver->host->nic.queue[driver->queue];
}

/* Time of TCP for one chain, lock included; `cost` has been spent before. */
static sim_time
tcp_price(struct rx_driver *driver, sim_time cost, sim_time now)
{
	struct host *host = driver->host;
	const struct mbuf *m = driver->chain;
	struct endpoint *ep = endpoint_of_segment(host->sim, m);
	uint32_t frames = driver->chain_frames;
	sim_time hold;

	cost += price(host, frames > 1 ? COST_TCP_MERGED : COST_TCP_SEGMENT);
	if (m->m_pkthdr.len == 0)
		return cost;
	ep->ack_segments += frames;
	if (frames > 1 || ep->ack_segments >= 2) {
		cost += price(host, COST_ACK);
		host->acks++;
		ep->ack_segments = 0;
	}
	cost += price(host, COST_SOCKBUF_APPEND);
	hold = price(host, COST_LOCK_APPEND);
	cost += lock_acquire(&ep->lock, &host->lock[HOST_LOCK_APPEND],
			     now + cost, hold);
	return cost + hold;
}

/*
 * Frames become visible at times that are known when the NIC takes them, so
 * that needs no event: whoever looks at the ring brings it up to date.
 */
static void
show_frames(struct nic_rxq *q, sim_time now)
{
	while (nic_rxq_next_visible(q) <= now)
		nic_rxq_show(q);
}

/* Books and price of one frame that the driver takes from the ring. */
static sim_time
frame_taken(struct rx_driver *driver, const struct mbuf *m, sim_time now)
{
	qstat_leave(&driver->ring, now, m->m_pkthdr.rcv_tstmp);
	driver->handler_ps = now;
	driver->step_frames++;
	driver->counts.frames++;
	driver->counts.bytes += m->m_pkthdr.wire_bytes;
	return price(driver->host, COST_RX_FRAME);
}

/* Without LRO and GRO: the next chain of the ring, and TCP at once. */
static sim_time
chain_step(struct rx_driver *driver, sim_time now)
{
	const struct config *config = &driver->host->sim->config;
	uint32_t merge =
	    config->nic_merge == MERGE_OFF ? 0 : config->nic_merge_max_bytes;
	sim_time cost = 0;

	driver->chain =
	    nic_rxq_get_merged(queue_of(driver), merge, &driver->chain_frames);
	if (driver->chain == NULL)
		return 0;
	for (const struct mbuf *m = driver->chain; m != NULL; m = m->m_next)
		if ((m->m_flags & M_PKTHDR) != 0)
			cost += frame_taken(driver, m, now);
	return tcp_price(driver, cost, now);
}

/* The poll may take no more frames from the ring for now. */
static bool
poll_is_full(const struct rx_driver *driver)
{
	const struct config *config = &driver->host->sim->config;
	uint32_t taken = driver->poll_frames + driver->step_frames;

	return config->nic_poll_weight != 0 && taken >= config->nic_poll_weight;
}

static bool
batch_is_full(const struct rx_driver *driver)
{
	return driver->merge.kind == NIC_MERGE_LRO &&
	       nic_merge_frames(&driver->merge) >=
		   driver->host->sim->config.nic_ring_slots;
}

/* With LRO or GRO: deliver what is ready, or take frames from the ring. */
static sim_time
merge_step(struct rx_driver *driver, sim_time now)
{
	struct nic_rxq *q = queue_of(driver);
	struct nic_merge *merge = &driver->merge;
	sim_time cost = 0;

	driver->chain = nic_merge_get(merge, &driver->chain_frames);
	if (driver->chain != NULL)
		return tcp_price(driver, 0, now);
	while (q->visible > 0 && merge->out.head == NULL &&
	       !poll_is_full(driver) && !batch_is_full(driver)) {
		struct mbuf *m = nic_rxq_get(q);

		cost += frame_taken(driver, m, now);
		nic_merge_put(merge, m);
	}
	return cost;
}

sim_time
rx_driver_step(struct rx_driver *driver, sim_time now)
{
	driver->step_frames = 0;
	show_frames(queue_of(driver), now);
	if (nic_merge_holds(&driver->merge))
		return merge_step(driver, now);
	return chain_step(driver, now);
}

/* A flow may have turned round while an ACK that came first was in the ring. */
static void
chain_deliver(struct rx_driver *driver, sim_time now)
{
	struct host *host = driver->host;
	struct mbuf *m = driver->chain;
	struct endpoint *ep = endpoint_of_segment(host->sim, m);

	driver->chain = NULL;
	if (driver->chain_frames > 1) {
		driver->counts.merged++;
		driver->counts.merged_frames += driver->chain_frames;
		driver->counts.merged_bytes += m->m_pkthdr.len;
	}
	if (ep->host == host) {
		stage_tcp(ep, m, driver->chain_frames, driver->handler_ps, now);
		return;
	}
	host->segments.delivered += driver->chain_frames;
	m_freem(host->sim->pool, m);
}

/* Let go what is held; returns true where that makes something ready. */
static bool
merge_flush(struct rx_driver *driver)
{
	struct nic_merge *merge = &driver->merge;
	uint64_t absorbed = merge->out.absorbed;

	if (!nic_merge_holds(merge))
		return false;
	nic_merge_flush(merge);
	driver->host->segments.delivered += merge->out.absorbed - absorbed;
	return merge->out.head != NULL;
}

static void moderation_act(struct rx_driver *driver,
			   enum nic_moderation_act act, sim_time now);
static void moderate_frame(struct rx_driver *driver, sim_time visible_ps);

/* Look at the rates; a profile that is to be changed takes a work item. */
static void
dim_sample(struct rx_driver *driver, sim_time now)
{
	struct nic_dim_sample sample = {
	    .time_ps = now,
	    .events = queue_of(driver)->interrupts,
	    .frames = driver->counts.frames,
	    .bytes = driver->counts.bytes,
	};

	if (driver->host->sim->config.nic_moderation == MODERATION_ADAPTIVE &&
	    nic_dim_sample(&driver->dim, &sample))
		cpu_wake(driver->cpu, &driver->dim_work, now,
			 price(driver->host, COST_WORKER_WAKEUP));
}

/* The ring is empty: unmask; what is still on its way comes afterwards. */
static void
poll_complete(struct rx_driver *driver, sim_time now)
{
	struct nic_rxq *q = queue_of(driver);

	driver->counts.polls++;
	driver->poll_frames = 0;
	if (host_is_captured(driver->host))
		return;
	driver->counts.arms++;
	dim_sample(driver, now);
	moderation_act(driver, nic_moderation_unmask(&q->moderation, now, 0),
		       now);
	for (const struct mbuf *m = q->hidden; m != NULL; m = m->m_nextpkt)
		moderate_frame(driver, m->m_pkthdr.visible_ps);
}

enum rx_poll
rx_driver_step_done(struct rx_driver *driver, sim_time now)
{
	struct nic_rxq *q = queue_of(driver);

	if (driver->step_frames > 0) {
		nic_rxq_replenish(q, driver->step_frames);
		port_drain(&driver->host->port, now);
	}
	driver->poll_frames += driver->step_frames;
	driver->step_frames = 0;
	if (driver->chain != NULL)
		chain_deliver(driver, now);
	show_frames(q, now);
	if (driver->merge.out.head != NULL)
		return RX_POLL_GOES_ON;
	if (poll_is_full(driver)) {
		if (driver->merge.kind == NIC_MERGE_LRO && merge_flush(driver))
			return RX_POLL_GOES_ON;
		driver->counts.polls++;
		driver->poll_frames = 0;
		return RX_POLL_AGAIN;
	}
	if ((q->visible == 0 || batch_is_full(driver)) && merge_flush(driver))
		return RX_POLL_GOES_ON;
	if (q->visible > 0)
		return RX_POLL_GOES_ON;
	poll_complete(driver, now);
	return RX_POLL_COMPLETES;
}

/* Stage 8, hard half: the handler hands the queue to its CPU's softirq. */
static sim_time
irq_begin(struct cpu_task *task, sim_time now)
{
	struct rx_driver *driver =
	    (struct rx_driver *)((char *)task -
				 offsetof(struct rx_driver, irq));

	(void)now;
	return price(driver->host, COST_INTERRUPT);
}

static bool
irq_done(struct cpu_task *task, sim_time now)
{
	struct rx_driver *driver =
	    (struct rx_driver *)((char *)task -
				 offsetof(struct rx_driver, irq));

	softirq_schedule(driver->softirq, driver, now);
	return false;
}

static void
irq_label(const struct cpu_task *task, struct cpu_label *label)
{
	const struct rx_driver *driver =
	    (const struct rx_driver *)((const char *)task -
				       offsetof(struct rx_driver, irq));

	label->arg[0].name = "queue";
	label->arg[0].value = driver->queue;
}

/* The work item of adaptive moderation: all of it is its wake-up. */
static sim_time
dim_work_begin(struct cpu_task *task, sim_time now)
{
	(void)task;
	(void)now;
	return 0;
}

static bool
dim_work_done(struct cpu_task *task, sim_time now)
{
	struct rx_driver *driver =
	    (struct rx_driver *)((char *)task -
				 offsetof(struct rx_driver, dim_work));
	const struct nic_dim_profile *profile =
	    nic_dim_profile_now(&driver->dim);

	(void)now;
	nic_moderation_set(&queue_of(driver)->moderation, driver->dim.mode,
			   (uint64_t)profile->usec * US_PS, profile->frames);
	nic_dim_applied(&driver->dim);
	return false;
}

static void
moderation_init(struct rx_driver *driver)
{
	const struct config *config = &driver->host->sim->config;
	struct nic_moderation *mod = &queue_of(driver)->moderation;
	enum nic_moderation_mode mode =
	    (enum nic_moderation_mode)config->nic_moderation_mode;
	const struct nic_dim_profile *profile;

	nic_dim_init(&driver->dim, mode);
	profile = nic_dim_profile_now(&driver->dim);
	if (config->nic_moderation == MODERATION_ADAPTIVE)
		nic_moderation_set(mod, mode, (uint64_t)profile->usec * US_PS,
				   profile->frames);
	else
		nic_moderation_set(mod, mode, mod->time_ps, mod->frames);
}

void
rx_driver_init(struct rx_driver *driver, struct host *host, uint32_t queue)
{
	const struct config *config = &host->sim->config;

	driver->host = host;
	driver->queue = queue;
	driver->cpu = &host->cpu[queue % host->cpus];
	driver->softirq = &host->softirq[queue % host->cpus];
	driver->irq = (struct cpu_task){.class = CPU_IRQ,
					.begin = irq_begin,
					.done = irq_done,
					.label = irq_label};
	driver->dim_work = (struct cpu_task){.class = CPU_WORKER,
					     .begin = dim_work_begin,
					     .done = dim_work_done};
	nic_merge_init(&driver->merge, (enum nic_merge_kind)config->nic_merge,
		       host->sim->pool, config->nic_merge_max_bytes,
		       config->nic_merge_frames);
	moderation_init(driver);
	qstat_init(&driver->ring);
}

void
rx_driver_fini(struct rx_driver *driver)
{
	m_freem(driver->host->sim->pool, driver->chain);
	nic_merge_fini(&driver->merge);
	qstat_fini(&driver->ring);
}

uint64_t
rx_driver_frames(const struct rx_driver *driver)
{
	return nic_merge_frames(&driver->merge) +
	       (driver->chain != NULL ? driver->chain_frames : 0);
}

/* Stage 8: the interrupt's message has reached its CPU. */
static void
stage_interrupt(void *object, uint64_t argument, sim_time now)
{
	struct rx_driver *driver = object;

	(void)argument;
	cpu_wake(driver->cpu, &driver->irq, now, 0);
}

static void
stage_timer(void *object, uint64_t argument, sim_time now)
{
	struct rx_driver *driver = object;

	(void)argument;
	driver->timer = 0;
	moderation_act(driver,
		       nic_moderation_timer(&queue_of(driver)->moderation, now),
		       now);
}

static void
moderation_act(struct rx_driver *driver, enum nic_moderation_act act,
	       sim_time now)
{
	struct ktlsim *sim = driver->host->sim;
	struct nic_rxq *q = queue_of(driver);
	sim_time sent;

	switch (act) {
	case NIC_MODERATION_NONE:
		break;
	case NIC_MODERATION_ARM:
		driver->timer =
		    run_event(sim, q->moderation.timer_ps, EVENT_INTERNAL,
			      stage_timer, driver, 0);
		break;
	case NIC_MODERATION_INTERRUPT:
		if (driver->timer != 0)
			event_cancel(sim->events, driver->timer);
		driver->timer = 0;
		sent = nic_interrupt(&driver->host->nic, driver->queue,
				     sim->now, now);
		run_event(sim,
			  sent + price(driver->host, COST_INTERRUPT_DELIVERY),
			  EVENT_INTERNAL, stage_interrupt, driver, 0);
		break;
	}
}

/*
 * Stage 8: a frame will be in host memory at visible_ps.  A timer that fires
 * before that comes first, and its handler finds the frame or leaves it to the
 * next interrupt.
 */
static void
moderate_frame(struct rx_driver *driver, sim_time visible_ps)
{
	struct nic_rxq *q = queue_of(driver);

	if (driver->timer == 0 || q->moderation.timer_ps > visible_ps)
		moderation_act(driver,
			       nic_moderation_frame(&q->moderation, visible_ps),
			       visible_ps);
}

void
rx_driver_frame(struct rx_driver *driver, sim_time visible_ps, sim_time now)
{
	qstat_enter(&driver->ring, now);
	if (host_is_captured(driver->host))
		softirq_schedule(driver->softirq, driver, now);
	else
		moderate_frame(driver, visible_ps);
}
