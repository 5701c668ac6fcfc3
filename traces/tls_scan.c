/*
 * tls_scan.c - looks for the first TLS record in unread bytes.
 *
 * Called by the handshake automaton until TLS begins.  A hello anywhere goes
 * before a chain, so that four bytes of a banner that look like a header do not
 * hide the hello behind them.  Left out: SSL 2 hellos, and hellos whose first
 * record is shorter than their own version field.
 */
#include "traces/tls_scan.h"

#include <stdbool.h>

#include "engine/tls_record.h"
#include "traces/tls_hello.h"
#include "traces/tls_messages.h"

enum {
	/* Record header, message header, version. */
	HELLO_PREFIX = TLS_HEADER_BYTES + TLS_MESSAGE_HEADER_BYTES + 2,
	HELLO_LEAST = 2 + TLS_HELLO_RANDOM_BYTES + 2,
	ALERT_BYTES = TLS_HEADER_BYTES + 2,
};

enum verdict {
	NO,
	MAYBE, /* too few bytes to tell */
	YES,
};

/* Do the bytes there are begin with one in lo..hi at each place? */
struct pattern {
	uint8_t lo, hi;
};

static enum verdict
match(const uint8_t *bytes, size_t len, const struct pattern *pattern,
      size_t pattern_len)
{
	size_t i;

	for (i = 0; i < pattern_len && i < len; i++)
		if (bytes[i] < pattern[i].lo || bytes[i] > pattern[i].hi)
			return NO;
	return i == pattern_len ? YES : MAYBE;
}

static enum verdict
match_hello(const uint8_t *bytes, size_t len, uint8_t hello_type)
{
	const struct pattern pattern[HELLO_PREFIX] = {
	    {TLS_HANDSHAKE, TLS_HANDSHAKE},
	    {3, 3},
	    {0, 4},
	    {0, TLS_PLAINTEXT_MAX >> 8},
	    {0, 255},
	    {hello_type, hello_type},
	    {0, TLS_MESSAGE_MAX >> 16},
	    {0, 255},
	    {0, 255},
	    /* Drafts up to 21 of TLS 1.3 wrote 0x7f there. */
	    {3, hello_type == TLS_SERVER_HELLO ? 0x7f : 3},
	    {0, hello_type == TLS_SERVER_HELLO ? 28 : 4},
	};
	enum verdict verdict = match(bytes, len, pattern, HELLO_PREFIX);
	size_t record_len, hello_len;

	if (verdict != YES)
		return verdict;
	record_len = (size_t)bytes[3] << 8 | bytes[4];
	hello_len = (size_t)bytes[6] << 16 | (size_t)bytes[7] << 8 | bytes[8];
	if (record_len < HELLO_PREFIX - TLS_HEADER_BYTES ||
	    record_len > TLS_PLAINTEXT_MAX)
		return NO;
	if (hello_len < HELLO_LEAST || hello_len > TLS_MESSAGE_MAX)
		return NO;
	return YES;
}

static enum verdict
match_alert(const uint8_t *bytes, size_t len)
{
	static const struct pattern pattern[ALERT_BYTES] = {
	    {TLS_ALERT, TLS_ALERT},
	    {3, 3},
	    {0, 4},
	    {0, 0},
	    {2, 2},
	    {1, 2}, /* warning, fatal */
	    {0, 255},
	};

	return match(bytes, len, pattern, ALERT_BYTES);
}

static enum verdict
match_begin(const uint8_t *bytes, size_t len, uint8_t hello_type)
{
	enum verdict hello = match_hello(bytes, len, hello_type);
	enum verdict alert = NO;

	if (hello_type == TLS_SERVER_HELLO)
		alert = match_alert(bytes, len);
	return hello > alert ? hello : alert;
}

static enum verdict
match_header(const uint8_t *bytes, size_t len)
{
	static const struct pattern pattern[] = {
	    {TLS_CHANGE_CIPHER_SPEC, 24}, {3, 3}, {0, 4}};

	if (len >= TLS_HEADER_BYTES)
		return tls_record_plausible(bytes) ? YES : NO;
	return match(bytes, len, pattern, 3) == NO ? NO : MAYBE;
}

static enum verdict
match_chain(const uint8_t *bytes, size_t len, size_t bound)
{
	enum verdict first = match_header(bytes, len);
	size_t next;

	if (first != YES)
		return first;
	next = TLS_HEADER_BYTES + ((size_t)bytes[3] << 8 | bytes[4]);
	if (next + TLS_HEADER_BYTES > bound)
		return NO;
	if (next >= len)
		return MAYBE;
	return match_header(bytes + next, len - next);
}

struct tls_scan
tls_scan(const uint8_t *bytes, size_t len, uint8_t hello_type, size_t bound)
{
	struct tls_scan scan = {TLS_SCAN_NOTHING, len};
	enum verdict verdict = NO;

	for (size_t i = 0; i < len && verdict == NO; i++) {
		verdict = match_begin(bytes + i, len - i, hello_type);
		if (verdict != NO)
			scan.offset = i;
	}
	if (verdict == YES) {
		scan.kind = TLS_SCAN_HELLO;
		return scan;
	}
	verdict = NO;
	for (size_t i = 0; i < scan.offset && verdict == NO; i++) {
		verdict = match_chain(bytes + i, len - i, bound);
		if (verdict != NO)
			scan.offset = i;
	}
	if (verdict == YES)
		scan.kind = TLS_SCAN_CHAIN;
	return scan;
}
