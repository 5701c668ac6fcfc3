/*
 * step_trace.c - which instructions a function executes, one by one.
 *
 * The child asks to be traced and stops itself in front of the function and
 * behind it; between the two stops the parent takes single steps.  A step costs
 * some microseconds, so the function should not take more than about a million
 * instructions.
 */
#include "tests/support/step_trace.h"

#include <assert.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_UNTRACED = 77 };

static void
child_run(void (*fn)(void *arg), void *arg)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		_exit(EXIT_UNTRACED);
	raise(SIGSTOP);
	fn(arg);
	raise(SIGSTOP);
	_exit(0);
}

/* The address of the next instruction; 0 where it cannot be told. */
static uint64_t
next_address(pid_t child)
{
#if defined(__x86_64__)
	return (uint64_t)ptrace(PTRACE_PEEKUSER, child,
				offsetof(struct user, regs.rip), NULL);
#else
	(void)child;
	return 0;
#endif
}

static bool
has_stopped(pid_t child, int signal)
{
	int status;

	return waitpid(child, &status, 0) == child && WIFSTOPPED(status) &&
	       WSTOPSIG(status) == signal;
}

bool
step_trace_run(void (*fn)(void *arg), void *arg, struct step_trace *trace)
{
	pid_t child = fork();

	assert(child >= 0);
	if (child == 0)
		child_run(fn, arg);
	*trace = (struct step_trace){.hash = UINT64_C(0xcbf29ce484222325)};
	if (!has_stopped(child, SIGSTOP))
		return false;
	while (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0 &&
	       has_stopped(child, SIGTRAP)) {
		trace->instructions++;
		trace->hash = (trace->hash ^ next_address(child)) *
			      UINT64_C(0x100000001b3);
	}
	kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	return true;
}
