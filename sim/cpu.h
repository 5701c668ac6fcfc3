/*
 * cpu.h - one simulated CPU: four classes of work in strict priority.
 *
 * interrupt > softirq > worker > application, preemptive between classes, first
 * come first served within one.  A task is a thread of control (a queue's
 * handler, a worker, a reader) that runs in steps: begin() is called when the
 * CPU first turns to the step and says what it costs; done() is called when
 * that much CPU time has been spent, and says whether the task goes on with
 * another step or sleeps.  State changes happen in begin and done only.
 *
 * Switching between worker or application tasks costs a context switch, charged
 * to the class of the task that comes in; interrupts and softirqs run on top of
 * whoever was there and cost none.
 *
 * Access: one thread.  Tasks are embedded in their owners; nothing is
 * allocated.
 */
#ifndef SIM_CPU_H
#define SIM_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/event.h"
#include "sim/qstat.h"

enum cpu_class {
	CPU_IRQ,
	CPU_SOFTIRQ,
	CPU_WORKER,
	CPU_APP,
	CPU_CLASS_COUNT,
};

enum cpu_task_state {
	CPU_TASK_SLEEPING,
	CPU_TASK_QUEUED,    /* its next step waits for the CPU */
	CPU_TASK_PREEMPTED, /* in mid-step, waiting for the CPU */
	CPU_TASK_RUNNING,
};

struct cpu;
struct cpu_task;

/*
 * The CPU turns to the next step; returns its price in picoseconds.  Called
 * after the preamble (context switch, wake-up latency) has been spent, and
 * never from within cpu_wake.
 */
typedef sim_time cpu_begin(struct cpu_task *task, sim_time now);

/*
 * The step is over; returns true to go on with another.  The task still counts
 * as running: a wake-up that comes in the meantime (also during the step) is
 * refused, and the owner has to look for new work here before it sleeps.
 */
typedef bool cpu_done(struct cpu_task *task, sim_time now);

/* The price of one context switch in picoseconds, drawn anew. */
typedef sim_time cpu_switch_price(void *arg);

enum { CPU_LABEL_ARGS = 2 };

/* What a step of this price takes now that other CPUs are at work, too. */
typedef sim_time cpu_slow(void *arg, sim_time price);

/* What a task's step is at, for whoever watches: constant texts. */
struct cpu_label {
	const char *name;
	struct {
		const char *name; /* NULL: no more */
		uint64_t value;
	} arg[CPU_LABEL_ARGS];
};

/* Between begin() and done() of a step. */
typedef void cpu_task_label(const struct cpu_task *task,
			    struct cpu_label *label);

/*
 * The CPU was the task's from begin_ps to end_ps, which is later; the next
 * stretch begins there or after.  Between stretches of one preamble or step
 * nothing changes in the task but left_ps, which is 0 after the last.
 */
typedef void cpu_stretch(void *arg, const struct cpu_task *task,
			 sim_time begin_ps, sim_time end_ps);

struct cpu_task {
	enum cpu_class class;
	enum cpu_task_state state;
	cpu_begin *begin;
	cpu_done *done;
	cpu_task_label *label; /* or NULL */
	struct cpu *cpu;       /* where it is queued or runs */
	struct cpu_task *next; /* in the class's run queue */
	sim_time queued_ps;    /* when it joined the run queue */
	sim_time left_ps;      /* of the preamble or, once begun, the step */
	sim_time busy_ps;      /* CPU time spent, switches included */
	sim_time extra_ps;     /* added to the preamble of the next step */
	bool begun;	       /* begin() has been called for this step */
	bool yields;	       /* cpu_yield() has been called in done() */
};

struct cpu {
	uint32_t id;
	struct event_queue *events;
	sim_time switch_ps; /* price of a context switch, unless it is drawn */
	cpu_switch_price *switch_price; /* draws it, or NULL */
	void *switch_arg;
	cpu_slow *slow; /* or NULL: a step takes its price */
	void *slow_arg;
	cpu_stretch *watch; /* or NULL */
	void *watch_arg;
	struct cpu_task *running;
	struct cpu_task *last_thread; /* worker or reader that ran last */
	struct cpu_task *head[CPU_CLASS_COUNT];
	struct cpu_task *tail[CPU_CLASS_COUNT];
	event_id end_event; /* end of the running preamble or step */
	bool calling;	    /* in begin() or done() of a task of this CPU */
	sim_time since_ps;  /* start of the current stretch */
	sim_time busy_ps[CPU_CLASS_COUNT];
	sim_time idle_ps;
	uint64_t context_switches;
	uint64_t preemptions;
	struct qstat runq[CPU_CLASS_COUNT]; /* waiting for the CPU */
};

/* The queue is borrowed and must outlive the CPU. */
void cpu_init(struct cpu *cpu, uint32_t id, struct event_queue *events,
	      sim_time switch_ps);
void cpu_fini(struct cpu *cpu);

/* Draw the price of each context switch from now on. */
void cpu_draw_switches(struct cpu *cpu, cpu_switch_price *price, void *arg);

/*
 * Ask from now on, as each step begins, how long it takes.  Preambles take what
 * they cost.
 */
void cpu_slow_steps(struct cpu *cpu, cpu_slow *slow, void *arg);

/* Be told from now on whose the CPU was. */
void cpu_watch(struct cpu *cpu, cpu_stretch *watch, void *arg);

/*
 * Make a sleeping task runnable on `cpu`; extra_ps is spent, together with the
 * context switch, before its next step begins.  A task that is queued or runs
 * already is left as it is (false); the wake-up is then not remembered.
 */
bool cpu_wake(struct cpu *cpu, struct cpu_task *task, sim_time now,
	      sim_time extra_ps);

/*
 * Called in done(), which returns true: the task's next step comes after those
 * of its class that wait now, instead of before them.
 */
void cpu_yield(struct cpu_task *task);

/* Nothing runs and nothing waits. */
bool cpu_is_idle(const struct cpu *cpu);

/* Account the stretch up to `now`, so that busy and idle add up to it. */
void cpu_settle(struct cpu *cpu, sim_time now);

/*
 * After cpu_settle: busy and idle time add up to `now`, and Little's law holds
 * for every run queue as it stands.
 */
bool cpu_accounts_hold(const struct cpu *cpu, sim_time now);
#endif
