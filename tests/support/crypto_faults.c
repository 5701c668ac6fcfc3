/*
 * crypto_faults.c - OpenSSL runs out of memory when a test says so.
 */
#include "tests/support/crypto_faults.h"

#include <openssl/crypto.h>
#include <stdlib.h>

static uint64_t countdown; /* requests until the fault; 0: none ordered */
static bool hit;

static bool
fault_due(void)
{
	if (countdown == 0 || --countdown > 0)
		return false;
	hit = true;
	return true;
}

static void *
fault_malloc(size_t bytes, const char *file, int line)
{
	(void)file;
	(void)line;
	return fault_due() ? NULL : malloc(bytes);
}

static void *
fault_realloc(void *old, size_t bytes, const char *file, int line)
{
	(void)file;
	(void)line;
	return fault_due() ? NULL : realloc(old, bytes);
}

static void
fault_free(void *old, const char *file, int line)
{
	(void)file;
	(void)line;
	free(old);
}

void
crypto_faults_install(void)
{
	CRYPTO_set_mem_functions(fault_malloc, fault_realloc, fault_free);
}

void
crypto_faults_after(uint64_t nth)
{
	countdown = nth;
	hit = false;
}

bool
crypto_faults_hit(void)
{
	return hit;
}
