/*
 * test_pcapng_write.c - blocks in literal bytes, and files that our own reader
 * and one of the tests' read back.
 */
#include "traces/pcapng_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/pcapng_read.h"
#include "tests/support/suite_table.h"
#include "traces/trace_pcap.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))
#define BYTES(...) \
	(const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})

Suite *pcapng_write_suite(void);

static char path[64];
static FILE *out;
static struct pcapng_read file;

static void
setup(void)
{
	int fd;

	strcpy(path, "/tmp/ktlsim-test-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	out = fdopen(fd, "wb");
	ck_assert_ptr_nonnull(out);
	memset(&file, 0, sizeof(file));
}

static void
teardown(void)
{
	pcapng_read_fini(&file);
	if (out != NULL)
		fclose(out);
	unlink(path);
}

static void
read_back(void)
{
	ck_assert_int_eq(fclose(out), 0);
	out = NULL;
	pcapng_read_load(&file, path);
}

static void
begin_file(void)
{
	ck_assert_int_eq(pcapng_write_section(out, "test", NULL), 0);
	ck_assert_int_eq(pcapng_write_interface(out, 1, "eth0"), 0);
}

static int
write_section(void)
{
	return pcapng_write_section(out, "abc", "d");
}

static int
write_bare_section(void)
{
	return pcapng_write_section(out, NULL, "");
}

static int
write_interface(void)
{
	return pcapng_write_interface(out, 101, "hosts");
}

static int
write_secrets(void)
{
	return pcapng_write_secrets(out, "AB C\n", 5);
}

static int
write_packet(void)
{
	static const uint8_t data[] = {0xa, 0xb, 0xc, 0xd, 0xe};
	const struct pcapng_packet packet = {
	    .interface = 2,
	    .time_ns = UINT64_C(0x0102030405060708),
	    .data = data,
	    .captured_len = sizeof(data),
	    .wire_len = 0x1234,
	    .has_queue = true,
	    .queue = 7,
	    .comment = "xy",
	};

	return pcapng_write_packet(out, &packet);
}

static int
write_bare_packet(void)
{
	const struct pcapng_packet packet = {.wire_len = 60};

	return pcapng_write_packet(out, &packet);
}

struct block_row {
	int (*write)(void);
	const uint8_t *bytes;
	size_t len;
};

static const struct block_row blocks[] = {
    {write_section,
     BYTES(0x0a, 0x0d, 0x0d, 0x0a, 48, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0,
	   0, 255, 255, 255, 255, 255, 255, 255, 255, 1, 0, 1, 0, 'd', 0, 0, 0,
	   4, 0, 3, 0, 'a', 'b', 'c', 0, 0, 0, 0, 0, 48, 0, 0, 0)},
    {write_bare_section,
     BYTES(0x0a, 0x0d, 0x0d, 0x0a, 32, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0,
	   0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 32, 0, 0, 0)},
    {write_interface, BYTES(1, 0, 0, 0, 44, 0, 0, 0, 101, 0, 0, 0, 0, 0, 0, 0,
			    2, 0, 5, 0, 'h', 'o', 's', 't', 's', 0, 0, 0, 9, 0,
			    1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0)},
    {write_secrets, BYTES(10, 0, 0, 0, 28, 0, 0, 0, 'K', 'S', 'L', 'T', 5, 0, 0,
			  0, 'A', 'B', ' ', 'C', '\n', 0, 0, 0, 28, 0, 0, 0)},
    {write_packet,
     BYTES(6, 0, 0, 0, 68, 0, 0, 0, 2, 0, 0, 0, 4, 3, 2, 1, 8, 7, 6, 5, 5, 0, 0,
	   0, 0x34, 0x12, 0, 0, 10, 11, 12, 13, 14, 0, 0, 0, 1, 0, 2, 0, 'x',
	   'y', 0, 0, 2, 0, 4, 0, 1, 0, 0, 0, 6, 0, 4, 0, 7, 0, 0, 0, 0, 0, 0,
	   0, 68, 0, 0, 0)},
    {write_bare_packet,
     BYTES(6, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	   0, 60, 0, 0, 0, 2, 0, 4, 0, 1, 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0)},
};

START_TEST(test_pcapng_write_block_is_these_bytes)
{
	const struct block_row *row = &blocks[_i];
	uint8_t got[256];
	FILE *in;

	ck_assert_int_eq(row->write(), 0);
	ck_assert_int_eq(fflush(out), 0);
	in = fopen(path, "rb");
	ck_assert_ptr_nonnull(in);
	ck_assert_uint_eq(fread(got, 1, sizeof(got), in), row->len);
	ck_assert_mem_eq(got, row->bytes, row->len);
	fclose(in);
}
END_TEST

/* Every length of data and comment modulo 4. */
START_TEST(test_pcapng_write_packets_are_read_back)
{
	static const uint8_t data[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	static const char text[] = "a comment";

	begin_file();
	for (uint32_t i = 0; i < 8; i++) {
		const struct pcapng_packet packet = {
		    .time_ns = UINT64_C(5000000000) * i + i,
		    .data = data,
		    .captured_len = i,
		    .wire_len = 100 + i,
		    .has_queue = i % 2 == 0,
		    .queue = i,
		    .comment = i == 0 ? NULL : text + i,
		};

		ck_assert_int_eq(pcapng_write_packet(out, &packet), 0);
	}
	read_back();
	ck_assert_uint_eq(file.count, 8);
	for (uint32_t i = 0; i < 8; i++) {
		const struct pcapng_read_packet *packet = &file.packet[i];

		ck_assert_uint_eq(packet->time_ns,
				  UINT64_C(5000000000) * i + i);
		ck_assert_uint_eq(packet->captured_len, i);
		ck_assert_uint_eq(packet->wire_len, 100 + i);
		ck_assert_mem_eq(packet->data, data, i);
		ck_assert_int_eq(packet->has_queue, i % 2 == 0);
		ck_assert_uint_eq(packet->queue, i % 2 == 0 ? i : 0);
		ck_assert_str_eq(packet->comment, i == 0 ? "" : text + i);
	}
}
END_TEST

/* Frames, times to the nanosecond, and the secrets of several blocks. */
START_TEST(test_pcapng_write_file_is_one_for_libpcap)
{
	const struct trace_pcap_options options = {.speed_ppm = 1000000};
	static const uint8_t data[60] = {1, 2, 3};
	struct trace_error error;
	struct trace_pcap *trace;
	struct trace_frame frame;
	struct trace_source *source;
	uint64_t len;

	begin_file();
	ck_assert_int_eq(pcapng_write_secrets(out, "one\n", 4), 0);
	ck_assert_int_eq(pcapng_write_secrets(out, "three\n", 6), 0);
	for (unsigned i = 0; i < 3; i++) {
		const struct pcapng_packet packet = {
		    .time_ns = 1000 + 7 * i,
		    .data = data,
		    .captured_len = sizeof(data),
		    .wire_len = sizeof(data) + i,
		    .comment = "c",
		};

		ck_assert_int_eq(pcapng_write_packet(out, &packet), 0);
	}
	ck_assert_int_eq(fflush(out), 0);
	ck_assert_int_eq(trace_pcap_open(&trace, path, &options, &error), 0);
	source = trace_pcap_source(trace);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(source->ops->next(source, &frame), 1);
		ck_assert_uint_eq(frame.time_ps, 7000 * i);
		ck_assert_uint_eq(frame.wire_len, sizeof(data) + i);
		ck_assert_mem_eq(frame.data, data, sizeof(data));
		ck_assert_int_eq(frame.link, TRACE_LINK_ETHERNET);
	}
	ck_assert_int_eq(source->ops->next(source, &frame), 0);
	ck_assert_str_eq(trace_pcap_secrets(trace, &len), "one\nthree\n");
	source->ops->close(source);
}
END_TEST

START_TEST(test_pcapng_write_long_comment_is_cut)
{
	static char text[2 * PCAPNG_TEXT_MAX];
	const struct pcapng_packet packet = {.comment = text};
	long before;

	memset(text, 'x', sizeof(text) - 1);
	begin_file();
	before = ftell(out);
	ck_assert_int_eq(pcapng_write_packet(out, &packet), 0);
	ck_assert_int_eq(ftell(out) - before, 44 + 4 + PCAPNG_TEXT_MAX);
}
END_TEST

START_TEST(test_pcapng_write_full_disk_is_an_error)
{
	FILE *full = fopen("/dev/full", "wb");
	const struct pcapng_packet packet = {.comment = "c"};

	if (full == NULL)
		return;
	setvbuf(full, NULL, _IONBF, 0);
	ck_assert_int_eq(pcapng_write_section(full, "a", NULL), ENOSPC);
	ck_assert_int_eq(pcapng_write_interface(full, 1, "a"), ENOSPC);
	ck_assert_int_eq(pcapng_write_secrets(full, "a\n", 2), ENOSPC);
	ck_assert_int_eq(pcapng_write_packet(full, &packet), ENOSPC);
	fclose(full);
}
END_TEST

Suite *
pcapng_write_suite(void)
{
	const struct suite_test tests[] = {
	    {"block_is_these_bytes", test_pcapng_write_block_is_these_bytes,
	     ROWS(blocks)},
	    {"packets_are_read_back", test_pcapng_write_packets_are_read_back,
	     0},
	    {"file_is_one_for_libpcap",
	     test_pcapng_write_file_is_one_for_libpcap, 0},
	    {"long_comment_is_cut", test_pcapng_write_long_comment_is_cut, 0},
	    {"full_disk_is_an_error", test_pcapng_write_full_disk_is_an_error,
	     0},
	};

	return suite_create_table("pcapng_write", tests, ROWS(tests), setup,
				  teardown, 0);
}
