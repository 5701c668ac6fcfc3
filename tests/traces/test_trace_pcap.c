/*
 * test_trace_pcap.c - frames, times and failures of capture files.
 *
 * Files are made by tests/support/pcap_file.c; what an opened trace gives is
 * gathered into `got` and compared with literal values.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/pcap_file.h"
#include "tests/support/suite_table.h"
#include "traces/frame.h"
#include "traces/trace_pcap.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum { FRAMES_MAX = 64 };

Suite *trace_pcap_suite(void);

/* All that a trace gave. */
static struct {
	int opened;
	int ended; /* what next() answered last */
	unsigned frames;
	uint64_t time_ps[FRAMES_MAX];
	uint32_t payload_len[FRAMES_MAX];
	enum trace_link link;
	struct trace_error error;   /* of open */
	struct trace_error failure; /* of next */
	struct trace_pcap_stats stats;
	char status[16];
	char secrets[256];
} got;

static struct pcap_file file;
static struct trace_pcap_options options;

static void
setup(void)
{
	memset(&got, 0, sizeof(got));
	options = (struct trace_pcap_options){.speed_ppm = 1000000};
}

static void
teardown(void)
{
	pcap_file_remove(&file);
}

static void
frames_collect(struct trace_source *source)
{
	struct trace_frame captured;
	struct frame_fragment fragment;
	struct frame frame;
	uint64_t due = source->ops->next_time(source);

	while ((got.ended = source->ops->next(source, &captured)) == 1) {
		ck_assert_uint_lt(got.frames, FRAMES_MAX);
		ck_assert_uint_eq(captured.time_ps, due);
		ck_assert_int_eq(
		    frame_parse(&captured, true, &frame, &fragment), FRAME_TCP);
		ck_assert_int_ne(frame.checksum, FRAME_SUM_WRONG);
		got.time_ps[got.frames] = captured.time_ps;
		got.payload_len[got.frames] = frame.payload_len;
		got.link = captured.link;
		got.frames++;
		source->ops->feedback(source, 0, 0, 0, 0, 0);
		due = source->ops->next_time(source);
		ck_assert_uint_ge(due, captured.time_ps);
	}
	ck_assert_uint_eq(due, UINT64_MAX);
}

/* Open the path, take all frames, close. */
static void
read_path(const char *path)
{
	struct trace_pcap *trace;
	struct trace_source *source;
	uint64_t len;

	got.opened = trace_pcap_open(&trace, path, &options, &got.error);
	ck_assert_int_eq(got.opened, got.error.code);
	if (got.opened != 0) {
		ck_assert_ptr_null(trace);
		return;
	}
	source = trace_pcap_source(trace);
	frames_collect(source);
	trace_pcap_read_stats(trace, &got.stats);
	if (trace_pcap_failure(trace) != NULL)
		got.failure = *trace_pcap_failure(trace);
	strcpy(got.status, trace_pcap_status(trace));
	ck_assert_uint_lt(strlen(trace_pcap_secrets(trace, &len)),
			  sizeof(got.secrets));
	strcpy(got.secrets, trace_pcap_secrets(trace, &len));
	ck_assert_uint_eq(len, strlen(got.secrets));
	source->ops->close(source);
	ck_assert_uint_eq(got.stats.frames, got.frames);
}

static void
read_file(void)
{
	if (file.stream != NULL)
		pcap_file_end(&file);
	read_path(file.path);
}

/* The frames are told apart by their payload's length. */
static void
add(uint32_t payload_len, uint64_t time_ns)
{
	struct packet packet;

	packet_init(&packet);
	packet.payload_len = payload_len;
	pcap_file_add_packet(&file, &packet, time_ns);
}

static void
begin(bool nanoseconds, bool big_endian)
{
	struct pcap_file_format format = {
	    .nanoseconds = nanoseconds,
	    .big_endian = big_endian,
	    .link = 1,
	};

	pcap_file_begin(&file, &format);
}

#define SEC   UINT64_C(1000000000)
#define EPOCH (UINT64_C(1700000000) * SEC)

