/*
 * config_unused.h - keys that were set and have no effect beside the others.
 *
 * They are no errors: what-ifs switch a part of the model off and leave its
 * keys as they are.  The report notes them.
 */
#ifndef SIM_CONFIG_UNUSED_H
#define SIM_CONFIG_UNUSED_H

#include <stdbool.h>
#include <stddef.h>

struct config;

/* Reasons for which keys may have no effect. */
size_t config_unused_rows(void);

/*
 * Whether the row's reason holds while any of its keys is not at its default.
 * Writes a sentence with those keys and the reason then, cut to `size` > 0.
 */
bool config_unused(const struct config *config, size_t row, char *text,
		   size_t size);
#endif
