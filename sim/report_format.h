/*
 * report_format.h - numbers and sentences as people read them.
 *
 * Pure and independent of the locale.  The functions that return text write it
 * to the caller's buffer and return that, so that they nest in printf.
 */
#ifndef SIM_REPORT_FORMAT_H
#define SIM_REPORT_FORMAT_H

#include <stdint.h>
#include <stdio.h>

enum {
	FORMAT_MAX = 32, /* bytes of any formatted number */
	REPORT_COLUMNS = 80,
};

/* Three digits and the unit that fits: "0", "850 ps", "12.3 us", "1.25 s". */
const char *format_ns(char text[FORMAT_MAX], double ns);
const char *format_ps(char text[FORMAT_MAX], uint64_t ps);

/* As above: "0", "850 b/s", "12.3 Mb/s", "1.25 Gb/s". */
const char *format_gbps(char text[FORMAT_MAX], double gbps);

/* With separators: "1,234,567". */
const char *format_count(char text[FORMAT_MAX], uint64_t count);

/* "1 record", "2,000 records"; unit is the singular. */
const char *format_counted(char *text, size_t size, uint64_t count,
			   const char *unit);

/* Part of a whole in percent; 0 where the whole is 0. */
double format_share(double part, double whole);

/* A space and a bar of '#', `width` cells for 100 percent; nothing for 0. */
void report_bar(FILE *out, double percent, int width);

/*
 * Print a text in lines of at most 80 columns, the first after `first`, the
 * others after `rest`.  Control characters become '?', because file names may
 * hold any.
 */
void report_wrapped(FILE *out, const char *first, const char *rest,
		    const char *text);

/* "-- title ---------" over all columns, after an empty line. */
void report_rule(FILE *out, const char *title);
#endif