/* Three frames, the second 1 us, the third 2.000001001 s after the first. */
static void
add_three(void)
{
	add(10, EPOCH + 999999999);
	add(20, EPOCH + 1000000999);
	add(30, EPOCH + 2999999999 + 1001);
}

static void
assert_three(bool nanoseconds)
{
	ck_assert_int_eq(got.opened, 0);
	ck_assert_int_eq(got.ended, 0);
	ck_assert_uint_eq(got.frames, 3);
	ck_assert_uint_eq(got.payload_len[0], 10);
	ck_assert_uint_eq(got.payload_len[1], 20);
	ck_assert_uint_eq(got.payload_len[2], 30);
	ck_assert_uint_eq(got.time_ps[0], 0);
	ck_assert_uint_eq(got.time_ps[1], 1000000);
	ck_assert_uint_eq(got.time_ps[2],
			  nanoseconds ? 2000001001000 : 2000002000000);
	ck_assert_str_eq(got.status, "ok");
	ck_assert_int_eq(got.failure.code, 0);
	ck_assert_uint_eq(got.stats.file_offset, got.stats.file_bytes);
}

START_TEST(test_trace_pcap_reads_pcap_of_either_precision_and_byte_order)
{
	bool nanoseconds = (_i & 1) != 0;

	begin(nanoseconds, (_i & 2) != 0);
	add_three();
	pcap_file_end(&file);
	if ((_i & 4) != 0)
		pcap_file_compress(&file);
	read_file();
	assert_three(nanoseconds);
	ck_assert_uint_eq(got.stats.bytes, 3 * 54 + 60);
	ck_assert_uint_eq(got.stats.snaplen, 0);
	ck_assert_str_eq(got.secrets, "");
}
END_TEST

START_TEST(test_trace_pcap_reads_pcapng_with_secrets_behind_the_packets)
{
	pcapng_file_begin(&file, (_i & 1) != 0);
	pcapng_file_interface(&file, 1, 0, "eth0");
	pcapng_file_interface(&file, 1, 0, "eth1");
	pcapng_file_secrets(&file, "A 1\n");
	add_three();
	pcapng_file_secrets(&file, "B 2\n");
	pcap_file_end(&file);
	if ((_i & 2) != 0)
		pcap_file_compress(&file);
	read_file();
	assert_three(true);
	ck_assert_str_eq(got.secrets, "A 1\nB 2\n");
}
END_TEST

START_TEST(test_trace_pcap_reads_simple_packet_blocks)
{
	uint8_t bytes[1024];
	struct packet packet;

	packet_init(&packet);
	packet.payload_len = 100;
	pcapng_file_begin(&file, false);
	pcapng_file_interface(&file, 1, 0, NULL);
	for (int i = 0; i < 3; i++)
		pcapng_file_simple(&file, bytes,
				   packet_build(&packet, bytes, sizeof(bytes)));
	read_file();
	ck_assert_int_eq(got.ended, 0);
	ck_assert_uint_eq(got.frames, 3);
	ck_assert_uint_eq(got.time_ps[2], 0);
	ck_assert_uint_eq(got.payload_len[2], 100);
}
END_TEST

static const enum trace_link link_rows[] = {
    TRACE_LINK_NULL,   TRACE_LINK_ETHERNET, TRACE_LINK_PPP,  TRACE_LINK_RAW_12,
    TRACE_LINK_RAW_14, TRACE_LINK_RAW,	    TRACE_LINK_LOOP, TRACE_LINK_SLL,
    TRACE_LINK_SLL2,   TRACE_LINK_IPV4,
};

START_TEST(test_trace_pcap_reads_every_link_type)
{
	struct pcap_file_format format = {.link = link_rows[_i]};
	struct packet packet;

	packet_init(&packet);
	packet.link = link_rows[_i];
	pcap_file_begin(&file, &format);
	pcap_file_add_packet(&file, &packet, EPOCH);
	read_file();
	ck_assert_int_eq(got.opened, 0);
	ck_assert_uint_eq(got.frames, 1);
}
END_TEST

