/*
 * keylog.h - secrets of an SSLKEYLOGFILE, or of pcapng secrets blocks.
 *
 * Order of use: keylog_create; { keylog_add }*; { keylog_find, keylog_line }*;
 * keylog_destroy, which wipes.
 * Source: draft-ietf-tls-keylogfile.  CRLF line ends, upper-case hex, comments,
 * blank lines and a missing final newline are taken; a malformed line is
 * counted and passed over.  A later line goes before an earlier one of the same
 * client random and label; a text added with a higher priority goes before any
 * of a lower one.
 */
#ifndef TRACES_KEYLOG_H
#define TRACES_KEYLOG_H

#include <stddef.h>
#include <stdint.h>

enum keylog_label {
	KEYLOG_CLIENT_RANDOM, /* TLS 1.2 master secret, 48 bytes */
	KEYLOG_CLIENT_EARLY_TRAFFIC_SECRET,
	KEYLOG_CLIENT_HANDSHAKE_TRAFFIC_SECRET,
	KEYLOG_SERVER_HANDSHAKE_TRAFFIC_SECRET,
	KEYLOG_CLIENT_TRAFFIC_SECRET_0,
	KEYLOG_SERVER_TRAFFIC_SECRET_0,
	KEYLOG_EARLY_EXPORTER_SECRET,
	KEYLOG_EXPORTER_SECRET,
	KEYLOG_LABEL_COUNT,
};

enum {
	KEYLOG_RANDOM_BYTES = 32,
	KEYLOG_SECRET_MAX = 64,
	KEYLOG_LINE_MAX = 256, /* of keylog_line, its NUL included */
};

struct keylog;

struct keylog_stats {
	uint64_t lines;		       /* with a secret of a known label */
	uint64_t ignored;	       /* comments, blanks, unknown labels */
	uint64_t malformed;	       /* known label, but not a secret */
	uint64_t replaced;	       /* another secret was there before */
	uint64_t first_malformed_line; /* number, from 1; 0: none */
};

/* NULL: no memory. */
struct keylog *keylog_create(void);

/* NULL is allowed. */
void keylog_destroy(struct keylog *keylog);

/*
 * Add the lines of a text (NUL bytes allowed inside).  *stats tells of this
 * text alone; NULL is allowed.  Returns 0, or ENOMEM with nothing changed.
 */
int keylog_add(struct keylog *keylog, const char *text, size_t len,
	       unsigned priority, struct keylog_stats *stats);

/*
 * The secret and its length in *len, or NULL.  It belongs to the key log and
 * stays until the next keylog_add.
 */
const uint8_t *keylog_find(const struct keylog *keylog,
			   const uint8_t random[KEYLOG_RANDOM_BYTES],
			   enum keylog_label label, size_t *len);

/*
 * The index-th secret as a line with its newline, NUL-terminated; its length,
 * or 0 where there are no more.  A secret stands where its first line was
 * added.
 */
size_t keylog_line(const struct keylog *keylog, size_t index,
		   char line[KEYLOG_LINE_MAX]);
#endif
