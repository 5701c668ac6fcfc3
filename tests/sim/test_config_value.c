/*
 * test_config_value.c - numbers with units and distributions: tables of good
 * and bad texts with literal results.
 */
#include <errno.h>
#include <string.h>

#include "sim/config_value.h"
#include "sim/rng.h"
#include "tests/support/suite_table.h"

Suite *config_value_suite(void);

#define SECOND 1000000000000u

static const struct {
	enum value_measure measure;
	const char *text;
	uint64_t value;
	const char *written; /* NULL: as text */
} good_numbers[] = {
    {VALUE_COUNT, "0", 0, NULL},
    {VALUE_COUNT, "18446744073709551615", UINT64_MAX, NULL},
    {VALUE_COUNT, "007", 7, "7"},
    {VALUE_COUNT, "4.0", 4, "4"},
    {VALUE_TIME, "0", 0, NULL},
    {VALUE_TIME, "0s", 0, "0"},
    {VALUE_TIME, "1ps", 1, NULL},
    {VALUE_TIME, "0.16ns", 160, "160ps"},
    {VALUE_TIME, "0.16000ns", 160, "160ps"},
    {VALUE_TIME, "25us", 25000000, NULL},
    {VALUE_TIME, "25 us", 25000000, "25us"},
    {VALUE_TIME, "  25\tus", 25000000, "25us"},
    {VALUE_TIME, "25\xc2\xb5s", 25000000, "25us"},
    {VALUE_TIME, "1.5ms", 1500000000, "1500us"},
    {VALUE_TIME, "2s", 2 * SECOND, NULL},
    {VALUE_TIME, "2min", 120 * SECOND, "120s"},
    {VALUE_TIME, "24h", 86400 * SECOND, NULL},
    {VALUE_TIME, "1d", 86400 * SECOND, "24h"},
    {VALUE_TIME, "0.000000000001s", 1, "1ps"},
    {VALUE_TIME, "213d", 213 * 86400 * SECOND, "5112h"},
    {VALUE_BYTES, "1500", 1500, "1500B"},
    {VALUE_BYTES, "16KiB", 16384, NULL},
    {VALUE_BYTES, "64kB", 64000, "64000B"},
    {VALUE_BYTES, "1.5KiB", 1536, "1536B"},
    {VALUE_BYTES, "2MiB", 2097152, NULL},
    {VALUE_BYTES, "3MB", 3000000, "3000000B"},
    {VALUE_BYTES, "1GiB", 1073741824, NULL},
    {VALUE_BYTES, "1GB", 1000000000, "1000000000B"},
    {VALUE_RATE, "100Gbps", 100000000000, NULL},
    {VALUE_RATE, "2.5Gbps", 2500000000, "2500Mbps"},
    {VALUE_RATE, "9600", 9600, "9600bps"},
    {VALUE_RATE, "56kbps", 56000, NULL},
    {VALUE_RATE, "1Tbps", 1000000000000, NULL},
    {VALUE_MILLIONTHS, "1", 1000000, NULL},
    {VALUE_MILLIONTHS, "0.000001", 1, NULL},
    {VALUE_MILLIONTHS, "1.50", 1500000, "1.5"},
    {VALUE_MILLIONTHS, "0.001", 1000, NULL},
};

START_TEST(test_value_reads_and_writes_a_number)
{
	char why[VALUE_WHY_MAX], text[64];
	const char *in = good_numbers[_i].text;
	const char *out = good_numbers[_i].written;
	uint64_t value = 12345;

	ck_assert_int_eq(
	    value_parse_number(in, good_numbers[_i].measure, &value, why), 0);
	ck_assert_uint_eq(value, good_numbers[_i].value);
	value_format_number(value, good_numbers[_i].measure, text,
			    sizeof(text));
	ck_assert_str_eq(text, out == NULL ? in : out);
}
END_TEST

static const struct {
	enum value_measure measure;
	const char *text;
	const char *reason; /* a part of the sentence */
} bad_numbers[] = {
    {VALUE_COUNT, "", "not a number"},
    {VALUE_COUNT, "-1", "not a number"},
    {VALUE_COUNT, "+1", "not a number"},
    {VALUE_COUNT, "1e3", "takes no unit"},
    {VALUE_COUNT, "1 2", "takes no unit"},
    {VALUE_COUNT, "0x10", "takes no unit"},
    {VALUE_COUNT, "1.5", "whole number"},
    {VALUE_COUNT, "18446744073709551616", "not a number that fits"},
    {VALUE_COUNT, "99999999999999999999999", "not a number that fits"},
    {VALUE_COUNT, "5KiB", "takes no unit"},
    {VALUE_COUNT, ".5", "not a number"},
    {VALUE_COUNT, "5.", "not a number"},
    {VALUE_TIME, "25", "needs a unit"},
    {VALUE_TIME, "25 furlongs", "needs a unit"},
    {VALUE_TIME, "25US", "needs a unit"},
    {VALUE_TIME, "0.0001ns", "whole number of picoseconds"},
    {VALUE_TIME, "0.0000000000000000001s", "not a number that fits"},
    {VALUE_TIME, "214d", "not a number that fits"},
    {VALUE_TIME, "18446744073709551615s", "not a number that fits"},
    {VALUE_TIME, "25us ", "needs a unit"},
    {VALUE_BYTES, "1.5B", "whole number of bytes"},
    {VALUE_BYTES, "16kib", "takes the units"},
    {VALUE_RATE, "1Gb/s", "takes the units"},
    {VALUE_RATE, "0.5bps", "whole number of bits"},
    {VALUE_MILLIONTHS, "0.0000001", "at most 6 places"},
    {VALUE_MILLIONTHS, "50%", "takes no unit"},
    {VALUE_MILLIONTHS, "inf", "not a number"},
};

