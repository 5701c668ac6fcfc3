/*
 * step_trace.h - which instructions a function executes, one by one.
 *
 * For tests that something takes the same way whatever a secret is.
 */
#ifndef TESTS_SUPPORT_STEP_TRACE_H
#define TESTS_SUPPORT_STEP_TRACE_H

#include <stdbool.h>
#include <stdint.h>

struct step_trace {
	uint64_t instructions;
	uint64_t hash; /* of their addresses, in order; x86-64 only */
};

/*
 * Run fn(arg) in a child of this process, instruction by instruction.  Traces
 * of one process may be compared, as its children begin with the same memory
 * at the same addresses.  Returns false where the system does not let a process
 * trace its child.
 */
bool step_trace_run(void (*fn)(void *arg), void *arg, struct step_trace *trace);
#endif
