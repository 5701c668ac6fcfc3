/*
 * config_value.c - numbers with units and distributions, from text and back.
 *
 * Called by config_field.c for every key of the table and by nobody else.
 * A number is read as an integer mantissa and a power of ten, multiplied by its
 * unit in 128 bits and divided exactly: there is no floating point here, so
 * that 0.16ns is 160 ps everywhere and 0.0001ns is an error.
 * Left out: signs, exponents and arithmetic; studies expand their lists before
 * a value comes here.
 */
#include "sim/config_value.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sim/rng.h"

#define MILLION	  1000000u
#define SIGMA_MAX (10u * MILLION)   /* e^10: a factor of 22,000 */
#define SHAPE_MAX (1000u * MILLION) /* practically constant */

enum {
	FRACTION_DIGITS_MAX = 18, /* 10^18 fits 64 bits */
	WORD_MAX = 64,
};

struct value_unit {
	const char *name;
	uint64_t factor; /* of the measure's smallest unit */
	bool formats;	 /* may be chosen when a value is written */
};

struct measure {
	struct value_unit units[10]; /* greatest first; ends with a NULL name */
	const char *list;	     /* the same for people */
	const char *finer;	     /* what a remainder would be */
	uint64_t bare;		     /* factor without a unit; 0: refused */
};

static const struct measure measures[VALUE_MEASURE_COUNT] = {
    [VALUE_COUNT] = {.list = "takes no unit",
		     .finer = "a whole number",
		     .bare = 1},
    [VALUE_TIME] = {.units = {{"d", 86400000000000000u, false},
			      {"h", 3600000000000000u, true},
			      {"min", 60000000000000u, false},
			      {"s", 1000000000000u, true},
			      {"ms", 1000000000u, true},
			      {"us", 1000000u, true},
			      {"\xc2\xb5s", 1000000u, false},
			      {"ns", 1000u, true},
			      {"ps", 1u, true}},
		    .list = "needs a unit: ps, ns, us, ms, s, min, h or d",
		    .finer = "a whole number of picoseconds"},
    [VALUE_BYTES] = {.units = {{"GiB", 1u << 30, true},
			       {"GB", 1000000000u, false},
			       {"MiB", 1u << 20, true},
			       {"MB", 1000000u, false},
			       {"KiB", 1u << 10, true},
			       {"kB", 1000u, false},
			       {"B", 1u, true}},
		     .list = "takes the units B, kB, MB, GB, KiB, MiB and GiB",
		     .finer = "a whole number of bytes",
		     .bare = 1},
    [VALUE_RATE] = {.units = {{"Tbps", 1000000000000u, true},
			      {"Gbps", 1000000000u, true},
			      {"Mbps", 1000000u, true},
			      {"kbps", 1000u, true},
			      {"bps", 1u, true}},
		    .list = "takes the units bps, kbps, Mbps, Gbps and Tbps",
		    .finer = "a whole number of bits per second",
		    .bare = 1},
    [VALUE_MILLIONTHS] = {.list = "takes no unit",
			  .finer = "a decimal of at most 6 places",
			  .bare = MILLION},
};

