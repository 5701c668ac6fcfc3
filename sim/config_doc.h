/*
 * config_doc.h - the table of keys for people.
 *
 * `ktlsim --list-keys` prints it, and docs/configuration.md is its Markdown
 * form.
 */
#ifndef SIM_CONFIG_DOC_H
#define SIM_CONFIG_DOC_H

#include <stdbool.h>
#include <stdio.h>

#include "sim/config.h"

/* Every key: type, unit, default, range, source, settable, help. */
void config_list_keys(FILE *out, bool markdown);

/* "tunable", "boot tunable", "kernel patch" or "model only". */
const char *config_settable_name(enum config_settable settable);
#endif
