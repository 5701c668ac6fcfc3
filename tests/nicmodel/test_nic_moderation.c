/*
 * test_nic_moderation.c - interrupt moderation as tables of events.
 *
 * A row is one queue's life: frames that become visible, timer events, and
 * handlers that unmask, each with its time in microseconds and the answer.
 */
#include "nicmodel/nic_moderation.h"

#include <check.h>

#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

#define US UINT64_C(1000000) /* picoseconds */

enum {
	EVENTS_MAX = 10,
};

enum event_kind { END, FRAME, TIMER, UNMASK };

#define NONE  NIC_MODERATION_NONE
#define FIRE  NIC_MODERATION_INTERRUPT
#define ARM   NIC_MODERATION_ARM

#define NEVER UINT64_MAX

struct event {
	enum event_kind kind;
	uint64_t at_us;
	uint32_t count; /* frames at once, of which the last is judged; left */
	enum nic_moderation_act act;
	uint64_t timer_us; /* afterwards */
};

struct life {
	const char *name;
	uint64_t time_us;
	uint32_t frames;
	struct event events[EVENTS_MAX];
};

static const struct life lives[] = {
    {"at the 16th microsecond",
     16,
     32,
     {{FRAME, 100, 1, ARM, 116},
      {FRAME, 110, 1, NONE, 116},
      {TIMER, 115, 0, NONE, 116},
      {TIMER, 116, 0, FIRE, NEVER}}},
    {"at the 32nd frame",
     16,
     32,
     {{FRAME, 100, 1, ARM, 116},
      {FRAME, 101, 30, NONE, 116},
      {FRAME, 102, 1, FIRE, NEVER}}},
    {"the timer is overtaken by the count",
     16,
     32,
     {{FRAME, 100, 1, ARM, 116},
      {FRAME, 101, 31, FIRE, NEVER},
      {TIMER, 116, 0, NONE, NEVER},
      {UNMASK, 120, 0, NONE, NEVER},
      {TIMER, 121, 0, NONE, NEVER}}},
    {"an overtaken timer does not fire the next one's interrupt",
     16,
     32,
     {{FRAME, 100, 1, ARM, 116},
      {FRAME, 101, 31, FIRE, NEVER},
      {UNMASK, 105, 0, NONE, NEVER},
      {FRAME, 110, 1, ARM, 126},
      {TIMER, 116, 0, NONE, 126},
      {TIMER, 126, 0, FIRE, NEVER}}},
    {"later frames do not restart the timer (EQE)",
     16,
     32,
     {{FRAME, 100, 1, ARM, 116},
      {FRAME, 104, 1, NONE, 116},
      {FRAME, 115, 1, NONE, 116},
      {TIMER, 116, 0, FIRE, NEVER}}},
    {"the timer runs from the first frame, not from the unmask",
     16,
     32,
     {{FRAME, 100, 32, FIRE, NEVER},
      {UNMASK, 105, 0, NONE, NEVER},
      {FRAME, 900, 1, ARM, 916}}},
    {"masked: nothing fires",
     16,
     32,
     {{FRAME, 100, 32, FIRE, NEVER},
      {FRAME, 101, 100, NONE, NEVER},
      {TIMER, 116, 0, NONE, NEVER},
      {UNMASK, 120, 0, NONE, NEVER},
      {FRAME, 121, 1, ARM, 137}}},
    {"unmask with frames left: they wait from then on",
     16,
     32,
     {{FRAME, 100, 32, FIRE, NEVER},
      {FRAME, 101, 2, NONE, NEVER},
      {UNMASK, 120, 2, ARM, 136},
      {FRAME, 121, 29, NONE, 136},
      {FRAME, 122, 1, FIRE, NEVER}}},
    {"unmask with as many left as the limit",
     16,
     32,
     {{FRAME, 100, 32, FIRE, NEVER},
      {UNMASK, 120, 32, FIRE, NEVER},
      {UNMASK, 130, 31, ARM, 146},
      {TIMER, 146, 0, FIRE, NEVER}}},
    {"off: every frame",
     0,
     0,
     {{FRAME, 100, 1, FIRE, NEVER},
      {FRAME, 101, 1, NONE, NEVER},
      {UNMASK, 102, 1, FIRE, NEVER},
      {UNMASK, 103, 0, NONE, NEVER},
      {FRAME, 104, 1, FIRE, NEVER}}},
    {"no time: every frame, whatever the count",
     0,
     32,
     {{FRAME, 100, 1, FIRE, NEVER}}},
    {"one frame: every frame, whatever the time",
     16,
     1,
     {{FRAME, 100, 1, FIRE, NEVER}}},
    {"no count: the timer alone",
     16,
     0,
     {{FRAME, 100, 1, ARM, 116},
      {FRAME, 101, 100000, NONE, 116},
      {TIMER, 116, 0, FIRE, NEVER}}},
    {"a timer that is served late",
     16,
     32,
     {{FRAME, 100, 1, ARM, 116}, {TIMER, 140, 0, FIRE, NEVER}}},
};

