/*
 * test_report_format.c - numbers and sentences as people read them.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/report_format.h"
#include "tests/support/suite_table.h"

static const struct {
	uint64_t ps;
	const char *text;
} times[] = {
    {0, "0"},
    {1, "1 ps"},
    {999, "999 ps"},
    {1000, "1.00 ns"},
    {1234, "1.23 ns"},
    {9994, "9.99 ns"},
    {9996, "10.0 ns"},
    {99940, "99.9 ns"},
    {99960, "100 ns"},
    {999400, "999 ns"},
    {999600, "1.00 us"},
    {12345678, "12.3 us"},
    {1500000000, "1.50 ms"},
    {1000000000000, "1.00 s"},
    {86400000000000000, "86400 s"},
};

START_TEST(test_report_format_time_has_three_digits_and_its_unit)
{
	char text[FORMAT_MAX];

	ck_assert_str_eq(format_ps(text, times[_i].ps), times[_i].text);
}
END_TEST

static const struct {
	double gbps;
	const char *text;
} rates[] = {
    {0, "0"},
    {8e-9, "8 b/s"},
    {0.0000125, "12.5 kb/s"},
    {0.7204, "720 Mb/s"},
    {1.25, "1.25 Gb/s"},
    {99.97, "100 Gb/s"},
    {1600, "1.60 Tb/s"},
};

START_TEST(test_report_format_rate_has_three_digits_and_its_unit)
{
	char text[FORMAT_MAX];

	ck_assert_str_eq(format_gbps(text, rates[_i].gbps), rates[_i].text);
}
END_TEST

static const struct {
	uint64_t count;
	const char *text;
} counts[] = {
    {0, "0"},
    {999, "999"},
    {1000, "1,000"},
    {12345, "12,345"},
    {123456, "123,456"},
    {1234567, "1,234,567"},
    {UINT64_MAX, "18,446,744,073,709,551,615"},
};

START_TEST(test_report_format_count_has_separators)
{
	char text[FORMAT_MAX];

	ck_assert_str_eq(format_count(text, counts[_i].count), counts[_i].text);
}
END_TEST

START_TEST(test_report_format_counted_knows_the_plural)
{
	char text[48];

	ck_assert_str_eq(format_counted(text, sizeof(text), 1, "flow"),
			 "1 flow");
	ck_assert_str_eq(format_counted(text, sizeof(text), 0, "flow"),
			 "0 flows");
	ck_assert_str_eq(format_counted(text, sizeof(text), 2000, "flow"),
			 "2,000 flows");
}
END_TEST

START_TEST(test_report_format_share_of_nothing_is_zero)
{
	ck_assert_double_eq(format_share(1, 4), 25);
	ck_assert_double_eq(format_share(1, 0), 0);
}
END_TEST

/* What a bar or a wrapped text prints; the caller frees. */
static char *
bar_text(double percent)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	report_bar(out, percent, 10);
	fclose(out);
	return text;
}

static const struct {
	double percent;
	const char *text;
} bars[] = {
    {0, ""},
    {4.9, ""},
    {5.1, " #"},
    {50, " #####"},
    {100, " ##########"},
    {250, " ##########"},
};

START_TEST(test_report_bar_has_a_cell_per_tenth)
{
	char *text = bar_text(bars[_i].percent);

	ck_assert_str_eq(text, bars[_i].text);
	free(text);
}
END_TEST

static const struct {
	const char *text;
	const char *printed;
} wrapped[] = {
    {"", "- \n"},
    {"one", "- one\n"},
    {"  one\n two  ", "- one two\n"},
    {"\033[1m\x7f", "- ?[1m?\n"},
    /* 78 characters and the indent fill the line. */
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
     "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb c",
     "- aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
     "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n  c\n"},
    /* 90 characters without a blank are broken. */
    {"ddddddddddddddddddddddddddddddddddddddddddddd"
     "ddddddddddddddddddddddddddddddddddddddddddddd",
     "- ddddddddddddddddddddddddddddddddddddddddddddd"
     "ddddddddddddddddddddddddddddddddd\n  dddddddddddd\n"},
};

START_TEST(test_report_wrapped_fills_lines_of_80_columns)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	report_wrapped(out, "- ", "  ", wrapped[_i].text);
	fclose(out);
	ck_assert_str_eq(text, wrapped[_i].printed);
	free(text);
}
END_TEST

#define TEST(name)             \
	{                      \
#name, name, 0 \
	}
#define ROWS(name, table)                                     \
	{                                                     \
#name, name, sizeof(table) / sizeof(table[0]) \
	}

Suite *report_format_suite(void);

Suite *
report_format_suite(void)
{
	const struct suite_test tests[] = {
	    ROWS(test_report_format_time_has_three_digits_and_its_unit, times),
	    ROWS(test_report_format_rate_has_three_digits_and_its_unit, rates),
	    ROWS(test_report_format_count_has_separators, counts),
	    TEST(test_report_format_counted_knows_the_plural),
	    TEST(test_report_format_share_of_nothing_is_zero),
	    ROWS(test_report_bar_has_a_cell_per_tenth, bars),
	    ROWS(test_report_wrapped_fills_lines_of_80_columns, wrapped),
	};

	return suite_create_table("report_format", tests,
				  sizeof(tests) / sizeof(tests[0]), NULL, NULL,
				  0);
}
