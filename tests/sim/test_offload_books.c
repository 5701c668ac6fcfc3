/*
 * test_offload_books.c - what is told of inline TLS agrees with itself and with
 * the device: episodes, timeline and sessions.
 *
 * A connection in rounds of data, bent in all the ways in which sync gets lost.
 * The oracles are the device's own counters, and which sockets are closed.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/ktlsim_internal.h"
#include "sim/offload.h"
#include "tests/support/capture_run.h"
#include "tests/support/session_run.h"
#include "tests/support/suite_table.h"
#include "tests/support/window_run.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define NEVER	    EPISODE_NEVER

Suite *offload_books_suite(void);

enum {
	ROUNDS = 24,
	RECORDS = 5, /* per round */
	BYTES = 4000,
	GAP_NS = 500000, /* between rounds: contexts come meanwhile */
};

static struct session_run made;

static void
setup(void)
{
	memset(&made, 0, sizeof(made));
}

static void
teardown(void)
{
	session_run_fini(&made);
}

static const struct row {
	const char *name;
	unsigned update_every; /* rounds; 0: never */
	bool stays_open;       /* no FIN */
	struct replay_setting setting[5];
} rows[] = {
    {"nothing is lost", 0, false, {{NULL, NULL}}},
    {"KeyUpdates", 3, false, {{NULL, NULL}}},
    {"KeyUpdates, slow worker", 3, false, {{"cost.syscall", "200us"}}},
    /* Software has taken a round before the parameters name its next record. */
    {"new paths",
     0,
     false,
     {{"nic.tls_path_change_every", "2ms"},
      {"cost.firmware_command", "100us"}}},
    {"resets", 0, false, {{"nic.tls_reset_every", "1ms"}}},
    {"loss",
     0,
     false,
     {{"link.loss", "0.08"}, {"replay.resend_after", "300us"}}},
    {"loss, Linux",
     0,
     false,
     {{"link.loss", "0.08"},
      {"replay.resend_after", "300us"},
      {"nic.resync", "linux-async"}}},
    {"loss, hints",
     0,
     false,
     {{"link.loss", "0.08"},
      {"replay.resend_after", "300us"},
      {"nic.resync", "linux-hint"}}},
    {"damage that TCP does not see",
     0,
     false,
     {{"link.corrupt", "0.05"}, {"link.corrupt_undetected", "1"}}},
    {"all at once",
     4,
     false,
     {{"link.loss", "0.05"},
      {"link.reorder", "0.05"},
      {"nic.tls_reset_every", "1300us"},
      {"nic.tls_path_change_every", "2300us"}}},
    {"not closed", 0, true, {{NULL, NULL}}},
    {"no TLS 1.3", 0, false, {{"nic.profile", "agilio"}}},
    {"no TLS 1.3, not closed", 0, true, {{"nic.profile", "agilio"}}},
    {"no TLS 1.3, new paths",
     0,
     false,
     {{"nic.profile", "agilio"}, {"nic.tls_path_change_every", "2ms"}}},
    {"one context", 0, false, {{"nic.tls_contexts", "1"}}},
    {"closed before the rule", 0, false, {{"cost.firmware_command", "1s"}}},
};

static void
build(struct tls_session *session, const struct row *row)
{
	session_handshake(session);
	for (unsigned i = 0; i < ROUNDS; i++) {
		session->now_ns += GAP_NS;
		session_data(session, TALK_CLIENT, 200, 0);
		session_send(session, TALK_CLIENT);
		for (int k = 0; k < RECORDS; k++)
			session_data(session, TALK_SERVER, BYTES, 0);
		if (row->update_every > 0 && i % row->update_every == 1)
			session_key_update(session, TALK_SERVER);
		session_send(session, TALK_SERVER);
	}
	session->now_ns += GAP_NS;
	if (!row->stays_open)
		session_close(session);
}

static void
run_row(const struct row *row)
{
	struct replay_setting settings[8] = {{"nic.tls", "on"},
					     {"cost.firmware_command", "5us"}};

	for (int i = 0; i < 5; i++)
		settings[2 + i] = row->setting[i];
	session_run_begin(&made, TLS_1_3);
	build(&made.session, row);
	session_run_replay(&made, settings);
}

