/*
 * scenario.c - an INI file of configurations and their runs.
 *
 * Called by the command line, and by whoever runs a study: scenario_open reads
 * the file (scenario_file.c), scenario_select orders the sections that a
 * configuration extends, finds which lines count, and makes its variables
 * (iteration.c).  What a run then is stands in scenario_run.c.
 *
 * Which sections come first follows OMNeT++: a section before what it extends,
 * bases in the order in which they are named, [General] last.  Runs are
 * numbered like digits, the last list of the file being the lowest one.
 * Left out: constraints between variables, repetitions.
 */
#include "sim/scenario.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config.h"
#include "sim/config_keys.h"
#include "sim/iteration.h"
#include "sim/ktlsim.h"
#include "sim/scenario_choice.h"

static void
forget_choice(struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->variable_count; i++)
		iteration_free(&scenario->variable[i].values);
	free(scenario->order);
	free(scenario->entry_counts);
	scenario->order = NULL;
	scenario->entry_counts = NULL;
	scenario->order_count = 0;
	scenario->variable_count = 0;
	scenario->runs = 0;
	scenario->chosen = scenario->file.section_count;
}

int
scenario_open(struct scenario **opened, const char *path,
	      struct ktlsim_error *error)
{
	struct scenario *scenario = calloc(1, sizeof(*scenario));
	int code;

	*opened = NULL;
	if (scenario == NULL)
		return config_fail(error, ENOMEM, "%s: no memory", path);
	code = scenario_file_read(&scenario->file, path, error);
	if (code != 0) {
		free(scenario);
		return code;
	}
	scenario->chosen = scenario->file.section_count;
	*opened = scenario;
	return 0;
}

void
scenario_close(struct scenario *scenario)
{
	if (scenario == NULL)
		return;
	forget_choice(scenario);
	scenario_file_free(&scenario->file);
	free(scenario);
}

/* --- sections -------------------------------------------------------------
 */

static int
fail_section(const struct scenario *scenario, const char *name, unsigned line,
	     struct ktlsim_error *error)
{
	const struct scenario_file *file = &scenario->file;
	const char **names = calloc(file->section_count + 1, sizeof(*names));
	const char *near = NULL;
	char place[16] = "";

	if (names == NULL)
		return config_fail(error, ENOMEM, "%s: no memory", file->path);
	for (size_t i = 0; i < file->section_count; i++)
		names[i] = file->section[i].name;
	near = config_nearest_word(name, names, file->section_count);
	if (near == NULL && file->section_count > 0)
		near = file->section[file->section_count - 1].name;
	if (line > 0)
		snprintf(place, sizeof(place), ":%u", line);
	free(names);
	if (near == NULL)
		return config_fail(error, EINVAL,
				   "%s%s: the scenario has no section; begin "
				   "it with [General]",
				   file->path, place);
	return config_fail(error, EINVAL,
			   "%s%s: there is no [%s%.40s]; there is, for "
			   "example, '%s'",
			   file->path, place,
			   strcmp(name, "General") == 0 ? "" : "Config ", name,
			   near);
}

/* Sections under way and done, while their order is made. */
struct ordering {
	const struct scenario *scenario;
	unsigned char *state; /* by section: 0, 1 under way, 2 done */
	size_t *done;	      /* those a section extends before it */
	size_t count;
	struct ktlsim_error *error;
};

static int order_section(struct ordering *ordering, size_t section);

/* The last name of a list before *end, which is moved before it. */
static void
last_name(const char *list, size_t *end, char *name, size_t size)
{
	size_t begin, last = *end;

	while (last > 0 && isspace((unsigned char)list[last - 1]))
		last--;
	for (begin = last; begin > 0 && list[begin - 1] != ',';)
		begin--;
	*end = begin > 0 ? begin - 1 : 0;
	while (begin < last && isspace((unsigned char)list[begin]))
		begin++;
	snprintf(name, size, "%.*s", (int)(last - begin), list + begin);
}

/* The bases of a section, the last one first: the order is turned round. */
static int
order_bases(struct ordering *ordering, size_t section)
{
	const struct scenario_file *file = &ordering->scenario->file;
	const struct scenario_section *from = &file->section[section];
	size_t end = from->extends != NULL ? strlen(from->extends) : 0;
	int code = 0;

	while (code == 0 && end > 0) {
		char name[64];
		size_t base;

		last_name(from->extends, &end, name, sizeof(name));
		base = scenario_file_find(file, name);
		if (base == file->section_count)
			code =
			    fail_section(ordering->scenario, name,
					 from->extends_line, ordering->error);
		else
			code = order_section(ordering, base);
	}
	return code;
}