static const struct life cqe_lives[] = {
    {"each frame restarts the timer, whose event arms again",
     3,
     32,
     {{FRAME, 100, 1, ARM, 103},
      {FRAME, 101, 1, NONE, 104},
      {FRAME, 102, 1, NONE, 105},
      {TIMER, 103, 0, ARM, 105},
      {FRAME, 104, 1, NONE, 107},
      {TIMER, 105, 0, ARM, 107},
      {TIMER, 107, 0, FIRE, NEVER}}},
    {"the count, while frames keep coming",
     3,
     4,
     {{FRAME, 100, 1, ARM, 103},
      {FRAME, 102, 1, NONE, 105},
      {TIMER, 103, 0, ARM, 105},
      {FRAME, 104, 1, NONE, 107},
      {FRAME, 105, 1, FIRE, NEVER},
      {TIMER, 107, 0, NONE, NEVER},
      {UNMASK, 110, 0, NONE, NEVER},
      {FRAME, 111, 1, ARM, 114}}},
    {"masked, and frames left at the unmask",
     3,
     4,
     {{FRAME, 100, 4, FIRE, NEVER},
      {FRAME, 101, 2, NONE, NEVER},
      {UNMASK, 110, 2, ARM, 113},
      {FRAME, 112, 1, NONE, 115},
      {TIMER, 113, 0, ARM, 115},
      {TIMER, 115, 0, FIRE, NEVER}}},
};

static enum nic_moderation_act
run_event(struct nic_moderation *mod, const struct event *event)
{
	uint64_t now = event->at_us * US;

	if (event->kind == TIMER)
		return nic_moderation_timer(mod, now);
	if (event->kind == UNMASK)
		return nic_moderation_unmask(mod, now, event->count);
	for (uint32_t i = 1; i < event->count; i++)
		ck_assert_int_ne(nic_moderation_frame(mod, now), FIRE);
	return nic_moderation_frame(mod, now);
}

static void
run_life(const struct life *life, enum nic_moderation_mode mode)
{
	const struct event *event = life->events;
	struct nic_moderation mod;

	nic_moderation_init(&mod, life->time_us * US, life->frames);
	nic_moderation_set(&mod, mode, mod.time_ps, mod.frames);
	for (int i = 0; i < EVENTS_MAX && event->kind != END; i++, event++) {
		enum nic_moderation_act act = run_event(&mod, event);
		uint64_t timer = event->timer_us;

		timer = timer == NEVER ? NEVER : timer * US;
		ck_assert_msg(act == event->act && mod.timer_ps == timer,
			      "%s, event %d: act %d, timer %llu", life->name, i,
			      act, (unsigned long long)mod.timer_ps);
	}
}

START_TEST(test_nic_moderation_life_of_a_queue)
{
	run_life(&lives[_i], NIC_MODERATION_EQE);
}
END_TEST

START_TEST(test_nic_moderation_life_of_a_queue_in_cqe_mode)
{
	run_life(&cqe_lives[_i], NIC_MODERATION_CQE);
}
END_TEST

/* New limits hold from the next frame; what is armed stays armed. */
START_TEST(test_nic_moderation_set_takes_effect_with_the_next_frame)
{
	struct nic_moderation mod;

	nic_moderation_init(&mod, 16 * US, 32);
	ck_assert_int_eq(nic_moderation_frame(&mod, 100 * US), ARM);
	nic_moderation_set(&mod, NIC_MODERATION_EQE, 256 * US, 2);
	ck_assert_uint_eq(mod.timer_ps, 116 * US);
	ck_assert_int_eq(nic_moderation_frame(&mod, 101 * US), FIRE);
	nic_moderation_unmask(&mod, 200 * US, 0);
	ck_assert_int_eq(nic_moderation_frame(&mod, 200 * US), ARM);
	ck_assert_uint_eq(mod.timer_ps, 456 * US);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_moderation_suite(void);

Suite *
nic_moderation_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_moderation_life_of_a_queue, COUNT(lives)),
	    TEST(test_nic_moderation_life_of_a_queue_in_cqe_mode,
		 COUNT(cqe_lives)),
	    TEST(test_nic_moderation_set_takes_effect_with_the_next_frame, 0),
	};

	return suite_create_table("nic_moderation", tests, (size_t)COUNT(tests),
				  NULL, NULL, 0);
}
