/*
 * libc_faults.h - requests for memory fail when a test says so.
 *
 * For the program that is linked with --wrap only (tests/sabotage.mk).
 */
#ifndef TESTS_SABOTAGE_LIBC_FAULTS_H
#define TESTS_SABOTAGE_LIBC_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/* Fail the nth request from now on (1 = the next) once; 0: none. */
void libc_faults_after(uint64_t nth);

/* Whether the fault that was ordered last has happened. */
bool libc_faults_hit(void);
#endif
