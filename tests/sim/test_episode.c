/*
 * test_episode.c - the books of a flow's losses of sync.
 */
#include "sim/episode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/rng.h"
#include "tests/support/memory_limit.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define NEVER	    EPISODE_NEVER

enum { SEEDS = 8 }; /* the loop index; Check names it where one fails */

Suite *episode_suite(void);

static struct episodes episodes;

static void
setup(void)
{
	episodes_init(&episodes, 2);
}

static void
teardown(void)
{
	episodes_fini(&episodes);
}

static void
lose(const char *cause, uint64_t marked_to, sim_time now)
{
	ck_assert_int_eq(episodes_lose(&episodes, cause, marked_to, now), 0);
}

static void
record(enum ktls_mbuf_crypto_st marks, uint64_t end, uint32_t marked,
       sim_time now)
{
	const struct episode_record finished = {
	    .end = end, .marks = marks, .bytes = 1000, .marked = marked};

	ck_assert_int_eq(episodes_record(&episodes, &finished, now), 0);
}

static void
full(uint64_t end, sim_time now)
{
	record(KTLS_MBUF_CRYPTO_ST_DECRYPTED, end, 1000, now);
}

static void
mixed(uint64_t end, uint32_t marked, sim_time now)
{
	record(KTLS_MBUF_CRYPTO_ST_MIXED, end, marked, now);
}

static void
none(uint64_t end, sim_time now)
{
	record(KTLS_MBUF_CRYPTO_ST_ENCRYPTED, end, 0, now);
}

static void
expect_steps(const struct episode *e, const sim_time at[EPISODE_STEPS])
{
	for (int i = 0; i < EPISODE_STEPS; i++)
		ck_assert_msg(e->at[i] == at[i], "%s: %llu, not %llu",
			      episode_step_name((enum episode_step)i),
			      (unsigned long long)e->at[i],
			      (unsigned long long)at[i]);
}

START_TEST(test_episode_runs_from_the_loss_to_a_whole_record)
{
	static const sim_time at[EPISODE_STEPS] = {
	    [EPISODE_LOST] = 10,      [EPISODE_INSTALLED] = NEVER,
	    [EPISODE_CANDIDATE] = 25, [EPISODE_REQUEST] = 30,
	    [EPISODE_QUERY] = 60,     [EPISODE_ANSWER] = 70,
	    [EPISODE_FULL] = 90,      [EPISODE_AGAIN] = NEVER};
	const struct episode *e;

	episodes_note(&episodes, EPISODE_CANDIDATE, 5); /* nothing is open */
	full(1000, 8);
	lose("header lost", 3300, 10);
	full(2000, 12); /* decrypted before the loss */
	full(3000, 14);
	mixed(4000, 300, 15);
	episodes_note(&episodes, EPISODE_CANDIDATE, 20);
	episodes_note(&episodes, EPISODE_CANDIDATE, 25);
	episodes_note(&episodes, EPISODE_REQUEST, 30);
	episodes_note(&episodes, EPISODE_REQUEST, 35);
	episodes_note(&episodes, EPISODE_QUERY, 50);
	episodes_note(&episodes, EPISODE_QUERY, 60);
	none(5000, 65);
	episodes_note(&episodes, EPISODE_ANSWER, 70);
	full(6000, 90);
	full(7000, 95);
	ck_assert_uint_eq(episodes.count, 1);
	ck_assert_uint_eq(episodes.closed, 1);
	ck_assert_uint_eq(episodes.again, 0);
	ck_assert_uint_eq(episodes.lost_sum_ps, 80);
	ck_assert_uint_eq(episodes.kept_count, 1);
	e = &episodes.kept[0];
	ck_assert_str_eq(e->cause, "header lost");
	ck_assert_str_eq(episode_end_name(e), "full");
	expect_steps(e, at);
	ck_assert_uint_eq(e->records_partial, 1);
	ck_assert_uint_eq(e->records_none, 1);
	ck_assert_uint_eq(e->bytes, 700 + 1000);
}
END_TEST