/* Digits before a unit: mantissa / 10^scale. */
struct decimal {
	uint64_t mantissa;
	unsigned scale;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *
skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* Append one digit; false where 64 bits do not hold it. */
static bool
decimal_push(struct decimal *d, char digit)
{
	return !__builtin_mul_overflow(d->mantissa, 10u, &d->mantissa) &&
	       !__builtin_add_overflow(d->mantissa, (uint64_t)(digit - '0'),
				       &d->mantissa);
}

/* Read the fraction; zeros at its end say nothing and are passed over. */
static const char *
fraction_read(const char *p, struct decimal *d)
{
	size_t digits = strspn(p, "0123456789");
	size_t useful = digits;

	while (useful > 0 && p[useful - 1] == '0')
		useful--;
	if (digits == 0 || useful > FRACTION_DIGITS_MAX)
		return NULL;
	for (size_t i = 0; i < useful; i++)
		if (!decimal_push(d, p[i]))
			return NULL;
	d->scale = (unsigned)useful;
	return p + digits;
}

/* The end of the digits, or NULL where there are none or too many. */
static const char *
decimal_read(const char *p, struct decimal *d)
{
	*d = (struct decimal){0, 0};
	if (!is_digit(*p))
		return NULL;
	for (; is_digit(*p); p++)
		if (!decimal_push(d, *p))
			return NULL;
	return *p == '.' ? fraction_read(p + 1, d) : p;
}

/* The unit's factor; 0 where the measure has no such unit. */
static uint64_t
unit_factor(const struct measure *measure, const char *unit)
{
	if (*unit == '\0')
		return measure->bare;
	for (const struct value_unit *u = measure->units; u->name != NULL; u++)
		if (strcmp(u->name, unit) == 0)
			return u->factor;
	return 0;
}

/* decimal * factor, exactly.  0, EDOM (a remainder) or ERANGE. */
static int
decimal_scale(const struct decimal *d, uint64_t factor, uint64_t *value)
{
	unsigned __int128 product = (unsigned __int128)d->mantissa * factor;
	uint64_t power = 1;

	for (unsigned i = 0; i < d->scale; i++)
		power *= 10;
	if (product % power != 0)
		return EDOM;
	product /= power;
	if (product > UINT64_MAX)
		return ERANGE;
	*value = (uint64_t)product;
	return 0;
}

static int
fail_number(char *why, const char *text)
{
	snprintf(why, VALUE_WHY_MAX,
		 "'%.40s' is not a number that fits; write digits, perhaps "
		 "with a point, without sign or exponent",
		 text);
	return EINVAL;
}

static int
fail_unit(char *why, const char *text, const struct measure *measure)
{
	snprintf(why, VALUE_WHY_MAX, "'%.40s' %s", text, measure->list);
	return EINVAL;
}

int
value_parse_number(const char *text, enum value_measure measure,
		   uint64_t *value, char *why)
{
	const struct measure *m = &measures[measure];
	struct decimal d;
	uint64_t factor;
	const char *unit = decimal_read(skip_blanks(text), &d);

	if (unit == NULL)
		return fail_number(why, text);
	unit = skip_blanks(unit);
	factor = unit_factor(m, unit);
	if (factor == 0 && *unit == '\0' && d.mantissa == 0)
		factor = 1;
	if (factor == 0)
		return fail_unit(why, text, m);
	switch (decimal_scale(&d, factor, value)) {
	case 0:
		return 0;
	case EDOM:
		snprintf(why, VALUE_WHY_MAX, "'%.40s' is not %s", text,
			 m->finer);
		return EINVAL;
	default:
		return fail_number(why, text);
	}
}

static void
format_millionths(uint64_t value, char *text, size_t size)
{
	char fraction[8];
	size_t len = 6;

	snprintf(fraction, sizeof(fraction), "%06u",
		 (unsigned)(value % MILLION));
	while (len > 0 && fraction[len - 1] == '0')
		len--;
	fraction[len] = '\0';
	snprintf(text, size, "%llu%s%s", (unsigned long long)(value / MILLION),
		 len > 0 ? "." : "", fraction);
}

void
value_format_number(uint64_t value, enum value_measure measure, char *text,
		    size_t size)
{
	const struct value_unit *u = measures[measure].units;

	if (measure == VALUE_MILLIONTHS) {
		format_millionths(value, text, size);
		return;
	}
	if (value == 0 || u->name == NULL) {
		snprintf(text, size, "%llu", (unsigned long long)value);
		return;
	}
	while (!u->formats || value % u->factor != 0)
		u++;
	snprintf(text, size, "%llu%s", (unsigned long long)(value / u->factor),
		 u->name);
}

/* One distribution: its name, and what its second argument is and counts. */
struct shape {
	const char *name;
	enum variate_kind kind;
	unsigned arguments;
	enum value_measure second;
	const char *second_name;
};

static const struct shape shapes[] = {
    {"constant", VARIATE_CONSTANT, 1, VALUE_TIME, NULL},
    {"exponential", VARIATE_EXPONENTIAL, 1, VALUE_TIME, NULL},
    {"uniform", VARIATE_UNIFORM, 2, VALUE_TIME, "GREATEST"},
    {"lognormal", VARIATE_LOGNORMAL, 2, VALUE_MILLIONTHS, "SIGMA"},
    {"pareto", VARIATE_PARETO, 2, VALUE_MILLIONTHS, "SHAPE"},
};

/* A call taken apart: name(argument, argument). */
struct call {
	char name[WORD_MAX];
	char argument[2][WORD_MAX];
	unsigned arguments;
};

/* Copy the bytes between blanks; false where they are too many. */
static bool
word_copy(char out[WORD_MAX], const char *begin, const char *end)
{
	begin = skip_blanks(begin);
	while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (end < begin || (size_t)(end - begin) >= WORD_MAX)
		return false;
	memcpy(out, begin, (size_t)(end - begin));
	out[end - begin] = '\0';
	return true;
}

/* False where the text is not of the form name(a) or name(a, b). */
static bool
call_read(const char *text, struct call *call)
{
	const char *open = strchr(text, '(');
	const char *close = strrchr(text, ')');
	const char *comma = strchr(text, ',');

	if (close == NULL || close < open || *skip_blanks(close + 1) != '\0')
		return false;
	call->arguments = comma == NULL ? 1 : 2;
	if (comma == NULL)
		return word_copy(call->name, text, open) &&
		       word_copy(call->argument[0], open + 1, close);
	return comma > open && comma < close &&
	       word_copy(call->name, text, open) &&
	       word_copy(call->argument[0], open + 1, comma) &&
	       word_copy(call->argument[1], comma + 1, close);
}

static int
fail_call(char *why, const char *text)
{
	snprintf(why, VALUE_WHY_MAX,
		 "'%.40s' is not a distribution; write constant(X), "
		 "exponential(MEAN), uniform(LEAST, GREATEST), "
		 "lognormal(MEDIAN, SIGMA) or pareto(SCALE, SHAPE)",
		 text);
	return EINVAL;
}

static int
fail_argument(char *why, const char *sentence)
{
	snprintf(why, VALUE_WHY_MAX, "%s", sentence);
	return EINVAL;
}

static int
time_check(uint64_t time, uint64_t max, char *why)
{
	char limit[32];

	if (time <= max)
		return 0;
	value_format_number(max, VALUE_TIME, limit, sizeof(limit));
	snprintf(why, VALUE_WHY_MAX, "no more than %s is allowed", limit);
	return EINVAL;
}

/* What must hold between the arguments of a distribution. */
static int
variate_check(const struct variate *variate, uint64_t max, char *why)
{
	int error = time_check(variate->a, max, why);

	if (error != 0)
		return error;
	switch (variate->kind) {
	case VARIATE_CONSTANT:
	case VARIATE_EXPONENTIAL:
		return 0;
	case VARIATE_UNIFORM:
		if (variate->a > variate->b)
			return fail_argument(why, "uniform(LEAST, GREATEST) "
						  "has its bounds reversed");
		return time_check(variate->b, max, why);
	case VARIATE_LOGNORMAL:
		if (variate->b > SIGMA_MAX)
			return fail_argument(why, "lognormal(MEDIAN, SIGMA) "
						  "takes a SIGMA of 0 to 10");
		return 0;
	case VARIATE_PARETO:
		if (variate->b <= MILLION || variate->b > SHAPE_MAX)
			return fail_argument(
			    why, "pareto(SCALE, SHAPE) takes a SHAPE above 1 "
				 "(its mean is infinite below) and up to 1000");
		return 0;
	}
	return 0;
}

static const struct shape *
shape_find(const struct call *call)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (strcmp(shapes[i].name, call->name) == 0 &&
		    shapes[i].arguments == call->arguments)
			return &shapes[i];
	return NULL;
}

