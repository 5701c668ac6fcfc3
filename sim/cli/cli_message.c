/*
 * cli_message.c - what the program says on standard error.
 *
 * The level is the program's only state besides the signal flag of
 * cli_session.c: it is set once, from the options.
 */
#include <stdarg.h>
#include <stdio.h>

#include "sim/cli/cli.h"

static enum cli_level level_max = CLI_WARN;

void
cli_level_set(enum cli_level level)
{
	level_max = level;
}

void
cli_message(enum cli_level level, const char *format, ...)
{
	static const char *const marks[] = {
	    [CLI_ERROR] = "",
	    [CLI_WARN] = "warning: ",
	    [CLI_INFO] = "",
	    [CLI_DEBUG] = "debug: ",
	};
	va_list arguments;

	if (level > level_max)
		return;
	fprintf(stderr, "ktlsim: %s", marks[level]);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

int
cli_worse(int left, int right)
{
	if (left == CLI_FAILED || right == CLI_FAILED)
		return CLI_FAILED;
	return left > right ? left : right;
}
