/*
 * test_event.c - the event queue against a sorted array.
 *
 * The random mixes drive both with the same inserts, pops and cancels; the
 * model keeps its entries sorted by (time, class, insertion) and says what has
 * to come next.  Where one fails, the row (loop index) and the step print.
 */
#include "sim/event.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/support/memory_limit.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define US	    UINT64_C(1000000)
#define MODEL_MAX   8192

static void
nothing(void *object, uint64_t argument, sim_time now)
{
	(void)object;
	(void)argument;
	(void)now;
}

static void
something(void *object, uint64_t argument, sim_time now)
{
	(void)object;
	(void)argument;
	(void)now;
}

static event_id
insert(struct event_queue *queue, sim_time time, enum event_class rank,
       uint64_t argument)
{
	event_id id = event_at(queue, time, rank, nothing, NULL, argument);

	ck_assert_uint_ne(id, 0);
	return id;
}

/* Pop one event and check its time and argument. */
static void
expect(struct event_queue *queue, sim_time time, uint64_t argument)
{
	struct event event;

	ck_assert_uint_eq(event_next_time(queue), time);
	ck_assert(event_pop(queue, &event));
	ck_assert_uint_eq(event.time, time);
	ck_assert_uint_eq(event.argument, argument);
}

/* The model. */

struct entry {
	sim_time time;
	uint64_t order; /* class in the top bit, insertion below; also the
			   argument */
	event_id id;
};

struct model {
	struct event_queue *queue;
	struct entry entry[MODEL_MAX]; /* the next is the last */
	size_t count;
	uint64_t inserted;
	sim_time now;
};

static bool
entry_before(const struct entry *a, const struct entry *b)
{
	if (a->time != b->time)
		return a->time < b->time;
	return a->order < b->order;
}

