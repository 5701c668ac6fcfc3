/*
 * test_cpu.c - one CPU, in literal numbers and at random.
 *
 * A row of the table is a list of wake-ups and the log that they have to give:
 * "100 W+" is the begin of a step of task W at 100 ps, "300 W-" its end.
 */
#include "sim/cpu.h"

#include <stdio.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *cpu_suite(void);

enum { TASK_MAX = 9, WAKE_MAX = 8, LOG_SIZE = 512 };

/* A task of the tests; `task` is first, so that it can be cast back. */
struct worker {
	struct cpu_task task;
	char name;
	sim_time price;
	int steps;	     /* in one go, before it sleeps */
	int steps_left;	     /* of this go */
	bool yields;	     /* after each step that is not the last */
	struct worker *wake; /* whom begin() wakes, or NULL */
	char *log;
	sim_time spent; /* the prices so far */
};

static struct event_queue *queue;
static struct cpu cpu;
static char log_text[LOG_SIZE];

static void
note(struct worker *worker, sim_time now, char sign)
{
	char *text = worker->log;
	size_t used;

	if (text == NULL)
		return;
	used = strlen(text);
	snprintf(text + used, LOG_SIZE - used, "%s%llu %c%c",
		 used == 0 ? "" : " ", (unsigned long long)now, worker->name,
		 sign);
}

static sim_time
step_begin(struct cpu_task *task, sim_time now)
{
	struct worker *worker = (struct worker *)task;

	ck_assert_int_eq(task->state, CPU_TASK_RUNNING);
	ck_assert_ptr_eq(cpu.running, task);
	note(worker, now, '+');
	if (worker->wake != NULL)
		ck_assert(cpu_wake(&cpu, &worker->wake->task, now, 0));
	worker->wake = NULL;
	worker->spent += worker->price;
	return worker->price;
}

static bool
step_done(struct cpu_task *task, sim_time now)
{
	struct worker *worker = (struct worker *)task;

	note(worker, now, '-');
	/* A wake-up of the running task is refused. */
	ck_assert(!cpu_wake(&cpu, task, now, 0));
	if (--worker->steps_left > 0) {
		if (worker->yields)
			cpu_yield(task);
		return true;
	}
	worker->steps_left = worker->steps;
	return false;
}

static void
do_wake(void *object, uint64_t argument, sim_time now)
{
	struct worker *worker = object;

	cpu_wake(&cpu, &worker->task, now, argument);
}

static void
setup(void)
{
	queue = event_queue_create();
	ck_assert_ptr_nonnull(queue);
	log_text[0] = '\0';
}

static void
teardown(void)
{
	cpu_fini(&cpu);
	event_queue_destroy(queue);
}

static sim_time
run_one(void)
{
	struct event event;

	ck_assert(event_pop(queue, &event));
	event.handler(event.object, event.argument, event.time);
	return event.time;
}

static sim_time
run(void)
{
	sim_time now = 0;

	while (event_pending(queue) > 0)
		now = run_one();
	return now;
}

struct wake {
	sim_time at;
	char name;
	sim_time extra;
};

/*
 * I: interrupt, 10.  S, T: softirqs, 20 and 5.  W, V: workers, 100 each.
 * A, B: applications, 200 each.  Z: a softirq that costs nothing.  Y: an
 * application that yields after each of its three steps of 50.
 */
static const struct worker cast[TASK_MAX] = {
    {.task.class = CPU_IRQ, .name = 'I', .price = 10, .steps = 1},
    {.task.class = CPU_SOFTIRQ, .name = 'S', .price = 20, .steps = 1},
    {.task.class = CPU_SOFTIRQ, .name = 'T', .price = 5, .steps = 1},
    {.task.class = CPU_WORKER, .name = 'W', .price = 100, .steps = 1},
    {.task.class = CPU_WORKER, .name = 'V', .price = 100, .steps = 2},
    {.task.class = CPU_APP, .name = 'A', .price = 200, .steps = 1},
    {.task.class = CPU_APP, .name = 'B', .price = 200, .steps = 1},
    {.task.class = CPU_SOFTIRQ, .name = 'Z', .price = 0, .steps = 2},
    {.task.class = CPU_APP,
     .name = 'Y',
     .price = 50,
     .steps = 3,
     .yields = true},
};

