/*
 * memory_limit.h - let memory run out in a test.
 */
#ifndef TESTS_SUPPORT_MEMORY_LIMIT_H
#define TESTS_SUPPORT_MEMORY_LIMIT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Limit this process to `bytes` of address space, for good: only for tests that
 * run in a process of their own.  False where that is not so (CK_FORK=no) or
 * where a sanitizer has reserved terabytes; the test is then to be left out.
 */
bool memory_limit(size_t bytes);
#endif
