/*
 * test_captures.c - real captures: packets per flow and sides against tshark's.
 *
 * The captures lie in the folder that KTLSIM_CAPTURES names; without it these
 * tests say that they were skipped.  Each row of expected.csv holds a stream's
 * number in its file, its endpoints and its packets, as tshark counted them:
 * stream numbers and flow ids both follow the first segments.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/suite_table.h"
#include "traces/flow.h"
#include "traces/ipfrag.h"
#include "traces/trace_pcap.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum {
	FLOWS_MAX = 256,
	COLUMNS = 18,
	COLUMN_NAME = 0,
	COLUMN_SET = 1,
	COLUMN_STREAM = 2,
	COLUMN_CLIENT = 3,
	COLUMN_SERVER = 4,
	COLUMN_PACKETS = 16,
};

Suite *captures_suite(void);

/* What a capture held. */
static struct {
	int opened;
	int ended;
	uint64_t frames;
	uint64_t malformed;
	uint64_t cut;
	uint64_t wrong_sums;
	uint64_t secrets_len;
	char status[16];
	uint32_t flows;
	const struct flow *flow[FLOWS_MAX];
	uint64_t packets[FLOWS_MAX];
} got;

static struct flow_table *table;
static struct ipfrag *ipfrag;

static void
setup(void)
{
	memset(&got, 0, sizeof(got));
	table = flow_table_create();
	ipfrag = ipfrag_create();
	ck_assert_ptr_nonnull(table);
	ck_assert_ptr_nonnull(ipfrag);
}

static void
teardown(void)
{
	flow_table_destroy(table);
	ipfrag_destroy(ipfrag);
}

static void
count_segment(const struct frame *frame)
{
	struct flow_match match;

	ck_assert_int_eq(flow_lookup(table, frame, &match), 0);
	if (frame->checksum == FRAME_SUM_WRONG)
		got.wrong_sums++;
	ck_assert_uint_lt(match.flow->id, FLOWS_MAX);
	got.flow[match.flow->id] = match.flow;
	got.packets[match.flow->id]++;
}

static void
count_fragment(const struct frame_fragment *fragment)
{
	uint32_t len;
	const uint8_t *segment = ipfrag_add(ipfrag, fragment, &len);
	struct frame frame;

	if (segment == NULL)
		return;
	ck_assert_int_eq(frame_parse_tcp(fragment, segment, len, true, &frame),
			 FRAME_TCP);
	count_segment(&frame);
}

static void
count_frame(const struct trace_frame *captured)
{
	struct frame_fragment fragment;
	struct frame frame;

	got.frames++;
	switch (frame_parse(captured, true, &frame, &fragment)) {
	case FRAME_TCP:
		count_segment(&frame);
		break;
	case FRAME_FRAGMENT:
		count_fragment(&fragment);
		break;
	case FRAME_CUT:
		got.cut++;
		break;
	case FRAME_MALFORMED:
		got.malformed++;
		break;
	case FRAME_NOT_IP:
	case FRAME_NOT_TCP:
		break;
	}
}

static void
read_capture(const char *path)
{
	static const struct trace_pcap_options options = {
	    .max_gap_ps = UINT64_C(86400000000000000),
	    .speed_ppm = 1000000,
	};
	struct trace_frame captured;
	struct trace_source *source;
	struct trace_error error;
	struct trace_pcap *trace;

	got.opened = trace_pcap_open(&trace, path, &options, &error);
	if (got.opened != 0)
		return;
	source = trace_pcap_source(trace);
	while ((got.ended = source->ops->next(source, &captured)) == 1)
		count_frame(&captured);
	trace_pcap_secrets(trace, &got.secrets_len);
	strcpy(got.status, trace_pcap_status(trace));
	got.flows = flow_count(table);
	source->ops->close(source);
}

/* Split a line of expected.csv, which has no quotes, in place. */
static void
columns_split(char *line, char *columns[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++) {
		columns[i] = line;
		line += strcspn(line, ",\n");
		if (*line != '\0')
			*line++ = '\0';
	}
}