static const struct scene {
	const char *title;
	sim_time switch_ps;
	struct wake wakes[WAKE_MAX]; /* up to a name of 0 */
	const char *log;
	sim_time busy[CPU_CLASS_COUNT];
	uint64_t switches;
	uint64_t preemptions;
	sim_time waited[CPU_CLASS_COUNT]; /* in the run queue, all together */
} scenes[] = {
    {"an interrupt costs no switch",
     30,
     {{5, 'I', 0}},
     "5 I+ 15 I-",
     {10, 0, 0, 0},
     0,
     0,
     {0, 0, 0, 0}},
    {"a thread pays the switch and the wake-up before it begins",
     30,
     {{5, 'W', 7}},
     "42 W+ 142 W-",
     {0, 0, 137, 0},
     1,
     0,
     {0, 0, 0, 0}},
    {"the last thread pays nothing to come back",
     30,
     {{0, 'W', 0}, {200, 'W', 0}},
     "30 W+ 130 W- 200 W+ 300 W-",
     {0, 0, 230, 0},
     1,
     0,
     {0, 0, 0, 0}},
    {"interrupt preempts worker preempts application",
     30,
     {{0, 'A', 0}, {130, 'W', 0}, {200, 'I', 0}},
     /* A runs 30..130 of 200; W switches 130..160, runs 160..200 of 100;
	I 200..210; W 210..270; A switches 270..300 and runs 300..400. */
     "30 A+ 160 W+ 200 I+ 210 I- 270 W- 400 A-",
     {10, 0, 130, 260},
     3,
     2,
     {0, 0, 10, 140}},
    {"first come first served within a class",
     0,
     {{0, 'S', 0}, {1, 'T', 0}, {2, 'Z', 0}, {3, 'S', 0}},
     /* The second wake-up of S comes while it runs: refused. */
     "0 S+ 20 S- 20 T+ 25 T- 25 Z+ 25 Z- 25 Z+ 25 Z-",
     {0, 25, 0, 0},
     0,
     0,
     {0, 42, 0, 0}},
    {"a worker goes on before another of its class",
     30,
     {{0, 'V', 0}, {10, 'W', 0}},
     "30 V+ 130 V- 130 V+ 230 V- 260 W+ 360 W-",
     {0, 0, 360, 0},
     2,
     0,
     {0, 0, 220, 0}},
    {"and also where an interrupt comes between its steps",
     30,
     {{0, 'V', 0}, {10, 'W', 0}, {125, 'I', 0}},
     "30 V+ 125 I+ 135 I- 140 V- 140 V+ 240 V- 270 W+ 370 W-",
     {10, 0, 360, 0},
     2,
     1,
     {0, 0, 240, 0}},
    {"who yields goes behind those of its class",
     30,
     {{0, 'Y', 0}, {10, 'A', 0}, {20, 'B', 0}},
     "30 Y+ 80 Y- 110 A+ 310 A- 340 B+ 540 B- 570 Y+ 620 Y- 620 Y+ 670 Y-",
     {0, 0, 0, 670},
     4,
     0,
     {0, 0, 0, 70 + 290 + 460}},
    {"who yields alone pays no switch, and is interrupted in between",
     30,
     {{0, 'Y', 0}, {75, 'I', 0}},
     "30 Y+ 75 I+ 85 I- 90 Y- 90 Y+ 140 Y- 140 Y+ 190 Y-",
     {10, 0, 0, 180},
     1,
     1,
     {0, 0, 0, 10}},
    {"preempted twice, resumed for free after interrupts",
     30,
     {{0, 'W', 0}, {50, 'I', 0}, {100, 'S', 0}},
     /* 20 of W by 50, 40 more by 100, the last 40 from 120. */
     "30 W+ 50 I+ 60 I- 100 S+ 120 S- 160 W-",
     {10, 20, 130, 0},
     1,
     2,
     {0, 0, 30, 0}},
    {"an interrupt on top of a softirq on top of an application",
     0,
     {{0, 'A', 0}, {50, 'S', 0}, {60, 'I', 0}},
     "0 A+ 50 S+ 60 I+ 70 I- 80 S- 230 A-",
     {10, 20, 0, 200},
     1,
     2,
     {0, 10, 0, 30}},
    {"preempted during its switch it keeps what is left of that",
     30,
     {{0, 'W', 5}, {20, 'I', 0}},
     "20 I+ 30 I- 45 W+ 145 W-",
     {10, 0, 135, 0},
     1,
     1,
     {0, 0, 10, 0}},
    {"a preempted thread stays in front of its class",
     30,
     {{0, 'A', 0}, {10, 'B', 0}, {130, 'W', 0}},
     "30 A+ 160 W+ 260 W- 390 A- 420 B+ 620 B-",
     {0, 0, 130, 490},
     4,
     1,
     {0, 0, 0, 510}},
    {"a step that ends with the interrupt's arrival is over first",
     0,
     {{0, 'W', 0}, {100, 'I', 0}},
     "0 W+ 100 W- 100 I+ 110 I-",
     {10, 0, 100, 0},
     1,
     0,
     {0, 0, 0, 0}},
    {"arrivals of one instant come one after the other",
     0,
     {{50, 'A', 0}, {50, 'W', 0}, {50, 'I', 0}},
     /* What the first sets off at 50 comes before the next arrival. */
     "50 A+ 50 W+ 50 I+ 60 I- 160 W- 360 A-",
     {10, 0, 100, 200},
     3,
     2,
     {0, 0, 10, 110}},
};

