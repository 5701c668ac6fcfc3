/*
 * run.c - random scripts until one fails; then the smallest that still does.
 *
 * usage: run [--steps N] [--seed S] [--quiet]
 *        run SCRIPT
 *
 * Scripts run in a child, which may abort.  The script that fails is shrunk by
 * delta debugging: parts of it are left out, ever smaller ones, as long as what
 * is left fails too, and then its numbers are made small.  It is printed one
 * operation per line, to be saved and replayed.  The seed of each script
 * follows from S and its number.
 */
#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/property/ops.h"
#include "tests/property/world.h"

enum {
	SCRIPT_OPS = 400,
	SCRIPT_MAX = 20000, /* lines of a file */
	TIMEOUT_S = 20,	    /* of one script */
};

/* Seed of the script that the child runs; survives it. */
static uint64_t *running;

static void
run_scripts(uint64_t seed, uint64_t steps)
{
	static struct op ops[SCRIPT_OPS];

	for (uint64_t done = 0; done < steps; done += SCRIPT_OPS) {
		uint64_t left = steps - done;

		*running = seed++;
		if (done % (1000ull * SCRIPT_OPS) == 0)
			alarm(TIMEOUT_S);
		ops_generate(*running, ops, SCRIPT_OPS);
		world_run(ops, left < SCRIPT_OPS ? (size_t)left : SCRIPT_OPS);
	}
}

/* True where the child came to its end. */
static bool
child_succeeds(pid_t child)
{
	int status;

	assert(child > 0);
	return waitpid(child, &status, 0) == child && status == 0;
}

static bool
fails(const struct op *ops, size_t count, bool quiet)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		if (quiet && freopen("/dev/null", "w", stderr) == NULL)
			_exit(2);
		alarm(TIMEOUT_S);
		world_run(ops, count);
		exit(0);
	}
	return !child_succeeds(child);
}

/* Leave out parts of `part` lines where the rest fails too; the new count. */
static size_t
shrink_parts(struct op *ops, size_t count, size_t part)
{
	static struct op less[SCRIPT_MAX];
	size_t at = 0;

	while (at < count) {
		size_t n = count - at < part ? count - at : part;

		memcpy(less, ops, at * sizeof(*ops));
		memcpy(less + at, ops + at + n,
		       (count - at - n) * sizeof(*ops));
		if (fails(less, count - n, true)) {
			count -= n;
			memcpy(ops, less, count * sizeof(*ops));
		} else {
			at += n;
		}
	}
	return count;
}

/* Make a number as small as steps of halved sizes can. */
static void
shrink_number(struct op *ops, size_t count, uint32_t *number)
{
	uint32_t kept = *number;

	for (uint32_t less = kept; less > 0; less /= 2) {
		if (less > kept)
			continue;
		*number = kept - less;
		if (fails(ops, count, true))
			kept = *number;
	}
	*number = kept;
}

static void
shrink_numbers(struct op *ops, size_t count)
{
	for (size_t i = 0; i < count * OP_ARGS; i++)
		shrink_number(ops, count, &ops[i / OP_ARGS].arg[i % OP_ARGS]);
}

static size_t
shrink(struct op *ops, size_t count)
{
	size_t before;

	do {
		before = count;
		for (size_t part = (count + 1) / 2; part > 0; part /= 2)
			count = shrink_parts(ops, count, part);
	} while (count < before);
	shrink_numbers(ops, count);
	return count;
}

static void
print_script(const struct op *ops, size_t count)
{
	char line[64];

	for (size_t i = 0; i < count; i++) {
		op_print(&ops[i], line, sizeof(line));
		printf("%s\n", line);
	}
}

static int
random_scripts(uint64_t seed, uint64_t steps, bool quiet)
{
	static struct op ops[SCRIPT_MAX];
	size_t count = SCRIPT_OPS;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child == 0) {
		if (quiet && freopen("/dev/null", "w", stderr) == NULL)
			_exit(2);
		run_scripts(seed, steps);
		exit(0);
	}
	if (child_succeeds(child)) {
		printf("property: %llu steps from seed %llu\n"
		       "1 passed, 0 failed\n",
		       (unsigned long long)steps, (unsigned long long)seed);
		return EXIT_SUCCESS;
	}
	printf("seed %llu fails\n", (unsigned long long)*running);
	if (!quiet) {
		ops_generate(*running, ops, count);
		count = shrink(ops, count);
		print_script(ops, count);
		fails(ops, count, false);
	}
	printf("0 passed, 1 failed\n");
	return EXIT_FAILURE;
}

static int
replay(const char *path)
{
	static struct op ops[SCRIPT_MAX];
	FILE *file = fopen(path, "r");
	char line[128];
	size_t count = 0;

	if (file == NULL) {
		perror(path);
		return EXIT_FAILURE;
	}
	while (count < SCRIPT_MAX && fgets(line, sizeof(line), file) != NULL) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (!op_parse(line, &ops[count++])) {
			fprintf(stderr, "%s: no operation: %s", path, line);
			fclose(file);
			return EXIT_FAILURE;
		}
	}
	fclose(file);
	world_run(ops, count);
	printf("%s: %zu operations\n1 passed, 0 failed\n", path, count);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"steps", required_argument, NULL, 'n'},
	    {"seed", required_argument, NULL, 's'},
	    {"quiet", no_argument, NULL, 'q'},
	    {NULL, 0, NULL, 0},
	};
	uint64_t steps = 1000000, seed = 1;
	bool quiet = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'n')
			steps = strtoull(optarg, NULL, 0);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 'q')
			quiet = true;
		else
			return EXIT_FAILURE;
	}
	if (optind < argc)
		return replay(argv[optind]);
	running = mmap(NULL, sizeof(*running), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert(running != MAP_FAILED);
	return random_scripts(seed, steps, quiet);
}
