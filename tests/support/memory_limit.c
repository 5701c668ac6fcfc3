/*
 * memory_limit.c - let memory run out in a test.
 *
 * Address space is what is limited, since that is what allocation asks for.
 * Sanitizers are told by the size of the address space that they reserve.
 */
#include "tests/support/memory_limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* More than any test maps by itself: 1 TiB in pages of 4 KiB. */
#define SANITIZED_PAGES (1ul << 28)

static unsigned long
mapped_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = SANITIZED_PAGES;

	if (file == NULL)
		return pages;
	if (fscanf(file, "%lu", &pages) != 1)
		pages = SANITIZED_PAGES;
	fclose(file);
	return pages;
}

bool
memory_limit(size_t bytes)
{
	const struct rlimit limit = {bytes, bytes};
	const char *fork_mode = getenv("CK_FORK");

	if (fork_mode != NULL && strcmp(fork_mode, "no") == 0)
		return false;
	return mapped_pages() < SANITIZED_PAGES &&
	       setrlimit(RLIMIT_AS, &limit) == 0;
}
