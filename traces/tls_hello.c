/*
 * tls_hello.c - parsers of ClientHello, ServerHello and EncryptedExtensions.
 *
 * Called by the handshake automaton with whole messages.  All reading goes
 * through a cursor that refuses to move past its end and then stays bad, so
 * that no length on the wire is trusted.  Left out: everything that decides
 * neither keys nor record format (key shares, signatures, names, ALPN).
 */
#include "traces/tls_hello.h"

#include <string.h>

enum {
	EXTENSION_ENCRYPT_THEN_MAC = 22,
	EXTENSION_EXTENDED_MASTER_SECRET = 23,
	EXTENSION_PRE_SHARED_KEY = 41,
	EXTENSION_EARLY_DATA = 42,
	EXTENSION_SUPPORTED_VERSIONS = 43,
	/* Up to this draft a ServerHello had no session id, no compression. */
	DRAFT_SHORT_HELLO_LAST = 21,
};

/* SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3). */
static const uint8_t hello_retry_random[TLS_HELLO_RANDOM_BYTES] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
    0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
    0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
};

struct cursor {
	const uint8_t *next;
	size_t left;
	bool bad; /* something did not fit; stays so */
};

struct extension {
	uint16_t type;
	struct cursor body;
};

/* Move past the next len bytes; false: they are not there. */
static bool
take(struct cursor *cursor, size_t len, const uint8_t **bytes)
{
	if (cursor->bad || len > cursor->left) {
		cursor->bad = true;
		return false;
	}
	*bytes = cursor->next;
	cursor->next += len;
	cursor->left -= len;
	return true;
}

static unsigned
take_number(struct cursor *cursor, size_t len)
{
	const uint8_t *bytes;
	unsigned value = 0;

	if (!take(cursor, len, &bytes))
		return 0;
	for (size_t i = 0; i < len; i++)
		value = value << 8 | bytes[i];
	return value;
}

static uint16_t
take_u16(struct cursor *cursor)
{
	return (uint16_t)take_number(cursor, 2);
}

/* A vector whose length takes length_bytes, as a cursor of its own. */
static struct cursor
take_vector(struct cursor *cursor, size_t length_bytes)
{
	size_t len = take_number(cursor, length_bytes);
	struct cursor vector = {NULL, len, false};

	if (!take(cursor, len, &vector.next))
		vector = (struct cursor){NULL, 0, true};
	return vector;
}

static void
take_random(struct cursor *cursor, uint8_t random[TLS_HELLO_RANDOM_BYTES])
{
	const uint8_t *bytes;

	if (take(cursor, TLS_HELLO_RANDOM_BYTES, &bytes))
		memcpy(random, bytes, TLS_HELLO_RANDOM_BYTES);
}

/* False at the end, or where the list is malformed: then the list is bad. */
static bool
next_extension(struct cursor *list, struct extension *extension)
{
	if (list->bad || list->left == 0)
		return false;
	extension->type = take_u16(list);
	extension->body = take_vector(list, 2);
	return !list->bad;
}

bool
tls_client_hello_parse(const uint8_t *body, size_t len,
		       struct tls_client_hello *hello)
{
	struct cursor cursor = {body, len, false}, list;
	struct extension extension;

	memset(hello, 0, sizeof(*hello));
	hello->legacy_version = take_u16(&cursor);
	take_random(&cursor, hello->random);
	if (cursor.bad)
		return false;
	take_vector(&cursor, 1); /* session id */
	take_vector(&cursor, 2); /* suites offered */
	take_vector(&cursor, 1); /* compression methods offered */
	if (cursor.bad)
		return true;
	if (cursor.left == 0) {
		/* Extensions may be absent altogether. */
		hello->whole = true;
		return true;
	}
	list = take_vector(&cursor, 2);
	while (next_extension(&list, &extension))
		if (extension.type == EXTENSION_EARLY_DATA)
			hello->early_data = true;
	hello->whole = !list.bad;
	return true;
}

static void
server_extension(struct tls_server_hello *hello, struct extension *extension)
{
	switch (extension->type) {
	case EXTENSION_ENCRYPT_THEN_MAC:
		hello->encrypt_then_mac = true;
		break;
	case EXTENSION_EXTENDED_MASTER_SECRET:
		hello->extended_master_secret = true;
		break;
	case EXTENSION_PRE_SHARED_KEY:
		hello->pre_shared_key = true;
		break;
	case EXTENSION_SUPPORTED_VERSIONS:
		if (extension->body.left == 2)
			hello->version = take_u16(&extension->body);
		break;
	default:
		break;
	}
}

/* Drafts up to 21 put their number where 0x0303 stands now. */
static bool
is_short_hello(uint16_t version)
{
	return version >= TLS_DRAFT_VERSION &&
	       version <= TLS_DRAFT_VERSION + DRAFT_SHORT_HELLO_LAST;
}

bool
tls_server_hello_parse(const uint8_t *body, size_t len,
		       struct tls_server_hello *hello)
{
	struct cursor cursor = {body, len, false}, list;
	struct extension extension;
	bool short_hello;

	memset(hello, 0, sizeof(*hello));
	hello->version = take_u16(&cursor);
	short_hello = is_short_hello(hello->version);
	take_random(&cursor, hello->random);
	if (!short_hello)
		take_vector(&cursor, 1); /* session id */
	hello->suite_id = take_u16(&cursor);
	if (!short_hello)
		hello->compression = (uint8_t)take_number(&cursor, 1);
	if (cursor.bad)
		return false;
	hello->hello_retry = memcmp(hello->random, hello_retry_random,
				    sizeof(hello_retry_random)) == 0;
	if (cursor.left == 0)
		return true;
	list = take_vector(&cursor, 2);
	while (next_extension(&list, &extension))
		server_extension(hello, &extension);
	return !list.bad;
}

bool
tls_early_data_accepted(const uint8_t *body, size_t len)
{
	struct cursor cursor = {body, len, false};
	struct cursor list = take_vector(&cursor, 2);
	struct extension extension;

	while (next_extension(&list, &extension))
		if (extension.type == EXTENSION_EARLY_DATA)
			return true;
	return false;
}
