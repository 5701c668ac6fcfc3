/*
 * trace_tap.c - what of a run goes into its trace.
 *
 * cpu.c tells of every stretch that a CPU was a task's, and stretches of one
 * step that follow each other are joined into a slice; a step that was
 * interrupted has several.  qstat.c tells of the depths of rings and work
 * queues; of the depths at one instant the last one goes out.  offload.c tells
 * of each event of a flow's NIC context, and a slice ends where the phase
 * changes; the flow's own list of phases (phases.c) is kept here too.  reader.c
 * tells of a record when it has been read, with all its boundaries.
 *
 * Memory: one open slice per CPU, one value per queue.  Left out: what runs
 * without cost (followed directions), idle time, locks.
 */
#include "sim/trace_tap.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sim/offload.h"
#include "sim/run.h"
#include "sim/stage_stats.h"
#include "sim/trace_out.h"

enum {
	NAME_BYTES = 96,
	TIDS_PER_HOST = 10000, /* more than CPUs; unique over all processes */
};

/* One CPU: its open slice. */
struct lane {
	struct trace_tap *tap;
	uint32_t pid, tid;
	const struct cpu_task *task; /* NULL: none is open */
	bool begun;		     /* else the preamble of a step */
	bool over;		     /* nothing of the step is left */
	sim_time begin_ps, end_ps;
	struct cpu_label label;
};

/* One queue: its latest depth. */
struct gauge {
	struct trace_tap *tap;
	uint32_t pid;
	char name[32];
	const char *unit;
	uint64_t depth;
	sim_time at;
	bool due; /* not written yet */
};

struct trace_tap {
	struct ktlsim *sim;
	struct trace_out out;
	struct lane *lane;
	size_t lanes;
	struct gauge *gauge;
	size_t gauges;
	uint64_t records;
};

static uint32_t
pid_of(const struct host *host)
{
	return host->index + 1;
}

/* --- CPUs --- */

static const char *const class_names[CPU_CLASS_COUNT] = {
    [CPU_IRQ] = "irq",
    [CPU_SOFTIRQ] = "softirq",
    [CPU_WORKER] = "worker",
    [CPU_APP] = "reader",
};

static void
lane_close(struct lane *lane)
{
	struct trace_event event = {
	    .phase = TRACE_SLICE,
	    .name = lane->label.name,
	    .pid = lane->pid,
	    .tid = lane->tid,
	    .at = lane->begin_ps,
	    .length = lane->end_ps - lane->begin_ps,
	};

	if (lane->task == NULL)
		return;
	event.category = class_names[lane->task->class];
	for (int i = 0; i < CPU_LABEL_ARGS; i++)
		event.arg[i] =
		    (struct trace_arg){.name = lane->label.arg[i].name,
				       .value = lane->label.arg[i].value};
	trace_out_event(&lane->tap->out, &event);
	lane->task = NULL;
}

static void
lane_open(struct lane *lane, const struct cpu_task *task, sim_time begin_ps)
{
	lane->task = task;
	lane->begun = task->begun;
	lane->begin_ps = begin_ps;
	lane->label = (struct cpu_label){.name = class_names[task->class]};
	if (!task->begun)
		lane->label.name = "switch";
	else if (task->label != NULL)
		task->label(task, &lane->label);
}

static void
lane_stretch(void *arg, const struct cpu_task *task, sim_time begin_ps,
	     sim_time end_ps)
{
	struct lane *lane = arg;
	bool goes_on = lane->task == task && lane->end_ps == begin_ps &&
		       !lane->over && lane->begun == task->begun;

	if (!goes_on) {
		lane_close(lane);
		lane_open(lane, task, begin_ps);
	}
	lane->end_ps = end_ps;
	lane->over = task->left_ps == 0;
}

/* --- queues --- */

static void
gauge_write(struct gauge *gauge)
{
	const struct trace_event event = {
	    .phase = TRACE_COUNTER,
	    .name = gauge->name,
	    .pid = gauge->pid,
	    .at = gauge->at,
	    .arg = {{.name = gauge->unit, .value = gauge->depth}},
	};

	if (gauge->due)
		trace_out_event(&gauge->tap->out, &event);
	gauge->due = false;
}

static void
gauge_depth(void *arg, uint64_t depth, sim_time now)
{
	struct gauge *gauge = arg;

	if (now > gauge->at)
		gauge_write(gauge);
	gauge->at = now;
	gauge->depth = depth;
	gauge->due = true;
}

