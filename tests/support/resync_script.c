/*
 * resync_script.c - run a resync protocol's life and compare.
 *
 * Called by the suites of nicmodel/nic_resync_*.c, one row at a time.
 */
#include "tests/support/resync_script.h"

#include <check.h>

#include "tests/support/expect.h"

static enum nic_resync_marks
marks_of(enum resync_event event)
{
	if (event == RESYNC_DECRYPTED)
		return NIC_RESYNC_DECRYPTED;
	return event == RESYNC_MIXED ? NIC_RESYNC_MIXED : NIC_RESYNC_ENCRYPTED;
}

static struct nic_resync_act
run_record(struct nic_resync *r, const struct resync_step *step)
{
	const struct nic_resync_record rec = {
	    .seq = step->seq,
	    .len = step->len,
	    .rec_seq = step->rec,
	    .queued = step->queued,
	    .marks = marks_of(step->event),
	};

	if (step->event == RESYNC_HEADER)
		return nic_resync_header(r, &rec);
	return nic_resync_record(r, &rec);
}

struct nic_resync_act
resync_step_run(struct nic_resync *r, const struct resync_step *step,
		const struct nic_resync_act *act)
{
	const struct nic_resync_packet p = {
	    .seq = step->seq,
	    .len = step->len,
	    .candidate = (uint32_t)step->rec,
	};
	const struct nic_resync_progress psv = {
	    .candidate_valid = step->event == RESYNC_FOUND,
	    .candidate = step->seq,
	};

	switch (step->event) {
	case RESYNC_PACKET:
		return nic_resync_packet(r, &p);
	case RESYNC_FOUND:
	case RESYNC_LOST:
		return nic_resync_query_done(r, &psv);
	case RESYNC_POSTED:
	case RESYNC_REFUSED:
		return nic_resync_posted(r, act, step->event == RESYNC_POSTED);
	case RESYNC_HEADER:
	case RESYNC_ENCRYPTED:
	case RESYNC_MIXED:
	case RESYNC_DECRYPTED:
	case RESYNC_END:
		break;
	}
	return run_record(r, step);
}

static void
compare_counters(const struct resync_life *life,
		 const struct nic_resync_counters *counters)
{
	expect_place("%s, at the end", life->name);
	for (int i = 0; i < NIC_RESYNC_COUNTERS; i++)
		expect_count(
		    nic_resync_counter_name((enum nic_resync_counter)i),
		    counters->n[i], life->counters.n[i]);
}

void
resync_life_run(const struct resync_life *life)
{
	struct nic_resync_counters counters = {0};
	struct nic_resync_act latest = {0};
	struct nic_resync r;

	ck_assert_int_eq(nic_resync_init(&r, life->ops, &counters), 0);
	for (int i = 0; i < RESYNC_STEPS_MAX; i++) {
		const struct resync_step *step = &life->steps[i];
		struct nic_resync_act act;

		if (step->event == RESYNC_END)
			break;
		act = resync_step_run(&r, step, &latest);
		expect_place("%s, step %d", life->name, i);
		expect_count("act", act.kind, step->want.kind);
		expect_count("seq", act.seq, step->want.seq);
		expect_count("number", act.rec_seq, step->want.rec_seq);
		if (act.kind != NIC_RESYNC_NONE)
			latest = act;
	}
	nic_resync_fini(&r);
	compare_counters(life, &counters);
}
