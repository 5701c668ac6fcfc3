/*
 * test_keylog.c - texts in SSLKEYLOGFILE format.
 *
 * Oracles: rows of literal texts with literal counts, and a list that is
 * searched from its end for the property test.  The key logs of the captures
 * are read where KTLSIM_CAPTURES names their folder.
 */
#include "traces/keylog.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/support/hex.h"
#include "tests/support/suite_table.h"

/* A client random, and secrets of 32, 48 and 64 bytes, in hex. */
#define RANDOM \
	"00112233445566778899aabbccddeeff0123456789abcdeffedcba9876543210"
#define S16(x) x x x x x x x x x x x x x x x x
#define S32(x) S16(x) S16(x)
#define S48(x) S16(x) S16(x) S16(x)
#define S64(x) S32(x) S32(x)

static struct keylog *keylog;

static void
setup(void)
{
	keylog = keylog_create();
	ck_assert_ptr_nonnull(keylog);
}

static void
teardown(void)
{
	keylog_destroy(keylog);
}

static struct keylog_stats
add_bytes(const char *text, size_t len, unsigned priority)
{
	struct keylog_stats stats;

	memset(&stats, 0xee, sizeof(stats));
	ck_assert_int_eq(keylog_add(keylog, text, len, priority, &stats), 0);
	return stats;
}

static struct keylog_stats
add(const char *text, unsigned priority)
{
	return add_bytes(text, strlen(text), priority);
}

/* The secret under RANDOM is that hex; NULL: there is none. */
static void
expect(enum keylog_label label, const char *hex)
{
	uint8_t random[KEYLOG_RANDOM_BYTES], want[KEYLOG_SECRET_MAX];
	size_t len = 999;
	const uint8_t *secret;

	hex_decode(RANDOM, random, sizeof(random));
	secret = keylog_find(keylog, random, label, &len);
	if (hex == NULL) {
		ck_assert_ptr_null(secret);
		return;
	}
	ck_assert_ptr_nonnull(secret);
	ck_assert_uint_eq(len, hex_decode(hex, want, sizeof(want)));
	ck_assert_mem_eq(secret, want, len);
}

struct label_row {
	const char *text;
	enum keylog_label label;
	const char *secret;
};

static const struct label_row labels[] = {
    {"CLIENT_RANDOM " RANDOM " " S48("a1"), KEYLOG_CLIENT_RANDOM, S48("a1")},
    {"CLIENT_EARLY_TRAFFIC_SECRET " RANDOM " " S32("a2"),
     KEYLOG_CLIENT_EARLY_TRAFFIC_SECRET, S32("a2")},
    {"CLIENT_HANDSHAKE_TRAFFIC_SECRET " RANDOM " " S48("a3"),
     KEYLOG_CLIENT_HANDSHAKE_TRAFFIC_SECRET, S48("a3")},
    {"SERVER_HANDSHAKE_TRAFFIC_SECRET " RANDOM " " S32("a4"),
     KEYLOG_SERVER_HANDSHAKE_TRAFFIC_SECRET, S32("a4")},
    {"CLIENT_TRAFFIC_SECRET_0 " RANDOM " " S32("a5"),
     KEYLOG_CLIENT_TRAFFIC_SECRET_0, S32("a5")},
    {"SERVER_TRAFFIC_SECRET_0 " RANDOM " " S64("a6"),
     KEYLOG_SERVER_TRAFFIC_SECRET_0, S64("a6")},
    {"EARLY_EXPORTER_SECRET " RANDOM " " S32("a7"),
     KEYLOG_EARLY_EXPORTER_SECRET, S32("a7")},
    {"EXPORTER_SECRET " RANDOM " " S48("a8"), KEYLOG_EXPORTER_SECRET,
     S48("a8")},
};

START_TEST(test_keylog_keeps_each_label_apart)
{
	const struct label_row *row = &labels[_i];
	struct keylog_stats stats = add(row->text, 0);

	ck_assert_uint_eq(stats.lines, 1);
	for (int label = 0; label < KEYLOG_LABEL_COUNT; label++)
		expect((enum keylog_label)label,
		       label == (int)row->label ? row->secret : NULL);
}
END_TEST