static void
check_row(const char *folder, char *columns[COLUMNS])
{
	static char path_before[1024];
	char path[1024], client[64], server[64];
	unsigned stream = (unsigned)atoi(columns[COLUMN_STREAM]);

	snprintf(path, sizeof(path), "%s/%s/%s/capture.pcap", folder,
		 columns[COLUMN_SET], columns[COLUMN_NAME]);
	if (access(path, R_OK) != 0)
		strcat(path, "ng");
	if (strcmp(path, path_before) != 0) {
		teardown();
		setup();
		read_capture(path);
		strcpy(path_before, path);
	}
	ck_assert_msg(got.opened == 0 && got.ended == 0, "%s", path);
	ck_assert_msg(stream < got.flows, "%s: no flow %u", path, stream);
	ck_assert_msg(
	    got.packets[stream] == (uint64_t)atoi(columns[COLUMN_PACKETS]),
	    "%s: flow %u has %llu packets, not %s", path, stream,
	    (unsigned long long)got.packets[stream], columns[COLUMN_PACKETS]);
	flow_endpoint_text(&got.flow[stream]->client, client);
	flow_endpoint_text(&got.flow[stream]->server, server);
	ck_assert_msg(strcmp(client, columns[COLUMN_CLIENT]) == 0 &&
			  strcmp(server, columns[COLUMN_SERVER]) == 0,
		      "%s: flow %u is %s to %s", path, stream, client, server);
}

START_TEST(test_captures_have_the_flows_that_tshark_found)
{
	const char *folder = getenv("KTLSIM_CAPTURES");
	char path[1024], line[4096];
	char *columns[COLUMNS];
	FILE *expected;
	int rows = 0;

	if (folder == NULL) {
		fprintf(stderr, "skipped: captures (KTLSIM_CAPTURES unset)\n");
		return;
	}
	snprintf(path, sizeof(path), "%s/expected.csv", folder);
	expected = fopen(path, "r");
	ck_assert_msg(expected != NULL, "%s", path);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), expected));
	while (fgets(line, sizeof(line), expected) != NULL) {
		columns_split(line, columns);
		check_row(folder, columns);
		rows++;
	}
	fclose(expected);
	ck_assert_int_ge(rows, 200);
}
END_TEST

/* Files of the folders hostile and variants, and what they hold. */
struct file_row {
	const char *name;
	bool opens;
	const char *status;
	uint64_t frames;
	uint64_t packets; /* of flow 0 */
	uint64_t malformed;
	uint64_t wrong_sums;
	uint64_t secrets_len;
};