/* A context made anew needs no answer. */
START_TEST(test_episode_ends_behind_an_install_without_an_answer)
{
	static const sim_time at[EPISODE_STEPS] = {
	    [EPISODE_LOST] = 10,	 [EPISODE_INSTALLED] = 40,
	    [EPISODE_CANDIDATE] = NEVER, [EPISODE_REQUEST] = NEVER,
	    [EPISODE_QUERY] = NEVER,	 [EPISODE_ANSWER] = NEVER,
	    [EPISODE_FULL] = 50,	 [EPISODE_AGAIN] = NEVER};

	lose("header lost", 1000, 10);
	/* These go with the context. */
	episodes_note(&episodes, EPISODE_CANDIDATE, 20);
	episodes_note(&episodes, EPISODE_REQUEST, 21);
	episodes_note(&episodes, EPISODE_QUERY, 22);
	episodes_note(&episodes, EPISODE_ANSWER, 23);
	episodes_note(&episodes, EPISODE_INSTALLED, 30);
	episodes_note(&episodes, EPISODE_INSTALLED, 40);
	full(2000, 50);
	ck_assert_uint_eq(episodes.closed, 1);
	expect_steps(&episodes.kept[0], at);
}
END_TEST

/* Each loss is an episode, and what a loss costs is told of one of them. */
START_TEST(test_episode_ends_where_sync_is_lost_again)
{
	const struct episode *e = NULL;

	lose("header lost", 1000, 10);
	none(2000, 20);
	episodes_note(&episodes, EPISODE_ANSWER, 30);
	mixed(3000, 400, 40);
	lose("tag mismatch", 3400, 50);
	mixed(4000, 400, 60);
	full(5000, 70);
	ck_assert_uint_eq(episodes.count, 2);
	ck_assert_uint_eq(episodes.closed, 1);
	ck_assert_uint_eq(episodes.again, 1);
	ck_assert_uint_eq(episodes.kept_count, 2);
	ck_assert_uint_eq(episodes.lost_sum_ps, 20);
	e = &episodes.kept[0];
	ck_assert_str_eq(e->cause, "header lost");
	ck_assert_str_eq(episode_end_name(e), "lost again");
	ck_assert_uint_eq(e->at[EPISODE_AGAIN], 50);
	ck_assert_uint_eq(e->at[EPISODE_FULL], NEVER);
	ck_assert_uint_eq(e->records_partial, 1);
	ck_assert_uint_eq(e->records_none, 1);
	ck_assert_uint_eq(e->bytes, 1000 + 600);
	e = &episodes.kept[1];
	ck_assert_str_eq(e->cause, "tag mismatch");
	ck_assert_str_eq(episode_end_name(e), "full");
	ck_assert_uint_eq(e->at[EPISODE_LOST], 50);
	ck_assert_uint_eq(e->at[EPISODE_ANSWER], NEVER);
	ck_assert_uint_eq(e->records_partial, 1);
	ck_assert_uint_eq(e->records_none, 0);
	ck_assert_uint_eq(e->bytes, 600);
}
END_TEST

/*
 * A context that comes after a path change begins where software stands, which
 * is before what the one before it has decrypted.
 */
START_TEST(test_episode_does_not_end_with_an_older_contexts_records)
{
	lose("path change", 3000, 10);
	episodes_note(&episodes, EPISODE_INSTALLED, 20);
	lose("header lost", 1000, 30);
	full(2000, 40);
	full(3000, 50);
	ck_assert(episodes.open);
	full(4000, 60);
	ck_assert(!episodes.open);
	ck_assert_uint_eq(episodes.kept[1].at[EPISODE_FULL], 60);
}
END_TEST

START_TEST(test_episode_sums_go_on_where_the_list_is_full)
{
	for (sim_time i = 0; i < 5; i++) {
		lose("again", 1000 * i, 100 * i);
		full(1000 * i + 1000, 100 * i + 10 + i);
	}
	ck_assert_uint_eq(episodes.count, 5);
	ck_assert_uint_eq(episodes.closed, 5);
	ck_assert_uint_eq(episodes.kept_count, 2);
	ck_assert_uint_eq(episodes.lost_sum_ps, 10 + 11 + 12 + 13 + 14);
	ck_assert_uint_eq(episodes.lost_max_ps, 14);
}
END_TEST

START_TEST(test_episode_without_a_whole_record_stays_open)
{
	lose("path change", 2000, 10);
	full(2000, 20);
	ck_assert(episodes.open);
	ck_assert_uint_eq(episodes.count, 1);
	ck_assert_uint_eq(episodes.closed, 0);
	ck_assert_uint_eq(episodes.now->at[EPISODE_FULL], NEVER);
	ck_assert_str_eq(episode_end_name(episodes.now), "open");
}
END_TEST