static int
order_section(struct ordering *ordering, size_t section)
{
	const struct scenario_file *file = &ordering->scenario->file;
	int code;

	if (ordering->state[section] == 2)
		return 0;
	if (ordering->state[section] == 1)
		return config_fail(ordering->error, EINVAL,
				   "%s:%u: [Config %s] extends itself by way "
				   "of others",
				   file->path,
				   file->section[section].extends_line,
				   file->section[section].name);
	ordering->state[section] = 1;
	code = order_bases(ordering, section);
	ordering->state[section] = 2;
	ordering->done[ordering->count++] = section;
	return code;
}

/* Sections by nearness: the chosen one first, [General] last. */
static int
order_sections(struct scenario *scenario, struct ktlsim_error *error)
{
	size_t count = scenario->file.section_count;
	size_t general = scenario_file_find(&scenario->file, "General");
	struct ordering ordering = {
	    .scenario = scenario,
	    .state = calloc(count + 1, 1),
	    .done = calloc(count + 1, sizeof(*ordering.done)),
	    .error = error,
	};
	int code = ENOMEM;

	scenario->order = calloc(count + 1, sizeof(*scenario->order));
	if (ordering.state != NULL && ordering.done != NULL &&
	    scenario->order != NULL) {
		code = 0;
		if (general < count)
			code = order_section(&ordering, general);
		if (code == 0)
			code = order_section(&ordering, scenario->chosen);
		for (size_t i = ordering.count; code == 0 && i-- > 0;)
			scenario->order[scenario->order_count++] =
			    ordering.done[i];
	}
	free(ordering.state);
	free(ordering.done);
	return code;
}

static bool
key_is_nearer(const struct scenario *scenario, size_t rank, const char *key)
{
	const struct scenario_file *file = &scenario->file;

	for (size_t i = 0; i < file->entry_count; i++)
		if (scenario->entry_counts[i] &&
		    file->entry[i].section != scenario->order[rank] &&
		    strcmp(file->entry[i].key, key) == 0)
			return true;
	return false;
}

/* Which lines count: of each key the one in the nearest section. */
static int
find_entries(struct scenario *scenario)
{
	const struct scenario_file *file = &scenario->file;

	scenario->entry_counts =
	    calloc(file->entry_count + 1, sizeof(*scenario->entry_counts));
	if (scenario->entry_counts == NULL)
		return ENOMEM;
	for (size_t rank = 0; rank < scenario->order_count; rank++)
		for (size_t i = 0; i < file->entry_count; i++)
			if (file->entry[i].section == scenario->order[rank])
				scenario->entry_counts[i] = !key_is_nearer(
				    scenario, rank, file->entry[i].key);
	return 0;
}

/* --- variables ------------------------------------------------------------
 */

size_t
scenario_find_variable(const struct scenario *scenario, const char *name)
{
	for (size_t i = 0; i < scenario->variable_count; i++)
		if (strcmp(scenario->variable[i].name, name) == 0)
			return i;
	return NO_VARIABLE;
}

static int
fail_at(const struct scenario *scenario, const struct scenario_entry *entry,
	const char *why, struct ktlsim_error *error)
{
	return config_fail(error, EINVAL, "%s:%u: %s: %s", scenario->file.path,
			   entry->line, entry->key, why);
}

static int
add_variable(struct scenario *scenario, const struct scenario_entry *entry,
	     const struct iteration *list, struct ktlsim_error *error)
{
	struct variable *variable =
	    &scenario->variable[scenario->variable_count];
	char why[ITERATION_WHY_MAX];
	int code;

	if (scenario->variable_count == SCENARIO_VARIABLES_MAX)
		return fail_at(scenario, entry, "too many lists", error);
	*variable = (struct variable){.entry = entry, .place = list->begin};
	snprintf(variable->name, sizeof(variable->name), "%s",
		 list->name[0] != '\0' ? list->name : entry->key);
	memcpy(variable->with, list->with, sizeof(variable->with));
	if (list->name[0] != '\0' &&
	    (scenario_find_variable(scenario, list->name) != NO_VARIABLE ||
	     strcmp(list->name, "runnumber") == 0 ||
	     strcmp(list->name, "configname") == 0)) {
		snprintf(why, sizeof(why), "there is a variable '%s' already",
			 list->name);
		return fail_at(scenario, entry, why, error);
	}
	code = iteration_expand(list, &variable->values, why);
	if (code == EINVAL)
		return fail_at(scenario, entry, why, error);
	scenario->variable_count += code == 0;
	return code;
}

/* The lists of one line become variables. */
static int
add_lists(struct scenario *scenario, const struct scenario_entry *entry,
	  struct ktlsim_error *error)
{
	struct iteration place = {0};
	char why[ITERATION_WHY_MAX];
	int code = 0, found = 0;

	while (code == 0 && (found = iteration_find(entry->value, place.end,
						    &place, why)) == 1)
		if (place.is_list)
			code = add_variable(scenario, entry, &place, error);
	return found < 0 ? fail_at(scenario, entry, why, error) : code;
}

