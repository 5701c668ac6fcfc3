/*
 * tls_hello.h - what the hello messages of a TLS handshake say.
 *
 * Pure parsers over the body of one handshake message (without its four bytes
 * of type and length).  They read no byte outside of it, whatever it says, and
 * keep no memory of it but copies.
 * Sources: RFC 5246 section 7.4.1, RFC 8446 section 4, RFC 7366, RFC 7627;
 * draft-ietf-tls-tls13-18 to -28 for the draft versions.
 */
#ifndef TRACES_TLS_HELLO_H
#define TRACES_TLS_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tls_message_type {
	TLS_HELLO_REQUEST = 0,
	TLS_CLIENT_HELLO = 1,
	TLS_SERVER_HELLO = 2,
	TLS_NEW_SESSION_TICKET = 4,
	TLS_END_OF_EARLY_DATA = 5,
	TLS_ENCRYPTED_EXTENSIONS = 8,
	TLS_SERVER_HELLO_DONE = 14,
	TLS_FINISHED = 20,
	TLS_KEY_UPDATE = 24,
};

enum {
	TLS_HELLO_RANDOM_BYTES = 32,
	TLS_DRAFT_VERSION = 0x7f00, /* plus the number of the draft */
};

struct tls_client_hello {
	uint16_t legacy_version;
	uint8_t random[TLS_HELLO_RANDOM_BYTES];
	bool early_data; /* it offers 0-RTT data */
	bool whole;	 /* every field was well formed */
};

struct tls_server_hello {
	uint16_t version; /* selected: supported_versions goes first */
	uint8_t random[TLS_HELLO_RANDOM_BYTES];
	uint16_t suite_id;
	uint8_t compression;
	bool hello_retry; /* the random of RFC 8446 section 4.1.3 */
	bool encrypt_then_mac;
	bool extended_master_secret;
	bool pre_shared_key; /* TLS 1.3: a session is resumed */
};

/*
 * Returns false where not even the random is there.  A hello that is malformed
 * behind it is still of use; `whole` tells.
 */
bool tls_client_hello_parse(const uint8_t *body, size_t len,
			    struct tls_client_hello *hello);

/* Returns false where any field is malformed. */
bool tls_server_hello_parse(const uint8_t *body, size_t len,
			    struct tls_server_hello *hello);

/* True where EncryptedExtensions accept 0-RTT data. */
bool tls_early_data_accepted(const uint8_t *body, size_t len);
#endif
