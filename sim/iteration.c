/*
 * iteration.c - lists and references in the values of a scenario.
 *
 * Called by scenario.c for every value of the configuration that was chosen:
 * iteration_find walks over its places, iteration_expand makes the values of a
 * list.  The grammar is that of OMNeT++.  Numbers of a range are kept in
 * millionths, so that 0.1..0.3 step 0.1 has three values on every machine.
 * Left out: lists inside lists, and names in the place of numbers.
 */
#include "sim/iteration.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MILLION = 1000000,
	DECIMALS = 6,
	NESTING_MAX = 1000,
};

/* Greatest number of a range, in units. */
#define NUMBER_MAX INT64_C(100000000000)

static int fail(char *why, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int
fail(char *why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, ITERATION_WHY_MAX, format, arguments);
	va_end(arguments);
	return EINVAL;
}

/* Where in a text a scan is: what it stands in. */
struct scan {
	const char *p, *end;
	unsigned depth; /* of brackets */
	bool quoted;
};

static bool
scan_more(const struct scan *scan)
{
	return scan->p < scan->end && scan->depth < NESTING_MAX;
}

/* True where a character stands for itself: not quoted, nor in brackets. */
static bool
scan_plain(const struct scan *scan)
{
	return scan->depth == 0 && !scan->quoted;
}

static void
scan_step(struct scan *scan)
{
	char c = *scan->p++;

	if (c == '\\' && scan->p < scan->end) {
		scan->p++;
	} else if (c == '"') {
		scan->quoted = !scan->quoted;
	} else if (!scan->quoted && c != '\0') {
		if (strchr("([{", c) != NULL)
			scan->depth++;
		else if (strchr(")]}", c) != NULL && scan->depth > 0)
			scan->depth--;
	}
}

/* The first plain `c` of a text, or its end. */
static const char *
scan_to(const char *p, const char *end, char c)
{
	struct scan scan = {.p = p, .end = end};

	while (scan_more(&scan) && !(scan_plain(&scan) && *scan.p == c))
		scan_step(&scan);
	return scan.p;
}

static const char *
skip_blanks(const char *p, const char *end)
{
	while (p < end && isspace((unsigned char)*p))
		p++;
	return p;
}

static const char *
trim_blanks(const char *p, const char *end)
{
	while (end > p && isspace((unsigned char)end[-1]))
		end--;
	return end;
}

/* The end of a name, or p where there is none. */
static const char *
name_end(const char *p, const char *end)
{
	if (p < end && !isalpha((unsigned char)*p) && *p != '_')
		return p;
	while (p < end && (isalnum((unsigned char)*p) || *p == '_'))
		p++;
	return p;
}

static int
copy_name(char *name, const char *p, const char *end, char *why)
{
	size_t len = (size_t)(end - p);

	if (len >= ITERATION_WORD_MAX)
		return fail(why, "the name '%.20s...' is longer than %d bytes",
			    p, ITERATION_WORD_MAX - 1);
	memcpy(name, p, len);
	name[len] = '\0';
	return 0;
}

/* "... ! name" at the end of a list: it counts in step with that one. */
static int
read_with(struct iteration *found, const char **end, char *why)
{
	const char *mark = scan_to(found->list, *end, '!');
	const char *name, *last;

	if (mark == *end)
		return 0;
	name = skip_blanks(mark + 1, *end);
	last = name_end(name, *end);
	if (last == name || skip_blanks(last, *end) != *end)
		return fail(why, "behind '!' stands the name of the list that "
				 "this one counts in step with");
	*end = mark;
	return copy_name(found->with, name, last, why);
}

