/*
 * replay_main.c - feed a fuzzer's corpus to it without libFuzzer.
 *
 * Linked with one tests/fuzz/fuzz_NAME.c as replay_NAME, with any compiler.
 * Arguments are files or folders; without one, the folder
 * tests/fuzz/corpus/NAME of the program's own name.  The empty input goes
 * first.  A finding stops the program, as in fuzzing.  Left out: mutation.
 */
#include <assert.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	INPUT_MAX = 1 << 20,
	PATH_LENGTH = 512,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Run one input from memory of exactly its size, so that a sanitizer sees a
 * read beyond it.
 */
static void
input_run(const uint8_t *data, size_t size)
{
	uint8_t *copy = calloc(size > 0 ? size : 1, 1);

	assert(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

/* Number of inputs run: 1, or 0 where the file cannot be read. */
static unsigned
file_run(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	size_t size;

	if (file == NULL) {
		perror(path);
		return 0;
	}
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	input_run(data, size);
	return 1;
}

static unsigned
folder_run(const char *path)
{
	struct dirent **entries;
	char name[PATH_LENGTH];
	unsigned count = 0;
	int n = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			count += file_run(name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return count;
}

static unsigned
path_run(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0) {
		perror(path);
		return 0;
	}
	return S_ISDIR(status.st_mode) ? folder_run(path) : file_run(path);
}

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash == NULL ? argv[0] : slash + 1;
	char folder[PATH_LENGTH];
	unsigned count = 0;

	input_run(NULL, 0);
	if (strncmp(name, "replay_", strlen("replay_")) == 0)
		name += strlen("replay_");
	snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s", name);
	if (argc == 1)
		count = path_run(folder);
	for (int i = 1; i < argc; i++)
		count += path_run(argv[i]);
	printf("corpus of %s: %u inputs\n%u passed, %u failed\n", name, count,
	       count, count > 0 ? 0 : 1);
	return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
