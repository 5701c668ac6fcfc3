/*
 * tls_scripts.h - whole handshakes as talks.
 */
#ifndef TESTS_SUPPORT_TLS_SCRIPTS_H
#define TESTS_SUPPORT_TLS_SCRIPTS_H

#include "tests/support/tls_talk.h"

enum {
	/* TLS 1.3 */
	SCRIPT_COALESCED = 1,	   /* the server's flight is one record */
	SCRIPT_CERTIFICATE = 2,	   /* the client has one too */
	SCRIPT_EARLY_REJECTED = 4, /* 0-RTT data that the server turns down */
	SCRIPT_NO_DATA = 8,
	/* TLS 1.2 */
	SCRIPT_ABBREVIATED = 16, /* the server's Finished goes first */
	/* Both: messages cut at odd places, several to a record. */
	SCRIPT_SPLIT = 32,
};

/* Marks each direction where KTLS begins.  Behind it: app data both ways. */
void script_tls12(struct talk *talk, unsigned flags);
void script_tls13(struct talk *talk, unsigned flags);
/* The server retries the hello; 0-RTT data before that is lost. */
void script_retry(struct talk *talk, unsigned flags);
/* 23 and 48 bytes of SMTP go first. */
void script_starttls(struct talk *talk, unsigned flags);

/* The two hellos only. */
void script_hellos(struct talk *talk, unsigned flags);
#endif
