/*
 * softirq.c - one CPU's polling of its receive queues, with a budget.
 *
 * The hard interrupt of a queue puts it on the list of its CPU.  A round takes
 * the queues in turn: each is polled step by step (rx_driver.c) until its poll
 * completes, or has taken nic.poll_weight frames and goes to the end of the
 * list.  After each poll the round looks at its budget, frames and time; when
 * that is used up and queues are left, it ends, and the thread goes on with
 * rounds of its own, which other threads of its class may interleave with.
 * While the thread has work, interrupts leave their queues to it.
 *
 * The thread has the class of applications: Linux gives it normal priority.
 * Left out: what other softirqs there are, restarts of a round before the
 * thread is woken, and threaded polling.
 */
#include "sim/softirq.h"

#include <assert.h>
#include <stddef.h>

#include "sim/run.h"
#include "sim/rx_driver.h"

enum round_state {
	ROUND_GOES_ON,
	ROUND_OVER,	/* nothing is left to be polled */
	ROUND_SQUEEZED, /* its budget is used up, and something is left */
};

static void
list_put(struct softirq *softirq, struct rx_driver *driver)
{
	driver->poll_next = NULL;
	if (softirq->head == NULL)
		softirq->head = driver;
	else
		softirq->tail->poll_next = driver;
	softirq->tail = driver;
}

void
softirq_schedule(struct softirq *softirq, struct rx_driver *driver,
		 sim_time now)
{
	if (driver->scheduled)
		return;
	driver->scheduled = true;
	list_put(softirq, driver);
	if (softirq->thread.state == CPU_TASK_SLEEPING)
		cpu_wake(softirq->cpu, &softirq->task, now, 0);
}

static sim_time
round_step(struct softirq *softirq, sim_time now)
{
	assert(softirq->head != NULL);
	if (!softirq->in_round) {
		softirq->in_round = true;
		softirq->frames = 0;
		softirq->began_ps = now;
	}
	return rx_driver_step(softirq->head, now);
}

static bool
budget_used(const struct softirq *softirq, sim_time now)
{
	const struct config *config = &softirq->host->sim->config;

	return (config->nic_poll_budget != 0 &&
		softirq->frames >= config->nic_poll_budget) ||
	       (config->nic_poll_time_ps != 0 &&
		now - softirq->began_ps >= config->nic_poll_time_ps);
}

static enum round_state
round_step_done(struct softirq *softirq, sim_time now)
{
	struct rx_driver *driver = softirq->head;
	enum rx_poll poll;

	softirq->frames += driver->step_frames;
	poll = rx_driver_step_done(driver, now);
	if (poll == RX_POLL_GOES_ON)
		return ROUND_GOES_ON;
	softirq->head = driver->poll_next;
	driver->scheduled = poll == RX_POLL_AGAIN;
	if (driver->scheduled)
		list_put(softirq, driver);
	if (softirq->head != NULL && !budget_used(softirq, now))
		return ROUND_GOES_ON;
	softirq->in_round = false;
	if (softirq->head == NULL)
		return ROUND_OVER;
	softirq->squeezed++;
	return ROUND_SQUEEZED;
}

static struct softirq *
softirq_of_task(const struct cpu_task *task)
{
	return (struct softirq *)((char *)(uintptr_t)task -
				  offsetof(struct softirq, task));
}

static struct softirq *
softirq_of_thread(const struct cpu_task *thread)
{
	return (struct softirq *)((char *)(uintptr_t)thread -
				  offsetof(struct softirq, thread));
}

static sim_time
task_begin(struct cpu_task *task, sim_time now)
{
	return round_step(softirq_of_task(task), now);
}

static bool
task_done(struct cpu_task *task, sim_time now)
{
	struct softirq *softirq = softirq_of_task(task);
	enum round_state state = round_step_done(softirq, now);

	if (state == ROUND_SQUEEZED)
		cpu_wake(softirq->cpu, &softirq->thread, now, 0);
	return state == ROUND_GOES_ON;
}

static sim_time
thread_begin(struct cpu_task *thread, sim_time now)
{
	return round_step(softirq_of_thread(thread), now);
}

static bool
thread_done(struct cpu_task *thread, sim_time now)
{
	struct softirq *softirq = softirq_of_thread(thread);
	enum round_state state = round_step_done(softirq, now);

	if (state == ROUND_SQUEEZED)
		cpu_yield(thread);
	return state != ROUND_OVER;
}

static void
poll_label(const struct rx_driver *driver, struct cpu_label *label)
{
	label->arg[0].name = "queue";
	label->arg[0].value = driver->queue;
	label->arg[1].name = "frames";
	label->arg[1].value = driver->step_frames;
}

static void
task_label(const struct cpu_task *task, struct cpu_label *label)
{
	poll_label(softirq_of_task(task)->head, label);
}

static void
thread_label(const struct cpu_task *thread, struct cpu_label *label)
{
	label->name = "ksoftirqd";
	poll_label(softirq_of_thread(thread)->head, label);
}

void
softirq_init(struct softirq *softirq, struct host *host, struct cpu *cpu)
{
	*softirq = (struct softirq){.host = host, .cpu = cpu};
	softirq->task = (struct cpu_task){.class = CPU_SOFTIRQ,
					  .begin = task_begin,
					  .done = task_done,
					  .label = task_label};
	softirq->thread = (struct cpu_task){.class = CPU_APP,
					    .begin = thread_begin,
					    .done = thread_done,
					    .label = thread_label};
}