#define LINE "CLIENT_TRAFFIC_SECRET_0 " RANDOM " " S32("c5")
#define UPPER                                                              \
	"CLIENT_TRAFFIC_SECRET_0 "                                         \
	"00112233445566778899AABBCCDDEEFF0123456789ABCDEFFEDCBA9876543210" \
	" " S32("C5")

struct text_row {
	const char *text;
	uint64_t lines, ignored, malformed, first_malformed_line;
};

/* In every row but those without a line the secret of LINE is found. */
static const struct text_row texts[] = {
    {"", 0, 0, 0, 0},
    {"\n", 0, 1, 0, 0},
    {"\n\r\n \t\n", 0, 3, 0, 0},
    {LINE, 1, 0, 0, 0},
    {LINE "\n", 1, 0, 0, 0},
    {LINE "\r\n", 1, 0, 0, 0},
    {LINE "\r", 1, 0, 0, 0},
    {UPPER "\n", 1, 0, 0, 0},
    {LINE "  \t \n", 1, 0, 0, 0},
    {"  " LINE, 1, 0, 0, 0},
    {"CLIENT_TRAFFIC_SECRET_0\t" RANDOM "   " S32("c5"), 1, 0, 0, 0},
    {"# comment\n" LINE "\n#" LINE "\n", 1, 2, 0, 0},
    {"RSA 0011223344556677 " S48("ab") "\n" LINE, 1, 1, 0, 0},
    {"client_traffic_secret_0 " RANDOM " " S32("01"), 0, 1, 0, 0},
    {"CLIENT_TRAFFIC_SECRET_1 " RANDOM " " S32("01") "\n" LINE, 1, 1, 0, 0},
    {"CLIENT_TRAFFIC_SECRET_0", 0, 0, 1, 1},
    {"CLIENT_TRAFFIC_SECRET_0 " RANDOM, 0, 0, 1, 1},
    {"CLIENT_TRAFFIC_SECRET_0 " RANDOM " \n" LINE, 1, 0, 1, 1},
    {LINE "0", 0, 0, 1, 1},	/* odd */
    {LINE "00", 0, 0, 1, 1},	/* 33 bytes */
    {LINE " more", 0, 0, 1, 1}, /* a fourth word */
    {LINE "\nCLIENT_RANDOM zz zz\n", 1, 0, 1, 2},
    {"\n" LINE "\n\nCLIENT_RANDOM 00 11\nCLIENT_RANDOM\n", 1, 2, 2, 4},
    {"CLIENT_RANDOM " RANDOM " " S32("01"), 0, 0, 1, 1}, /* not 48 bytes */
    {"CLIENT_RANDOM " RANDOM " " S64("01"), 0, 0, 1, 1},
    {"EXPORTER_SECRET " RANDOM " " S32("0g"), 0, 0, 1, 1},
    {"EXPORTER_SECRET " RANDOM "00 " S32("01"), 0, 0, 1, 1},
    {"EXPORTER_SECRET " RANDOM " " S64("01") "00", 0, 0, 1, 1},
};

START_TEST(test_keylog_counts_the_lines_of_a_text)
{
	const struct text_row *row = &texts[_i];
	struct keylog_stats stats = add(row->text, 0);

	ck_assert_uint_eq(stats.lines, row->lines);
	ck_assert_uint_eq(stats.ignored, row->ignored);
	ck_assert_uint_eq(stats.malformed, row->malformed);
	ck_assert_uint_eq(stats.first_malformed_line,
			  row->first_malformed_line);
	ck_assert_uint_eq(stats.replaced, 0);
	expect(KEYLOG_CLIENT_TRAFFIC_SECRET_0,
	       row->lines > 0 ? S32("c5") : NULL);
	expect(KEYLOG_CLIENT_RANDOM, NULL);
	expect(KEYLOG_EXPORTER_SECRET, NULL);
}
END_TEST