static uint64_t
counter(const struct results_host *host, const char *name)
{
	for (size_t i = 0; i < host->counter_count; i++)
		if (strcmp(host->counters[i].name, name) == 0)
			return host->counters[i].value;
	ck_abort_msg("no counter %s", name);
	return 0;
}

/* --- episodes --- */

static uint64_t
count_ends(const struct results_offload *offload, const char *end)
{
	uint64_t count = 0;

	for (size_t i = 0; i < offload->listed_count; i++)
		count +=
		    strcmp(episode_end_name(&offload->listed[i]), end) == 0;
	return count;
}

/* Contexts that had their place when they went. */
static uint64_t
count_dropped(const struct results_offload *offload)
{
	uint64_t count = 0;

	for (size_t i = 0; i < offload->listed_count; i++) {
		const char *cause = offload->listed[i].cause;

		count += strcmp(cause, "path change") == 0 ||
			 strcmp(cause, "key update") == 0;
	}
	return count;
}

static void
check_episode(const struct episode *e)
{
	sim_time end = e->at[EPISODE_FULL];

	if (end == NEVER)
		end = e->at[EPISODE_AGAIN];
	for (int i = 0; i < EPISODE_STEPS; i++)
		ck_assert_msg(
		    e->at[i] == NEVER ||
			(e->at[i] >= e->at[EPISODE_LOST] && e->at[i] <= end),
		    "%s of %s", episode_step_name((enum episode_step)i),
		    e->cause);
	/* Sync comes back by an answer or by another context. */
	if (e->at[EPISODE_FULL] != NEVER)
		ck_assert(e->at[EPISODE_ANSWER] != NEVER ||
			  e->at[EPISODE_INSTALLED] != NEVER);
}

/* None of the runs has more episodes than are listed. */
static void
check_episodes(const struct results_offload *offload)
{
	uint64_t partial = 0, none = 0;

	ck_assert_uint_eq(offload->listed_count, offload->episodes);
	ck_assert_uint_eq(count_ends(offload, "full"),
			  offload->episodes_closed);
	ck_assert_uint_eq(count_ends(offload, "lost again"),
			  offload->episodes_again);
	ck_assert_uint_le(count_ends(offload, "open"), 1);
	for (size_t i = 0; i < offload->listed_count; i++) {
		const struct episode *e = &offload->listed[i];

		check_episode(e);
		if (i > 0 && e[-1].at[EPISODE_AGAIN] != NEVER)
			ck_assert_uint_eq(e[-1].at[EPISODE_AGAIN],
					  e->at[EPISODE_LOST]);
		partial += e->records_partial;
		none += e->records_none;
	}
	ck_assert_uint_le(partial, offload->split.records_partial);
	ck_assert_uint_le(none, offload->split.records_none);
}

/* Every loss that the device tells of, and each context taken from a flow. */
START_TEST(test_offload_books_every_loss_is_an_episode)
{
	const struct results *results;
	uint64_t episodes = 0, lost = 0, dropped = 0;

	run_row(&rows[_i]);
	results = made.run.results;
	for (int d = 0; d < 2; d++) {
		check_episodes(&results->flows[0].direction[d].offload);
		dropped +=
		    count_dropped(&results->flows[0].direction[d].offload);
	}
	for (size_t h = 0; h < results->host_count; h++) {
		episodes += results->hosts[h].episodes;
		lost += counter(&results->hosts[h], "ctx_lost_sync");
	}
	ck_assert_msg(episodes == lost + dropped, "%s: %llu = %llu + %llu",
		      rows[_i].name, (unsigned long long)episodes,
		      (unsigned long long)lost, (unsigned long long)dropped);
}
END_TEST

/* --- a context made anew --- */

/* Every episode but one that the connection's end cuts off is over. */
static void
check_reinstalls(const struct results_offload *offload, const char *cause)
{
	uint64_t over = 0;

	for (size_t i = 0; i < offload->listed_count; i++) {
		const struct episode *e = &offload->listed[i];

		if (strcmp(e->cause, cause) != 0 ||
		    e->at[EPISODE_ANSWER] != NEVER)
			continue;
		if (e->at[EPISODE_FULL] == NEVER)
			continue;
		ck_assert_uint_ne(e->at[EPISODE_INSTALLED], NEVER);
		ck_assert_uint_gt(e->at[EPISODE_FULL],
				  e->at[EPISODE_INSTALLED]);
		over++;
	}
	ck_assert_uint_gt(over, 0);
	ck_assert_uint_eq(offload->episodes_closed + offload->episodes_again +
			      count_ends(offload, "open"),
			  offload->episodes);
}

