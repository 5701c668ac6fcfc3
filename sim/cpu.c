/*
 * cpu.c - one simulated CPU that serves four classes in strict priority.
 *
 * Owners call cpu_wake; everything else happens in the CPU's own event, of
 * which one is pending while a task runs and none while the CPU is idle.  The
 * event ends either the preamble of a step (context switch, wake-up latency),
 * and then begin() names the price, or the step itself, and then done() says
 * how it goes on.  cpu_wake never calls back: an owner may wake a task in the
 * middle of a change of its own state.
 *
 * A step that a higher class interrupts keeps what is left of it and goes to
 * the front of its class's run queue.  So does a task that goes on (done() was
 * true) while a higher class waits; no other task of its class gets in between,
 * unless the task yields.
 * A step whose time has passed in full is not preempted: its done() runs at
 * that same instant, before the newcomer.
 *
 * A thread (worker or application task) pays a context switch whenever another
 * thread, or none yet, was the last one here; also one that resumes.  A switch
 * that is itself preempted is still paid in full.
 *
 * Left out: time slices within a class, migration, power states, caches (but
 * whoever sets a CPU up can let steps take longer than they cost).
 */
#include "sim/cpu.h"

#include <assert.h>
#include <stddef.h>

static void cpu_advance(void *object, uint64_t argument, sim_time now);

static bool
is_thread(const struct cpu_task *task)
{
	return task->class == CPU_WORKER || task->class == CPU_APP;
}

/* The class that waits with the highest priority, or CPU_CLASS_COUNT. */
static enum cpu_class
first_waiting(const struct cpu *cpu)
{
	int i = CPU_IRQ;

	while (i < CPU_CLASS_COUNT && cpu->head[i] == NULL)
		i++;
	return (enum cpu_class)i;
}

/* The running task has to make way: a higher class waits. */
static bool
is_outranked(const struct cpu *cpu)
{
	const struct cpu_task *task = cpu->running;

	if (task == NULL || (task->begun && task->left_ps == 0))
		return false;
	return first_waiting(cpu) < task->class;
}

static void
queue_tail(struct cpu *cpu, struct cpu_task *task, sim_time now)
{
	enum cpu_class class = task->class;

	task->next = NULL;
	task->queued_ps = now;
	if (cpu->head[class] == NULL)
		cpu->head[class] = task;
	else
		cpu->tail[class]->next = task;
	cpu->tail[class] = task;
	qstat_enter(&cpu->runq[class], now);
}

static void
queue_front(struct cpu *cpu, struct cpu_task *task, sim_time now)
{
	enum cpu_class class = task->class;

	task->next = cpu->head[class];
	task->queued_ps = now;
	cpu->head[class] = task;
	if (task->next == NULL)
		cpu->tail[class] = task;
	qstat_enter(&cpu->runq[class], now);
}

/* Take the running task off the CPU, to the front of its class. */
static void
put_back(struct cpu *cpu, sim_time now)
{
	struct cpu_task *task = cpu->running;
	bool mid_step = task->begun || task->left_ps > 0;

	task->state = mid_step ? CPU_TASK_PREEMPTED : CPU_TASK_QUEUED;
	cpu->preemptions += mid_step;
	cpu->running = NULL;
	queue_front(cpu, task, now);
}

static void
charge_extra(struct cpu_task *task)
{
	task->left_ps += task->extra_ps;
	task->extra_ps = 0;
}

/* Give the free CPU to whoever comes first; false where nobody waits. */
static bool
dispatch(struct cpu *cpu, sim_time now)
{
	enum cpu_class class = first_waiting(cpu);
	struct cpu_task *task;

	if (class == CPU_CLASS_COUNT)
		return false;
	task = cpu->head[class];
	cpu->head[class] = task->next;
	task->next = NULL;
	qstat_leave(&cpu->runq[class], now, task->queued_ps);
	task->state = CPU_TASK_RUNNING;
	cpu->running = task;
	charge_extra(task);
	if (is_thread(task) && cpu->last_thread != task) {
		cpu->last_thread = task;
		cpu->context_switches++;
		task->left_ps += cpu->switch_price != NULL
				     ? cpu->switch_price(cpu->switch_arg)
				     : cpu->switch_ps;
	}
	return true;
}

/* Where memory is short the queue remembers it (event_queue_failed). */
static void
schedule_end(struct cpu *cpu, sim_time now)
{
	cpu->end_event = event_at(cpu->events, now + cpu->running->left_ps,
				  EVENT_INTERNAL, cpu_advance, cpu, 0);
}

/* The end of a step. */
static void
finish_step(struct cpu *cpu, sim_time now)
{
	struct cpu_task *task = cpu->running;

	task->begun = false;
	if (!task->done(task, now)) {
		task->state = CPU_TASK_SLEEPING;
		cpu->running = NULL;
	} else if (task->yields) {
		task->state = CPU_TASK_QUEUED;
		cpu->running = NULL;
		queue_tail(cpu, task, now);
	}
	task->yields = false;
}

