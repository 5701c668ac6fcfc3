/*
 * port.c - flow control: the port's buffer, and the sender that it holds.
 *
 * With nic.pause=on a frame that finds no descriptor waits in a buffer of the
 * port instead of being lost, and behind it every frame that comes later, to
 * whatever queue: the buffer is one line.  When its level crosses XOFF a pause
 * frame (nic_pause.c) travels to the sender on the other half of the link; the
 * sender finishes the frame that it has begun and stands still until XON or
 * until the pause has run out.  Thus an exhausted ring becomes delay upstream.
 *
 * Here the sender's queue is explicit: a frame's place on the link is settled
 * when it starts, not when it is ready.  Arrival (rcv_tstmp) is when the NIC
 * takes the frame out of the buffer; the wait before that is kept in `wait`,
 * and is part of what happens upstream.
 *
 * Left out: pause frames that the host itself gets, propagation delay, traffic
 * on the other half of the link, which a pause frame would have to wait for.
 */
#include "sim/port.h"

#include <assert.h>
#include <stddef.h>

#include "engine/mbuf.h"
#include "sim/pipeline.h"
#include "sim/run.h"

static event_handler stage_pause;
static event_handler stage_refresh;
static event_handler stage_resume;

static void
queue_put(struct port_queue *queue, struct mbuf *m)
{
	assert(m->m_nextpkt == NULL);
	if (queue->head == NULL)
		queue->head = m;
	else
		queue->tail->m_nextpkt = m;
	queue->tail = m;
}

static struct mbuf *
queue_get(struct port_queue *queue)
{
	struct mbuf *m = queue->head;

	if (m == NULL)
		return NULL;
	queue->head = m->m_nextpkt;
	m->m_nextpkt = NULL;
	return m;
}

void
port_init(struct port *port, struct host *host)
{
	const struct config *config = &host->sim->config;

	*port = (struct port){.host = host};
	qstat_init(&port->wait);
	port->on = config->nic_pause && !host_is_captured(host);
	if (port->on)
		nic_pause_init(&port->pause, config->link_rate_bps,
			       config->nic_port_buffer_bytes,
			       config->nic_pause_xoff_bytes,
			       config->nic_pause_xon_bytes);
}

void
port_fini(struct port *port)
{
	struct mbuf *m;

	if (port->host == NULL)
		return;
	while ((m = queue_get(&port->ready)) != NULL)
		m_freem(port->host->sim->pool, m);
	while ((m = queue_get(&port->buffer)) != NULL)
		m_freem(port->host->sim->pool, m);
	qstat_fini(&port->wait);
}

/* Start the next frame, unless one is on the link or the sender is held. */
static void
send_next(struct port *port, sim_time now)
{
	struct link *link = &port->host->nic.link;
	struct mbuf *m;
	sim_time since, end, could;

	if (port->sending || now < port->held_ps)
		return;
	m = queue_get(&port->ready);
	if (m == NULL)
		return;
	since = m->m_pkthdr.rcv_tstmp;
	if (since < now) {
		link->delayed++;
		link->delay_sum_ps += now - since;
	}
	/* The link was free, and the frame ready, from then on. */
	could = since > link->free_ps ? since : link->free_ps;
	if (could < now) {
		port->held_times++;
		port->held_sum_ps += now - could;
	}
	port->sending = true;
	end = link_send(link, now, m->m_pkthdr.wire_bytes);
	run_event(port->host->sim, end, EVENT_INTERNAL, stage_nic, port->host,
		  (uint64_t)(uintptr_t)m);
}

void
port_send(struct port *port, struct mbuf *m, sim_time now)
{
	m->m_pkthdr.rcv_tstmp = now;
	queue_put(&port->ready, m);
	send_next(port, now);
}

/* A pause frame leaves the port; the sender has it when its last bit is there.
 */
static void
pause_send(struct port *port, uint32_t quanta, sim_time now)
{
	run_event(port->host->sim, now + nic_pause_wire_time(&port->pause),
		  EVENT_INTERNAL, stage_pause, port, quanta);
}

static void
pause_act(struct port *port, enum nic_pause_act act, sim_time now)
{
	struct ktlsim *sim = port->host->sim;

	switch (act) {
	case NIC_PAUSE_NONE:
		break;
	case NIC_PAUSE_XOFF:
		pause_send(port, NIC_PAUSE_QUANTA, now);
		port->refresh =
		    run_event(sim, now + nic_pause_interval(&port->pause),
			      EVENT_INTERNAL, stage_refresh, port, 0);
		break;
	case NIC_PAUSE_XON:
		pause_send(port, 0, now);
		event_cancel(sim->events, port->refresh);
		port->refresh = 0;
		break;
	}
}

static void
stage_refresh(void *object, uint64_t argument, sim_time now)
{
	struct port *port = object;

	(void)argument;
	port->refresh = 0;
	pause_act(port, nic_pause_refresh(&port->pause), now);
}

/* A pause frame has reached the sender. */
static void
stage_pause(void *object, uint64_t quanta, sim_time now)
{
	struct port *port = object;
	struct ktlsim *sim = port->host->sim;

	event_cancel(sim->events, port->resume);
	port->held_ps = now + nic_pause_time(&port->pause, (uint32_t)quanta);
	port->resume = run_event(sim, port->held_ps, EVENT_INTERNAL,
				 stage_resume, port, 0);
}

static void
stage_resume(void *object, uint64_t argument, sim_time now)
{
	struct port *port = object;

	(void)argument;
	port->resume = 0;
	send_next(port, now);
}

/* The queue that the frame is for has a descriptor. */
static bool
ring_has_room(const struct port *port, const struct mbuf *m)
{
	const struct nic *nic = &port->host->nic;

	return !nic_rxq_full(&nic->queue[nic_queue(nic, m)]);
}

enum port_verdict
port_accept(struct port *port, struct mbuf *m, sim_time now)
{
	uint32_t bytes = m->m_pkthdr.wire_bytes;

	assert(port->on && port->sending);
	port->sending = false;
	send_next(port, now);
	if (port->buffer.head == NULL && ring_has_room(port, m))
		return PORT_PASSES;
	if (!nic_pause_has_room(&port->pause, bytes))
		return PORT_REFUSES;
	queue_put(&port->buffer, m);
	qstat_enter(&port->wait, now);
	pause_act(port, nic_pause_put(&port->pause, bytes, now), now);
	return PORT_KEEPS;
}

void
port_drain(struct port *port, sim_time now)
{
	struct mbuf *m;

	if (port->draining)
		return;
	port->draining = true;
	while ((m = port->buffer.head) != NULL && ring_has_room(port, m)) {
		queue_get(&port->buffer);
		qstat_leave(&port->wait, now, m->m_pkthdr.rcv_tstmp);
		pause_act(
		    port,
		    nic_pause_take(&port->pause, m->m_pkthdr.wire_bytes, now),
		    now);
		stage_ring(port->host, m, now);
	}
	port->draining = false;
}