START_TEST(test_offload_books_a_new_context_ends_the_episode)
{
	static const char *const causes[] = {"key update", "path change"};
	const struct row *row = &rows[_i == 0 ? 1 : 3];
	const struct results_offload *offload;

	run_row(row);
	offload = &session_run_flow(&made)->direction[_i == 0].offload;
	check_reinstalls(offload, causes[_i]);
	ck_assert_uint_eq(offload->episodes,
			  offload->rekeys + offload->path_changes);
	/* The last one may be cut off by the end. */
	ck_assert_uint_eq(offload->episodes_again, 0);
	ck_assert_uint_ge(offload->episodes_closed + 1, offload->episodes);
	ck_assert_str_eq(offload->state, "closed");
}
END_TEST

/* OpenSSL's KeyUpdates: nothing but the context is lost, six times and twice.
 */
START_TEST(test_offload_books_keyupdate_capture_has_no_open_episode)
{
	static const struct replay_setting settings[] = {
	    {"nic.tls", "on"},
	    {"nic.profile", "ideal"},
	    {"cost.firmware_command", "1us"},
	    {NULL, NULL}};
	static const uint64_t records[] = {19, 12}, episodes[] = {6, 2};
	struct capture_run run;
	int captures = expected_load();

	for (int i = 0; i < captures && expected_present(); i++) {
		const struct results_flow *flow;

		if (strcmp(expected_capture[i].name,
			   "v-ossl-tls13-keyupdate") != 0)
			continue;
		capture_run_replay(&run, &expected_capture[i], settings);
		flow = &run.replay.results->flows[0];
		for (int d = 0; d < 2; d++) {
			const struct results_offload *o =
			    &flow->direction[d].offload;

			ck_assert_uint_eq(o->split.records_full, records[d]);
			ck_assert_uint_eq(o->split.records_none, 0);
			ck_assert_uint_eq(o->episodes, episodes[d]);
			ck_assert_uint_eq(o->episodes_closed, episodes[d]);
			check_reinstalls(o, "key update");
			check_episodes(o);
		}
		capture_run_fini(&run);
		return;
	}
}
END_TEST

/* --- the timeline --- */

static uint64_t
count_phases(const struct results_offload *offload, const char *name)
{
	uint64_t count = 0;

	for (size_t i = 0; i < offload->phase_count; i++)
		count += strcmp(offload->phases[i].name, name) == 0;
	return count;
}

/* What a phase can follow; "" begins. */
static const char *const follows[][8] = {
    {"refused", "", "installing", "offloading", "searching", "tracking",
     "starting"},
    {"installing", "", "refused", "rekeying", "starting", "offloading",
     "searching", "tracking"},
    {"starting", "installing", "searching", "tracking"},
    {"offloading", "starting", "tracking"},
    {"searching", "starting", "offloading", "tracking"},
    {"tracking", "starting", "offloading", "searching"},
    {"rekeying", "installing", "starting", "offloading", "searching",
     "tracking"},
    {"closed", "installing", "starting", "offloading", "searching", "tracking",
     "rekeying"},
};

static bool
may_follow(const char *name, const char *before)
{
	for (int i = 0; i < ROWS(follows); i++) {
		if (strcmp(follows[i][0], name) != 0)
			continue;
		for (int k = 1; k < 8 && follows[i][k] != NULL; k++)
			if (strcmp(follows[i][k], before) == 0)
				return true;
	}
	return false;
}