/* The number of entries that come after `entry`. */
static size_t
model_place(const struct model *model, const struct entry *entry)
{
	size_t low = 0, high = model->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (entry_before(entry, &model->entry[middle]))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
model_insert(struct model *model, sim_time time, enum event_class rank)
{
	struct entry entry = {.time = time};
	size_t place;

	entry.order = (uint64_t)rank << 63 | ++model->inserted;
	entry.id = insert(model->queue, time, rank, entry.order);
	place = model_place(model, &entry);
	memmove(&model->entry[place + 1], &model->entry[place],
		(model->count - place) * sizeof(entry));
	model->entry[place] = entry;
	model->count++;
}

static void
model_cancel(struct model *model, size_t i)
{
	event_id id = model->entry[i].id;

	ck_assert(event_cancel(model->queue, id));
	ck_assert(!event_cancel(model->queue, id));
	model->count--;
	memmove(&model->entry[i], &model->entry[i + 1],
		(model->count - i) * sizeof(model->entry[0]));
}

static void
model_pop(struct model *model)
{
	struct entry *entry;
	struct event event;

	if (model->count == 0) {
		ck_assert(!event_pop(model->queue, &event));
		return;
	}
	entry = &model->entry[--model->count];
	ck_assert(event_pop(model->queue, &event));
	ck_assert_uint_eq(event.time, entry->time);
	ck_assert_uint_eq(event.argument, entry->order);
	ck_assert(!event_cancel(model->queue, entry->id));
	model->now = event.time;
}

static void
model_check(const struct model *model)
{
	sim_time next = SIM_TIME_NEVER;

	if (model->count > 0)
		next = model->entry[model->count - 1].time;
	ck_assert_uint_eq(event_next_time(model->queue), next);
	ck_assert_uint_eq(event_next_time(model->queue), next);
	ck_assert_uint_eq(event_pending(model->queue), model->count);
}

/* How far ahead of the last popped event the next insert is. */
typedef uint64_t increment(const struct model *model, uint64_t bits);

static uint64_t
increment_zero(const struct model *model, uint64_t bits)
{
	(void)model;
	return bits % 5 < 2 ? 0 : bits % 1000;
}

static uint64_t
increment_ties(const struct model *model, uint64_t bits)
{
	(void)model;
	return bits % 3 * 1000 * US;
}

static uint64_t
increment_same(const struct model *model, uint64_t bits)
{
	(void)model;
	(void)bits;
	return 0;
}

static uint64_t
increment_constant(const struct model *model, uint64_t bits)
{
	(void)model;
	(void)bits;
	return 1000 * US;
}

static uint64_t
increment_bimodal(const struct model *model, uint64_t bits)
{
	(void)model;
	return bits % 2 == 0 ? 50000 : 5000 * US;
}

static uint64_t
increment_exponential(const struct model *model, uint64_t bits)
{
	const struct variate v = {VARIATE_EXPONENTIAL, 1000 * US, 0};

	(void)model;
	return variate_draw(&v, bits);
}

/* All magnitudes, so that all levels of buckets are used. */
static uint64_t
increment_wide(const struct model *model, uint64_t bits)
{
	uint64_t room = (UINT64_MAX - 1 - model->now) / 4096;

	return (bits >> bits % 64) % (room + 1);
}

/* An arrival from outside, mostly before the pending minimum. */
static uint64_t
increment_before(const struct model *model, uint64_t bits)
{
	sim_time next = event_next_time(model->queue);

	if (bits % 2 == 0 || next == SIM_TIME_NEVER)
		return bits % (10000 * US);
	return (bits >> 1) % (next - model->now + 1);
}

/* Shares are out of 16; what is left pops. */
static const struct mix {
	increment *increment;
	unsigned insert;
	unsigned cancel;
	size_t most;
} mixes[] = {
    {increment_zero, 8, 0, 100},
    {increment_zero, 8, 1, MODEL_MAX},
    {increment_ties, 8, 0, MODEL_MAX},
    {increment_ties, 9, 3, MODEL_MAX},
    {increment_same, 9, 1, MODEL_MAX},
    {increment_constant, 9, 1, MODEL_MAX},
    {increment_bimodal, 8, 0, 600},
    {increment_bimodal, 9, 2, MODEL_MAX},
    {increment_exponential, 8, 0, 100},
    {increment_exponential, 9, 0, MODEL_MAX},
    {increment_exponential, 9, 5, MODEL_MAX},
    {increment_exponential, 9, 7, 300},
    {increment_wide, 9, 0, MODEL_MAX},
    {increment_wide, 9, 4, MODEL_MAX},
    {increment_before, 8, 0, 40},
    {increment_before, 9, 0, MODEL_MAX},
    {increment_before, 10, 4, MODEL_MAX},
};

static void
mix_step(struct model *model, const struct mix *mix, uint64_t bits)
{
	unsigned choice = bits % 16;
	uint64_t draw = rng_u64(2, 0, 0, bits);

	if (choice < mix->insert && model->count < mix->most)
		model_insert(model, model->now + mix->increment(model, draw),
			     draw >> 40 & 1 ? EVENT_ARRIVAL : EVENT_INTERNAL);
	else if (choice < mix->insert + mix->cancel && model->count > 0)
		model_cancel(model, (size_t)(draw % model->count));
	else
		model_pop(model);
}

START_TEST(test_random_mix)
{
	static struct model model;

	model = (struct model){.queue = event_queue_create()};
	ck_assert_ptr_nonnull(model.queue);
	for (uint64_t step = 0; step < 60000; step++) {
		/* From time to time run dry, so that sizes go up and down. */
		bool drain = step % 20000 > 17000;

		mix_step(&model, &mixes[_i],
			 rng_u64(1, (uint32_t)_i, 0, step) | (drain ? 15 : 0));
		model_check(&model);
	}
	while (model.count > 0)
		model_pop(&model);
	model_check(&model);
	event_queue_destroy(model.queue);
}
END_TEST

START_TEST(test_order_at_one_time)
{
	struct event_queue *queue = event_queue_create();
	struct event event;

	insert(queue, 7, EVENT_ARRIVAL, 4);
	insert(queue, 7, EVENT_INTERNAL, 1);
	insert(queue, 7, EVENT_ARRIVAL, 5);
	insert(queue, 7, EVENT_INTERNAL, 2);
	insert(queue, 6, EVENT_ARRIVAL, 0);
	expect(queue, 6, 0);
	expect(queue, 7, 1);
	/* Inserted by a handler at 7: the arrival waits for the internal. */
	insert(queue, 7, EVENT_ARRIVAL, 6);
	insert(queue, 7, EVENT_INTERNAL, 3);
	for (uint64_t i = 2; i <= 6; i++)
		expect(queue, 7, i);
	ck_assert(!event_pop(queue, &event));
	ck_assert_uint_eq(event_next_time(queue), SIM_TIME_NEVER);
	event_queue_destroy(queue);
}
END_TEST

START_TEST(test_event_comes_back_whole)
{
	struct event_queue *queue = event_queue_create();
	struct event event;
	int object;

	event_at(queue, 5, EVENT_INTERNAL, something, &object, UINT64_MAX);
	ck_assert(event_pop(queue, &event));
	ck_assert_uint_eq(event.time, 5);
	ck_assert(event.handler == something);
	ck_assert_ptr_eq(event.object, &object);
	ck_assert_uint_eq(event.argument, UINT64_MAX);
	event_queue_destroy(queue);
}
END_TEST

START_TEST(test_stale_ids)
{
	struct event_queue *queue = event_queue_create();
	event_id first, second;

	first = insert(queue, 1, EVENT_INTERNAL, 1);
	ck_assert(event_cancel(queue, first));
	ck_assert(!event_cancel(queue, first));
	second = insert(queue, 1, EVENT_INTERNAL, 2); /* the same slot */
	ck_assert_uint_ne(first, second);
	ck_assert(!event_cancel(queue, first));
	expect(queue, 1, 2);
	ck_assert(!event_cancel(queue, second));
	ck_assert(!event_cancel(queue, 0));
	ck_assert(!event_cancel(queue, UINT64_MAX));
	event_queue_destroy(queue);
}
END_TEST

START_TEST(test_latest_time)
{
	struct event_queue *queue = event_queue_create();

	insert(queue, SIM_TIME_NEVER - 1, EVENT_ARRIVAL, 2);
	for (uint64_t i = 0; i < 2000; i++)
		insert(queue, SIM_TIME_NEVER - 1 - i % 2, EVENT_INTERNAL,
		       i % 2 == 1 ? 0 : 1);
	for (int i = 0; i < 1000; i++)
		expect(queue, SIM_TIME_NEVER - 2, 0);
	for (int i = 0; i < 1000; i++)
		expect(queue, SIM_TIME_NEVER - 1, 1);
	expect(queue, SIM_TIME_NEVER - 1, 2);
	event_queue_destroy(queue);
}
END_TEST

START_TEST(test_past_is_refused)
{
	struct event_queue *queue = event_queue_create();

	insert(queue, 10, EVENT_INTERNAL, 0);
	expect(queue, 10, 0);
	fclose(stderr); /* the assertion's words would pass for a failure */
	insert(queue, 9, EVENT_INTERNAL, 0); /* aborts */
	event_queue_destroy(queue);
}
END_TEST

START_TEST(test_cancelled_before_its_turn)
{
	struct event_queue *queue = event_queue_create();
	event_id ids[100];

	/* Tail first, so that dead elements pile up behind a live top. */
	for (uint64_t i = 0; i < 100; i++)
		ids[i] = insert(queue, i, EVENT_INTERNAL, i);
	for (int i = 99; i > 0; i--) {
		ck_assert(event_cancel(queue, ids[i]));
		ck_assert_uint_eq(event_next_time(queue), 0);
	}
	expect(queue, 0, 0);
	ck_assert_uint_eq(event_next_time(queue), SIM_TIME_NEVER);
	event_queue_destroy(queue);
}
END_TEST

static uint64_t
draw(uint64_t i)
{
	const struct variate v = {VARIATE_EXPONENTIAL, 1000 * US, 0};

	return variate_draw(&v, rng_u64(3, 0, 0, i));
}

START_TEST(test_a_million)
{
	struct event_queue *queue = event_queue_create();
	const uint64_t count = 1000000;
	struct event last = {.time = 0}, event;

	for (uint64_t i = 0; i < count; i++)
		insert(queue, draw(i), EVENT_INTERNAL, i);
	ck_assert_uint_eq(event_pending(queue), count);
	for (uint64_t i = 0; i < count; i++) {
		ck_assert(event_pop(queue, &event));
		ck_assert_uint_eq(event.time, draw(event.argument));
		ck_assert(event.time > last.time ||
			  (event.time == last.time &&
			   (i == 0 || event.argument > last.argument)));
		last = event;
	}
	ck_assert(!event_pop(queue, &event));
	event_queue_destroy(queue);
}
END_TEST

/* Hold `count` events, with a cancel and a new insert now and then. */
static void
hold(struct event_queue *queue, uint64_t *seed, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		struct event event;
		event_id id;

		ck_assert(event_pop(queue, &event));
		id = insert(queue, event.time + draw(++*seed), EVENT_INTERNAL,
			    0);
		if (i % 3 != 0)
			continue;
		ck_assert(event_cancel(queue, id));
		insert(queue, event.time + draw(++*seed), EVENT_INTERNAL, 0);
	}
}