static void
gauge_add(struct trace_tap *tap, const struct host *host, struct qstat *q,
	  const char *kind, uint32_t index)
{
	struct gauge *gauge = &tap->gauge[tap->gauges++];

	*gauge = (struct gauge){.tap = tap, .pid = pid_of(host)};
	snprintf(gauge->name, sizeof(gauge->name), "%s %" PRIu32, kind, index);
	qstat_watch(q, gauge_depth, gauge);
}

/* --- setting up --- */

/* Metadata: a process or a thread has this name. */
static void
name_it(struct trace_tap *tap, const char *what, uint32_t pid, uint32_t tid,
	const char *name)
{
	const struct trace_event event = {
	    .phase = TRACE_METADATA,
	    .name = what,
	    .pid = pid,
	    .tid = tid,
	    .arg = {{.name = "name", .text = name}},
	};

	trace_out_event(&tap->out, &event);
}

static void
watch_cpus(struct trace_tap *tap, struct host *host)
{
	char name[NAME_BYTES];

	for (uint32_t i = 0; i < host->cpus; i++) {
		struct lane *lane = &tap->lane[tap->lanes++];

		*lane = (struct lane){
		    .tap = tap,
		    .pid = pid_of(host),
		    .tid = pid_of(host) * TIDS_PER_HOST + i,
		};
		snprintf(name, sizeof(name), "CPU %" PRIu32, i);
		name_it(tap, "thread_name", lane->pid, lane->tid, name);
		cpu_watch(&host->cpu[i], lane_stretch, lane);
	}
}

static void
watch_queues(struct trace_tap *tap, struct host *host)
{
	size_t first = tap->gauges;

	for (uint32_t i = 0; i < host->nic.queues; i++)
		gauge_add(tap, host, &host->driver[i].ring, "ring", i);
	if (host->port.on)
		gauge_add(tap, host, &host->port.wait, "port", 0);
	for (; first < tap->gauges; first++)
		tap->gauge[first].unit = "frames";
	for (uint32_t i = 0; i < host->workers; i++)
		gauge_add(tap, host, &host->worker[i].waiting, "work queue", i);
	for (; first < tap->gauges; first++)
		tap->gauge[first].unit = "sockets";
	for (uint32_t i = 0; i < host->workers; i++)
		gauge_add(tap, host, &host->worker[i].tx.waiting,
			  "transmit queue", i);
	for (; first < tap->gauges; first++)
		tap->gauge[first].unit = "records";
}

int
trace_tap_create(struct trace_tap **created, struct ktlsim *sim, FILE *out)
{
	struct trace_tap *tap = calloc(1, sizeof(*tap));
	size_t lanes = 0, gauges = 0;

	*created = NULL;
	if (tap == NULL)
		return ENOMEM;
	for (unsigned i = 0; i < sim->host_count; i++) {
		lanes += sim->host[i].cpus;
		gauges +=
		    1 + sim->host[i].nic.queues + 2 * sim->host[i].workers;
	}
	tap->sim = sim;
	tap->lane = calloc(lanes + 1, sizeof(*tap->lane));
	tap->gauge = calloc(gauges + 1, sizeof(*tap->gauge));
	if (tap->lane == NULL || tap->gauge == NULL) {
		trace_tap_destroy(tap);
		return ENOMEM;
	}
	trace_out_init(&tap->out, out);
	for (unsigned i = 0; i < sim->host_count; i++) {
		name_it(tap, "process_name", pid_of(&sim->host[i]), 0,
			sim->host[i].name);
		watch_cpus(tap, &sim->host[i]);
		watch_queues(tap, &sim->host[i]);
	}
	*created = tap;
	return 0;
}

void
trace_tap_destroy(struct trace_tap *tap)
{
	if (tap == NULL)
		return;
	free(tap->lane);
	free(tap->gauge);
	free(tap);
}

/* --- records --- */

static void
flow_name(char name[NAME_BYTES], const struct endpoint *ep, const char *what)
{
	snprintf(name, NAME_BYTES, "%sflow %" PRIu32 " to %s", what,
		 ep->conn->flow->id,
		 ep->direction == FLOW_CLIENT_TO_SERVER ? "server" : "client");
}

/* The stages that every record has; the others only where they took time. */
static bool
is_always_there(int stage)
{
	return stage >= STAGE_NIC && stage != STAGE_KEY_WAIT;
}

static void
record_stages(struct trace_tap *tap, struct trace_event *event,
	      const sim_time times[STAGE_COUNT])
{
	sim_time at = event->at;

	for (int i = 0; i < STAGE_TOTAL; i++) {
		if (times[i] == 0 && !is_always_there(i))
			continue;
		event->name = stage_name((enum stage)i);
		event->phase = TRACE_ASYNC_BEGIN;
		event->at = at;
		trace_out_event(&tap->out, event);
		at += times[i];
		event->phase = TRACE_ASYNC_END;
		event->at = at;
		trace_out_event(&tap->out, event);
	}
}