static void
check_timeline(const struct results_offload *offload, const char *last)
{
	const char *before = "";
	sim_time at = offload->asked_ps;

	ck_assert_uint_eq(offload->phase_count > 0, offload->present);
	for (size_t i = 0; i < offload->phase_count; i++) {
		const struct phase *phase = &offload->phases[i];

		ck_assert_msg(may_follow(phase->name, before), "%s after %s",
			      phase->name, before);
		ck_assert_uint_ge(phase->at, at);
		before = phase->name;
		at = phase->at;
	}
	ck_assert_uint_eq(offload->phases[0].at, offload->asked_ps);
	ck_assert_uint_eq(offload->phases_left_out, 0);
	ck_assert_str_eq(before, last);
	ck_assert_uint_eq(count_phases(offload, "installing"),
			  offload->installs);
	ck_assert_uint_eq(count_phases(offload, "rekeying"), offload->rekeys);
}

START_TEST(test_offload_books_timeline_is_the_state)
{
	run_row(&rows[_i]);
	for (int d = 0; d < 2; d++) {
		const struct endpoint *ep = &made.run.sim->conn[0]->endpoint[d];
		const struct results_offload *offload =
		    &made.run.results->flows[0].direction[d].offload;

		check_timeline(offload, offload_phase_name(ep->offload));
		for (size_t i = 0; i < offload->phase_count; i++)
			if (offload->phases[i].at == offload->active_ps)
				ck_assert_str_eq(offload->phases[i].name,
						 "starting");
	}
}
END_TEST

START_TEST(test_offload_books_timeline_is_bounded)
{
	static const struct row bounded = {
	    .update_every = 3, .setting = {{"nic.tls_timeline", "5"}}};
	const struct results_offload *offload;

	run_row(&bounded);
	offload = &session_run_flow(&made)->direction[1].offload;
	ck_assert_uint_eq(offload->phase_count, 5);
	/* By update: rekeying, installing, starting, offloading. */
	ck_assert_uint_eq(offload->phases_left_out,
			  3 + 4 * offload->rekeys + 1 - 5);
	ck_assert_str_eq(offload->phases[0].name, "installing");
	ck_assert_str_eq(offload->phases[4].name, "installing");
	ck_assert_str_eq(offload->phases[4].cause, "key update");
}
END_TEST

/* --- /proc/net/tls_stat --- */

/* Opened = current + closed, each either the device's or software's. */
START_TEST(test_offload_books_sessions_are_conserved)
{
	const struct ktlsim *sim;

	run_row(&rows[_i]);
	sim = made.run.sim;
	for (unsigned h = 0; h < sim->host_count; h++) {
		const struct results_host *host = &made.run.results->hosts[h];
		uint64_t device = counter(host, "TlsRxDevice");
		uint64_t sw = counter(host, "TlsRxSw");
		uint64_t device_now = counter(host, "TlsCurrRxDevice");
		uint64_t sw_now = counter(host, "TlsCurrRxSw");
		uint64_t opened = 0, closed = 0, refused = 0;

		for (int d = 0; d < 2; d++) {
			const struct endpoint *ep = &sim->conn[0]->endpoint[d];

			if (ep->host != &sim->host[h] || !ep->keyed)
				continue;
			opened++;
			closed += ep->reader.mode == READER_CLOSED;
			refused += strcmp(ep->offload->phases.kept[0].name,
					  "refused") == 0;
		}
		ck_assert_uint_eq(device + sw, opened);
		ck_assert_uint_eq(sw, refused);
		ck_assert_uint_eq(device_now + sw_now + closed, opened);
		ck_assert(device_now <= device && sw_now <= sw);
	}
}
END_TEST

static const struct session_row {
	int row;
	uint64_t device, sw, device_now, sw_now; /* of both hosts */
} session_rows[] = {
    {0, 2, 0, 0, 0},  {1, 2, 0, 0, 0},	{3, 2, 0, 0, 0},  {10, 2, 0, 2, 0},
    {11, 0, 2, 0, 0}, {12, 0, 2, 0, 2}, {13, 0, 2, 0, 0}, {15, 2, 0, 0, 0},
};

/* However often a context is made anew, it is one session. */
START_TEST(test_offload_books_sessions_in_figures)
{
	static const char *const names[] = {"TlsRxDevice", "TlsRxSw",
					    "TlsCurrRxDevice", "TlsCurrRxSw"};
	const struct session_row *row = &session_rows[_i];
	const uint64_t wanted[] = {row->device, row->sw, row->device_now,
				   row->sw_now};

	run_row(&rows[row->row]);
	for (int i = 0; i < ROWS(names); i++) {
		uint64_t sum = 0;

		for (size_t h = 0; h < made.run.results->host_count; h++)
			sum += counter(&made.run.results->hosts[h], names[i]);
		ck_assert_msg(sum == wanted[i], "%s: %s is %llu",
			      rows[row->row].name, names[i],
			      (unsigned long long)sum);
	}
}
END_TEST

