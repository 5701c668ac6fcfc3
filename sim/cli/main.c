/*
 * main.c - the command line: `ktlsim COMMAND ...`.
 *
 * Finds the command, parses its options, runs it, and answers with its exit
 * status.  The commands drive a simulation by the public interface,
 * sim/ktlsim.h, and look at no part of the model: what else they print is in
 * the plain data of sim/results.h, which sim/ktlsim_internal.h hands out.
 */
#include <stdio.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/cli/cli_options.h"
#include "sim/cli/cli_replay.h"
#include "sim/config.h"
#include "sim/config_doc.h"
#include "sim/ktlsim.h"

static const struct cli_command commands[] = {
    {"replay", "CAPTURE [--keylog FILE] [options]",
     "Replay a captured TLS trace and report where its latency arises",
     CLI_REPLAY, cli_replay},
    {"run", "SCENARIO.ini [-c CONFIG] [-r RUNS] [options]",
     "Run a scenario: a capture or modelled senders, with parameter lists",
     CLI_RUN, cli_run},
    {"flows", "CAPTURE [--keylog FILE] [--json FILE] [options]",
     "List the TCP flows of a capture: TLS version, suite, keys found",
     CLI_FLOWS, cli_flows},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void
print_usage(FILE *out)
{
	fprintf(out, "usage: ktlsim COMMAND [options]\n\n"
		     "An event-driven simulator of the receive side of kernel "
		     "TLS.\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-8s %s\n", commands[i].name,
			commands[i].summary);
	fprintf(out,
		"\n'ktlsim COMMAND --help' lists the options of a command,\n"
		"'ktlsim --list-keys' every configuration key, and 'man "
		"ktlsim' explains.\n");
}

static const struct cli_command *
find_command(const char *name)
{
	const char *names[COMMANDS];
	const char *near;

	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		names[i] = commands[i].name;
	}
	near = config_nearest_word(name, names, COMMANDS);
	cli_message(CLI_ERROR, "there is no command '%.60s'%s%s%s", name,
		    near != NULL ? "; did you mean '" : "",
		    near != NULL ? near : "", near != NULL ? "'?" : "");
	fprintf(stderr, "Try 'ktlsim --help'.\n");
	return NULL;
}

/* Options before a command; -1 where the word is none of them. */
static int
run_global_option(const char *word)
{
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
	    strcmp(word, "help") == 0)
		print_usage(stdout);
	else if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
		printf("ktlsim %s\n", ktlsim_version());
	else if (strcmp(word, "--list-keys") == 0)
		config_list_keys(stdout, false);
	else if (strcmp(word, "--list-keys=markdown") == 0)
		config_list_keys(stdout, true);
	else
		return -1;
	return CLI_OK;
}

static int
run_command(const struct cli_command *command, int argc, char **argv)
{
	struct cli_options options;
	int status = cli_options_parse(command, argc, argv, &options);

	if (status == CLI_GO_ON)
		status = command->run(&options);
	cli_options_fini(&options);
	return status;
}

int
main(int argc, char **argv)
{
	const struct cli_command *command;
	int status;

	if (argc < 2) {
		print_usage(stderr);
		return CLI_USAGE;
	}
	status = run_global_option(argv[1]);
	if (status >= 0)
		return status;
	command = find_command(argv[1]);
	if (command == NULL)
		return CLI_USAGE;
	return run_command(command, argc - 1, argv + 1);
}