static bool
is_given(const char *name)
{
	return strcmp(name, "runnumber") == 0 ||
	       strcmp(name, "configname") == 0;
}

static int
check_references(const struct scenario *scenario,
		 const struct scenario_entry *entry, struct ktlsim_error *error)
{
	struct iteration place = {0};
	char why[ITERATION_WHY_MAX];

	while (iteration_find(entry->value, place.end, &place, why) == 1) {
		if (place.is_list || is_given(place.name) ||
		    scenario_find_variable(scenario, place.name) != NO_VARIABLE)
			continue;
		snprintf(why, sizeof(why),
			 "there is no variable '%s'; a list such as "
			 "${%s=1, 2} makes one",
			 place.name, place.name);
		return fail_at(scenario, entry, why, error);
	}
	return 0;
}

/* Lists that count in step have a leader, which counts for itself. */
static int
check_with(const struct scenario *scenario, const struct variable *variable,
	   struct ktlsim_error *error)
{
	size_t with = scenario_find_variable(scenario, variable->with);
	const struct variable *leader = &scenario->variable[with];
	char why[ITERATION_WHY_MAX];

	if (variable->with[0] == '\0')
		return 0;
	if (with == NO_VARIABLE || leader == variable ||
	    leader->with[0] != '\0')
		snprintf(why, sizeof(why),
			 "'! %s' must name another list, one that counts for "
			 "itself",
			 variable->with);
	else if (leader->values.count != variable->values.count)
		snprintf(why, sizeof(why),
			 "%zu values cannot count in step with the %zu of '%s'",
			 variable->values.count, leader->values.count,
			 variable->with);
	else
		return 0;
	return fail_at(scenario, variable->entry, why, error);
}

/* Strides from the last list to the first, then those in step. */
static int
count_runs(struct scenario *scenario, struct ktlsim_error *error)
{
	scenario->runs = 1;
	for (size_t i = scenario->variable_count; i-- > 0;) {
		struct variable *variable = &scenario->variable[i];

		if (check_with(scenario, variable, error) != 0)
			return EINVAL;
		if (variable->with[0] != '\0')
			continue;
		variable->stride = scenario->runs;
		scenario->runs *= variable->values.count;
		if (scenario->runs > SCENARIO_RUNS_MAX)
			return config_fail(
			    error, EINVAL, "%s:%u: more than %d runs",
			    scenario->file.path, variable->entry->line,
			    SCENARIO_RUNS_MAX);
	}
	for (size_t i = 0; i < scenario->variable_count; i++) {
		struct variable *variable = &scenario->variable[i];

		if (variable->with[0] != '\0')
			variable->stride =
			    scenario
				->variable[scenario_find_variable(
				    scenario, variable->with)]
				.stride;
	}
	return 0;
}

static int
make_variables(struct scenario *scenario, struct ktlsim_error *error)
{
	const struct scenario_file *file = &scenario->file;
	int code = 0;

	for (size_t i = 0; code == 0 && i < file->entry_count; i++)
		if (scenario->entry_counts[i])
			code = add_lists(scenario, &file->entry[i], error);
	for (size_t i = 0; code == 0 && i < file->entry_count; i++)
		if (scenario->entry_counts[i])
			code =
			    check_references(scenario, &file->entry[i], error);
	return code == 0 ? count_runs(scenario, error) : code;
}

int
scenario_select(struct scenario *scenario, const char *name,
		struct ktlsim_error *error)
{
	int code;

	forget_choice(scenario);
	if (name == NULL)
		name = "General";
	scenario->chosen = scenario_file_find(&scenario->file, name);
	if (scenario->chosen == scenario->file.section_count)
		return fail_section(scenario, name, 0, error);
	code = order_sections(scenario, error);
	if (code == 0)
		code = find_entries(scenario);
	if (code == 0)
		code = make_variables(scenario, error);
	if (code == ENOMEM)
		config_fail(error, ENOMEM, "%s: no memory",
			    scenario->file.path);
	if (code != 0)
		forget_choice(scenario);
	return code;
}

const char *
scenario_name(const struct scenario *scenario)
{
	return scenario->file.section[scenario->chosen].name;
}

uint64_t
scenario_runs(const struct scenario *scenario)
{
	return scenario->runs;
}

size_t
scenario_variables(const struct scenario *scenario)
{
	return scenario->variable_count;
}

const char *
scenario_variable_name(const struct scenario *scenario, size_t index)
{
	return scenario->variable[index].name;
}

const char *
scenario_variable_value(const struct scenario *scenario, size_t index,
			uint64_t run)
{
	const struct variable *variable = &scenario->variable[index];
	uint64_t turn = run / variable->stride;

	return variable->values.value[turn % variable->values.count];
}
