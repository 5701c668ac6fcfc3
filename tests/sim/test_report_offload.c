/*
 * test_report_offload.c - what the report for people says of inline TLS.
 *
 * From the made-up results of made_results.c, bent where a line depends on it.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/report.h"
#include "sim/results.h"
#include "tests/support/made_results.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *report_offload_suite(void);

static struct config config;
static struct results results;

static void
setup(void)
{
	config_init(&config);
	made_results_init(&results, &config);
}

static void
teardown(void)
{
	results_fini(&results);
}

/* What open_memstream writes to. */
static char *printed;
static size_t printed_len;

/* The caller frees. */
static char *
text_of(int verbose)
{
	FILE *out = open_memstream(&printed, &printed_len);

	ck_assert_ptr_nonnull(out);
	report_text(out, &results, verbose);
	fclose(out);
	return printed;
}

static size_t
count_of(const char *text, const char *part)
{
	size_t count = 0;

	while ((text = strstr(text, part)) != NULL) {
		count++;
		text += strlen(part);
	}
	return count;
}

/* Only -v tells of single flows; what is left out is counted. */
START_TEST(test_report_offload_tells_what_a_nic_did_of_a_flow)
{
	static const char *const lines[] = {
	    "       NIC: active, 6 installs, first whole record 4.00 us after "
	    "the "
	    "connect\n",
	    "         by both (mixed)                 11   33.33 %             "
	    "   "
	    "140 bytes\n",
	    "         Sync was lost in 4 episodes: 1 over (mean 16.5 ns, "
	    "longest "
	    "17.0 ns); 2\n"
	    "         lost again before that; 1 open at the end.\n",
	    "                 0.002000 ms  installing\n",
	    "           9007199.254740 ms  searching   header lost\n",
	    "         ... and 1,234 more changes\n",
	};
	char *brief = text_of(0);
	char *verbose = text_of(1);

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_msg(strstr(verbose, lines[i]) != NULL, "%s",
			      lines[i]);
		ck_assert_msg(strstr(brief, lines[i]) == NULL, "%s", lines[i]);
	}
	free(brief);
	free(verbose);
}
END_TEST

/* A flow that was refused lost nothing; a long timeline is cut. */
START_TEST(test_report_offload_of_a_flow_says_why_there_is_no_context)
{
	struct results_offload *offload =
	    &results.flows[1].direction[1].offload;
	char *text;

	offload->installs = 0;
	offload->episodes = 0;
	offload->first_full_ps = SIM_TIME_NEVER;
	offload->state = "refused";
	offload->reason = "no TLS 1.2";
	free(offload->phases);
	offload->phase_count = 40;
	offload->phases = calloc(40, sizeof(*offload->phases));
	ck_assert_ptr_nonnull(offload->phases);
	for (size_t i = 0; i < 40; i++)
		offload->phases[i].name = "refused";
	text = text_of(1);
	ck_assert_ptr_nonnull(
	    strstr(text, "NIC: refused: no TLS 1.2, 0 installs, no record "
			 "decrypted as a whole\n"));
	ck_assert_uint_eq(count_of(text, "ms  refused\n"), 32);
	ck_assert_ptr_nonnull(strstr(text, "... and 1,242 more changes\n"));
	ck_assert_ptr_null(strstr(text, "Sync was never lost"));
	free(text);
}
END_TEST

/* Losses by how they ended; none where no flow had a context. */
static const struct losses_row {
	uint64_t contexts, episodes, closed, again;
	const char *says;
} losses_rows[] = {
    {1, 0, 0, 0, "  Sync was never lost.\n"},
    {1, 1, 0, 0, "  Sync was lost in 1 episode: 0 over; 1 open at the end.\n"},
    {1, 1, 1, 0,
     "  Sync was lost in 1 episode: 1 over (mean 1.50 us, longest 2.00 us).\n"},
    {1, 3, 2, 1,
     "  Sync was lost in 3 episodes: 2 over (mean 1.50 us, longest 2.00 us); "
     "1 lost\n  again before that.\n"},
    {0, 0, 0, 0, NULL},
};

START_TEST(test_report_offload_counts_losses_by_their_end)
{
	const struct losses_row *row = &losses_rows[_i];
	struct results_host *host = &results.hosts[0];
	char *text;

	host->tls_contexts = row->contexts;
	host->episodes = row->episodes;
	host->episodes_closed = row->closed;
	host->episodes_again = row->again;
	text = text_of(0);
	if (row->says != NULL)
		ck_assert_msg(strstr(text, row->says) != NULL, "%s", row->says);
	else
		ck_assert_ptr_null(strstr(text, "Sync was"));
	ck_assert_ptr_nonnull(
	    strstr(text, "  1 flow without a context: no TLS 1.3.\n"));
	free(text);
}
END_TEST

Suite *
report_offload_suite(void)
{
	const struct suite_test tests[] = {
	    {"flow", test_report_offload_tells_what_a_nic_did_of_a_flow, 0},
	    {"refused",
	     test_report_offload_of_a_flow_says_why_there_is_no_context, 0},
	    {"losses", test_report_offload_counts_losses_by_their_end,
	     ROWS(losses_rows)},
	};

	return suite_create_table("report_offload", tests, (size_t)ROWS(tests),
				  setup, teardown, 0);
}