START_TEST(test_keylog_takes_nul_bytes_for_any_other)
{
	static const char text[] =
	    "\0\xff\xfe binary\n"
	    "CLIENT_RANDOM\0 " RANDOM " " S48("01") "\n"
						    "CLIENT_RANDOM " RANDOM
						    " " S48("01") "\0\n" LINE
								  "\n\0";
	struct keylog_stats stats = add_bytes(text, sizeof(text), 0);

	ck_assert_uint_eq(stats.lines, 1);
	ck_assert_uint_eq(stats.ignored, 3);
	ck_assert_uint_eq(stats.malformed, 1);
	ck_assert_uint_eq(stats.first_malformed_line, 3);
	expect(KEYLOG_CLIENT_RANDOM, NULL);
	expect(KEYLOG_CLIENT_TRAFFIC_SECRET_0, S32("c5"));
}
END_TEST

START_TEST(test_keylog_passes_over_a_line_of_70_kilobytes)
{
	enum {
		LONG = 70000,
	};
	static char text[2 * LONG + 1000];

	memset(text, 'X', LONG);
	strcpy(text + LONG, "\n" LINE "\nCLIENT_RANDOM " RANDOM " ");
	memset(text + strlen(text), '0', LONG);
	strcat(text, "\n");
	ck_assert_uint_eq(add(text, 0).malformed, 1);
	expect(KEYLOG_CLIENT_TRAFFIC_SECRET_0, S32("c5"));
}
END_TEST

START_TEST(test_keylog_takes_text_without_a_terminator)
{
	char *text = malloc(strlen(LINE));
	struct keylog_stats stats;

	ck_assert_ptr_nonnull(text);
	memcpy(text, LINE, strlen(LINE));
	stats = add_bytes(text, strlen(LINE), 0);
	ck_assert_uint_eq(stats.lines, 1);
	free(text);
	expect(KEYLOG_CLIENT_TRAFFIC_SECRET_0, S32("c5"));
	ck_assert_int_eq(keylog_add(keylog, NULL, 0, 0, NULL), 0);
}
END_TEST

#define FIRST  "EXPORTER_SECRET " RANDOM " " S32("01") "\n"
#define SECOND "EXPORTER_SECRET " RANDOM " " S48("02") "\n"

START_TEST(test_keylog_a_later_line_replaces_an_earlier_one)
{
	ck_assert_uint_eq(add(FIRST SECOND, 0).replaced, 1);
	expect(KEYLOG_EXPORTER_SECRET, S48("02"));
	ck_assert_uint_eq(add(SECOND SECOND, 0).replaced, 0);
	ck_assert_uint_eq(add(FIRST, 0).replaced, 1);
	expect(KEYLOG_EXPORTER_SECRET, S32("01"));
}
END_TEST

START_TEST(test_keylog_a_higher_priority_goes_first)
{
	ck_assert_uint_eq(add(FIRST, 5).replaced, 0);
	ck_assert_uint_eq(add(SECOND, 4).replaced, 0);
	expect(KEYLOG_EXPORTER_SECRET, S32("01"));
	ck_assert_uint_eq(add(SECOND, 5).replaced, 1);
	expect(KEYLOG_EXPORTER_SECRET, S48("02"));
	ck_assert_uint_eq(add(FIRST, 6).replaced, 1);
	expect(KEYLOG_EXPORTER_SECRET, S32("01"));
	ck_assert_uint_eq(add(FIRST, 7).replaced, 0);
	add(SECOND, 6); /* the equal secret has taken the higher priority */
	expect(KEYLOG_EXPORTER_SECRET, S32("01"));
}
END_TEST

START_TEST(test_keylog_of_nothing_finds_nothing)
{
	expect(KEYLOG_CLIENT_RANDOM, NULL);
	keylog_destroy(NULL);
}
END_TEST

/* splitmix64 */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* What the list remembers of a line: 3 numbers that make up its text. */
struct model_line {
	unsigned random, secret, priority;
};

static void
model_add(const struct model_line *line)
{
	char text[200];

	snprintf(text, sizeof(text), "EXPORTER_SECRET %064x %064x",
		 line->random, line->secret);
	ck_assert_uint_eq(add(text, line->priority).lines, 1);
}

/* The secret's last 4 bytes are its number; 0: none is right. */
static unsigned
model_find(const struct model_line *lines, size_t count, unsigned random)
{
	const struct model_line *best = NULL;

	for (size_t i = 0; i < count; i++) {
		if (lines[i].random == random &&
		    (best == NULL || lines[i].priority >= best->priority))
			best = &lines[i];
	}
	return best == NULL ? 0 : best->secret;
}