static struct worker *
find(struct worker *workers, char name)
{
	for (int i = 0; i < TASK_MAX; i++) {
		if (workers[i].name == name)
			return &workers[i];
	}
	ck_abort_msg("no task %c", name);
	return NULL;
}

static void
cast_make(struct worker *workers, char *text)
{
	memcpy(workers, cast, sizeof(cast));
	for (int i = 0; i < TASK_MAX; i++) {
		workers[i].task.begin = step_begin;
		workers[i].task.done = step_done;
		workers[i].steps_left = workers[i].steps;
		workers[i].log = text;
	}
}

START_TEST(test_scene)
{
	const struct scene *scene = &scenes[_i];
	struct worker workers[TASK_MAX];
	sim_time end, busy = 0;

	cpu_init(&cpu, 0, queue, scene->switch_ps);
	cast_make(workers, log_text);
	for (const struct wake *w = scene->wakes; w->name != 0; w++)
		ck_assert_uint_ne(event_at(queue, w->at, EVENT_ARRIVAL, do_wake,
					   find(workers, w->name), w->extra),
				  0);
	end = run() + 1000;
	cpu_settle(&cpu, end);
	ck_assert_msg(strcmp(log_text, scene->log) == 0,
		      "%s:\n got  %s\n want %s", scene->title, log_text,
		      scene->log);
	for (int i = 0; i < CPU_CLASS_COUNT; i++) {
		ck_assert_msg(cpu.busy_ps[i] == scene->busy[i] &&
				  cpu.runq[i].wait_sum == scene->waited[i],
			      "%s: class %d busy %llu, waited %llu",
			      scene->title, i,
			      (unsigned long long)cpu.busy_ps[i],
			      (unsigned long long)cpu.runq[i].wait_sum);
		busy += scene->busy[i];
	}
	ck_assert_uint_eq(cpu.idle_ps, end - busy);
	ck_assert_uint_eq(cpu.context_switches, scene->switches);
	ck_assert_uint_eq(cpu.preemptions, scene->preemptions);
	ck_assert(cpu_is_idle(&cpu));
	ck_assert(cpu_accounts_hold(&cpu, end));
}
END_TEST

START_TEST(test_wake_never_calls_back)
{
	struct worker workers[TASK_MAX];
	struct worker *irq;

	cpu_init(&cpu, 0, queue, 0);
	cast_make(workers, log_text);
	irq = find(workers, 'I');
	ck_assert(cpu_is_idle(&cpu));
	ck_assert_uint_eq(event_pending(queue), 0);
	ck_assert(cpu_wake(&cpu, &irq->task, 0, 0));
	ck_assert_str_eq(log_text, "");
	ck_assert(!cpu_is_idle(&cpu));
	ck_assert(!cpu_wake(&cpu, &irq->task, 0, 0));
	ck_assert_uint_eq(event_pending(queue), 1);
	run();
	ck_assert_str_eq(log_text, "0 I+ 10 I-");
	ck_assert_int_eq(irq->task.state, CPU_TASK_SLEEPING);
	ck_assert(cpu_is_idle(&cpu));
	ck_assert_uint_eq(event_pending(queue), 0);
}
END_TEST

START_TEST(test_begin_wakes_a_higher_class)
{
	struct worker workers[TASK_MAX];
	struct worker *app;

	cpu_init(&cpu, 0, queue, 0);
	cast_make(workers, log_text);
	app = find(workers, 'A');
	app->wake = find(workers, 'S');
	app->wake->wake = find(workers, 'I');
	cpu_wake(&cpu, &app->task, 0, 0);
	run();
	ck_assert_str_eq(log_text, "0 A+ 0 S+ 0 I+ 10 I- 30 S- 230 A-");
	ck_assert_uint_eq(cpu.preemptions, 2);
	cpu_settle(&cpu, 230);
	ck_assert_uint_eq(cpu.idle_ps, 0);
	ck_assert(cpu_accounts_hold(&cpu, 230));
}
END_TEST