START_TEST(test_trace_pcap_refuses_other_link_types_by_name)
{
	struct pcap_file_format format = {.link = 105};

	pcap_file_begin(&file, &format);
	read_file();
	ck_assert_int_eq(got.opened, ENOTSUP);
	ck_assert_ptr_nonnull(strstr(got.error.text, "link type 105"));
	ck_assert_ptr_nonnull(strstr(got.error.text, "IEEE802_11"));
	ck_assert_ptr_nonnull(strstr(got.error.text, file.path));
}
END_TEST

/* libpcap refuses the file; the sentence names the interface. */
START_TEST(test_trace_pcap_names_an_interface_of_another_link_type)
{
	uint8_t bytes[1024];
	struct pcap_file_packet other = {.interface = 1, .data = bytes};
	struct packet packet;

	packet_init(&packet);
	packet.link = TRACE_LINK_SLL;
	other.captured_len = packet_build(&packet, bytes, sizeof(bytes));
	pcapng_file_begin(&file, false);
	pcapng_file_interface(&file, 1, 0, "eth0");
	if (_i == 0)
		add(10, EPOCH);
	pcapng_file_interface(&file, 113, 0, "any");
	if (_i == 1)
		add(10, EPOCH);
	pcapng_file_packet(&file, &other);
	read_file();
	ck_assert_int_eq(got.ended, -1);
	ck_assert_uint_eq(got.frames, _i == 0 ? 1 : 0);
	ck_assert_int_eq(got.failure.code, ENOTSUP);
	ck_assert_ptr_nonnull(strstr(got.failure.text,
				     "interface 1 (any) of section 0 has link "
				     "type 113 (LINUX_SLL)"));
	ck_assert_str_eq(got.status, "damaged");
}
END_TEST

/* Times of frames 2 to 4 in ns after the first, and what becomes of them. */
struct time_row {
	const char *what;
	uint64_t max_gap_ps;
	uint64_t speed_ppm;
	int64_t ns[3];
	uint64_t time_ps[3];
	uint64_t raised;
	uint64_t cut;
};

static const struct time_row time_rows[] = {
    {"as captured",
     0,
     1000000,
     {1, 5, 1000000005},
     {1000, 5000, 1000000005000},
     0,
     0},
    {"backwards", 0, 1000000, {7, 3, 8}, {7000, 7000, 8000}, 1, 0},
    {"before the first", 0, 1000000, {-5, -3000000000, 2}, {0, 0, 2000}, 2, 0},
    {"a jump to the limit",
     1000000,
     1000000,
     {1000, 2000, 3000},
     {1000000, 2000000, 3000000},
     0,
     0},
    {"a jump over the limit",
     1000000,
     1000000,
     {1001, 5000000, 5000007},
     {1000000, 2000000, 2007000},
     0,
     2},
    {"four times", 0, 4000000, {1, 4, 10}, {250, 1000, 2500}, 0, 0},
    {"no rounding adds up", 0, 3000000, {1, 2, 3}, {333, 666, 1000}, 0, 0},
    {"half", 0, 500000, {1, 4, 10}, {2000, 8000, 20000}, 0, 0},
    {"the limit is of captured time",
     1000000,
     2000000,
     {999, 99999, 100000},
     {499500, 999500, 1000000},
     0,
     1},
};

START_TEST(test_trace_pcap_keeps_the_rules_of_time)
{
	const struct time_row *row = &time_rows[_i];

	options.max_gap_ps = row->max_gap_ps;
	options.speed_ppm = row->speed_ppm;
	begin(true, false);
	add(0, EPOCH);
	for (int i = 0; i < 3; i++)
		add(0, EPOCH + (uint64_t)row->ns[i]);
	read_file();
	ck_assert_uint_eq(got.frames, 4);
	ck_assert_uint_eq(got.time_ps[0], 0);
	for (int i = 0; i < 3; i++)
		ck_assert_msg(got.time_ps[i + 1] == row->time_ps[i],
			      "%s: frame %d at %llu", row->what, i + 2,
			      (unsigned long long)got.time_ps[i + 1]);
	ck_assert_uint_eq(got.stats.times_raised, row->raised);
	ck_assert_uint_eq(got.stats.gaps_cut, row->cut);
	ck_assert_uint_eq(got.stats.times_invalid, 0);
}
END_TEST

