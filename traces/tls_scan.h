/*
 * tls_scan.h - where TLS begins in a byte stream.
 *
 * Pure.  A stream may begin with another protocol (SMTP before STARTTLS, HTTP
 * CONNECT), or in the middle of TLS where the capture began late.
 */
#ifndef TRACES_TLS_SCAN_H
#define TRACES_TLS_SCAN_H

#include <stddef.h>
#include <stdint.h>

enum tls_scan_kind {
	TLS_SCAN_NOTHING, /* no TLS; look again with more bytes */
	TLS_SCAN_HELLO,	  /* a record that begins the hello asked for */
	TLS_SCAN_CHAIN,	  /* two record headers, one record apart */
};

struct tls_scan {
	enum tls_scan_kind kind;
	size_t offset; /* of what was found; with TLS_SCAN_NOTHING: the bytes
			  in front of it cannot be TLS */
};

/*
 * Look for a ClientHello (hello_type 1), or for a ServerHello or an alert in
 * the clear (hello_type 2), at any offset; failing that for a chain.  bound is
 * the most bytes that will ever be offered at once: a chain that would not fit
 * into it is no candidate.
 */
struct tls_scan tls_scan(const uint8_t *bytes, size_t len, uint8_t hello_type,
			 size_t bound);
#endif