/* The reason says which argument it is about. */
static int
second_parse(const struct shape *shape, const char *text, uint64_t *value,
	     char *why)
{
	char reason[VALUE_WHY_MAX];
	int error = value_parse_number(text, shape->second, value, reason);

	if (error != 0)
		snprintf(why, VALUE_WHY_MAX, "the %s of %s: %.180s",
			 shape->second_name, shape->name, reason);
	return error;
}

int
value_parse_variate(const char *text, uint64_t max, struct variate *variate,
		    char *why)
{
	struct variate v = {VARIATE_CONSTANT, 0, 0};
	const struct shape *shape = NULL;
	struct call call;
	int error;

	if (strchr(text, '(') == NULL) {
		error = value_parse_number(text, VALUE_TIME, &v.a, why);
	} else {
		if (call_read(text, &call))
			shape = shape_find(&call);
		if (shape == NULL)
			return fail_call(why, text);
		v.kind = shape->kind;
		error =
		    value_parse_number(call.argument[0], VALUE_TIME, &v.a, why);
	}
	if (error == 0 && shape != NULL && shape->arguments == 2)
		error = second_parse(shape, call.argument[1], &v.b, why);
	if (error == 0)
		error = variate_check(&v, max, why);
	if (error == 0)
		*variate = v;
	return error;
}

void
value_format_variate(const struct variate *variate, char *text, size_t size)
{
	const struct shape *shape = shapes;
	char a[32], b[32];

	value_format_number(variate->a, VALUE_TIME, a, sizeof(a));
	if (variate->kind == VARIATE_CONSTANT) {
		snprintf(text, size, "%s", a);
		return;
	}
	while (shape->kind != variate->kind)
		shape++;
	if (shape->arguments == 1) {
		snprintf(text, size, "%s(%s)", shape->name, a);
		return;
	}
	value_format_number(variate->b, shape->second, b, sizeof(b));
	snprintf(text, size, "%s(%s, %s)", shape->name, a, b);
}
