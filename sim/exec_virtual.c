/*
 * exec_virtual.c - the executor of virtual time: events, prices, one thread.
 *
 * Every step is an event or the begin or the end of a step of a modelled CPU,
 * so nothing has to be locked, and what happens when depends on the input and
 * the seed alone.  pipeline.c, worker.c and reader_task.c schedule; the loop
 * below runs what they scheduled.
 */
#include "sim/exec.h"

#include <errno.h>
#include <inttypes.h>

#include "sim/config_unused.h"
#include "sim/config_value.h"
#include "sim/cost.h"
#include "sim/pipeline.h"
#include "sim/reader_call.h"
#include "sim/reader_task.h"
#include "sim/run.h"
#include "sim/worker.h"

static int
virtual_start(struct ktlsim *sim)
{
	for (unsigned i = 0; i < sim->host_count; i++)
		for (uint32_t w = 0; w < sim->host[i].workers; w++)
			sim->host[i].worker[w].aead = sim->aead;
	tx_load_start(sim);
	return 0;
}

static void
virtual_stop(struct ktlsim *sim)
{
	pipeline_drain(sim);
}

static void
virtual_fini(struct ktlsim *sim)
{
	(void)sim;
}

static int
virtual_attach(struct conn *conn)
{
	conn->aead = conn->sim->aead;
	for (int d = 0; d < 2; d++) {
		struct endpoint *ep = &conn->endpoint[d];

		ep->reader.scratch = conn->sim->scratch;
		if (ep->host == NULL)
			continue;
		ep->reader.books = &ep->host->books;
		reader_task_init(ep);
		if (conn->sim->config.ktls_decrypt_in == DECRYPT_IN_READER &&
		    reader_call_attach(ep) != 0)
			return ENOMEM;
	}
	return 0;
}

static void
virtual_detach(struct conn *conn)
{
	for (int d = 0; d < 2; d++)
		reader_call_detach(&conn->endpoint[d]);
}

static void
virtual_queue_work(struct endpoint *ep, sim_time now)
{
	if (ep->host == NULL)
		ep->work_pending = true;
	else if (ep->reader.call != NULL)
		reader_call_queue(ep, now);
	else
		worker_queue(ep, now);
}

static void
virtual_wake_reader(struct endpoint *ep, sim_time now)
{
	if (ep->host != NULL) {
		reader_task_wake(ep, now);
		return;
	}
	ep->read_pending = true;
	if (!ep->following)
		endpoint_follow(ep, now);
}

static void
virtual_user(struct ktlsim *sim)
{
	(void)sim;
}

static sim_time
virtual_rest(struct ktlsim *sim)
{
	return sim->now;
}

static sim_time
virtual_next_time(const struct ktlsim *sim)
{
	if (sim->config.ktls_tx_load > 0 && tx_load_only_left(sim))
		return SIM_TIME_NEVER;
	return event_next_time(sim->events);
}

static void
virtual_run_until(struct ktlsim *sim, sim_time time)
{
	bool sends = sim->config.ktls_tx_load > 0 && time == SIM_TIME_NEVER;
	struct event event;

	sim->draining = time == SIM_TIME_NEVER;
	while (sim->failure == 0 && event_next_time(sim->events) <= time &&
	       !(sends && tx_load_only_left(sim)) &&
	       event_pop(sim->events, &event)) {
		sim->now = event.time;
		sim->events_run++;
		event.handler(event.object, event.argument, event.time);
	}
	if (event_queue_failed(sim->events))
		run_fail(sim, ENOMEM);
}

static int
virtual_settle(struct ktlsim *sim)
{
	for (unsigned i = 0; i < sim->host_count; i++)
		host_settle(&sim->host[i], sim->now);
	return 0;
}

