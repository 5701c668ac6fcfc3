/*
 * tls_talk.h - both ends of a TLS connection for the tests: what each one
 * sends, byte by byte, and the key log that goes with it.
 *
 * A talk is built first and then fed to the handshake automaton in any pieces
 * and any interleaving.  Secrets are made up; records are sealed by tls_seal.h.
 */
#ifndef TESTS_SUPPORT_TLS_TALK_H
#define TESTS_SUPPORT_TLS_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/suite.h"
#include "traces/flow.h"
#include "traces/keylog.h"

enum {
	TALK_BYTES_MAX = 512 * 1024,
	TALK_LOG_MAX = 2048,
	TALK_CLIENT = FLOW_CLIENT_TO_SERVER,
	TALK_SERVER = FLOW_SERVER_TO_CLIENT,
};

/* Whose keys seal a record; TLS 1.2 has TALK_DATA only. */
enum talk_epoch {
	TALK_EARLY,
	TALK_FLIGHT,
	TALK_DATA,
	TALK_EPOCHS,
};

/* What the hellos say. */
struct talk_hello {
	uint16_t version; /* 0x0303, 0x0304, 0x7f1c, or an older one */
	uint16_t suite_id;
	bool early_data;
	bool encrypt_then_mac;
	bool pre_shared_key;
	bool retry; /* the ServerHello is a HelloRetryRequest */
	uint8_t compression;
	uint8_t round; /* other randoms and secrets: a renegotiation */
};

struct talk {
	struct talk_hello hello;
	const struct tls_suite *suite;
	uint8_t minor; /* of record headers */
	uint8_t *bytes[2];
	size_t len[2];
	size_t mark[2]; /* where KTLS should begin; set by the builder */
	struct ktls_key key[TALK_EPOCHS][2];
	uint64_t seqno[TALK_EPOCHS][2];
};

void talk_init(struct talk *talk, const struct talk_hello *hello);
void talk_fini(struct talk *talk);

/* Another handshake on the same connection: new randoms, new keys. */
void talk_again(struct talk *talk, uint8_t round);

void talk_bytes(struct talk *talk, int direction, const void *bytes,
		size_t len);
void talk_mark(struct talk *talk, int direction);

/* One record in the clear. */
void talk_record(struct talk *talk, int direction, uint8_t type,
		 const void *bytes, size_t len);
void talk_change(struct talk *talk, int direction);
void talk_alert(struct talk *talk, int direction, uint8_t level, uint8_t what);

/* One sealed record, numbered by its epoch. */
void talk_seal(struct talk *talk, enum talk_epoch epoch, int direction,
	       uint8_t type, const void *bytes, size_t len);
/* One of application data, len bytes of anything. */
void talk_data(struct talk *talk, enum talk_epoch epoch, int direction,
	       size_t len);

/* Write a message of body_len filler bytes; returns its whole length. */
size_t talk_message(uint8_t *out, uint8_t type, size_t body_len);
/* Write a ClientHello or ServerHello with the message header. */
size_t talk_client_hello(const struct talk *talk, uint8_t *out);
size_t talk_server_hello(const struct talk *talk, uint8_t *out);
size_t talk_extensions(uint8_t *out, bool early_data);

/* The secret that talks log for a label; returns its length. */
size_t talk_secret(const struct talk *talk, enum keylog_label label,
		   uint8_t secret[KEYLOG_SECRET_MAX]);
void talk_random(const struct talk *talk, int direction, uint8_t random[32]);

/*
 * Add the lines of the labels in the bit set `labels`; those in `wrong` get a
 * secret that is not the right one.
 */
void talk_log(const struct talk *talk, struct keylog *keylog, unsigned labels,
	      unsigned wrong);

/* The same as text, at most TALK_LOG_MAX bytes; returns its length. */
size_t talk_log_text(const struct talk *talk, unsigned labels, unsigned wrong,
		     char *text);
#endif