/* What all episodes have cost, and how often each end occurred. */
struct sums {
	uint64_t partial, none, bytes, full, again, lost_ps;
};

static void
sums_add(struct sums *sums, const struct episode *e)
{
	sums->partial += e->records_partial;
	sums->none += e->records_none;
	sums->bytes += e->bytes;
	sums->again += e->at[EPISODE_AGAIN] != NEVER;
	if (e->at[EPISODE_FULL] == NEVER)
		return;
	sums->full++;
	sums->lost_ps += e->at[EPISODE_FULL] - e->at[EPISODE_LOST];
}

/* A step of a stream; its costs also go to `sums` while sync is lost. */
static bool
random_step(uint64_t random, uint64_t i, bool lost, struct sums *sums)
{
	uint64_t end = 1000 * (i + 1);

	if (random % 4 == 0) {
		lose("random", end - 1000, 10 * i);
		return true;
	}
	if (random % 4 == 1) {
		mixed(end, 250, 10 * i);
		sums->partial += lost;
		sums->bytes += lost ? 750 : 0;
		return lost;
	}
	if (random % 4 == 2) {
		none(end, 10 * i);
		sums->none += lost;
		sums->bytes += lost ? 1000 : 0;
		return lost;
	}
	full(end, 10 * i);
	return false;
}

/* Nothing is counted twice, and nothing is left out. */
START_TEST(test_episode_totals_are_those_of_the_records)
{
	enum { STEPS = 300 };
	struct sums wanted = {0}, got = {0};
	bool lost = false;

	episodes_fini(&episodes);
	episodes_init(&episodes, STEPS);
	for (uint64_t i = 0; i < STEPS; i++)
		lost = random_step(rng_u64((uint64_t)_i, 0, 0, i), i, lost,
				   &wanted);
	for (uint32_t i = 0; i < episodes.kept_count; i++)
		sums_add(&got, &episodes.kept[i]);
	if (episodes.open)
		sums_add(&got, episodes.now);
	ck_assert(episodes.open == lost);
	ck_assert_uint_eq(got.partial, wanted.partial);
	ck_assert_uint_eq(got.none, wanted.none);
	ck_assert_uint_eq(got.bytes, wanted.bytes);
	ck_assert_uint_eq(got.full, episodes.closed);
	ck_assert_uint_eq(got.again, episodes.again);
	ck_assert_uint_eq(got.lost_ps, episodes.lost_sum_ps);
	ck_assert_uint_eq(episodes.closed + episodes.again + lost,
			  episodes.count);
	ck_assert_uint_gt(episodes.again, 10);
	ck_assert_uint_gt(episodes.closed, 10);
}
END_TEST

START_TEST(test_episode_that_cannot_be_kept_is_counted)
{
	const struct episode_record whole = {
	    .end = 2000, .marks = KTLS_MBUF_CRYPTO_ST_DECRYPTED, .bytes = 1000};

	lose("first", 0, 10);
	if (!memory_limit(0))
		return;
	/* Use up what the C library keeps; the test's process ends soon. */
	for (size_t size = 1024; size > 80; size -= 16)
		while (malloc(size) != NULL)
			continue;
	ck_assert_int_eq(episodes_lose(&episodes, "second", 0, 20), ENOMEM);
	ck_assert_int_eq(episodes_record(&episodes, &whole, 30), ENOMEM);
	ck_assert_uint_eq(episodes.count, 2);
	ck_assert_uint_eq(episodes.again, 1);
	ck_assert_uint_eq(episodes.closed, 1);
	ck_assert_uint_eq(episodes.kept_count, 0);
}
END_TEST

Suite *
episode_suite(void)
{
	const struct suite_test tests[] = {
	    {"runs", test_episode_runs_from_the_loss_to_a_whole_record, 0},
	    {"install", test_episode_ends_behind_an_install_without_an_answer,
	     0},
	    {"again", test_episode_ends_where_sync_is_lost_again, 0},
	    {"older", test_episode_does_not_end_with_an_older_contexts_records,
	     0},
	    {"sums", test_episode_sums_go_on_where_the_list_is_full, 0},
	    {"open", test_episode_without_a_whole_record_stays_open, 0},
	    {"memory", test_episode_that_cannot_be_kept_is_counted, 0},
	    {"totals", test_episode_totals_are_those_of_the_records, SEEDS},
	};

	return suite_create_table("episode", tests, (size_t)ROWS(tests), setup,
				  teardown, 0);
}