/* How the TLS workers differ from FreeBSD's. */
static void
note_workers(struct ktlsim *sim)
{
	const struct config *config = &sim->config;

	if (config->ktls_decrypt_in == DECRYPT_IN_READER)
		run_note(sim, "receive calls decrypt, on the readers' CPUs; a "
			      "record's wait for its call is the stage queue "
			      "(ktls.decrypt_in: reader)");
	if (config->ktls_budget > 0)
		run_note(sim,
			 "a TLS worker turns to its next socket after %" PRIu32
			 " records (ktls.budget)",
			 config->ktls_budget);
	if (config->ktls_wake_every > 0)
		run_note(sim,
			 "a TLS worker wakes the reader after every %" PRIu32
			 " records of a pass (ktls.wake_every)",
			 config->ktls_wake_every);
	if (config->ktls_tx_load > 0)
		run_note(sim,
			 "each host's TLS workers also encrypt %" PRIu32
			 " records of %" PRIu32
			 " bytes per second, first in every batch "
			 "(ktls.tx_load)",
			 config->ktls_tx_load, config->ktls_tx_record_bytes);
}

/* Keys that were set in vain. */
static void
note_unused(struct ktlsim *sim)
{
	char text[RESULTS_TEXT_BYTES];

	for (size_t i = 0; i < config_unused_rows(); i++)
		if (config_unused(&sim->config, i, text, sizeof(text)))
			run_note(sim, "%s", text);
}

static void
virtual_describe(struct ktlsim *sim)
{
	const struct config *config = &sim->config;
	unsigned unsourced = cost_count_unsourced(config);
	char speed[32];
	static const char *const merging[] = {
	    [MERGE_OFF] = "off",
	    [MERGE_RING] = "consecutive segments of a flow, at ring drain",
	    [MERGE_LRO] = "LRO, a batch sorted by flow",
	    [MERGE_GRO] = "GRO, by Linux' rules",
	    [MERGE_ON] = "",
	};

	if (config->traffic_source == TRAFFIC_WINDOW)
		run_note(sim, "the traffic is that of modelled senders, which "
			      "keep every receive window full "
			      "(traffic.source: window)");
	else
		run_note(sim, "capture point: %s",
			 config->replay_capture_point == CAPTURE_WIRE
			     ? "wire (NIC and interrupts are modelled)"
			     : "host (segments start at softirq)");
	value_format_number(config->replay_speed_ppm, VALUE_MILLIONTHS, speed,
			    sizeof(speed));
	if (config->replay_speed_ppm != 1000000)
		run_note(sim,
			 "replay.speed divides the gaps by %s, round trips and "
			 "bursts too",
			 speed);
	run_note(sim, "receive merging: %s", merging[config->nic_merge]);
	if (impair_wanted(config))
		run_note(sim,
			 "the links misbehave on purpose (link.*); what "
			 "they lose is %s",
			 config->replay_recovery == RECOVERY_RESEND
			     ? "offered again (replay.recovery)"
			     : "lost for good (replay.recovery)");
	note_workers(sim);
	note_unused(sim);
	if (config->host_contention_ppm > 0)
		run_note(sim, "steps take longer while other CPUs of the host "
			      "are busy (host.contention)");
	run_note(sim, "socket-buffer locks spin; a preempted holder is not "
		      "modelled (docs/model.md#lock)");
	if (unsourced > 0)
		run_note(sim,
			 "%u prices of profile %s have no published "
			 "source (--list-keys)",
			 unsourced, config->cost_profile);
}

const struct exec_ops exec_virtual_ops = {
    .name = "virtual",
    .virtual_time = true,
    .start = virtual_start,
    .stop = virtual_stop,
    .fini = virtual_fini,
    .attach = virtual_attach,
    .detach = virtual_detach,
    .offer = pipeline_offer,
    .queue_work = virtual_queue_work,
    .wake_reader = virtual_wake_reader,
    .enter_user = virtual_user,
    .leave_user = virtual_user,
    .rest = virtual_rest,
    .next_time = virtual_next_time,
    .run_until = virtual_run_until,
    .settle = virtual_settle,
    .describe = virtual_describe,
};