static void
put_record(uint32_t sec, uint32_t fraction)
{
	uint32_t header[4] = {sec, fraction, 54, 54};
	uint8_t bytes[54];
	struct packet packet;

	packet_init(&packet);
	packet_build(&packet, bytes, sizeof(bytes));
	/* In the byte order of this host: libpcap takes either. */
	pcap_file_raw(&file, header, sizeof(header));
	pcap_file_raw(&file, bytes, sizeof(bytes));
}

START_TEST(test_trace_pcap_carries_a_fraction_out_of_range)
{
	const uint16_t one = 1;
	bool big_endian = *(const uint8_t *)&one == 0;

	begin(_i == 1, big_endian);
	put_record(100, 0);
	put_record(100, _i == 1 ? 2100000000 : 2100000); /* 102.1 s */
	put_record(102, 0);				 /* raised */
	put_record(103, 0);
	read_file();
	ck_assert_uint_eq(got.frames, 4);
	ck_assert_uint_eq(got.time_ps[1], 2100000000000);
	ck_assert_uint_eq(got.time_ps[2], 2100000000000);
	ck_assert_uint_eq(got.time_ps[3], 3000000000000);
	ck_assert_uint_eq(got.stats.times_invalid, 1);
	ck_assert_uint_eq(got.stats.times_raised, 1);
}
END_TEST

/* 2^64 ps are 213 days; stamps of a pcapng can be centuries apart. */
START_TEST(test_trace_pcap_saturates_times_that_do_not_fit)
{
	options.speed_ppm = _i == 0 ? 1000000 : 1;
	pcapng_file_begin(&file, false);
	pcapng_file_interface(&file, 1, 0, NULL);
	add(0, 0);
	add(0, UINT64_MAX);
	add(0, UINT64_MAX);
	read_file();
	ck_assert_uint_eq(got.frames, 3);
	ck_assert_uint_eq(got.time_ps[1], UINT64_MAX - 1);
	ck_assert_uint_eq(got.time_ps[2], UINT64_MAX - 1);
	ck_assert_uint_eq(got.stats.gaps_cut, 1);
}
END_TEST

START_TEST(test_trace_pcap_counts_cut_and_corrected_lengths)
{
	uint8_t bytes[1024];
	struct pcap_file_packet added = {.time_ns = EPOCH, .data = bytes};
	struct pcap_file_format format = {.link = 1, .snaplen = 100};
	struct packet packet;
	size_t len;

	packet_init(&packet);
	packet.payload_len = 200;
	len = packet_build(&packet, bytes, sizeof(bytes));
	pcap_file_begin(&file, &format);
	added.captured_len = 100;
	added.wire_len = len;
	pcap_file_add(&file, &added);
	packet.payload_len = 10;
	added.captured_len = packet_build(&packet, bytes, sizeof(bytes));
	added.wire_len = 20;
	pcap_file_add(&file, &added);
	read_file();
	ck_assert_uint_eq(got.frames, 2);
	ck_assert_uint_eq(got.payload_len[0], 200);
	ck_assert_uint_eq(got.payload_len[1], 10);
	ck_assert_uint_eq(got.stats.frames_cut, 1);
	ck_assert_uint_eq(got.stats.snaplen, 100);
	ck_assert_uint_eq(got.stats.lengths_corrected, 1);
}
END_TEST

