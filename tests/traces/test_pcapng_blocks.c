/*
 * test_pcapng_blocks.c - secrets and interfaces found in a pcapng, whatever
 * the pieces in which it comes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/pcap_file.h"
#include "tests/support/suite_table.h"
#include "traces/pcapng_blocks.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *pcapng_blocks_suite(void);

static struct pcap_file file;
static struct pcapng_blocks *blocks;
static struct trace_error error;

static void
setup(void)
{
	blocks = pcapng_blocks_create();
	ck_assert_ptr_nonnull(blocks);
}

static void
teardown(void)
{
	pcapng_blocks_destroy(blocks);
}

static int
feed(const uint8_t *bytes, size_t len, size_t piece)
{
	int result = 0;

	for (size_t at = 0; at < len && result == 0; at += piece) {
		size_t left = len - at;
		/* A copy of its own, so that a sanitizer sees its end. */
		uint8_t *copy = malloc(piece);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, bytes + at, left < piece ? left : piece);
		result = pcapng_blocks_feed(
		    blocks, copy, left < piece ? left : piece, &error);
		free(copy);
	}
	return result;
}

/* End the file and feed all of it. */
static int
feed_file(size_t piece)
{
	size_t len;
	uint8_t *bytes;
	int result;

	pcap_file_end(&file);
	bytes = pcap_file_load(&file, &len);
	pcap_file_remove(&file);
	result = feed(bytes, len, piece);
	free(bytes);
	return result;
}

static void
assert_secrets(const char *expected)
{
	size_t len;
	const char *text = pcapng_blocks_secrets(blocks, &len);

	ck_assert_str_eq(text, expected);
	ck_assert_uint_eq(len, strlen(expected));
}

static void
add_packet(void)
{
	struct packet packet;

	packet_init(&packet);
	packet.payload_len = 333;
	pcap_file_add_packet(&file, &packet, 1000);
}

static const size_t piece_rows[] = {1, 2, 3, 5, 7, 13, 4096, 1 << 20};

START_TEST(test_pcapng_blocks_finds_secrets_wherever_they_stand)
{
	for (int big = 0; big <= 1; big++) {
		teardown();
		setup();
		pcapng_file_begin(&file, big == 1);
		pcapng_file_secrets(&file, "A 1\n");
		pcapng_file_interface(&file, 1, 0, NULL);
		add_packet();
		pcapng_file_secrets(&file, "B 2"); /* no newline */
		add_packet();
		pcapng_file_block(&file, 0x80000abc, "private", 7);
		pcapng_file_block(&file, 0x0bad, NULL, 0);
		pcapng_file_secrets(&file, "C 3\n");
		ck_assert_int_eq(feed_file(piece_rows[_i]), 0);
		assert_secrets("A 1\nB 2\nC 3\n");
		ck_assert_ptr_null(pcapng_blocks_odd(blocks));
		ck_assert(!pcapng_blocks_order_changes(blocks));
	}
}
END_TEST

START_TEST(test_pcapng_blocks_reads_sections_of_either_byte_order)
{
	pcapng_file_begin(&file, false);
	pcapng_file_interface(&file, 1, 0, NULL);
	pcapng_file_secrets(&file, "A 1\n");
	pcapng_file_section(&file, true);
	pcapng_file_interface(&file, 1, 0, NULL);
	pcapng_file_secrets(&file, "B 2\n");
	ck_assert_int_eq(feed_file(piece_rows[_i]), 0);
	assert_secrets("A 1\nB 2\n");
	ck_assert(pcapng_blocks_order_changes(blocks));
}
END_TEST

START_TEST(test_pcapng_blocks_without_secrets_gives_an_empty_text)
{
	assert_secrets("");
	ck_assert_ptr_null(pcapng_blocks_first(blocks));
	pcapng_file_begin(&file, false);
	pcapng_file_secrets(&file, "");
	/* An SSH key log, 4 bytes. */
	pcapng_file_block(&file, 10, "KHSS\4\0\0\0abcd", 12);
	ck_assert_int_eq(feed_file(64), 0);
	assert_secrets("");
}
END_TEST

/* The second interface, and whether it keeps libpcap from reading. */
struct interface_row {
	uint16_t link;
	uint32_t snaplen;
	bool odd;
};

static const struct interface_row interface_rows[] = {
    {1, 0, false},	    {1, 262144, false}, /* no limit, written out */
    {1, UINT32_MAX, false},			/* absurd: no limit */
    {113, 0, true},	    {1, 65535, true},
};

START_TEST(test_pcapng_blocks_names_the_interface_that_differs)
{
	const struct interface_row *row = &interface_rows[_i];
	const struct pcapng_interface *first, *odd;

	pcapng_file_begin(&file, false);
	pcapng_file_interface(&file, 1, 0, "eth0");
	pcapng_file_interface(&file, 1, 0, NULL);
	pcapng_file_interface(&file, row->link, row->snaplen, "any\x1b[2J");
	pcapng_file_interface(&file, 101, 1, "later");
	ck_assert_int_eq(feed_file(64), 0);
	first = pcapng_blocks_first(blocks);
	odd = pcapng_blocks_odd(blocks);
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_nonnull(odd);
	ck_assert_str_eq(first->name, "eth0");
	ck_assert_uint_eq(first->link, 1);
	ck_assert_uint_eq(odd->index, row->odd ? 2 : 3);
	ck_assert_uint_eq(odd->link, row->odd ? row->link : 101);
	/* What a terminal would act upon is gone. */
	ck_assert_str_eq(odd->name, row->odd ? "any?[2J" : "later");
}
END_TEST

