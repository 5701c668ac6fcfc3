/*
 * test_trace_out.c - trace events in literal text, escapes, and a full disk.
 */
#include "sim/trace_out.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *trace_out_suite(void);

static struct trace_out trace;
static FILE *out;
static char *text;
static size_t size;

static void
setup(void)
{
	out = open_memstream(&text, &size);
	ck_assert_ptr_nonnull(out);
	trace_out_init(&trace, out);
}

static void
teardown(void)
{
	if (out != NULL)
		fclose(out);
	free(text);
}

static void
expect(const char *want)
{
	json_t *document;

	ck_assert_int_eq(trace_out_end(&trace), 0);
	ck_assert_str_eq(text, want);
	document = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(document);
	json_decref(document);
}

#define HEAD "{\"displayTimeUnit\":\"ns\",\"traceEvents\":["
#define TAIL "\n]}\n"

START_TEST(test_trace_out_no_event_is_a_document)
{
	expect(HEAD TAIL);
}
END_TEST

struct row {
	struct trace_event event;
	const char *text;
};

static const struct row rows[] = {
    {{.phase = TRACE_SLICE,
      .name = "a",
      .category = "b",
      .pid = 1,
      .tid = 2,
      .at = 1,
      .length = 1000000,
      .arg = {{.name = "x", .value = UINT64_MAX}, {.name = "y"}}},
     "{\"ph\":\"X\",\"name\":\"a\",\"cat\":\"b\",\"pid\":1,\"tid\":2,"
     "\"ts\":0.000001,\"dur\":1.000000,"
     "\"args\":{\"x\":\"18446744073709551615\",\"y\":0}}"},
    {{.phase = TRACE_COUNTER,
      .name = "a",
      .pid = 3,
      .at = UINT64_C(12345678901234567),
      .length = 5,
      .arg = {{.name = "x", .value = 4}}},
     "{\"ph\":\"C\",\"name\":\"a\",\"pid\":3,\"ts\":12345678901.234567,"
     "\"args\":{\"x\":4}}"},
    {{.phase = TRACE_ASYNC_BEGIN, .name = "a", .category = "c", .id = 0x1f},
     "{\"ph\":\"b\",\"name\":\"a\",\"cat\":\"c\",\"pid\":0,"
     "\"id\":\"0x1f\",\"ts\":0.000000}"},
    {{.phase = TRACE_ASYNC_END, .name = "a", .category = "c", .id = 0},
     "{\"ph\":\"e\",\"name\":\"a\",\"cat\":\"c\",\"pid\":0,"
     "\"id\":\"0x0\",\"ts\":0.000000}"},
    {{.phase = TRACE_METADATA,
      .name = "process_name",
      .pid = 1,
      .arg = {{.name = "name", .text = "a \"b\" \\ \n\x01 \xc3\xa4 \xff"}}},
     "{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":1,\"ts\":0.000000,"
     "\"args\":{\"name\":\"a \\\"b\\\" \\\\ \\n\\u0001 ?? ?\"}}"},
    {{.phase = TRACE_METADATA,
      .name = "x",
      .pid = 1,
      .arg = {{.name = "name", .text = "\xc3\xa4"}}},
     "{\"ph\":\"M\",\"name\":\"x\",\"pid\":1,\"ts\":0.000000,"
     "\"args\":{\"name\":\"\\u00E4\"}}"},
};

START_TEST(test_trace_out_event_is_this_text)
{
	char want[1024];

	trace_out_event(&trace, &rows[_i].event);
	snprintf(want, sizeof(want), HEAD "\n%s" TAIL, rows[_i].text);
	expect(want);
}
END_TEST

START_TEST(test_trace_out_events_stand_one_to_a_line)
{
	char want[1024];

	for (int i = 2; i < 4; i++)
		trace_out_event(&trace, &rows[i].event);
	snprintf(want, sizeof(want), HEAD "\n%s,\n%s" TAIL, rows[2].text,
		 rows[3].text);
	expect(want);
}
END_TEST

/* The first error stays, and nothing is written any more. */
START_TEST(test_trace_out_full_disk_is_kept)
{
	FILE *full = fopen("/dev/full", "w");

	if (full == NULL)
		return;
	setvbuf(full, NULL, _IONBF, 0);
	trace_out_init(&trace, full);
	trace_out_event(&trace, &rows[0].event);
	ck_assert_int_eq(trace.error, ENOSPC);
	trace_out_event(&trace, &rows[0].event);
	ck_assert_uint_eq(trace.events, 1);
	ck_assert_int_eq(trace_out_end(&trace), ENOSPC);
	fclose(full);
}
END_TEST

START_TEST(test_trace_out_disk_that_fills_at_the_end)
{
	FILE *full = fopen("/dev/full", "w");

	if (full == NULL)
		return;
	trace_out_init(&trace, full);
	ck_assert_int_eq(trace_out_end(&trace), ENOSPC);
	ck_assert_int_eq(trace.error, ENOSPC);
	fclose(full);
}
END_TEST

Suite *
trace_out_suite(void)
{
	const struct suite_test tests[] = {
	    {"no_event_is_a_document", test_trace_out_no_event_is_a_document,
	     0},
	    {"event_is_this_text", test_trace_out_event_is_this_text,
	     ROWS(rows)},
	    {"events_stand_one_to_a_line",
	     test_trace_out_events_stand_one_to_a_line, 0},
	    {"full_disk_is_kept", test_trace_out_full_disk_is_kept, 0},
	    {"disk_that_fills_at_the_end",
	     test_trace_out_disk_that_fills_at_the_end, 0},
	};

	return suite_create_table("trace_out", tests, ROWS(tests), setup,
				  teardown, 0);
}