static void
begin_step(struct cpu *cpu, sim_time now)
{
	struct cpu_task *task = cpu->running;

	task->left_ps = task->begin(task, now);
	task->begun = true;
	if (cpu->slow != NULL)
		task->left_ps = cpu->slow(cpu->slow_arg, task->left_ps);
}

/*
 * The CPU's event: the preamble or the step of the running task is over.
 * begin() may wake a higher class, which then goes first; each turn of the loop
 * serves a higher one, so there are as many turns as classes at most.
 */
static void
cpu_advance(void *object, uint64_t argument, sim_time now)
{
	struct cpu *cpu = object;

	(void)argument;
	cpu_settle(cpu, now);
	cpu->end_event = 0;
	cpu->calling = true;
	if (cpu->running->begun)
		finish_step(cpu, now);
	do {
		struct cpu_task *task;

		if (is_outranked(cpu))
			put_back(cpu, now);
		if (cpu->running == NULL && !dispatch(cpu, now))
			break;
		task = cpu->running;
		if (task->begun)
			continue;
		charge_extra(task);
		if (task->left_ps == 0)
			begin_step(cpu, now);
	} while (is_outranked(cpu));
	cpu->calling = false;
	if (cpu->running != NULL)
		schedule_end(cpu, now);
}

void
cpu_init(struct cpu *cpu, uint32_t id, struct event_queue *events,
	 sim_time switch_ps)
{
	*cpu = (struct cpu){.id = id, .events = events, .switch_ps = switch_ps};
	for (int i = 0; i < CPU_CLASS_COUNT; i++)
		qstat_init(&cpu->runq[i]);
}

void
cpu_fini(struct cpu *cpu)
{
	event_cancel(cpu->events, cpu->end_event);
	for (int i = 0; i < CPU_CLASS_COUNT; i++)
		qstat_fini(&cpu->runq[i]);
}

void
cpu_draw_switches(struct cpu *cpu, cpu_switch_price *price, void *arg)
{
	cpu->switch_price = price;
	cpu->switch_arg = arg;
}

void
cpu_slow_steps(struct cpu *cpu, cpu_slow *slow, void *arg)
{
	cpu->slow = slow;
	cpu->slow_arg = arg;
}

void
cpu_watch(struct cpu *cpu, cpu_stretch *watch, void *arg)
{
	cpu->watch = watch;
	cpu->watch_arg = arg;
}

bool
cpu_wake(struct cpu *cpu, struct cpu_task *task, sim_time now,
	 sim_time extra_ps)
{
	if (task->state != CPU_TASK_SLEEPING)
		return false;
	cpu_settle(cpu, now);
	task->cpu = cpu;
	task->state = CPU_TASK_QUEUED;
	task->begun = false;
	task->left_ps = 0;
	task->extra_ps = extra_ps;
	queue_tail(cpu, task, now);
	if (cpu->calling || (cpu->running != NULL && !is_outranked(cpu)))
		return true;
	if (cpu->running != NULL) {
		event_cancel(cpu->events, cpu->end_event);
		put_back(cpu, now);
	}
	dispatch(cpu, now);
	schedule_end(cpu, now);
	return true;
}

void
cpu_yield(struct cpu_task *task)
{
	assert(task->state == CPU_TASK_RUNNING && !task->begun);
	task->yields = true;
}

bool
cpu_is_idle(const struct cpu *cpu)
{
	return cpu->running == NULL && first_waiting(cpu) == CPU_CLASS_COUNT;
}

void
cpu_settle(struct cpu *cpu, sim_time now)
{
	struct cpu_task *task = cpu->running;
	sim_time stretch = now - cpu->since_ps;

	assert(now >= cpu->since_ps);
	cpu->since_ps = now;
	if (task == NULL) {
		cpu->idle_ps += stretch;
		return;
	}
	assert(task->left_ps >= stretch);
	task->left_ps -= stretch;
	task->busy_ps += stretch;
	cpu->busy_ps[task->class] += stretch;
	if (cpu->watch != NULL && stretch > 0)
		cpu->watch(cpu->watch_arg, task, now - stretch, now);
}

bool
cpu_accounts_hold(const struct cpu *cpu, sim_time now)
{
	sim_time total = cpu->idle_ps;

	for (int i = 0; i < CPU_CLASS_COUNT; i++) {
		unsigned __int128 entries = 0;
		uint64_t inside = 0;

		for (const struct cpu_task *t = cpu->head[i]; t; t = t->next) {
			entries += t->queued_ps;
			inside++;
		}
		if (!qstat_littles_law_inside(&cpu->runq[i], now, inside,
					      entries))
			return false;
		total += cpu->busy_ps[i];
	}
	return cpu->since_ps == now && total == now;
}