void
trace_tap_record(struct trace_tap *tap, const struct endpoint *ep,
		 const struct record_stamp *record, sim_time entered_ps,
		 sim_time now)
{
	char name[NAME_BYTES];
	struct trace_event whole = {
	    .phase = TRACE_ASYNC_BEGIN,
	    .name = name,
	    .category = "record",
	    .pid = pid_of(ep->host),
	    .id = ++tap->records,
	    .at = record->first_arrival_ps,
	    .arg = {{.name = "record", .value = record->number},
		    {.name = "type", .value = record->type},
		    {.name = "wire_bytes", .value = record->wire_bytes},
		    {.name = "plaintext_bytes",
		     .value = record->plaintext_bytes}},
	};
	struct trace_event stage = whole;
	sim_time times[STAGE_COUNT];

	flow_name(name, ep, "");
	trace_out_event(&tap->out, &whole);
	stage.arg[0].name = NULL;
	stage_times(record, entered_ps, now, times);
	record_stages(tap, &stage, times);
	whole.phase = TRACE_ASYNC_END;
	whole.at = now;
	whole.arg[0].name = NULL;
	trace_out_event(&tap->out, &whole);
}

/* --- NIC contexts --- */

/* A begin or an end on the track of a flow's context. */
static void
phase_event(struct trace_tap *tap, const struct offload_flow *flow,
	    enum trace_phase phase, const char *name, const char *cause)
{
	const struct endpoint *ep = flow->ep;
	const struct trace_event event = {
	    .phase = phase,
	    .name = name,
	    .category = "context",
	    .pid = pid_of(ep->host),
	    .id = 2 * (uint64_t)ep->conn->flow->id + (uint64_t)ep->direction,
	    .at = flow->shown_ps,
	    .arg = {{.name = cause != NULL ? "cause" : NULL, .text = cause}},
	};

	trace_out_event(&tap->out, &event);
}

/* The track is there while a context is, or is being made. */
static bool
has_track(const struct offload_flow *flow)
{
	return flow->state == OFFLOAD_INSTALLING ||
	       flow->state == OFFLOAD_ACTIVE || flow->state == OFFLOAD_REKEYING;
}

static void
show_phase(struct trace_tap *tap, struct offload_flow *flow, const char *phase,
	   const char *cause)
{
	char name[NAME_BYTES];

	flow_name(name, flow->ep, "TLS context of ");
	if (flow->shown != NULL)
		phase_event(tap, flow, TRACE_ASYNC_END, flow->shown, NULL);
	else if (phase != NULL)
		phase_event(tap, flow, TRACE_ASYNC_BEGIN, name, NULL);
	if (phase != NULL)
		phase_event(tap, flow, TRACE_ASYNC_BEGIN, phase, cause);
	else if (flow->shown != NULL)
		phase_event(tap, flow, TRACE_ASYNC_END, name, NULL);
	flow->shown = phase;
}

void
trace_tap_phase(struct offload_flow *flow, const char *cause, sim_time now)
{
	struct ktlsim *sim = flow->ep->conn->sim;
	const char *phase = offload_phase_name(flow);

	if (phases_note(&flow->phases, phase, cause, now) != 0)
		run_fail(sim, ENOMEM);
	if (!has_track(flow))
		phase = NULL;
	if (sim->tap == NULL || phase == flow->shown)
		return;
	/* A packet may have been taken ahead of the time of others. */
	if (now > flow->shown_ps)
		flow->shown_ps = now;
	show_phase(sim->tap, flow, phase, cause);
}

int
trace_tap_finish(struct trace_tap *tap)
{
	struct ktlsim *sim = tap->sim;

	for (size_t i = 0; i < tap->lanes; i++)
		lane_close(&tap->lane[i]);
	for (size_t i = 0; i < tap->gauges; i++)
		gauge_write(&tap->gauge[i]);
	for (uint32_t i = 0; i < sim->conn_count; i++) {
		for (int d = 0; d < 2; d++) {
			struct offload_flow *flow =
			    sim->conn[i]->endpoint[d].offload;

			if (flow == NULL || flow->shown == NULL)
				continue;
			if (sim->now > flow->shown_ps)
				flow->shown_ps = sim->now;
			show_phase(tap, flow, NULL, NULL);
		}
	}
	return trace_out_end(&tap->out);
}

int
trace_tap_error(const struct trace_tap *tap)
{
	return tap->out.error;
}
