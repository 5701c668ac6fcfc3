/*
 * libc_faults.c - requests for memory fail when a test says so.
 *
 * The linker sends the calls of all objects here, those of an archive too,
 * which Check can be; OpenSSL, a shared library, goes its own way.
 */
#include "tests/sabotage/libc_faults.h"

#include <stdlib.h>

static uint64_t countdown; /* requests until the fault; 0: none ordered */
static bool hit;

void *__wrap_malloc(size_t bytes);
void *__real_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
char *__wrap_strdup(const char *text);
char *__real_strdup(const char *text);
void *__wrap_aligned_alloc(size_t align, size_t bytes);
void *__real_aligned_alloc(size_t align, size_t bytes);

static bool
fault_due(void)
{
	if (countdown == 0 || --countdown > 0)
		return false;
	hit = true;
	return true;
}

void *
__wrap_malloc(size_t bytes)
{
	return fault_due() ? NULL : __real_malloc(bytes);
}

void *
__wrap_calloc(size_t count, size_t bytes)
{
	return fault_due() ? NULL : __real_calloc(count, bytes);
}

void *
__wrap_aligned_alloc(size_t align, size_t bytes)
{
	return fault_due() ? NULL : __real_aligned_alloc(align, bytes);
}

void *
__wrap_realloc(void *memory, size_t bytes)
{
	return fault_due() ? NULL : __real_realloc(memory, bytes);
}

char *
__wrap_strdup(const char *text)
{
	return fault_due() ? NULL : __real_strdup(text);
}

void
libc_faults_after(uint64_t nth)
{
	countdown = nth;
	hit = false;
}

bool
libc_faults_hit(void)
{
	return hit;
}
