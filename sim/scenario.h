/*
 * scenario.h - an INI file of configurations and their runs.
 *
 * Order of use: scenario_open; scenario_select; { scenario_apply }*;
 * scenario_close.  docs/scenario-format.md describes the file.
 *
 *   [General]                       keys of every configuration
 *   [Config NAME]                   and of one of them
 *   extends = A, B                  whose keys it has, too; A goes before B
 *   key = value  # comment
 *   key = ${name=1, 2, 10..50 step 10}us
 *   other = ${name}
 *
 * A list makes a run of each of its values, several lists one of each
 * combination; the last list of the file turns fastest.  Runs are numbered
 * from 0.
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include <stddef.h>
#include <stdint.h>

struct ktlsim_config;
struct ktlsim_error;
struct scenario;

enum {
	SCENARIO_RUNS_MAX = 1000000,
	SCENARIO_ENTRIES_MAX = 10000, /* lines with a value */
	SCENARIO_SECTIONS_MAX = 1000,
	SCENARIO_VARIABLES_MAX = 64, /* of one configuration */
	SCENARIO_TEXT_MAX = 4096,    /* bytes of a value, with the NUL */
};

/*
 * Read and check the file at `path`, which is borrowed until scenario_close.
 * Returns 0; EINVAL with "FILE:LINE: what is wrong, and what to do"; the errno
 * of opening or reading it; ENOMEM.  *scenario is NULL then.
 */
int scenario_open(struct scenario **scenario, const char *path,
		  struct ktlsim_error *error);
void scenario_close(struct scenario *scenario);

/*
 * Choose [Config NAME], or [General] with NULL or "General".  0, or EINVAL
 * (there is none, extends in a circle, a list that is not legal, more than
 * SCENARIO_RUNS_MAX runs) or ENOMEM; nothing is chosen then.
 */
int scenario_select(struct scenario *scenario, const char *name,
		    struct ktlsim_error *error);

/* The chosen configuration: its name, and the number of its runs (>= 1). */
const char *scenario_name(const struct scenario *scenario);
uint64_t scenario_runs(const struct scenario *scenario);

/*
 * Set the keys of run `run` (< scenario_runs).  Values in the nearest section
 * go before those it extends; cost.profile goes before every price.  0, or the
 * error of config_set with the place put before its sentence.
 */
int scenario_apply(const struct scenario *scenario, uint64_t run,
		   struct ktlsim_config *config, struct ktlsim_error *error);

/*
 * The variables of the chosen configuration, in the order of the file, slowest
 * first.  The texts live as long as the choice.  A list without a name has
 * that of its key.
 */
size_t scenario_variables(const struct scenario *scenario);
const char *scenario_variable_name(const struct scenario *scenario,
				   size_t index);
const char *scenario_variable_value(const struct scenario *scenario,
				    size_t index, uint64_t run);

/*
 * Read a choice of runs, "0" or "0..3,7", in the order in which it names them.
 * chosen has room for SCENARIO_RUNS_MAX at most; a run named twice is chosen
 * once.  *count of them; 0, EINVAL or ENOMEM.  The caller frees *chosen.
 */
int scenario_choose(const struct scenario *scenario, const char *text,
		    uint64_t **chosen, size_t *count,
		    struct ktlsim_error *error);
#endif
