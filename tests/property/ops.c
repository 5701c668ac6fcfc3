/*
 * ops.c - scripts: made from a seed, from a fuzzer's bytes, or from text.
 *
 * The numbers of an operation are any; the world takes them modulo what it can
 * use.  Left out: meaning, which is world.c's.
 */
#include "tests/property/ops.h"

#include <stdio.h>
#include <string.h>

struct op_row {
	const char *name;
	uint32_t weight; /* of ten thousand or so, in random scripts */
	uint32_t bound[OP_ARGS];
};

static const struct op_row rows[OP_COUNT] = {
    [OP_CONFIG] = {"config", 0, {65536, 65536, 65536}},
    [OP_MAKE] = {"make", 1500, {4096, 256, 64}},
    [OP_APPEND] = {"append", 2800, {1500, 16, 256}},
    [OP_WORK] = {"work", 3000, {8, 16, 1}},
    [OP_READ] = {"read", 2000, {4096, 32, 16}},
    [OP_ENABLE] = {"enable", 100, {16, 1, 1}},
    [OP_NEXT_KEY] = {"next_key", 400, {1, 1, 1}},
    [OP_ERROR] = {"error", 40, {1, 1, 1}},
    [OP_LOWAT] = {"lowat", 60, {200, 1, 1}},
    [OP_LOCK] = {"lock", 30, {1, 1, 1}},
    [OP_FLUSH] = {"flush", 25, {1, 1, 1}},
    [OP_FIN] = {"fin", 6, {1, 1, 1}},
    [OP_SHUTDOWN] = {"shutdown", 3, {1, 1, 1}},
    [OP_DROP] = {"drop", 3, {1, 1, 1}},
    [OP_CLOSE] = {"close", 3, {1, 1, 1}},
};

/* The next of a sequence (splitmix64). */
static uint32_t
draw(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)(z >> 32);
}

/*
 * In some scripts the worker, the reader or whoever brings the next key falls
 * behind, so that queues become long.  Returns the sum of the weights.
 */
static uint32_t
draw_weights(uint64_t *state, uint32_t weight[OP_COUNT])
{
	static const struct {
		enum op_code code;
		uint32_t slower;
	} lazy[] = {{OP_WORK, 5}, {OP_READ, 8}, {OP_NEXT_KEY, 8}};
	uint32_t total = 0;

	for (unsigned i = 0; i < OP_COUNT; i++)
		weight[i] = rows[i].weight;
	for (unsigned i = 0; i < sizeof(lazy) / sizeof(lazy[0]); i++)
		if (draw(state) % 4 == 0)
			weight[lazy[i].code] /= lazy[i].slower;
	for (unsigned i = 0; i < OP_COUNT; i++)
		total += weight[i];
	return total;
}

static enum op_code
draw_code(uint64_t *state, const uint32_t weight[OP_COUNT], uint32_t total)
{
	uint32_t left = draw(state) % total;
	unsigned code = 0;

	for (; left >= weight[code]; code++)
		left -= weight[code];
	return (enum op_code)code;
}

void
ops_generate(uint64_t seed, struct op *ops, size_t count)
{
	uint64_t state = seed;
	uint32_t weight[OP_COUNT], total;

	/* Neighbouring seeds must not be one sequence, shifted. */
	state = (uint64_t)draw(&state) << 32 | draw(&state);
	total = draw_weights(&state, weight);
	for (size_t i = 0; i < count; i++) {
		ops[i].code =
		    i == 0 ? OP_CONFIG : draw_code(&state, weight, total);
		for (unsigned a = 0; a < OP_ARGS; a++)
			ops[i].arg[a] =
			    draw(&state) % rows[ops[i].code].bound[a];
	}
}

size_t
ops_decode(const uint8_t *data, size_t size, struct op *ops, size_t most)
{
	size_t count = 0;

	while (count < most && size >= OP_WIRE_BYTES) {
		struct op *op = &ops[count++];
		uint32_t raw[OP_ARGS] = {
		    data[1] | (uint32_t)data[2] << 8,
		    data[3],
		    data[4],
		};

		op->code = (enum op_code)(data[0] % OP_COUNT);
		for (unsigned a = 0; a < OP_ARGS; a++)
			op->arg[a] = raw[a] % rows[op->code].bound[a];
		data += OP_WIRE_BYTES;
		size -= OP_WIRE_BYTES;
	}
	return count;
}

void
op_print(const struct op *op, char *line, size_t size)
{
	snprintf(line, size, "%s %u %u %u", rows[op->code].name, op->arg[0],
		 op->arg[1], op->arg[2]);
}

bool
op_parse(const char *line, struct op *op)
{
	char name[16];

	*op = (struct op){0};
	if (sscanf(line, "%15s %u %u %u", name, &op->arg[0], &op->arg[1],
		   &op->arg[2]) < 1)
		return false;
	for (unsigned i = 0; i < OP_COUNT; i++)
		if (strcmp(name, rows[i].name) == 0) {
			op->code = (enum op_code)i;
			return true;
		}
	return false;
}
