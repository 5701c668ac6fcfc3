/*
 * scenario_choice.h - the inside of struct scenario.
 *
 * Private to sim/scenario*.c.  scenario.c makes the choice, scenario_run.c
 * reads it.
 */
#ifndef SIM_SCENARIO_CHOICE_H
#define SIM_SCENARIO_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/iteration.h"
#include "sim/scenario.h"
#include "sim/scenario_file.h"

enum {
	VARIABLE_NAME_MAX = 64,
	NO_VARIABLE = SCENARIO_VARIABLES_MAX,
};

/* A list, and how it counts. */
struct variable {
	char name[VARIABLE_NAME_MAX];
	const struct scenario_entry *entry;
	size_t place; /* of the list, in the entry's value */
	struct iteration_values values;
	char with[ITERATION_WORD_MAX]; /* in step with this one, or empty */
	uint64_t stride;	       /* runs until its next value */
};

struct scenario {
	struct scenario_file file;
	size_t chosen; /* section; section_count: none */
	size_t *order; /* sections, nearest first */
	size_t order_count;
	bool *entry_counts; /* by entry: no nearer section has its key */
	struct variable variable[SCENARIO_VARIABLES_MAX];
	size_t variable_count;
	uint64_t runs;
};

/* The variable's place, or NO_VARIABLE. */
size_t scenario_find_variable(const struct scenario *scenario,
			      const char *name);
#endif