/* Cut the file of three frames at every length. */
START_TEST(test_trace_pcap_reads_up_to_where_a_file_was_cut)
{
	static const size_t ends[] = {24, 24 + 80, 24 + 80 + 90,
				      24 + 80 + 90 + 100};

	for (size_t len = ends[3]; len-- > 0;) {
		unsigned frames = 0;

		setup();
		begin(true, false);
		add_three();
		pcap_file_end(&file);
		pcap_file_truncate(&file, len);
		read_file();
		pcap_file_remove(&file);
		if (len < 24) {
			ck_assert_int_eq(got.opened, EINVAL);
			continue;
		}
		while (ends[frames + 1] <= len)
			frames++;
		ck_assert_uint_eq(got.frames, frames);
		if (len == ends[frames])
			continue;
		ck_assert_int_eq(got.ended, -1);
		ck_assert_str_eq(got.status, "truncated");
		ck_assert_ptr_nonnull(strstr(got.failure.text, file.path));
		ck_assert_ptr_nonnull(
		    strstr(got.failure.text,
			   frames == 0 ? "before the first" : "after frame "));
	}
}
END_TEST

START_TEST(test_trace_pcap_reads_up_to_where_a_pcapng_was_cut)
{
	pcapng_file_begin(&file, false);
	pcapng_file_interface(&file, 1, 0, NULL);
	pcapng_file_secrets(&file, "A 1\n");
	add_three();
	pcap_file_end(&file);
	pcap_file_truncate(&file, pcap_file_size(&file) - 7);
	read_file();
	ck_assert_uint_eq(got.frames, 2);
	ck_assert_int_eq(got.ended, -1);
	ck_assert_str_eq(got.status, "truncated");
	ck_assert_str_eq(got.secrets, "A 1\n");
	ck_assert_ptr_nonnull(strstr(got.failure.text, "after frame 2"));
}
END_TEST

START_TEST(test_trace_pcap_reads_frames_behind_malformed_secrets)
{
	/* "TLSK", 99 bytes of secrets, none of them there. */
	static const uint8_t body[] = {0x4b, 0x53, 0x4c, 0x54, 99, 0, 0, 0};

	pcapng_file_begin(&file, false);
	pcapng_file_interface(&file, 1, 0, NULL);
	pcapng_file_block(&file, 10, body, sizeof(body));
	add_three();
	read_file();
	ck_assert_uint_eq(got.frames, 3);
	ck_assert_int_eq(got.ended, -1);
	ck_assert_str_eq(got.status, "damaged");
	ck_assert_ptr_nonnull(strstr(got.failure.text, "block 3 at byte "));
	ck_assert_ptr_nonnull(
	    strstr(got.failure.text, "secrets longer than their block"));
}
END_TEST

START_TEST(test_trace_pcap_says_that_the_byte_order_changes)
{
	pcapng_file_begin(&file, false);
	pcapng_file_interface(&file, 1, 0, NULL);
	add(10, EPOCH);
	pcapng_file_section(&file, true);
	pcapng_file_interface(&file, 1, 0, NULL);
	add(20, EPOCH);
	read_file();
	ck_assert_uint_eq(got.frames, 1);
	ck_assert_int_eq(got.failure.code, ENOTSUP);
	ck_assert_ptr_nonnull(strstr(got.failure.text, "byte order"));
	ck_assert_str_eq(got.status, "damaged");
}
END_TEST

/* A capture that compresses badly, so that a cut lies among the frames. */
static void
begin_compressed(void)
{
	uint8_t noise[1000];
	struct packet packet;

	packet_init(&packet);
	packet.payload = noise;
	packet.payload_len = sizeof(noise);
	srand(9);
	begin(true, false);
	for (uint64_t i = 0; i < 20; i++) {
		for (size_t j = 0; j < sizeof(noise); j++)
			noise[j] = (uint8_t)rand();
		pcap_file_add_packet(&file, &packet, EPOCH + i);
	}
	pcap_file_end(&file);
	pcap_file_compress(&file);
}

START_TEST(test_trace_pcap_reads_what_a_truncated_gzip_gave)
{
	begin_compressed();
	pcap_file_truncate(&file, 10500);
	read_file();
	ck_assert_int_eq(got.opened, 0);
	ck_assert_int_eq(got.ended, -1);
	ck_assert_uint_ge(got.frames, 8);
	ck_assert_uint_le(got.frames, 10);
	ck_assert_str_eq(got.status, "truncated");
	ck_assert_ptr_nonnull(strstr(got.failure.text, "gzip data end early"));
}
END_TEST

