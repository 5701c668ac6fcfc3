/*
 * crypto_faults.h - OpenSSL runs out of memory when a test says so.
 */
#ifndef TESTS_SUPPORT_CRYPTO_FAULTS_H
#define TESTS_SUPPORT_CRYPTO_FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Put our allocator under OpenSSL.  To be called where a suite is made, before
 * OpenSSL has allocated anything; later calls do nothing.
 */
void crypto_faults_install(void);

/* Fail the nth request from now on (1 = the next) once; 0: none. */
void crypto_faults_after(uint64_t nth);

/* Whether the fault that was ordered last has happened. */
bool crypto_faults_hit(void);
#endif
