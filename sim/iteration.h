/*
 * iteration.h - lists and references in the values of a scenario.
 *
 * Pure text: ${name=v1, v2, 10..50 step 10 ! other}, ${v1, v2}, ${name}.
 * Order of use: iteration_find for each place of a value, in turn; for a list
 * iteration_expand, iteration_free.
 *
 * Commas inside (), [], {} and "" do not separate, nor does \, (and \} does not
 * end).  A range counts from a number to a number, both included, by `step` or
 * by 1, downwards too; it may have a unit, the same in all of its numbers.
 */
#ifndef SIM_ITERATION_H
#define SIM_ITERATION_H

#include <stdbool.h>
#include <stddef.h>

enum {
	ITERATION_VALUES_MAX = 10000, /* of one list */
	ITERATION_WORD_MAX = 48,      /* bytes of a name, with the NUL */
	ITERATION_WHY_MAX = 224,      /* bytes of a reason, with the NUL */
};

/* One ${...} of a text. */
struct iteration {
	size_t begin, end;	       /* of all of it, in the text */
	char name[ITERATION_WORD_MAX]; /* empty: a list without a name */
	char with[ITERATION_WORD_MAX]; /* "! with": in step with another */
	bool is_list;		       /* else a reference to `name` */
	const char *list;	       /* into the text, of a list */
	size_t list_len;
};

struct iteration_values {
	char **value;
	size_t count;
};

/*
 * Find the first ${...} at or behind `from`.  1, 0 where there is none, or -1
 * with the reason in why (ITERATION_WHY_MAX bytes).
 */
int iteration_find(const char *text, size_t from, struct iteration *found,
		   char *why);

/* The values of a list.  0, EINVAL with the reason in why, or ENOMEM. */
int iteration_expand(const struct iteration *list,
		     struct iteration_values *values, char *why);
void iteration_free(struct iteration_values *values);
#endif