/* What stands between the braces. */
static int
read_body(struct iteration *found, const char *p, const char *end, char *why)
{
	const char *name = skip_blanks(p, end);
	const char *last = name_end(name, end);
	const char *next = skip_blanks(last, end);

	*found->name = *found->with = '\0';
	found->is_list = next < end || last == name;
	found->list = p;
	if (last > name && (next == end || *next == '=')) {
		if (copy_name(found->name, name, last, why) != 0)
			return EINVAL;
		found->list = next == end ? next : next + 1;
	}
	if (found->is_list && read_with(found, &end, why) != 0)
		return EINVAL;
	found->list_len = (size_t)(end - found->list);
	if (found->is_list && skip_blanks(found->list, end) == end)
		return fail(why, "a list without a value; write "
				 "${name=1, 2, 5..20 step 5}");
	return 0;
}

int
iteration_find(const char *text, size_t from, struct iteration *found,
	       char *why)
{
	const char *place = strstr(text + from, "${");
	const char *end, *inner;

	if (place == NULL)
		return 0;
	end = scan_to(place + 2, text + strlen(text), '}');
	if (*end != '}') {
		fail(why, "'%.40s' lacks its '}'", place);
		return -1;
	}
	inner = strstr(place + 2, "${");
	if (inner != NULL && inner < end) {
		fail(why,
		     "'%.40s': a list inside a list; give it a line of "
		     "its own",
		     place);
		return -1;
	}
	found->begin = (size_t)(place - text);
	found->end = (size_t)(end + 1 - text);
	return read_body(found, place + 2, end, why) == 0 ? 1 : -1;
}

/* --- ranges ---------------------------------------------------------------
 */

/* A number in millionths, and what stands behind it. */
struct number {
	int64_t millionths;
	const char *unit;
	size_t unit_len;
};

/* Read p..end whole.  False where it does not begin with a number. */
static bool
number_read(const char *p, const char *end, struct number *number)
{
	bool negative = p < end && *p == '-';
	int64_t value = 0, scale = MILLION;

	p += negative;
	if (p == end || !isdigit((unsigned char)*p))
		return false;
	for (; p < end && isdigit((unsigned char)*p) && value < NUMBER_MAX; p++)
		value = value * 10 + (*p - '0');
	value *= MILLION;
	if (p < end && *p == '.' && p + 1 < end && p[1] != '.')
		for (p++; p < end && isdigit((unsigned char)*p) && scale > 1;
		     p++)
			value += (*p - '0') * (scale /= 10);
	if (p < end && isdigit((unsigned char)*p))
		return false;
	p = skip_blanks(p, end);
	*number = (struct number){.millionths = negative ? -value : value,
				  .unit = p,
				  .unit_len = (size_t)(end - p)};
	return value <= NUMBER_MAX * MILLION;
}

static bool
same_unit(const struct number *a, const struct number *b)
{
	return a->unit_len == b->unit_len &&
	       memcmp(a->unit, b->unit, a->unit_len) == 0;
}

/* "50 step 10": where the step begins, or NULL. */
static const char *
find_step(const char *p, const char *end)
{
	for (; p + 6 <= end; p++)
		if (isspace((unsigned char)p[0]) &&
		    strncmp(p + 1, "step", 4) == 0 &&
		    isspace((unsigned char)p[5]))
			return p;
	return NULL;
}

struct range {
	struct number first, last, step;
};

/* dots: of "first..last".  0 or EINVAL. */
static int
range_read(const char *p, const char *dots, const char *end,
	   struct range *range, char *why)
{
	const char *step = find_step(dots, end);
	const char *last = skip_blanks(dots + 2, end);
	const char *last_end = trim_blanks(last, step != NULL ? step : end);
	bool read = number_read(p, trim_blanks(p, dots), &range->first) &&
		    number_read(last, last_end, &range->last);

	range->step = range->last;
	range->step.millionths = MILLION;
	if (read && range->last.millionths < range->first.millionths)
		range->step.millionths = -MILLION;
	if (read && step != NULL)
		read =
		    number_read(skip_blanks(step + 6, end), end, &range->step);
	if (!read || !same_unit(&range->first, &range->last) ||
	    !same_unit(&range->step, &range->last))
		return fail(why,
			    "'%.*s' is no range; write FIRST..LAST step STEP "
			    "with whole numbers or decimals and one unit, such "
			    "as 10us..50us step 10us",
			    (int)(end - p), p);
	if (range->step.millionths == 0 ||
	    (range->step.millionths > 0) !=
		(range->last.millionths >= range->first.millionths))
		return fail(why, "'%.*s': the step leads away from the end",
			    (int)(end - p), p);
	return 0;
}