START_TEST(test_offload_books_flows_without_a_context_say_why)
{
	run_row(&rows[11]);
	for (size_t h = 0; h < 2; h++) {
		const struct results_host *host = &made.run.results->hosts[h];

		ck_assert_uint_eq(host->tls_contexts, 0);
		ck_assert_uint_eq(host->refusal_count, 1);
		ck_assert_uint_eq(host->refusals[0].flows, 1);
		ck_assert_str_eq(host->refusals[0].reason, "no TLS 1.3");
	}
}
END_TEST

/*
 * Copies and late packets come when a socket is closed, and then a new path is
 * due: only who is open is offered a context that others have left.
 */
START_TEST(test_offload_books_a_closed_socket_gets_no_context)
{
	static const struct sim_key keys[] = {
	    {"synthetic.flows", "20"},
	    {"synthetic.stagger", "1ms"},
	    {"synthetic.bytes", "256KiB"},
	    {"crypto.mode", "model"},
	    {"host.cpus", "2"},
	    {"nic.tls", "on"},
	    {"nic.profile", "ideal"},
	    {"nic.tls_contexts", "2"},
	    {"nic.tls_path_change_every", "1ms"},
	    {"link.reorder", "0.6"},
	    {"link.reorder_delay", "20ms"},
	    {"link.duplicate", "0.6"},
	    {"cost.firmware_command", "0"},
	    {NULL, NULL}};
	struct window_run run;

	window_run(&run, keys);
	ck_assert_uint_gt(window_run_counter(&run, "rx_tls_ctx"), 2);
	ck_assert_uint_eq(window_run_counter(&run, "rx_tls_ctx"),
			  window_run_counter(&run, "rx_tls_del"));
	window_run_fini(&run);
}
END_TEST

/*
 * Linux names the record behind the one whose header has come: while records
 * come back to back that is early enough, if it is told with the header and not
 * when the record is whole.
 */
START_TEST(test_offload_books_hints_overtake_bulk_traffic)
{
	static const struct sim_key keys[] = {{"synthetic.flows", "4"},
					      {"synthetic.bytes", "4MiB"},
					      {"synthetic.stagger", "20us"},
					      {"crypto.mode", "model"},
					      {"host.cpus", "4"},
					      {"link.rate", "10Gbps"},
					      {"link.loss", "0.003"},
					      {"nic.tls", "on"},
					      {"nic.profile", "ideal"},
					      {"nic.resync", "linux-hint"},
					      {"cost.firmware_command", "0"},
					      {NULL, NULL}};
	const struct results_host *host;
	struct window_run run;

	window_run(&run, keys);
	host = &run.results->hosts[0];
	ck_assert_uint_gt(host->episodes_closed, 4);
	ck_assert_uint_gt(2 * host->split.records_full, run.records);
	window_run_fini(&run);
}
END_TEST

Suite *
offload_books_suite(void)
{
	const struct suite_test tests[] = {
	    {"late", test_offload_books_a_closed_socket_gets_no_context, 0},
	    {"hints", test_offload_books_hints_overtake_bulk_traffic, 0},
	    {"every_loss", test_offload_books_every_loss_is_an_episode,
	     ROWS(rows)},
	    {"new_context", test_offload_books_a_new_context_ends_the_episode,
	     2},
	    {"capture",
	     test_offload_books_keyupdate_capture_has_no_open_episode, 0},
	    {"timeline", test_offload_books_timeline_is_the_state, ROWS(rows)},
	    {"bounded", test_offload_books_timeline_is_bounded, 0},
	    {"sessions", test_offload_books_sessions_are_conserved, ROWS(rows)},
	    {"figures", test_offload_books_sessions_in_figures,
	     ROWS(session_rows)},
	    {"refused", test_offload_books_flows_without_a_context_say_why, 0},
	};

	return suite_create_table("offload_books", tests, (size_t)ROWS(tests),
				  setup, teardown, 0);
}
