/*
 * scenario_run.c - one run of a scenario: its values, its keys.
 *
 * Called after scenario_select.  Lists and references of each line that counts
 * are replaced by the values of the run, and the keys are set in the order of
 * the file, but for cost.profile, which sets all prices and so comes first.
 */
#include "sim/scenario.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/config_keys.h"
#include "sim/cost.h"
#include "sim/iteration.h"
#include "sim/ktlsim.h"
#include "sim/scenario_choice.h"

/* Text under construction; `full` where it did not fit. */
struct text {
	char *bytes; /* SCENARIO_TEXT_MAX */
	size_t len;
	bool full;
};

static void
text_add(struct text *text, const char *bytes, size_t len)
{
	if (text->len + len >= SCENARIO_TEXT_MAX) {
		text->full = true;
		return;
	}
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
	text->bytes[text->len] = '\0';
}

/* The value of the list or reference that was found in an entry. */
static void
add_place(const struct scenario *scenario, const struct scenario_entry *entry,
	  const struct iteration *place, uint64_t run, struct text *text)
{
	size_t i = 0;
	char number[24];
	const char *value;

	if (!place->is_list && strcmp(place->name, "configname") == 0) {
		value = scenario_name(scenario);
	} else if (!place->is_list && strcmp(place->name, "runnumber") == 0) {
		snprintf(number, sizeof(number), "%" PRIu64, run);
		value = number;
	} else {
		if (!place->is_list)
			i = scenario_find_variable(scenario, place->name);
		while (place->is_list &&
		       (scenario->variable[i].entry != entry ||
			scenario->variable[i].place != place->begin))
			i++;
		value = scenario_variable_value(scenario, i, run);
	}
	text_add(text, value, strlen(value));
}

static void
substitute(const struct scenario *scenario, const struct scenario_entry *entry,
	   uint64_t run, struct text *text)
{
	struct iteration place = {0};
	char why[ITERATION_WHY_MAX];
	size_t from = 0;

	text_add(text, "", 0);
	while (iteration_find(entry->value, from, &place, why) == 1) {
		text_add(text, entry->value + from, place.begin - from);
		add_place(scenario, entry, &place, run, text);
		from = place.end;
	}
	text_add(text, entry->value + from, strlen(entry->value + from));
}

/* "text" in quotes stands for itself. */
static void
unquote(struct text *text)
{
	if (text->len < 2 || text->bytes[0] != '"' ||
	    text->bytes[text->len - 1] != '"')
		return;
	memmove(text->bytes, text->bytes + 1, text->len - 2);
	text->len -= 2;
	text->bytes[text->len] = '\0';
}

/* Does the value of a key name a file? */
static bool
names_file(const char *key, const char *value)
{
	if (strcmp(key, "cost.profile") == 0)
		return !cost_is_profile(value);
	return (strcmp(key, "replay.capture") == 0 ||
		strcmp(key, "replay.keylog") == 0) &&
	       value[0] != '\0' && strcmp(value, "none") != 0 &&
	       strcmp(value, "-") != 0;
}

/* Paths in a scenario begin at its folder. */
static void
resolve_path(const struct scenario *scenario, struct text *text)
{
	const char *path = scenario->file.path;
	const char *slash = strrchr(path, '/');
	size_t folder = slash != NULL ? (size_t)(slash - path) + 1 : 0;

	if (text->bytes[0] == '/' || folder == 0)
		return;
	if (folder + text->len >= SCENARIO_TEXT_MAX) {
		text->full = true;
		return;
	}
	memmove(text->bytes + folder, text->bytes, text->len + 1);
	memcpy(text->bytes, path, folder);
	text->len += folder;
}

static int
apply_entry(const struct scenario *scenario, const struct scenario_entry *entry,
	    uint64_t run, struct ktlsim_config *config,
	    struct ktlsim_error *error)
{
	char bytes[SCENARIO_TEXT_MAX];
	struct text text = {.bytes = bytes};
	struct ktlsim_error inner = {0};
	int code;

	substitute(scenario, entry, run, &text);
	unquote(&text);
	if (names_file(entry->key, bytes))
		resolve_path(scenario, &text);
	if (text.full)
		return config_fail(
		    error, EINVAL, "%s:%u: %s: the value is too long",
		    scenario->file.path, entry->line, entry->key);
	code = ktlsim_config_set(config, entry->key, bytes, &inner);
	if (code != 0)
		config_fail(error, code, "%s:%u: %s", scenario->file.path,
			    entry->line, inner.text);
	return code;
}

int
scenario_apply(const struct scenario *scenario, uint64_t run,
	       struct ktlsim_config *config, struct ktlsim_error *error)
{
	const struct scenario_file *file = &scenario->file;
	int code = 0;

	for (int profile = 1; profile >= 0; profile--) {
		for (size_t i = 0; code == 0 && i < file->entry_count; i++) {
			const struct scenario_entry *entry = &file->entry[i];
			bool sets_profile =
			    strcmp(entry->key, "cost.profile") == 0;

			if (scenario->entry_counts[i] &&
			    sets_profile == (profile == 1))
				code = apply_entry(scenario, entry, run, config,
						   error);
		}
	}
	return code;
}

/* --- the choice of runs ---------------------------------------------------
 */

/* "7" or "2..5" at *p, which is moved behind it. */
static bool
read_runs(const char **p, uint64_t *first, uint64_t *last)
{
	char *end;

	*p += strspn(*p, " \t");
	if (!isdigit((unsigned char)**p))
		return false;
	errno = 0;
	*first = *last = strtoull(*p, &end, 10);
	if (strncmp(end, "..", 2) == 0) {
		if (!isdigit((unsigned char)end[2]))
			return false;
		*last = strtoull(end + 2, &end, 10);
	}
	*p = end + strspn(end, " \t");
	return errno == 0 && *first <= *last;
}

static int
fail_runs(const struct scenario *scenario, const char *text,
	  struct ktlsim_error *error)
{
	return config_fail(error, EINVAL,
			   "'%.60s': runs are chosen as in 0..3,7; '%s' has "
			   "the runs 0..%" PRIu64,
			   text, scenario_name(scenario), scenario->runs - 1);
}

/* Mark the runs that a text names, in its order. */
static int
choose_runs(const struct scenario *scenario, const char *text, uint64_t *chosen,
	    size_t *count, bool *named)
{
	const char *p = text;

	for (;;) {
		uint64_t first, last;

		if (!read_runs(&p, &first, &last) || last >= scenario->runs)
			return EINVAL;
		for (uint64_t run = first; run <= last; run++) {
			if (!named[run])
				chosen[(*count)++] = run;
			named[run] = true;
		}
		if (*p == '\0')
			return 0;
		if (*p++ != ',')
			return EINVAL;
	}
}

int
scenario_choose(const struct scenario *scenario, const char *text,
		uint64_t **chosen, size_t *count, struct ktlsim_error *error)
{
	bool *named = calloc(scenario->runs, sizeof(*named));
	uint64_t *runs = calloc(scenario->runs, sizeof(*runs));
	int code = ENOMEM;

	*chosen = NULL;
	*count = 0;
	if (named != NULL && runs != NULL)
		code = choose_runs(scenario, text, runs, count, named);
	free(named);
	if (code == 0) {
		*chosen = runs;
		return 0;
	}
	free(runs);
	*count = 0;
	if (code == ENOMEM)
		return config_fail(error, ENOMEM,
				   "no memory for %" PRIu64 " runs",
				   scenario->runs);
	return fail_runs(scenario, text, error);
}
