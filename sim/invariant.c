/*
 * invariant.c - the books of a run must balance, exactly.
 *
 * ktlsim_finish calls invariant_check after collect.c.  Every identity is in
 * integers and holds at any instant, not only when the queues are empty:
 *   segments   in = delivered + dropped + inside, per host
 *   bytes      appended = read before KTLS + detached + still queued, per
 *              socket (the sequence invariant of the TLS chain)
 *   Little     area under each queue's length = sum of the sojourns
 *   stages     nic + ... + read = total, over all records of a host
 *   CPUs       busy by class + idle = elapsed, per CPU
 */
#include "sim/invariant.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/mbuf.h"
#include "sim/run.h"

/* Failures that are kept; one per kind would be enough to start looking. */
enum { FAILURES_MAX = 16 };

static void violated(struct results *results, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
violated(struct results *results, const char *format, ...)
{
	va_list arguments;

	if (results->failure_count == FAILURES_MAX)
		return;
	va_start(arguments, format);
	vsnprintf(results->failures[results->failure_count++],
		  sizeof(results->failures[0]), format, arguments);
	va_end(arguments);
}

static void
check_segments(const struct host *host, const struct results_host *found,
	       struct results *results)
{
	const struct results_conservation *c = &found->conservation;

	if (!c->balanced)
		violated(results,
			 "conservation of segments, host %s: %" PRIu64
			 " in, %" PRIu64 " delivered, %" PRIu64 " inside",
			 host->name, c->segments_in, c->delivered, c->queued);
}

static void
check_cpus(const struct host *host, struct results *results)
{
	for (uint32_t i = 0; i < host->cpus; i++)
		if (!cpu_accounts_hold(&host->cpu[i], host->sim->now))
			violated(results,
				 "utilisation of host %s CPU %" PRIu32
				 ": busy and idle time do not add up to the "
				 "run, or its run queues break Little's law",
				 host->name, i);
}

/* Frames between the NIC and their handler, by their arrival. */
static bool
ring_holds(const struct host *host, uint32_t queue)
{
	const struct nic_rxq *q = &host->nic.queue[queue];
	unsigned __int128 entries = 0;

	for (const struct mbuf *m = q->head; m != NULL; m = m->m_nextpkt)
		entries += m->m_pkthdr.rcv_tstmp;
	return qstat_littles_law_inside(&host->driver[queue].ring,
					host->sim->now, q->frames, entries);
}

/* Frames in the port's buffer, by their arrival there. */
static bool
port_holds(const struct host *host)
{
	const struct port *port = &host->port;
	unsigned __int128 entries = 0;
	uint64_t inside = 0;

	for (const struct mbuf *m = port->buffer.head; m; m = m->m_nextpkt) {
		entries += m->m_pkthdr.rcv_tstmp;
		inside++;
	}
	return qstat_littles_law_inside(&port->wait, host->sim->now, inside,
					entries);
}

static bool
workqueue_holds(const struct worker *worker)
{
	unsigned __int128 entries = 0;
	uint64_t inside = 0;

	for (struct socket *so = worker->wq.so_head; so != NULL;
	     so = so->so_ktls_rx_next) {
		entries += endpoint_of_socket(so)->queued_ps;
		inside++;
	}
	return qstat_littles_law_inside(
	    &worker->waiting, worker->host->sim->now, inside, entries);
}

static void
check_queues(const struct host *host, struct results *results)
{
	if (!port_holds(host))
		violated(results, "Little's law, host %s port buffer",
			 host->name);
	for (uint32_t i = 0; i < host->nic.queues; i++)
		if (!ring_holds(host, i))
			violated(results,
				 "Little's law, host %s receive queue %" PRIu32,
				 host->name, i);
	for (uint32_t i = 0; i < host->workers; i++)
		if (!tx_queue_accounts_hold(&host->worker[i].tx,
					    host->sim->now))
			violated(results,
				 "Little's law, host %s transmit work of "
				 "worker %" PRIu32,
				 host->name, i);
	for (uint32_t i = 0; i < host->workers; i++)
		if (!workqueue_holds(&host->worker[i]))
			violated(results,
				 "Little's law, host %s work queue %" PRIu32,
				 host->name, i);
}

static void
check_bytes(const struct endpoint *ep, struct results *results)
{
	const struct sockbuf *sb = &ep->so.so_rcv;
	uint64_t taken = ep->keyed ? ep->tls_offset : ep->read_offset;
	uint64_t queued = ep->keyed ? sb->sb_tlscc : sb->sb_ccc;
	uint64_t accepted = ep->counts.appended_bytes;

	/* A reset flushes, and an unreadable stream is not kept. */
	if (ep->so.so_dropped || (sb->sb_flags & SB_TLS_RX_UNREADABLE) != 0)
		return;
	if (accepted != ep->tcb.rcv_offset ||
	    accepted != taken + queued + ep->counts.discarded_bytes)
		violated(results,
			 "conservation of bytes, flow %" PRIu32
			 " direction %d: %" PRIu64 " accepted, %" PRIu64
			 " taken, %" PRIu64 " queued, %" PRIu64 " discarded",
			 ep->conn->flow->id, (int)ep->direction,
			 ep->tcb.rcv_offset, taken, queued,
			 ep->counts.discarded_bytes);
}

int
invariant_check(const struct ktlsim *sim, struct results *results)
{
	results->failures = calloc(FAILURES_MAX, sizeof(*results->failures));
	if (results->failures == NULL)
		return ENOMEM;
	for (unsigned i = 0; i < sim->host_count; i++) {
		const struct host *host = &sim->host[i];

		check_segments(host, &results->hosts[i], results);
		check_queues(host, results);
		check_cpus(host, results);
		if (!stage_stats_balanced(&host->books.stages))
			violated(results,
				 "stage sums of host %s: nic + ... + read "
				 "differs from total",
				 host->name);
	}
	for (uint32_t i = 0; i < sim->conn_count; i++) {
		check_bytes(&sim->conn[i]->endpoint[0], results);
		check_bytes(&sim->conn[i]->endpoint[1], results);
	}
	return 0;
}
