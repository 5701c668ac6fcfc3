/*
 * libc_faults.h - the library's requests for memory, one of which fails.
 *
 * Calls of the library for malloc, calloc, realloc, aligned_alloc and strdup
 * come here first (tests/sabotage.mk).  Without an order all succeed.
 */
#ifndef TESTS_SABOTAGE_LIBC_FAULTS_H
#define TESTS_SABOTAGE_LIBC_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/* The nth request from now on fails, and only that; 0: none does. */
void libc_faults_after(uint64_t nth);

/* Has a request failed since? */
bool libc_faults_hit(void);
#endif
