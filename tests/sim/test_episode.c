/*
 * test_episode.c - the books of a flow's losses of sync.
 */
#include "sim/episode.h"

#include <string.h>

#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define NEVER	    EPISODE_NEVER

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
full(sim_time now)
{
	ck_assert_int_eq(episodes_record(&episodes,
					 KTLS_MBUF_CRYPTO_ST_DECRYPTED, 1000,
					 1000, now),
			 0);
}

START_TEST(test_episode_runs_from_the_loss_to_a_whole_record)
{
	static const sim_time at[] = {10, 25, 30, 60, 70, 90};
	const struct episode *e;

	episodes_note(&episodes, EPISODE_CANDIDATE, 5); /* nothing is open */
	full(8);
	episodes_lose(&episodes, "header lost", 10);
	episodes_lose(&episodes, "another", 12);
	episodes_record(&episodes, KTLS_MBUF_CRYPTO_ST_MIXED, 1000, 300, 15);
	full(18); /* decrypted before the loss */
	episodes_note(&episodes, EPISODE_CANDIDATE, 20);
	episodes_note(&episodes, EPISODE_CANDIDATE, 25);
	episodes_note(&episodes, EPISODE_REQUEST, 30);
	episodes_note(&episodes, EPISODE_REQUEST, 35);
	episodes_note(&episodes, EPISODE_QUERY, 50);
	episodes_note(&episodes, EPISODE_QUERY, 60);
	episodes_record(&episodes, KTLS_MBUF_CRYPTO_ST_ENCRYPTED, 500, 0, 65);
	episodes_note(&episodes, EPISODE_ANSWER, 70);
	full(90);
	full(95);
	ck_assert_uint_eq(episodes.count, 1);
	ck_assert_uint_eq(episodes.closed, 1);
	ck_assert_uint_eq(episodes.lost_sum_ps, 80);
	ck_assert_uint_eq(episodes.kept_count, 1);
	e = &episodes.kept[0];
	ck_assert_str_eq(e->cause, "header lost");
	for (int i = 0; i < EPISODE_STEPS; i++)
		ck_assert_msg(e->at[i] == at[i], "%s",
			      episode_step_name((enum episode_step)i));
	ck_assert_uint_eq(e->records_partial, 1);
	ck_assert_uint_eq(e->records_none, 1);
	ck_assert_uint_eq(e->bytes, 700 + 500);
}
END_TEST

START_TEST(test_episode_sums_go_on_where_the_list_is_full)
{
	for (sim_time i = 0; i < 5; i++) {
		episodes_lose(&episodes, "again", 100 * i);
		episodes_note(&episodes, EPISODE_ANSWER, 100 * i + 1);
		full(100 * i + 10 + i);
	}
	ck_assert_uint_eq(episodes.count, 5);
	ck_assert_uint_eq(episodes.closed, 5);
	ck_assert_uint_eq(episodes.kept_count, 2);
	ck_assert_uint_eq(episodes.lost_sum_ps, 10 + 11 + 12 + 13 + 14);
	ck_assert_uint_eq(episodes.lost_max_ps, 14);
}
END_TEST

START_TEST(test_episode_without_an_answer_stays_open)
{
	episodes_lose(&episodes, "path change", 10);
	full(20);
	ck_assert(episodes.open);
	ck_assert_uint_eq(episodes.count, 1);
	ck_assert_uint_eq(episodes.closed, 0);
	ck_assert_uint_eq(episodes.now.at[EPISODE_FULL], NEVER);
}
END_TEST

Suite *
episode_suite(void)
{
	const struct suite_test tests[] = {
	    {"runs", test_episode_runs_from_the_loss_to_a_whole_record, 0},
	    {"sums", test_episode_sums_go_on_where_the_list_is_full, 0},
	    {"open", test_episode_without_an_answer_stays_open, 0},
	};

	return suite_create_table("episode", tests, (size_t)ROWS(tests), setup,
				  teardown, 0);
}
