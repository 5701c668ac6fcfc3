/*
 * test_resync_storm.c - a resync never confirms a wrong record number, at
 * random.
 *
 * The seeds of nic_plan.h, with their loss, disorder, resets, path changes,
 * caches and prices, where the payload is full of false record headers.  After
 * every event the contexts are compared with the senders, and at the end the
 * plaintext with what was sealed.
 *
 * KTLSIM_TRUTH_SEEDS=5000 runs so many seeds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/nic_plant.h"
#include "tests/support/nic_storm.h"
#include "tests/support/nic_truth.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum { SHARES = 8, SEEDS = 320 };

Suite *resync_storm_suite(void);

static struct nic_storm storm;
static struct nic_truth truth[NIC_PLAN_FLOWS];

static uint64_t
seeds(void)
{
	const char *text = getenv("KTLSIM_TRUTH_SEEDS");

	return text != NULL ? strtoull(text, NULL, 10) : SEEDS;
}

static bool
look(struct nic_storm *of)
{
	for (unsigned i = 0; i < of->plan.flows; i++) {
		if (nic_truth_look(&truth[i], of->sim, i))
			continue;
		snprintf(of->text, sizeof(of->text), "flow %u: %s", i,
			 truth[i].text);
		return false;
	}
	return true;
}

static void
prepare(uint64_t seed)
{
	nic_plan_make(&storm.plan, seed);
	nic_plant(&storm.plan); /* small records have no room for any */
	for (unsigned i = 0; i < storm.plan.flows; i++) {
		const struct nic_plan_flow *flow = &storm.plan.flow[i];

		nic_truth_init(&truth[i], flow->first_seq, flow->key.rec_seq);
		for (uint32_t r = 0; r < flow->records; r++)
			nic_truth_record(&truth[i], flow->record[r].wire_len);
	}
	storm.look = look;
}

START_TEST(test_resync_storm_confirms_no_wrong_number)
{
	uint64_t lies = 0;

	for (uint64_t seed = (uint64_t)_i + 1; seed <= seeds();
	     seed += SHARES) {
		prepare(seed);
		ck_assert_msg(nic_storm_play(&storm), "seed %" PRIu64 ": %s",
			      seed, storm.text);
		for (unsigned i = 0; i < storm.plan.flows; i++)
			lies += truth[i].false_candidates;
	}
	/* So that it cannot hold for want of anything to confirm. */
	ck_assert_uint_gt(lies, 0);
	ck_assert_uint_gt(storm.total[STORM_RESYNCS], 0);
}
END_TEST

Suite *
resync_storm_suite(void)
{
	const struct suite_test tests[] = {
	    {"numbers", test_resync_storm_confirms_no_wrong_number, SHARES},
	};

	return suite_create_table("resync_storm", tests, (size_t)ROWS(tests),
				  NULL, NULL, 600);
}
