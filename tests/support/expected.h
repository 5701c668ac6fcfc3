/*
 * expected.h - expected.csv of $KTLSIM_CAPTURES: what independent decryptors
 * found in the captures.
 *
 * Order of use: expected_load, once; then the tables.  Rows of one capture
 * stand together, and make one entry of expected_capture.
 */
#ifndef TESTS_SUPPORT_EXPECTED_H
#define TESTS_SUPPORT_EXPECTED_H

#include <stdbool.h>
#include <stdint.h>

enum { EXPECTED_ROWS_MAX = 512, EXPECTED_PATH_BYTES = 1024 };

/* One TLS stream; arrays by direction, client to server first. */
struct expected_row {
	char client[64], server[64];
	char version[16]; /* "TLS1.2", "TLS1.3", "SSL3.0" ... */
	char cipher[64];  /* IANA name */
	uint64_t records[2], bytes[2];
	char sha256[2][65];
	char status[16]; /* "ok", "no-appdata", "not-decrypted" */
	unsigned nth;	 /* earlier streams between the same endpoints */
	/* ok; AES-GCM or ChaCha20 in TLS 1.2 or 1.3, or AES-CBC without
	   encrypt-then-MAC in TLS 1.1 or 1.2 */
	bool supported;
	bool linux_only; /* ok; AES-128-CCM with a whole tag */
};

struct expected_capture {
	char set[8]; /* "own", "real" */
	char name[64];
	char path[EXPECTED_PATH_BYTES];
	char keylog[EXPECTED_PATH_BYTES]; /* "": none beside the capture */
	int first, rows;		  /* in expected_row */
};

extern struct expected_row expected_row[EXPECTED_ROWS_MAX];
extern struct expected_capture expected_capture[EXPECTED_ROWS_MAX];

/*
 * Read the table; returns the number of captures.  0 where KTLSIM_CAPTURES is
 * unset, or its folder has no expected.csv.
 */
int expected_load(void);

/* Whether tests of captures can run; says once per test that they cannot. */
bool expected_present(void);
#endif
