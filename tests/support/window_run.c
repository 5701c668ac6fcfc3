/*
 * window_run.c - modelled senders through the library, and what a NIC made of
 * each of their packets, for the tests.
 *
 * A packet's place in its stream follows from the lowest sequence number that
 * its flow has sent; the comment in the capture says how it was marked.
 */
#include "tests/support/window_run.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/config.h"
#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "sim/run.h"
#include "tests/support/pcapng_read.h"
#include "traces/frame.h"

/* The bytes of a flow come in order, and are those of the pattern. */
static void
check_data(void *arg, uint32_t flow, enum ktlsim_direction direction,
	   const uint8_t *bytes, size_t len)
{
	struct window_run *run = arg;

	if (flow >= WINDOW_RUN_FLOWS || direction != KTLSIM_CLIENT_TO_SERVER)
		ck_abort_msg("bytes of flow %" PRIu32, flow);
	for (size_t i = 0; i < len; i++) {
		uint64_t at = run->received[flow]++;
		uint64_t word =
		    (at / 8 + 1) * UINT64_C(0x9e3779b97f4a7c15) + flow;

		if (run->sim->config.crypto_mode == CRYPTO_REAL &&
		    bytes[i] != (uint8_t)(word >> (at % 8 * 8)))
			ck_abort_msg("flow %" PRIu32 ": byte %" PRIu64
				     " is not the one that was sent",
				     flow, at);
	}
}

static void
keep_record(void *arg, const struct ktlsim_record *record)
{
	struct window_run *run = arg;

	if (run->records == run->record_slots) {
		run->record_slots =
		    run->records == 0 ? 256 : 2 * run->record_slots;
		run->record = realloc(run->record,
				      run->record_slots * sizeof(*run->record));
		ck_assert_ptr_nonnull(run->record);
	}
	run->record[run->records++] = *record;
}

static void
create(struct window_run *run, const struct sim_key *keys)
{
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim_error error = {0};

	memset(run, 0, sizeof(*run));
	ck_assert_ptr_nonnull(config);
	ck_assert_int_eq(
	    ktlsim_config_set(config, "traffic.source", "window", &error), 0);
	for (; keys->key != NULL; keys++)
		ck_assert_msg(ktlsim_config_set(config, keys->key, keys->value,
						&error) == 0,
			      "%s", error.text);
	ck_assert_msg(ktlsim_create(&run->sim, config, &error) == 0, "%s",
		      error.text);
	ktlsim_config_destroy(config);
	ktlsim_on_data(run->sim, check_data, run);
	ktlsim_on_deliver(run->sim, keep_record, run);
}

static void
finish(struct window_run *run)
{
	struct ktlsim_error error = {0};

	ck_assert_int_eq(ktlsim_run_until(run->sim, KTLSIM_NEVER), 0);
	ck_assert_msg(ktlsim_finish(run->sim, &error) == 0, "%s", error.text);
	run->results = ktlsim_results(run->sim);
}

void
window_run(struct window_run *run, const struct sim_key *keys)
{
	create(run, keys);
	finish(run);
}

/* --- packets --------------------------------------------------------------
 */

/* Where the flows' streams begin, as far as the packets so far tell. */
struct beginnings {
	bool known[WINDOW_RUN_FLOWS];
	uint32_t seq[WINDOW_RUN_FLOWS];
};

/* Flow, sequence number in `offset`, length. */
static void
parse_packet(const struct pcapng_read_packet *from, struct window_packet *to)
{
	const struct trace_frame captured = {
	    .data = from->data,
	    .captured_len = from->captured_len,
	    .wire_len = from->wire_len,
	    .link = TRACE_LINK_ETHERNET,
	};
	struct frame_fragment fragment;
	struct frame frame;

	if (frame_parse(&captured, false, &frame, &fragment) != FRAME_TCP ||
	    sscanf(from->comment, "flow %" SCNu32, &to->flow) != 1 ||
	    to->flow >= WINDOW_RUN_FLOWS)
		ck_abort_msg("a packet of no flow: %s", from->comment);
	to->offset = frame.th_seq;
	to->len = frame.payload_len;
	to->marked = strstr(from->comment, "; DECRYPTED (") != NULL;
}

static void
note_beginning(struct beginnings *begin, const struct window_packet *packet)
{
	uint32_t *seq = &begin->seq[packet->flow];

	if (!begin->known[packet->flow] || (int32_t)(packet->offset - *seq) < 0)
		*seq = packet->offset;
	begin->known[packet->flow] = true;
}

/* Those that were lost count for the beginnings alone. */
static void
keep_packets(struct window_run *run, const struct pcapng_read *file)
{
	struct beginnings begin = {0};

	run->packet = calloc(file->count + 1, sizeof(*run->packet));
	ck_assert_ptr_nonnull(run->packet);
	for (size_t i = 0; i < file->count; i++) {
		struct window_packet *packet = &run->packet[run->packets];

		parse_packet(&file->packet[i], packet);
		note_beginning(&begin, packet);
		run->packets +=
		    strstr(file->packet[i].comment, "; dropped: ") == NULL;
	}
	for (size_t i = 0; i < run->packets; i++)
		run->packet[i].offset -= begin.seq[run->packet[i].flow];
}

void
window_run_seen(struct window_run *run, const struct sim_key *keys)
{
	char path[] = "/tmp/ktlsim-test-XXXXXX";
	int fd = mkstemp(path);
	struct pcapng_read file;
	FILE *out;

	ck_assert_int_ge(fd, 0);
	out = fdopen(fd, "wb");
	ck_assert_ptr_nonnull(out);
	create(run, keys);
	ck_assert_int_eq(ktlsim_annotate_to(run->sim, out), 0);
	finish(run);
	ck_assert_int_eq(fclose(out), 0);
	pcapng_read_load(&file, path);
	unlink(path);
	keep_packets(run, &file);
	pcapng_read_fini(&file);
}

void
window_run_fini(struct window_run *run)
{
	ktlsim_destroy(run->sim);
	free(run->record);
	free(run->packet);
	memset(run, 0, sizeof(*run));
}

uint64_t
window_run_counter(const struct window_run *run, const char *name)
{
	const struct results_host *host = &run->results->hosts[0];

	for (size_t i = 0; i < host->counter_count; i++)
		if (strcmp(host->counters[i].name, name) == 0)
			return host->counters[i].value;
	ck_abort_msg("there is no counter %s", name);
	return 0;
}
