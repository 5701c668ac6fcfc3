/*
 * rx_driver.c - the host's side of a receive queue: interrupt and softirq.
 *
 * In travel order:
 *   rx_driver_frame  the NIC has taken a frame: interrupt moderation
 *   stage_timer, stage_interrupt
 *                    the interrupt reaches its CPU
 *   irq_*, poll_*    hard interrupt, then softirq: drain the ring, merge
 * and on to stage_tcp of pipeline.c at the end of each step of the softirq.
 *
 * Left out: a budget of the softirq, and polling without interrupts.
 */
#include "sim/rx_driver.h"

#include <assert.h>
#include <stddef.h>

#include "engine/mbuf.h"
#include "sim/pipeline.h"
#include "sim/run.h"

/* Time of the driver and of TCP for one chain, lock included. */
static sim_time
poll_price(struct host *host, struct endpoint *ep, const struct mbuf *m,
	   uint32_t frames, sim_time now)
{
	sim_time cost = 0, hold;

	for (uint32_t i = 0; i < frames; i++)
		cost += price(host, COST_RX_FRAME);
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

/* Stage 7: the softirq turns to the next merged chain of its ring. */
static sim_time
poll_begin(struct cpu_task *task, sim_time now)
{
	struct rx_driver *driver =
	    (struct rx_driver *)((char *)task -
				 offsetof(struct rx_driver, softirq));
	struct host *host = driver->host;
	const struct config *config = &host->sim->config;
	uint32_t merge = config->nic_merge ? config->nic_merge_max_bytes : 0;
	struct nic_rxq *q = &host->nic.queue[driver->queue];

	show_frames(q, now);
	driver->chain = nic_rxq_get_merged(q, merge, &driver->chain_frames);
	driver->handler_ps = now;
	if (driver->chain == NULL)
		return 0;
	for (const struct mbuf *m = driver->chain; m != NULL; m = m->m_next)
		if ((m->m_flags & M_PKTHDR) != 0)
			qstat_leave(&driver->ring, now, m->m_pkthdr.rcv_tstmp);
	return poll_price(host, endpoint_of_segment(host->sim, driver->chain),
			  driver->chain, driver->chain_frames, now);
}

/* A flow may have turned round while an ACK that came first was in the ring. */
static void
poll_deliver(struct rx_driver *driver, struct mbuf *m, sim_time now)
{
	struct host *host = driver->host;
	struct endpoint *ep = endpoint_of_segment(host->sim, m);

	if (ep->host == host) {
		stage_tcp(ep, m, driver->chain_frames, driver->handler_ps, now);
		return;
	}
	host->segments.delivered += driver->chain_frames;
	m_freem(host->sim->pool, m);
}

static void moderation_act(struct rx_driver *driver,
			   enum nic_moderation_act act, sim_time now);
static void moderate_frame(struct rx_driver *driver, sim_time visible_ps);

static bool
poll_done(struct cpu_task *task, sim_time now)
{
	struct rx_driver *driver =
	    (struct rx_driver *)((char *)task -
				 offsetof(struct rx_driver, softirq));
	struct nic_rxq *q = &driver->host->nic.queue[driver->queue];
	struct mbuf *m = driver->chain;

	driver->chain = NULL;
	if (m != NULL) {
		nic_rxq_replenish(q, driver->chain_frames);
		poll_deliver(driver, m, now);
	}
	show_frames(q, now);
	if (q->visible > 0)
		return true;
	if (host_is_captured(driver->host))
		return false;
	moderation_act(driver, nic_moderation_unmask(&q->moderation, now, 0),
		       now);
	for (m = q->hidden; m != NULL; m = m->m_nextpkt)
		moderate_frame(driver, m->m_pkthdr.visible_ps);
	return false;
}

/* Stage 7, hard half: the handler schedules the softirq on its CPU. */
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

	cpu_wake(driver->cpu, &driver->softirq, now, 0);
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

static void
poll_label(const struct cpu_task *task, struct cpu_label *label)
{
	const struct rx_driver *driver =
	    (const struct rx_driver *)((const char *)task -
				       offsetof(struct rx_driver, softirq));

	label->arg[0].name = "queue";
	label->arg[0].value = driver->queue;
	label->arg[1].name = "frames";
	label->arg[1].value = driver->chain_frames;
}

void
rx_driver_init(struct rx_driver *driver, struct host *host, uint32_t queue)
{
	driver->host = host;
	driver->queue = queue;
	driver->cpu = &host->cpu[queue % host->cpus];
	driver->irq = (struct cpu_task){.class = CPU_IRQ,
					.begin = irq_begin,
					.done = irq_done,
					.label = irq_label};
	driver->softirq = (struct cpu_task){.class = CPU_SOFTIRQ,
					    .begin = poll_begin,
					    .done = poll_done,
					    .label = poll_label};
	qstat_init(&driver->ring);
}

void
rx_driver_fini(struct rx_driver *driver)
{
	m_freem(driver->host->sim->pool, driver->chain);
	qstat_fini(&driver->ring);
}

/* Stage 6: the interrupt's message has reached its CPU. */
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
	struct nic_rxq *q = &driver->host->nic.queue[driver->queue];

	(void)argument;
	driver->timer = 0;
	moderation_act(driver, nic_moderation_timer(&q->moderation, now), now);
}

static void
moderation_act(struct rx_driver *driver, enum nic_moderation_act act,
	       sim_time now)
{
	struct ktlsim *sim = driver->host->sim;
	struct nic_rxq *q = &driver->host->nic.queue[driver->queue];

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
		q->interrupts++;
		run_event(sim,
			  now + price(driver->host, COST_INTERRUPT_DELIVERY),
			  EVENT_INTERNAL, stage_interrupt, driver, 0);
		break;
	}
}

/*
 * Stage 6: a frame will be in host memory at visible_ps.  A timer that fires
 * before that comes first, and its handler finds the frame or leaves it to the
 * next interrupt.
 */
static void
moderate_frame(struct rx_driver *driver, sim_time visible_ps)
{
	struct nic_rxq *q = &driver->host->nic.queue[driver->queue];

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
		cpu_wake(driver->cpu, &driver->softirq, now, 0);
	else
		moderate_frame(driver, visible_ps);
}