START_TEST(test_states)
{
	struct worker workers[TASK_MAX];
	struct worker *app, *worker, *irq;

	cpu_init(&cpu, 0, queue, 0);
	cast_make(workers, NULL);
	app = find(workers, 'A');
	worker = find(workers, 'W');
	irq = find(workers, 'I');
	cpu_wake(&cpu, &worker->task, 0, 0);
	cpu_wake(&cpu, &app->task, 0, 0);
	ck_assert_int_eq(worker->task.state, CPU_TASK_RUNNING);
	ck_assert_int_eq(app->task.state, CPU_TASK_QUEUED);
	event_at(queue, 40, EVENT_ARRIVAL, do_wake, irq, 0);
	for (int i = 0; i < 3; i++)
		run_one();
	ck_assert_int_eq(worker->task.state, CPU_TASK_PREEMPTED);
	ck_assert_uint_eq(worker->task.left_ps, 60);
	ck_assert_int_eq(irq->task.state, CPU_TASK_RUNNING);
	/* In the middle of it all the accounts hold, too. */
	cpu_settle(&cpu, 45);
	ck_assert(cpu_accounts_hold(&cpu, 45));
	ck_assert_uint_eq(cpu.busy_ps[CPU_IRQ], 5);
	ck_assert(!cpu_accounts_hold(&cpu, 46));
	/* A task that vanishes from its run queue is noticed. */
	cpu.head[CPU_APP] = NULL;
	ck_assert(!cpu_accounts_hold(&cpu, 45));
	cpu.head[CPU_APP] = &app->task;
	cpu.idle_ps++;
	ck_assert(!cpu_accounts_hold(&cpu, 45));
	cpu.idle_ps--;
	run();
}
END_TEST

START_TEST(test_extra_of_a_later_step)
{
	struct worker workers[TASK_MAX];
	struct worker *worker;

	cpu_init(&cpu, 0, queue, 0);
	cast_make(workers, log_text);
	worker = find(workers, 'V');
	cpu_wake(&cpu, &worker->task, 0, 3);
	ck_assert_uint_eq(worker->task.left_ps, 3);
	run_one();
	worker->task.extra_ps = 8; /* as an owner would, in begin or done */
	run();
	ck_assert_str_eq(log_text, "3 V+ 103 V- 111 V+ 211 V-");
}
END_TEST

START_TEST(test_highest_of_one_instant_begins)
{
	struct worker workers[TASK_MAX];

	cpu_init(&cpu, 0, queue, 0);
	cast_make(workers, log_text);
	cpu_wake(&cpu, &find(workers, 'A')->task, 50, 0);
	cpu_wake(&cpu, &find(workers, 'W')->task, 50, 0);
	cpu_wake(&cpu, &find(workers, 'I')->task, 50, 0);
	run();
	ck_assert_str_eq(log_text, "50 I+ 60 I- 60 W+ 160 W- 160 A+ 360 A-");
	ck_assert_uint_eq(cpu.preemptions, 0);
}
END_TEST

/* The interrupt's event comes first at 100, but W has nothing left to do. */
START_TEST(test_finished_step_is_not_preempted)
{
	struct worker workers[TASK_MAX];

	cpu_init(&cpu, 0, queue, 0);
	cast_make(workers, log_text);
	event_at(queue, 100, EVENT_INTERNAL, do_wake, find(workers, 'I'), 0);
	cpu_wake(&cpu, &find(workers, 'W')->task, 0, 0);
	run();
	ck_assert_str_eq(log_text, "0 W+ 100 W- 100 I+ 110 I-");
	ck_assert_uint_eq(cpu.preemptions, 0);
}
END_TEST

static void
check_spent(const struct worker *workers, sim_time extra, sim_time switches)
{
	sim_time busy = 0, spent = extra + switches;

	for (int i = 0; i < TASK_MAX; i++)
		spent += workers[i].spent;
	for (int i = 0; i < CPU_CLASS_COUNT; i++)
		busy += cpu.busy_ps[i];
	ck_assert_uint_eq(busy, spent);
	ck_assert_uint_eq(cpu.context_switches * cpu.switch_ps, switches);
}