static void
patch_file(long at, uint8_t byte)
{
	FILE *stream = fopen(file.path, "r+b");

	ck_assert_ptr_nonnull(stream);
	fseek(stream, at, at < 0 ? SEEK_END : SEEK_SET);
	fputc(byte, stream);
	fclose(stream);
}

/* The check sum at its end is wrong: all frames are there all the same. */
START_TEST(test_trace_pcap_reads_what_a_damaged_gzip_gave)
{
	begin_compressed();
	patch_file(-8, 0x55);
	patch_file(-7, 0x55);
	read_file();
	ck_assert_int_eq(got.opened, 0);
	ck_assert_uint_eq(got.frames, 20);
	ck_assert_int_eq(got.ended, -1);
	ck_assert_str_eq(got.status, "damaged");
	ck_assert_ptr_nonnull(strstr(got.failure.text, "damaged after 21424"));
}
END_TEST

/* gzip files may be concatenated, and padded behind the last. */
START_TEST(test_trace_pcap_reads_all_members_of_a_gzip)
{
	uint8_t *parts[2];
	size_t lens[2];

	for (int i = 0; i < 2; i++) {
		begin(true, false);
		add_three();
		pcap_file_end(&file);
		if (i == 0)
			pcap_file_truncate(&file, 24 + 80 + 50);
		parts[i] = pcap_file_load(&file, &lens[i]);
		pcap_file_remove(&file);
	}
	memmove(parts[1], parts[1] + lens[0], lens[1] - lens[0]);
	lens[1] -= lens[0];
	for (int i = 0; i < 2; i++) {
		begin(true, false); /* for its name; the content is replaced */
		pcap_file_end(&file);
		pcap_file_truncate(&file, 0);
		file.stream = fopen(file.path, "wb");
		pcap_file_raw(&file, parts[i], lens[i]);
		pcap_file_end(&file);
		pcap_file_compress(&file);
		free(parts[i]);
		parts[i] = pcap_file_load(&file, &lens[i]);
		pcap_file_remove(&file);
	}
	begin(true, false);
	pcap_file_end(&file);
	file.stream = fopen(file.path, "wb");
	pcap_file_raw(&file, parts[0], lens[0]);
	pcap_file_raw(&file, parts[1], lens[1]);
	pcap_file_raw(&file, "\0\0\0\0", 4);
	free(parts[0]);
	free(parts[1]);
	read_file();
	assert_three(true);
}
END_TEST

START_TEST(test_trace_pcap_reads_standard_input)
{
	begin(true, false);
	add_three();
	pcap_file_end(&file);
	if (_i == 1)
		pcap_file_compress(&file);
	ck_assert_ptr_nonnull(freopen(file.path, "rb", stdin));
	read_path("-");
	assert_three(true);
}
END_TEST

START_TEST(test_trace_pcap_reads_a_pipe)
{
	char command[256], fifo[80];

	begin(true, false);
	add_three();
	pcap_file_end(&file);
	snprintf(fifo, sizeof(fifo), "%s.fifo", file.path);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	snprintf(command, sizeof(command), "cat %s > %s &", file.path, fifo);
	ck_assert_int_eq(system(command), 0);
	read_path(fifo);
	unlink(fifo);
	assert_three(true);
}
END_TEST

START_TEST(test_trace_pcap_names_what_is_not_a_capture)
{
	begin(true, false);
	pcap_file_end(&file);
	pcap_file_truncate(&file, 0);
	read_file();
	ck_assert_int_eq(got.opened, EINVAL);
	ck_assert_ptr_nonnull(strstr(got.error.text, "the file is empty"));
	file.stream = fopen(file.path, "wb");
	pcap_file_raw(&file, "CLIENT_RANDOM 00112233445566778899", 34);
	read_file();
	ck_assert_int_eq(got.opened, EINVAL);
	ck_assert_ptr_nonnull(strstr(got.error.text, "not a capture"));
	read_path("/nonexistent/trace.pcap");
	ck_assert_int_eq(got.opened, ENOENT);
	ck_assert_str_eq(got.error.text, "/nonexistent/trace.pcap: No such "
					 "file or directory");
	read_path("/tmp");
	ck_assert_int_eq(got.opened, EISDIR);
}
END_TEST

