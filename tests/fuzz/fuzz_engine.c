/*
 * fuzz_engine.c - the engine through its public steps, chosen by the fuzzer.
 *
 * Input: operations of the property test, five bytes each (tests/property), the
 * first of which configures the socket.  The flat model checks every step, so
 * that a finding is any difference, not only a crash.
 */
#include <stddef.h>
#include <stdint.h>

#include "tests/property/ops.h"
#include "tests/property/world.h"

enum { OPS_MAX = 600 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct op ops[OPS_MAX];
	size_t count = ops_decode(data, size, ops, OPS_MAX);

	if (count > 0)
		ops[0].code = OP_CONFIG;
	world_run(ops, count);
	return 0;
}
