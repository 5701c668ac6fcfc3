/*
 * command.c - the built program as a user runs it, for the tests.
 *
 * Output goes to temporary files, so that no pipe can fill up.
 */
#include "tests/support/command.h"

#include <check.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

bool
command_present(void)
{
	const char *program = getenv("KTLSIM");

	if (program != NULL && access(program, X_OK) == 0)
		return true;
	fprintf(stderr, "skipped: the program (KTLSIM does not name it)\n");
	return false;
}

static char *
read_back(FILE *file)
{
	long size;
	char *text;

	ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
	size = ftell(file);
	ck_assert_int_ge(size, 0);
	rewind(file);
	text = malloc((size_t)size + 1);
	ck_assert_ptr_nonnull(text);
	ck_assert_uint_eq(fread(text, 1, (size_t)size, file), (size_t)size);
	text[size] = '\0';
	fclose(file);
	return text;
}

static pid_t
start(char *const *argv, const char *input, FILE *out, FILE *err)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(
	    &actions, 0, input != NULL ? input : "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, fileno(out), 1);
	posix_spawn_file_actions_adddup2(&actions, fileno(err), 2);
	ck_assert_int_eq(
	    posix_spawn(&pid, argv[0], &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

void
command_run(struct command *command, const char *const *arguments,
	    const char *input)
{
	char *argv[COMMAND_ARGUMENTS_MAX + 2] = {getenv("KTLSIM")};
	FILE *out = tmpfile();
	FILE *err = tmpfile();
	int status;
	pid_t pid;

	ck_assert_ptr_nonnull(out);
	ck_assert_ptr_nonnull(err);
	for (int i = 0; arguments[i] != NULL; i++) {
		ck_assert_int_lt(i, COMMAND_ARGUMENTS_MAX);
		argv[i + 1] = (char *)(uintptr_t)arguments[i];
	}
	pid = start(argv, input, out, err);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	command->status =
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	command->out = read_back(out);
	command->err = read_back(err);
}

void
command_fini(struct command *command)
{
	free(command->out);
	free(command->err);
	command->out = NULL;
	command->err = NULL;
}
