/*
 * policy.h - where kernels differ: what a socket does in their stead.
 *
 * Made once by whoever creates sockets, and lent to each through so_policy; all
 * zero is FreeBSD's behaviour, which so_init gives a socket.  Nothing in here
 * changes while a socket lives.
 */
#ifndef ENGINE_POLICY_H
#define ENGINE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/* What follows a record that does not open. */
enum engine_bad_record {
	/* it is skipped: later records are delivered, and the error is reported
	   once, when the plain queue is empty */
	ENGINE_BAD_RECORD_FREEBSD,
	/* Linux: nothing behind it is decrypted; after the records in front of
	   it, every read reports the error */
	ENGINE_BAD_RECORD_STICKY,
};

/* When a record's header is judged. */
enum engine_header_check {
	ENGINE_HEADER_WORKER,  /* when a worker turns to the record */
	ENGINE_HEADER_ARRIVAL, /* when its 5 bytes stand at the head */
};

/* What a reader sees behind a key change whose next key is not installed. */
enum engine_rekey {
	/* nothing: it waits; a second enable is EALREADY */
	ENGINE_REKEY_FREEBSD,
	/* EKEYEXPIRED; a second enable of TLS 1.3 installs the key */
	ENGINE_REKEY_LINUX,
};

struct engine_policy {
	enum engine_bad_record on_bad_record;
	enum engine_header_check header_check;
	enum engine_rekey rekey;
	/*
	 * The sender keeps to the receive window: a record that is larger than
	 * the buffer can become can never complete, and resets the connection
	 * with EMSGSIZE at once.
	 */
	bool window_enforced;
	uint32_t recvbuf_max; /* bytes: limit of autosizing
				 (net.inet.tcp.recvbuf_max) */
};
#endif
