/*
 * world.h - one socket with its sender, network, worker and reader, and the
 * flat model that it must equal.
 *
 * Order of use: world_begin; { world_step }*; world_end.  A difference is
 * told on standard error, and the program aborts.
 */
#ifndef TESTS_PROPERTY_WORLD_H
#define TESTS_PROPERTY_WORLD_H

#include "tests/property/ops.h"

/* A socket without keys.  Only OP_CONFIG has arguments that count here. */
void world_begin(const struct op *config);

/* Do one operation, and compare everything. */
void world_step(const struct op *op);

/* Bring everything to its end, and assert that nothing has leaked. */
void world_end(void);

/* The whole of a script. */
void world_run(const struct op *ops, size_t count);
#endif