static unsigned
keylog_find_number(unsigned number)
{
	uint8_t random[KEYLOG_RANDOM_BYTES] = {0};
	const uint8_t *secret;
	size_t len;

	random[30] = (uint8_t)(number >> 8);
	random[31] = (uint8_t)number;
	secret = keylog_find(keylog, random, KEYLOG_EXPORTER_SECRET, &len);
	if (secret == NULL)
		return 0;
	ck_assert_uint_eq(len, 32);
	return (unsigned)secret[30] << 8 | secret[31];
}

START_TEST(test_keylog_finds_what_a_plain_list_finds)
{
	enum {
		LINES = 3000,
		RANDOMS = 1200,
	};
	static struct model_line lines[LINES];
	uint64_t seed = (uint64_t)_i + 1;

	for (unsigned i = 0; i < LINES; i++) {
		lines[i].random = (unsigned)(next_random(&seed) % RANDOMS);
		lines[i].secret = i + 1;
		lines[i].priority = (unsigned)(next_random(&seed) % 3);
		model_add(&lines[i]);
	}
	for (unsigned random = 0; random < RANDOMS + 50; random++)
		ck_assert_msg(keylog_find_number(random) ==
				  model_find(lines, LINES, random),
			      "seed %d, random %u", _i + 1, random);
}
END_TEST

#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_CAN_BE_SHORT 0 /* the sanitizer aborts instead */
#else
#define MEMORY_CAN_BE_SHORT 1
#endif

static uint64_t
address_space_bytes(void)
{
	FILE *statm = fopen("/proc/self/statm", "r");
	uint64_t pages = 0;

	if (statm == NULL || fscanf(statm, "%" SCNu64, &pages) != 1)
		pages = 0;
	if (statm != NULL)
		fclose(statm);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* A text of many secrets, to be freed. */
static char *
long_text(unsigned lines, size_t *len)
{
	char *text = malloc((size_t)lines * 160), *at = text;

	ck_assert_ptr_nonnull(text);
	for (unsigned i = 0; i < lines; i++)
		at += sprintf(at, "EXPORTER_SECRET %064x %064x\n", i, i + 1);
	*len = (size_t)(at - text);
	return text;
}

START_TEST(test_keylog_out_of_memory_changes_nothing)
{
	uint64_t used;
	struct rlimit limit;
	size_t len;
	char *text = long_text(40000, &len);

	add(FIRST, 0);
	used = address_space_bytes();
	if (!MEMORY_CAN_BE_SHORT || used == 0) {
		printf("skipped: memory cannot be made short here\n");
		free(text);
		return;
	}
	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = used + (1 << 20);
	setrlimit(RLIMIT_AS, &limit);
	ck_assert_int_eq(keylog_add(keylog, text, len, 0, NULL), ENOMEM);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_AS, &limit);
	expect(KEYLOG_EXPORTER_SECRET, S32("01"));
	ck_assert_uint_eq(keylog_find_number(7), 0);
	ck_assert_int_eq(keylog_add(keylog, text, len, 0, NULL), 0);
	ck_assert_uint_eq(keylog_find_number(7), 8);
	free(text);
}
END_TEST

struct capture_row {
	const char *file;
	uint64_t lines, ignored, malformed, first_malformed_line, replaced;
};

static const struct capture_row captures[] = {
    {"base12.keys", 1, 1, 0, 0, 0},
    {"base13.keys", 5, 1, 0, 0, 0},
    {"k01-malformed.keys", 6, 7, 5, 4, 0},
    {"k03-wrong-secrets.keys", 5, 1, 0, 0, 0},
    {"k05-empty.keys", 0, 0, 0, 0, 0},
    {"k07-one-direction.keys", 2, 0, 0, 0, 0},
    {"k09-duplicates-conflict.keys", 10, 2, 0, 0, 5},
};