static char *
number_text(int64_t millionths, const struct number *like)
{
	uint64_t whole = (uint64_t)(millionths < 0 ? -millionths : millionths);
	char text[64 + ITERATION_WORD_MAX];
	int len;

	if (like->unit_len >= ITERATION_WORD_MAX)
		return NULL;
	len = snprintf(text, 64, "%s%" PRIu64 ".%06" PRIu64,
		       millionths < 0 ? "-" : "", whole / MILLION,
		       whole % MILLION);
	while (text[len - 1] == '0')
		len--;
	len -= text[len - 1] == '.';
	memcpy(text + len, like->unit, like->unit_len);
	text[(size_t)len + like->unit_len] = '\0';
	return strdup(text);
}

/* --- lists ----------------------------------------------------------------
 */

void
iteration_free(struct iteration_values *values)
{
	for (size_t i = 0; i < values->count; i++)
		free(values->value[i]);
	free(values->value);
	*values = (struct iteration_values){0};
}

/* Takes over the text, which may be NULL. */
static int
values_add(struct iteration_values *values, char *text, char *why)
{
	size_t count = values->count;
	char **larger = values->value;

	if (text == NULL)
		return ENOMEM;
	if (count == ITERATION_VALUES_MAX) {
		free(text);
		return fail(why, "a list of more than %d values",
			    ITERATION_VALUES_MAX);
	}
	if ((count & (count - 1)) == 0)
		larger = realloc(larger, (count == 0 ? 1 : count * 2) *
					     sizeof(*larger));
	if (larger == NULL) {
		free(text);
		return ENOMEM;
	}
	values->value = larger;
	values->value[values->count++] = text;
	return 0;
}

static int
add_range(struct iteration_values *values, const struct range *range, char *why)
{
	int64_t step = range->step.millionths, last = range->last.millionths;
	int error = 0;

	for (int64_t at = range->first.millionths;
	     error == 0 && (step > 0 ? at <= last : at >= last); at += step)
		error = values_add(values, number_text(at, &range->first), why);
	return error;
}

/* A copy of p..end in which \, is a comma and \} a brace. */
static char *
unescaped(const char *p, const char *end)
{
	char *copy = malloc((size_t)(end - p) + 1), *to = copy;

	if (copy == NULL)
		return NULL;
	for (; p < end; p++) {
		if (*p == '\\' && p + 1 < end && strchr(",}!\\", p[1]) != NULL)
			p++;
		*to++ = *p;
	}
	*to = '\0';
	return copy;
}

static int
add_item(struct iteration_values *values, const char *p, const char *end,
	 char *why)
{
	const char *dots = p;
	struct range range;
	int error;

	p = skip_blanks(p, end);
	end = trim_blanks(p, end);
	if (p == end)
		return fail(why, "a list with a value missing between commas");
	if (isdigit((unsigned char)*p) || *p == '-')
		for (dots = p; dots + 1 < end; dots++)
			if (dots[0] == '.' && dots[1] == '.')
				break;
	if (dots <= p || dots + 1 >= end)
		return values_add(values, unescaped(p, end), why);
	error = range_read(p, dots, end, &range, why);
	return error != 0 ? error : add_range(values, &range, why);
}

int
iteration_expand(const struct iteration *list, struct iteration_values *values,
		 char *why)
{
	const char *p = list->list, *end = list->list + list->list_len;
	int error = 0;

	*values = (struct iteration_values){0};
	for (;;) {
		const char *comma = scan_to(p, end, ',');

		error = add_item(values, p, comma, why);
		if (error != 0 || comma == end)
			break;
		p = comma + 1;
	}
	if (error != 0)
		iteration_free(values);
	return error;
}
