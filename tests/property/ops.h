/*
 * ops.h - what happens to a socket, one operation per line.
 *
 * A script is a list of operations with numbers.  Any list is a legal script:
 * an operation that has no place in the present state does nothing, so that a
 * script stays one when lines are taken out.
 */
#ifndef TESTS_PROPERTY_OPS_H
#define TESTS_PROPERTY_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum op_code {
	OP_CONFIG, /* suite, policies, first record number: first line only */
	OP_MAKE,   /* the sender seals a record: length, padding, kind */
	OP_APPEND, /* packets: bytes of each, their number, marks and sharing */
	OP_WORK,   /* the worker's next step: steps, allocation that fails */
	OP_READ,   /* recvmsg: buffer, flags, control buffer and faults */
	OP_ENABLE, /* setsockopt(TCP_RXTLS_ENABLE): what is wrong with it */
	OP_NEXT_KEY,
	OP_ERROR, /* getsockopt(SO_ERROR) */
	OP_LOWAT, /* setsockopt(SO_RCVLOWAT): bytes */
	OP_LOCK,  /* a reader enters or leaves a call of several parts */
	OP_FLUSH,
	OP_FIN,
	OP_SHUTDOWN,
	OP_DROP,
	OP_CLOSE,
	OP_COUNT,
};

enum {
	OP_ARGS = 3,
	OP_WIRE_BYTES = 5, /* of an operation in a fuzzer's input */
};

struct op {
	enum op_code code;
	uint32_t arg[OP_ARGS];
};

/* A script of `count` operations that follows from seed. */
void ops_generate(uint64_t seed, struct op *ops, size_t count);

/* Operations of a fuzzer's input, at most `most`; returns their number. */
size_t ops_decode(const uint8_t *data, size_t size, struct op *ops,
		  size_t most);

/* One line without its end, at most size - 1 characters. */
void op_print(const struct op *op, char *line, size_t size);

/* Read one line; false where it is none. */
bool op_parse(const char *line, struct op *op);
#endif