/*
 * Wake tasks at random; whatever happens, time is neither lost nor invented,
 * and the CPU is never idle while somebody waits.
 */
START_TEST(test_random_load)
{
	struct worker workers[TASK_MAX];
	sim_time now = 0, extra = 0;

	cpu_init(&cpu, 0, queue, 13);
	cast_make(workers, NULL);
	for (uint64_t i = 0; i < 5000; i++) {
		uint64_t bits = rng_u64(4, (uint32_t)_i, 0, i);
		sim_time wake = now + bits % 200;

		while (event_next_time(queue) <= wake)
			run_one();
		now = wake;
		if (cpu_wake(&cpu, &workers[bits >> 32 & 7].task, now,
			     bits >> 40 & 3))
			extra += bits >> 40 & 3;
		ck_assert_uint_eq(event_pending(queue), !cpu_is_idle(&cpu));
		cpu_settle(&cpu, now);
		ck_assert_msg(cpu_accounts_hold(&cpu, now), "step %llu",
			      (unsigned long long)i);
	}
	run();
	ck_assert(cpu_is_idle(&cpu));
	check_spent(workers, extra, cpu.context_switches * 13);
	ck_assert_uint_gt(cpu.preemptions, 500);
}
END_TEST

static void
note_stretch(void *arg, const struct cpu_task *task, sim_time begin_ps,
	     sim_time end_ps)
{
	char *text = arg;
	size_t len = strlen(text);

	snprintf(text + len, LOG_SIZE - len, "%llu-%llu %c%s%s ",
		 (unsigned long long)begin_ps, (unsigned long long)end_ps,
		 ((const struct worker *)task)->name, task->begun ? "" : "?",
		 task->left_ps == 0 ? "!" : "");
}

/*
 * Whose the CPU was: a preamble (?) and a step, each up to its end (!), with
 * cuts where another task comes or the books are brought up to date.
 */
START_TEST(test_watch)
{
	char text[LOG_SIZE] = "";
	struct worker workers[TASK_MAX];

	cpu_init(&cpu, 0, queue, 20);
	cpu_watch(&cpu, note_stretch, text);
	cast_make(workers, NULL);
	cpu_wake(&cpu, &find(workers, 'W')->task, 0, 5);
	event_at(queue, 50, EVENT_ARRIVAL, do_wake, find(workers, 'I'), 0);
	while (event_next_time(queue) <= 40)
		run_one();
	cpu_settle(&cpu, 40);
	run();
	ck_assert_str_eq(text, "0-25 W?! 25-40 W 40-50 W 50-60 I! 60-135 W! ");
}
END_TEST

static sim_time
half_more(void *arg, sim_time price)
{
	(*(unsigned *)arg)++;
	return price + price / 2;
}

/* W's preamble of 5 stays, its step of 100 takes 150, the interrupt 15. */
START_TEST(test_slow_steps)
{
	struct worker workers[TASK_MAX];
	unsigned steps = 0;

	cpu_init(&cpu, 0, queue, 0);
	cpu_slow_steps(&cpu, half_more, &steps);
	cast_make(workers, log_text);
	cpu_wake(&cpu, &find(workers, 'W')->task, 0, 5);
	event_at(queue, 50, EVENT_ARRIVAL, do_wake, find(workers, 'I'), 0);
	ck_assert_uint_eq(run(), 170);
	ck_assert_str_eq(log_text, "5 W+ 50 I+ 65 I- 170 W-");
	ck_assert_uint_eq(steps, 2);
	ck_assert(cpu_accounts_hold(&cpu, 170));
}
END_TEST

Suite *
cpu_suite(void)
{
	const struct suite_test tests[] = {
	    {"scenes in literal numbers", test_scene, ROWS(scenes)},
	    {"a wake-up never calls back", test_wake_never_calls_back, 0},
	    {"the highest of one instant begins",
	     test_highest_of_one_instant_begins, 0},
	    {"a finished step is not preempted",
	     test_finished_step_is_not_preempted, 0},
	    {"begin wakes a higher class", test_begin_wakes_a_higher_class, 0},
	    {"states and accounts in mid-step", test_states, 0},
	    {"a later step can have a preamble", test_extra_of_a_later_step, 0},
	    {"whoever watches hears whose it was", test_watch, 0},
	    {"steps can take longer than they cost", test_slow_steps, 0},
	    {"random load neither loses nor invents time", test_random_load, 8},
	};

	return suite_create_table("cpu", tests, ROWS(tests), setup, teardown,
				  0);
}
