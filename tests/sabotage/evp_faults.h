/*
 * evp_faults.h - OpenSSL's calls fail when a test says so.
 *
 * For the program that is linked with --wrap only (tests/sabotage.mk).
 */
#ifndef TESTS_SABOTAGE_EVP_FAULTS_H
#define TESTS_SABOTAGE_EVP_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/* Fail the nth call from now on (1 = the next) once; 0: none. */
void evp_faults_after(uint64_t nth);

/* Whether the fault that was ordered last has happened. */
bool evp_faults_hit(void);
#endif
