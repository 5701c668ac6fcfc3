/*
 * expect.c - assertions that say which row of a table they are about.
 *
 * Used by the tests that compare whole runs, where the line of an assertion
 * alone tells nothing.
 */
#include "tests/support/expect.h"

#include <check.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char place[512];

void
expect_place(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(place, sizeof(place), format, arguments);
	va_end(arguments);
}

void
expect_count(const char *what, uint64_t got, uint64_t want)
{
	ck_assert_msg(got == want, "%s: %s is %" PRIu64 ", not %" PRIu64, place,
		      what, got, want);
}

void
expect_near(const char *what, uint64_t got, uint64_t want, uint64_t apart)
{
	ck_assert_msg((got > want ? got - want : want - got) <= apart,
		      "%s: %s is %" PRIu64 ", not within %" PRIu64
		      " of %" PRIu64,
		      place, what, got, apart, want);
}

void
expect_text(const char *what, const char *got, const char *want)
{
	ck_assert_msg(strcmp(got, want) == 0, "%s: %s is '%s', not '%s'", place,
		      what, got, want);
}

void
expect_within(const char *what, const char *got, const char *want)
{
	ck_assert_msg(strstr(got, want) != NULL,
		      "%s: %s lacks '%s', it is '%s'", place, what, want, got);
}

void
expect_true(const char *what, bool got)
{
	ck_assert_msg(got, "%s: %s", place, what);
}
