/*
 * libc_faults.c - malloc, calloc, realloc and aligned_alloc fail when a test
 * says so.
 *
 * The linker sends the calls of all objects here; OpenSSL's and Check's, which
 * are shared libraries, go their own way.
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
__wrap_realloc(void *memory, size_t bytes)
{
	return fault_due() ? NULL : __real_realloc(memory, bytes);
}

void *
__wrap_aligned_alloc(size_t align, size_t bytes)
{
	return fault_due() ? NULL : __real_aligned_alloc(align, bytes);
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
