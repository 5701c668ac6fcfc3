/*
 * config_value.h - numbers with units and distributions, from text and back.
 *
 * Pure functions; integers only, so that a value means the same on every
 * machine: a decimal that is not a whole number of its smallest unit is refused
 * rather than rounded.
 */
#ifndef SIM_CONFIG_VALUE_H
#define SIM_CONFIG_VALUE_H

#include <stddef.h>
#include <stdint.h>

struct variate;

enum {
	VALUE_WHY_MAX = 224, /* bytes of a sentence fragment, with the NUL */
};

/* What a number counts, and so which units may follow it. */
enum value_measure {
	VALUE_COUNT,	  /* things; no unit */
	VALUE_TIME,	  /* picoseconds; a unit is required but for 0 */
	VALUE_BYTES,	  /* bytes; a bare number is bytes */
	VALUE_RATE,	  /* bits per second; a bare number is those */
	VALUE_MILLIONTHS, /* a decimal, kept in millionths */
	VALUE_MEASURE_COUNT,
};

/*
 * Read a number: digits, perhaps a point and more digits, perhaps a unit.
 * Returns 0, or EINVAL with the reason in why (VALUE_WHY_MAX bytes), a fragment
 * without the key ("'5 furlongs' needs a unit: ps, ns ...").
 */
int value_parse_number(const char *text, enum value_measure measure,
		       uint64_t *value, char *why);

/* The shortest whole number with a unit, such as "16KiB". */
void value_format_number(uint64_t value, enum value_measure measure, char *text,
			 size_t size);

/*
 * Read a distribution over picoseconds: a bare time is a constant; or
 * constant(X), exponential(MEAN), uniform(LEAST, GREATEST),
 * lognormal(MEDIAN, SIGMA), pareto(SCALE, SHAPE).  No time may be over max.
 * Errors as above.
 */
int value_parse_variate(const char *text, uint64_t max, struct variate *variate,
			char *why);

void value_format_variate(const struct variate *variate, char *text,
			  size_t size);
#endif
