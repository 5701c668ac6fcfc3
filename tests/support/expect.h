/*
 * expect.h - assertions that say which row of a table they are about.
 *
 * Order of use: expect_place names the row; the others then fail the test with
 * that place, what was compared, and both values.
 */
#ifndef TESTS_SUPPORT_EXPECT_H
#define TESTS_SUPPORT_EXPECT_H

#include <stdbool.h>
#include <stdint.h>

void expect_place(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

void expect_count(const char *what, uint64_t got, uint64_t want);
/* got lies within `apart` of want. */
void expect_near(const char *what, uint64_t got, uint64_t want, uint64_t apart);
void expect_text(const char *what, const char *got, const char *want);

/* got contains want. */
void expect_within(const char *what, const char *got, const char *want);
void expect_true(const char *what, bool got);
#endif