static const struct file_row file_rows[] = {
    {"hostile/base12.pcap", true, "ok", 118, 118, 0, 0, 0},
    {"hostile/base13.pcap", true, "ok", 45, 45, 0, 0, 0},
    {"hostile/f01-empty.pcap", false, "", 0, 0, 0, 0, 0},
    {"hostile/f03-hdr-only.pcap", true, "ok", 0, 0, 0, 0, 0},
    {"hostile/f05-pkthdr-trunc.pcap", true, "truncated", 1, 1, 0, 0, 0},
    {"hostile/f07-caplen-gt-len.pcap", true, "ok", 45, 45, 0, 0, 0},
    {"hostile/f11-ts-usec-bad.pcap", true, "ok", 45, 45, 0, 0, 0},
    {"hostile/f13-linktype-80211.pcap", false, "", 0, 0, 0, 0, 0},
    {"hostile/f18-zero-caplen-pkts.pcap", true, "ok", 45, 0, 0, 0, 0},
    {"hostile/n01-ok-dsb-first.pcapng", true, "ok", 45, 45, 0, 0, 992},
    {"hostile/n03-blocklen-0.pcapng", true, "damaged", 0, 0, 0, 0, 0},
    {"hostile/n06-trailer-mismatch.pcapng", true, "damaged", 44, 44, 0, 0, 992},
    {"hostile/n08-epb-bad-ifid.pcapng", true, "damaged", 0, 0, 0, 0, 0},
    {"hostile/n11-dsb-len-gt-block.pcapng", true, "damaged", 45, 45, 0, 0, 0},
    {"hostile/n13-unknown-blocks.pcapng", true, "ok", 45, 45, 0, 0, 992},
    {"hostile/n16-trunc.pcapng", true, "truncated", 23, 23, 0, 0, 992},
    {"hostile/n18-two-sections-mixed-endian.pcapng", true, "damaged", 12, 12, 0,
     0, 992},
    {"hostile/t01-tcp-doff-0.pcap", true, "ok", 45, 44, 1, 0, 0},
    {"hostile/t05-ip-totlen-big.pcap", true, "ok", 45, 44, 1, 0, 0},
    {"hostile/t08-eth-trailer.pcap", true, "ok", 45, 45, 0, 0, 0},
    {"hostile/t10-conflicting-retransmit.pcap", true, "ok", 46, 46, 0, 0, 0},
    {"hostile/t12-missing-segment.pcap", true, "ok", 44, 44, 0, 0, 0},
    {"hostile/t14-no-syn.pcap", true, "ok", 42, 42, 0, 0, 0},
    {"hostile/t17-shuffled4.pcap", true, "ok", 45, 45, 0, 0, 0},
    {"hostile/t20-bad-checksum.pcap", true, "ok", 45, 45, 0, 1, 0},
    {"hostile/r01-record-len-65535.pcap", true, "ok", 45, 45, 0, 0, 0},
    {"variants/be-nano.pcap", true, "ok", 45, 45, 0, 0, 0},
    {"variants/dsb-editcap.pcapng", true, "ok", 118, 118, 0, 0, 230},
    {"variants/eth-vlan.pcap", true, "ok", 45, 45, 0, 0, 0},
    {"variants/ip-frag576-reversed.pcap", true, "ok", 97, 45, 0, 0, 0},
    {"variants/ip-options.pcap", true, "ok", 45, 45, 0, 0, 0},
    {"variants/ipv6-hopopt-dstopt.pcap", true, "ok", 45, 45, 0, 0, 0},
    {"variants/null-le.pcap", true, "ok", 45, 45, 0, 0, 0},
    {"variants/ppp.pcap", true, "ok", 45, 45, 0, 0, 0},
    {"variants/raw-ip.pcap", true, "ok", 45, 45, 0, 0, 0},
};

START_TEST(test_captures_hostile_and_variant_files_give_what_they_hold)
{
	const struct file_row *row = &file_rows[_i];
	const char *folder = getenv("KTLSIM_CAPTURES");
	char path[1024];

	if (folder == NULL)
		return;
	snprintf(path, sizeof(path), "%s/%s", folder, row->name);
	read_capture(path);
	ck_assert_int_eq(got.opened == 0, row->opens);
	ck_assert_str_eq(got.status, row->status);
	if (row->opens)
		ck_assert_int_eq(got.ended,
				 strcmp(row->status, "ok") == 0 ? 0 : -1);
	ck_assert_uint_eq(got.frames, row->frames);
	ck_assert_uint_eq(got.packets[0], row->packets);
	ck_assert_uint_eq(got.malformed, row->malformed);
	ck_assert_uint_eq(got.wrong_sums, row->wrong_sums);
	ck_assert_uint_eq(got.secrets_len, row->secrets_len);
	ck_assert_uint_eq(got.flows, row->packets > 0 ? 1 : 0);
}
END_TEST

Suite *
captures_suite(void)
{
	const struct suite_test tests[] = {
	    {"have_the_flows_that_tshark_found",
	     test_captures_have_the_flows_that_tshark_found, 0},
	    {"hostile_and_variant_files_give_what_they_hold",
	     test_captures_hostile_and_variant_files_give_what_they_hold,
	     ROWS(file_rows)},
	};

	return suite_create_table("captures", tests,
				  sizeof(tests) / sizeof(tests[0]), setup,
				  teardown, 60);
}