START_TEST(test_value_refuses_a_number_and_says_why)
{
	char why[VALUE_WHY_MAX] = "";
	uint64_t value = 12345;

	ck_assert_int_eq(value_parse_number(bad_numbers[_i].text,
					    bad_numbers[_i].measure, &value,
					    why),
			 EINVAL);
	ck_assert_msg(strstr(why, bad_numbers[_i].reason) != NULL,
		      "'%s' lacks '%s'", why, bad_numbers[_i].reason);
}
END_TEST

static const struct {
	const char *text;
	struct variate variate;
	const char *written; /* NULL: as text */
} good_variates[] = {
    {"0", {VARIATE_CONSTANT, 0, 0}, NULL},
    {"10us", {VARIATE_CONSTANT, 10000000, 0}, NULL},
    {"constant(10us)", {VARIATE_CONSTANT, 10000000, 0}, "10us"},
    {"exponential(10us)", {VARIATE_EXPONENTIAL, 10000000, 0}, NULL},
    {" exponential ( 10 us ) ",
     {VARIATE_EXPONENTIAL, 10000000, 0},
     "exponential(10us)"},
    {"uniform(1us, 3us)", {VARIATE_UNIFORM, 1000000, 3000000}, NULL},
    {"uniform(1us,1us)",
     {VARIATE_UNIFORM, 1000000, 1000000},
     "uniform(1us, 1us)"},
    {"lognormal(5us, 0.5)", {VARIATE_LOGNORMAL, 5000000, 500000}, NULL},
    {"lognormal(5us, 0)", {VARIATE_LOGNORMAL, 5000000, 0}, NULL},
    {"pareto(1us, 1.5)", {VARIATE_PARETO, 1000000, 1500000}, NULL},
};

START_TEST(test_value_reads_and_writes_a_distribution)
{
	const struct variate *want = &good_variates[_i].variate;
	const char *in = good_variates[_i].text;
	const char *out = good_variates[_i].written;
	char why[VALUE_WHY_MAX], text[96];
	struct variate variate;

	ck_assert_int_eq(value_parse_variate(in, SECOND, &variate, why), 0);
	ck_assert_int_eq(variate.kind, want->kind);
	ck_assert_uint_eq(variate.a, want->a);
	ck_assert_uint_eq(variate.b, want->b);
	value_format_variate(&variate, text, sizeof(text));
	ck_assert_str_eq(text, out == NULL ? in : out);
}
END_TEST

static const struct {
	const char *text;
	const char *reason;
} bad_variates[] = {
    {"normal(1us, 2us)", "not a distribution"},
    {"exponential(1us, 2us)", "not a distribution"},
    {"uniform(1us)", "not a distribution"},
    {"exponential(1us", "not a distribution"},
    {"exponential)1us(", "not a distribution"},
    {"exponential(1us) x", "not a distribution"},
    {"(1us)", "not a distribution"},
    {"exponential()", "not a number"},
    {"uniform(1us, 2us, 3us)", "needs a unit"},
    {"uniform(3us, 1us)", "reversed"},
    {"uniform(1us, 2s)", "no more than 1s"},
    {"exponential(2s)", "no more than 1s"},
    {"1001ms", "no more than 1s"},
    {"exponential(5)", "needs a unit"},
    {"lognormal(1us, 11)", "SIGMA of 0 to 10"},
    {"lognormal(1us, 1us)", "the SIGMA of lognormal: '1us' takes no unit"},
    {"pareto(1us, 2us)", "the SHAPE of pareto: '2us' takes no unit"},
    {"uniform(1us, 2)", "the GREATEST of uniform: '2' needs a unit"},
    {"pareto(1us, 1)", "SHAPE above 1"},
    {"pareto(1us, 1001)", "SHAPE above 1"},
    {"exponential(0000000000000000000000000000000000000000000000000000000000"
     "000000000000000000000000001us)",
     "not a distribution"},
};

START_TEST(test_value_refuses_a_distribution_and_says_why)
{
	struct variate variate = {VARIATE_CONSTANT, 77, 0};
	char why[VALUE_WHY_MAX] = "";

	ck_assert_int_eq(
	    value_parse_variate(bad_variates[_i].text, SECOND, &variate, why),
	    EINVAL);
	ck_assert_msg(strstr(why, bad_variates[_i].reason) != NULL,
		      "'%s' lacks '%s'", why, bad_variates[_i].reason);
	ck_assert_uint_eq(variate.a, 77);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *
config_value_suite(void)
{
	const struct suite_test tests[] = {
	    {"test_value_reads_and_writes_a_number",
	     test_value_reads_and_writes_a_number, ROWS(good_numbers)},
	    {"test_value_refuses_a_number_and_says_why",
	     test_value_refuses_a_number_and_says_why, ROWS(bad_numbers)},
	    {"test_value_reads_and_writes_a_distribution",
	     test_value_reads_and_writes_a_distribution, ROWS(good_variates)},
	    {"test_value_refuses_a_distribution_and_says_why",
	     test_value_refuses_a_distribution_and_says_why,
	     ROWS(bad_variates)},
	};

	return suite_create_table("config_value", tests,
				  sizeof(tests) / sizeof(tests[0]), NULL, NULL,
				  0);
}