/* Read a whole file of the captures' folder; it is to be freed. */
static char *
capture_read(const char *folder, const char *name, size_t *len)
{
	enum {
		FILE_MAX = 1 << 20,
	};
	char path[4096], *text = malloc(FILE_MAX);
	FILE *file;

	snprintf(path, sizeof(path), "%s/hostile/%s", folder, name);
	file = fopen(path, "rb");
	ck_assert_msg(file != NULL, "%s cannot be read", path);
	ck_assert_ptr_nonnull(text);
	*len = fread(text, 1, FILE_MAX, file);
	fclose(file);
	return text;
}

START_TEST(test_keylog_reads_the_captures_logs)
{
	const struct capture_row *row = &captures[_i];
	const char *folder = getenv("KTLSIM_CAPTURES");
	struct keylog_stats stats;
	size_t len;
	char *text;

	if (folder == NULL) {
		printf("skipped: KTLSIM_CAPTURES is not set\n");
		return;
	}
	text = capture_read(folder, row->file, &len);
	stats = add_bytes(text, len, 0);
	free(text);
	ck_assert_uint_eq(stats.lines, row->lines);
	ck_assert_uint_eq(stats.ignored, row->ignored);
	ck_assert_uint_eq(stats.malformed, row->malformed);
	ck_assert_uint_eq(stats.first_malformed_line,
			  row->first_malformed_line);
	ck_assert_uint_eq(stats.replaced, row->replaced);
}
END_TEST

/* A line of its own per secret, in the order of their first lines. */
START_TEST(test_keylog_lines_are_those_that_count)
{
	static const char *const want[] = {
	    "CLIENT_RANDOM " RANDOM " " S48("0a") "\n",
	    "SERVER_TRAFFIC_SECRET_0 " RANDOM " " S64("ff") "\n",
	    "EXPORTER_SECRET " RANDOM " " S32("12") "\n",
	};
	char line[KEYLOG_LINE_MAX];

	ck_assert_uint_eq(keylog_line(keylog, 0, line), 0);
	add("CLIENT_RANDOM " RANDOM
	    " " S48("99") "\n# none\nEXPORTER\n"
			  "SERVER_TRAFFIC_SECRET_0\t" RANDOM
			  "  " S64("FF") "\r\n"
					 "CLIENT_RANDOM " RANDOM
					 " " S48("0A") "\n"
						       "EXPORTER_SECRET " RANDOM
						       " " S32("12"),
	    1);
	add("CLIENT_RANDOM " RANDOM " " S48("77") "\n", 0);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(keylog_line(keylog, i, line),
				  strlen(want[i]));
		ck_assert_str_eq(line, want[i]);
	}
	ck_assert_uint_eq(keylog_line(keylog, 3, line), 0);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *keylog_suite(void);

Suite *
keylog_suite(void)
{
	const struct suite_test tests[] = {
	    {"keeps_each_label_apart", test_keylog_keeps_each_label_apart,
	     ROWS(labels)},
	    {"counts_the_lines_of_a_text",
	     test_keylog_counts_the_lines_of_a_text, ROWS(texts)},
	    {"takes_nul_bytes_for_any_other",
	     test_keylog_takes_nul_bytes_for_any_other, 0},
	    {"passes_over_a_line_of_70_kilobytes",
	     test_keylog_passes_over_a_line_of_70_kilobytes, 0},
	    {"takes_text_without_a_terminator",
	     test_keylog_takes_text_without_a_terminator, 0},
	    {"a_later_line_replaces_an_earlier_one",
	     test_keylog_a_later_line_replaces_an_earlier_one, 0},
	    {"a_higher_priority_goes_first",
	     test_keylog_a_higher_priority_goes_first, 0},
	    {"lines_are_those_that_count",
	     test_keylog_lines_are_those_that_count, 0},
	    {"of_nothing_finds_nothing", test_keylog_of_nothing_finds_nothing,
	     0},
	    {"finds_what_a_plain_list_finds",
	     test_keylog_finds_what_a_plain_list_finds, 3},
	    {"out_of_memory_changes_nothing",
	     test_keylog_out_of_memory_changes_nothing, 0},
	    {"reads_the_captures_logs", test_keylog_reads_the_captures_logs,
	     ROWS(captures)},
	};

	return suite_create_table("keylog", tests, ROWS(tests), setup, teardown,
				  0);
}
