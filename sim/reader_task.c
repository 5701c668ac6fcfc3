/*
 * reader_task.c - a reader as a task of a modelled CPU, in virtual time.
 *
 * A step of the CPU is one turn of the reader: the socket gives up its bytes
 * when the step begins, the price covers calls and copy, and what was read is
 * acted on when it has been spent.  Between turns the application may think.
 * Where receive calls decrypt, a turn is a call and has steps of its own
 * (reader_call.c).
 *
 * FreeBSD wakes a blocked reader for every appended segment: a turn that finds
 * nothing is counted as spurious and sleeps again.
 */
#include "sim/reader_task.h"

#include <stddef.h>

#include "sim/feed.h"
#include "sim/reader.h"
#include "sim/reader_call.h"
#include "sim/run.h"

enum { RNG_PURPOSE_THINK = 1000 }; /* beyond every cost_id */

static struct endpoint *
endpoint_of_task(const struct cpu_task *task)
{
	return (struct endpoint *)((char *)(uintptr_t)task -
				   offsetof(struct endpoint, reader.task));
}

sim_time
reader_task_call_price(struct endpoint *ep, uint32_t bytes, sim_time now)
{
	struct host *host = ep->host;
	sim_time cost, hold;

	cost = price(host, COST_SYSCALL) + price(host, COST_RECVMSG);
	hold = price(host, COST_LOCK_READ);
	cost += lock_acquire(&ep->lock, &host->lock[HOST_LOCK_READ], now + cost,
			     hold) +
		hold;
	return cost + price_bytes(host, COST_COPY_BYTE, bytes);
}

static sim_time
task_begin(struct cpu_task *task, sim_time now)
{
	struct endpoint *ep = endpoint_of_task(task);
	struct host *host = ep->host;
	struct reader *reader = &ep->reader;
	sim_time cost = 0;

	if (reader_call_due(ep))
		return reader_call_begin(ep, now);
	if (reader->mode == READER_ENABLE)
		cost =
		    price(host, COST_SYSCALL) + price(host, COST_KTLS_ENABLE);
	reader_begin(ep, now);
	for (uint32_t i = 0; i < reader->calls; i++)
		cost += reader_task_call_price(ep, reader->call_bytes[i],
					       now + cost);
	return cost;
}

static void
think_over(void *object, uint64_t argument, sim_time now)
{
	struct endpoint *ep = object;

	(void)argument;
	ep->reader.thinking = false;
	if (ep->reader.task.state == CPU_TASK_SLEEPING)
		cpu_wake(ep->reader.task.cpu, &ep->reader.task, now, 0);
}

/* Time that is the application's own, after a turn in `mode`. */
static sim_time
think_time(struct endpoint *ep, enum reader_mode mode)
{
	struct ktlsim *sim = ep->conn->sim;

	if (mode == READER_ENABLE || ep->reader.got_nothing)
		return 0;
	if (ep->reader.mode == READER_ENABLE)
		return sim->config.app_enable_delay_ps;
	if (mode != READER_RECORDS)
		return 0;
	return variate_draw(
	    &sim->config.app_think_time,
	    rng_u64(sim->config.run_seed, RNG_PURPOSE_THINK,
		    ep->conn->flow->id << 1 | (uint32_t)ep->direction,
		    ep->reader.thoughts++));
}

/* Act on a step; a call that decrypts takes several. */
static bool
turn_is_over(struct endpoint *ep, sim_time now)
{
	if (reader_call_is_open(ep))
		return !reader_call_done(ep, now);
	reader_copy_out(ep);
	reader_done(ep, now);
	return true;
}

static bool
task_done(struct cpu_task *task, sim_time now)
{
	struct endpoint *ep = endpoint_of_task(task);
	enum reader_mode mode = ep->reader.step_mode;
	sim_time pause;

	if (!turn_is_over(ep, now))
		return true;
	feed_read(ep, now);
	pause = think_time(ep, mode);
	if (pause == 0)
		return reader_has_news(ep) || reader_call_has_work(ep);
	ep->reader.thinking = true;
	run_event(ep->conn->sim, now + pause, EVENT_INTERNAL, think_over, ep,
		  0);
	return false;
}

static void
task_label(const struct cpu_task *task, struct cpu_label *label)
{
	static const char *const names[] = {
	    [READER_HANDSHAKE] = "handshake", [READER_ENABLE] = "enable",
	    [READER_RECORDS] = "read",	      [READER_PLAIN] = "read",
	    [READER_CLOSED] = "read",
	};
	const struct endpoint *ep = endpoint_of_task(task);

	label->name = names[ep->reader.step_mode];
	label->arg[0].name = "flow";
	label->arg[0].value = ep->conn->flow->id;
}

void
reader_task_init(struct endpoint *ep)
{
	struct host *host = ep->host;

	ep->reader.task = (struct cpu_task){
	    .class = CPU_APP,
	    .cpu = &host->cpu[ep->conn->flow->id % host->cpus],
	    .begin = task_begin,
	    .done = task_done,
	    .label = task_label};
}

void
reader_task_wake(struct endpoint *ep, sim_time now)
{
	struct reader *reader = &ep->reader;

	if (reader->mode == READER_CLOSED || reader->thinking ||
	    reader->task.state != CPU_TASK_SLEEPING)
		return;
	reader->woken = true;
	cpu_wake(reader->task.cpu, &reader->task, now,
		 price(ep->host, COST_READER_WAKEUP));
}