START_TEST(test_trace_pcap_names_a_folder_without_room)
{
	begin(true, false);
	add_three();
	pcap_file_end(&file);
	pcap_file_compress(&file);
	setenv("TMPDIR", "/nonexistent", 1);
	read_file();
	ck_assert_int_eq(got.opened, ENOENT);
	ck_assert_ptr_nonnull(strstr(got.error.text, "TMPDIR"));
}
END_TEST

START_TEST(test_trace_pcap_without_frames_is_at_its_end)
{
	begin(true, false);
	read_file();
	ck_assert_int_eq(got.opened, 0);
	ck_assert_int_eq(got.ended, 0);
	ck_assert_uint_eq(got.frames, 0);
	ck_assert_str_eq(got.status, "ok");
}
END_TEST

Suite *
trace_pcap_suite(void)
{
	const struct suite_test tests[] = {
	    {"reads_pcap_of_either_precision_and_byte_order",
	     test_trace_pcap_reads_pcap_of_either_precision_and_byte_order, 8},
	    {"reads_pcapng_with_secrets_behind_the_packets",
	     test_trace_pcap_reads_pcapng_with_secrets_behind_the_packets, 4},
	    {"reads_simple_packet_blocks",
	     test_trace_pcap_reads_simple_packet_blocks, 0},
	    {"reads_every_link_type", test_trace_pcap_reads_every_link_type,
	     ROWS(link_rows)},
	    {"refuses_other_link_types_by_name",
	     test_trace_pcap_refuses_other_link_types_by_name, 0},
	    {"names_an_interface_of_another_link_type",
	     test_trace_pcap_names_an_interface_of_another_link_type, 2},
	    {"keeps_the_rules_of_time", test_trace_pcap_keeps_the_rules_of_time,
	     ROWS(time_rows)},
	    {"carries_a_fraction_out_of_range",
	     test_trace_pcap_carries_a_fraction_out_of_range, 2},
	    {"saturates_times_that_do_not_fit",
	     test_trace_pcap_saturates_times_that_do_not_fit, 2},
	    {"counts_cut_and_corrected_lengths",
	     test_trace_pcap_counts_cut_and_corrected_lengths, 0},
	    {"reads_up_to_where_a_file_was_cut",
	     test_trace_pcap_reads_up_to_where_a_file_was_cut, 0},
	    {"reads_up_to_where_a_pcapng_was_cut",
	     test_trace_pcap_reads_up_to_where_a_pcapng_was_cut, 0},
	    {"reads_frames_behind_malformed_secrets",
	     test_trace_pcap_reads_frames_behind_malformed_secrets, 0},
	    {"says_that_the_byte_order_changes",
	     test_trace_pcap_says_that_the_byte_order_changes, 0},
	    {"reads_what_a_truncated_gzip_gave",
	     test_trace_pcap_reads_what_a_truncated_gzip_gave, 0},
	    {"reads_what_a_damaged_gzip_gave",
	     test_trace_pcap_reads_what_a_damaged_gzip_gave, 0},
	    {"reads_all_members_of_a_gzip",
	     test_trace_pcap_reads_all_members_of_a_gzip, 0},
	    {"reads_standard_input", test_trace_pcap_reads_standard_input, 2},
	    {"reads_a_pipe", test_trace_pcap_reads_a_pipe, 0},
	    {"names_what_is_not_a_capture",
	     test_trace_pcap_names_what_is_not_a_capture, 0},
	    {"names_a_folder_without_room",
	     test_trace_pcap_names_a_folder_without_room, 0},
	    {"without_frames_is_at_its_end",
	     test_trace_pcap_without_frames_is_at_its_end, 0},
	};

	return suite_create_table("trace_pcap", tests,
				  sizeof(tests) / sizeof(tests[0]), setup,
				  teardown, 0);
}