static size_t
allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

START_TEST(test_no_allocation_after_high_water)
{
	struct event_queue *queue = event_queue_create();
	const uint64_t sizes[] = {50, 400, 5000, 40000};
	uint64_t seed = 0, count = sizes[_i];
	struct event event;
	size_t before;

	for (uint64_t i = 0; i < count; i++)
		insert(queue, draw(++seed), EVENT_INTERNAL, 0);
	before = allocated();
	hold(queue, &seed, 100000);
	for (uint64_t i = 0; i < count - 1; i++)
		event_pop(queue, &event);
	for (uint64_t i = 0; i < count - 1; i++)
		insert(queue, event.time + i % 7, EVENT_ARRIVAL, 0);
	hold(queue, &seed, 100000);
	ck_assert_uint_eq(allocated(), before);
	ck_assert_uint_eq(event_pending(queue), count);
	event_queue_destroy(queue);
}
END_TEST

START_TEST(test_out_of_memory)
{
	struct event_queue *queue = event_queue_create();
	uint64_t count = 0;
	struct event event = {.time = 0};
	sim_time last = 0;

	if (!memory_limit(64 << 20)) {
		event_queue_destroy(queue);
		return;
	}
	while (event_at(queue, draw(count), EVENT_INTERNAL, nothing, NULL, 0))
		count++;
	ck_assert(event_queue_failed(queue));
	ck_assert_uint_gt(count, 10000);
	ck_assert_uint_eq(event_pending(queue), count);
	for (uint64_t i = 0; i < count; i++) {
		ck_assert(event_pop(queue, &event));
		ck_assert_uint_ge(event.time, last);
		last = event.time;
	}
	insert(queue, last, EVENT_INTERNAL, 0);
	event_queue_destroy(queue);
}
END_TEST

Suite *event_suite(void);

Suite *
event_suite(void)
{
	const struct suite_test tests[] = {
	    {"random mixes pop in the model's order", test_random_mix,
	     ROWS(mixes)},
	    {"internal comes before arrival, then insertion",
	     test_order_at_one_time, 0},
	    {"an event comes back whole", test_event_comes_back_whole, 0},
	    {"stale ids are recognised", test_stale_ids, 0},
	    {"the last picoseconds are in order", test_latest_time, 0},
	    {"cancelled events never show", test_cancelled_before_its_turn, 0},
	    {"a million events pop in order", test_a_million, 0},
	    {"nothing is allocated after the high-water mark",
	     test_no_allocation_after_high_water, 4},
	    {"without memory nothing is lost", test_out_of_memory, 0},
	};
	Suite *suite;
	TCase *aborts;

	suite = suite_create_table("event", tests, ROWS(tests), NULL, NULL, 60);
	aborts = tcase_create("an event before the last popped is refused");
	tcase_add_test_raise_signal(aborts, test_past_is_refused, SIGABRT);
	suite_add_tcase(suite, aborts);
	return suite;
}