/* Options of an interface that contradict themselves: no name, no harm. */
START_TEST(test_pcapng_blocks_stops_at_malformed_options)
{
	static const uint8_t body[] = {1, 0, 0, 0, 0,	0,   0,	  0,
				       2, 0, 9, 0, 'a', 'b', 'c', 'd'};

	pcapng_file_begin(&file, false);
	pcapng_file_block(&file, 1, body, sizeof(body));
	ck_assert_int_eq(feed_file(64), 0);
	ck_assert_str_eq(pcapng_blocks_first(blocks)->name, "");
}
END_TEST

/* A file of section, secrets, interface, secrets with 4 bytes patched. */
struct damage_row {
	size_t at;
	uint8_t bytes[4];
	const char *text;
	const char *secrets; /* what was collected before */
};

/* Sections are 28 bytes, the first secrets block 28 + 24, and so on. */
static const struct damage_row damage_rows[] = {
    {0, {1, 0, 0, 0}, "block 1 at byte 0: no section header", ""},
    {8, {1, 2, 3, 4}, "block 1 at byte 0: no byte-order magic", ""},
    {4, {24, 0, 0, 0}, "block 1 at byte 0: impossible block length", ""},
    {24, {32, 0, 0, 0}, "block 1 at byte 0: the length at its end", ""},
    {32, {0, 0, 0, 0}, "block 2 at byte 28: impossible block length", ""},
    {32, {25, 0, 0, 0}, "block 2 at byte 28: impossible block length", ""},
    {32, {8, 0, 0, 0}, "block 2 at byte 28: impossible block length", ""},
    {32, {12, 0, 0, 0}, "block 2 at byte 28: secrets block too short", ""},
    {32, {0, 0, 0, 2}, "block 2 at byte 28: block of more than 16 MiB", ""},
    {40, {5, 0, 0, 0}, "block 2 at byte 28: secrets longer than", ""},
    {40, {255, 255, 255, 255}, "block 2 at byte 28: secrets longer than", ""},
    {48, {20, 0, 0, 0}, "block 2 at byte 28: the length at its end", "A 1\n"},
    {56,
     {12, 0, 0, 0},
     "block 3 at byte 52: interface description too",
     "A 1\n"},
};

START_TEST(test_pcapng_blocks_names_the_first_malformed_block)
{
	const struct damage_row *row = &damage_rows[_i];
	size_t len, pieces[] = {1, 9, 4096};
	uint8_t *bytes;

	pcapng_file_begin(&file, false);
	pcapng_file_secrets(&file, "A 1\n");
	pcapng_file_interface(&file, 1, 0, NULL);
	pcapng_file_secrets(&file, "B 2\n");
	pcap_file_end(&file);
	bytes = pcap_file_load(&file, &len);
	pcap_file_remove(&file);
	memcpy(bytes + row->at, row->bytes, 4);
	for (int i = 0; i < ROWS(pieces); i++) {
		teardown();
		setup();
		ck_assert_int_eq(feed(bytes, len, pieces[i]), EINVAL);
		ck_assert_int_eq(error.code, EINVAL);
		ck_assert_msg(
		    strncmp(error.text, row->text, strlen(row->text)) == 0,
		    "%s", error.text);
		assert_secrets(row->secrets);
		/* It stays so. */
		ck_assert_int_eq(feed(bytes, len, 64), EINVAL);
		assert_secrets(row->secrets);
	}
	free(bytes);
}
END_TEST

START_TEST(test_pcapng_blocks_survives_random_damage)
{
	size_t len, size;
	uint8_t *bytes;

	pcapng_file_begin(&file, false);
	pcapng_file_interface(&file, 1, 0, "eth0");
	pcapng_file_secrets(&file, "A 1\n");
	add_packet();
	pcapng_file_secrets(&file, "B 2\n");
	pcap_file_end(&file);
	bytes = pcap_file_load(&file, &len);
	pcap_file_remove(&file);
	srand(3);
	for (int run = 0; run < 3000; run++) {
		size_t at = (size_t)rand() % len;
		uint8_t old = bytes[at];

		teardown();
		setup();
		bytes[at] = (uint8_t)rand();
		feed(bytes, (size_t)rand() % len + 1, 16);
		ck_assert(strlen(pcapng_blocks_secrets(blocks, &size)) <= size);
		bytes[at] = old;
	}
	free(bytes);
}
END_TEST

Suite *
pcapng_blocks_suite(void)
{
	const struct suite_test tests[] = {
	    {"finds_secrets_wherever_they_stand",
	     test_pcapng_blocks_finds_secrets_wherever_they_stand,
	     ROWS(piece_rows)},
	    {"reads_sections_of_either_byte_order",
	     test_pcapng_blocks_reads_sections_of_either_byte_order,
	     ROWS(piece_rows)},
	    {"without_secrets_gives_an_empty_text",
	     test_pcapng_blocks_without_secrets_gives_an_empty_text, 0},
	    {"names_the_interface_that_differs",
	     test_pcapng_blocks_names_the_interface_that_differs,
	     ROWS(interface_rows)},
	    {"stops_at_malformed_options",
	     test_pcapng_blocks_stops_at_malformed_options, 0},
	    {"names_the_first_malformed_block",
	     test_pcapng_blocks_names_the_first_malformed_block,
	     ROWS(damage_rows)},
	    {"survives_random_damage",
	     test_pcapng_blocks_survives_random_damage, 0},
	};

	return suite_create_table("pcapng_blocks", tests,
				  sizeof(tests) / sizeof(tests[0]), setup,
				  teardown, 0);
}
