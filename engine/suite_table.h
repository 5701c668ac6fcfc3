/*
 * suite_table.h - the rows behind tls_suite_find(); nobody else's business.
 */
#ifndef ENGINE_SUITE_TABLE_H
#define ENGINE_SUITE_TABLE_H

#include <stddef.h>

#include "engine/suite.h"

/* Ascending by id, without duplicates. */
extern const struct tls_suite tls_suite_table[];
extern const size_t tls_suite_count; /* rows */
#endif
