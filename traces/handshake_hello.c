/*
 * handshake_hello.c - what the hellos decide for a connection.
 *
 * Called by handshake.c with the first flight of either side, in the clear:
 * the randoms (which name the secrets in a key log), version and suite, and
 * whether KTLS would take such a connection over at all.  The hellos of a
 * renegotiation come encrypted and go to handshake_tls12.c.
 */
#include <stdio.h>
#include <string.h>

#include "traces/handshake_state.h"

enum {
	SSL_3_0 = 0x0300,
	/* From this draft on, key schedule, labels and additional data are
	 * those of RFC 8446. */
	DRAFT_LIKE_RFC = 25,
};

void
handshake_client_hello(struct handshake *hs, const struct tls_message *message)
{
	struct tls_client_hello hello;

	if (!tls_client_hello_parse(message->body, message->len, &hello))
		return;
	hs->client_hellos++;
	hs->info.client_hello_seen = true;
	memcpy(hs->random[CLIENT], hello.random, TLS_HELLO_RANDOM_BYTES);
	if (hs->client_hellos == 1)
		hs->info.early_data_offered = hello.early_data;
	else
		/* RFC 8446 section 4.1.2: after a retry there is no 0-RTT. */
		hs->early_done = true;
}

static void
read_version(struct handshake *hs, uint16_t version)
{
	switch (version) {
	case TLS_1_0:
		hs->info.version = TLS_1_0;
		break;
	case TLS_1_1:
		hs->info.version = TLS_1_1;
		break;
	case TLS_1_2:
		hs->info.version = TLS_1_2;
		break;
	case TLS_1_3:
		hs->info.version = TLS_1_3;
		break;
	default:
		hs->info.version = TLS_VERSION_UNKNOWN;
		if ((version & 0xff00) == TLS_DRAFT_VERSION)
			hs->info.version = TLS_1_3;
		break;
	}
}

static const char *
refuse_version(struct handshake *hs, uint16_t version)
{
	unsigned draft = version - TLS_DRAFT_VERSION;

	switch (version) {
	case SSL_3_0:
		return "SSL 3.0";
	case TLS_1_0:
		return "TLS 1.0";
	case TLS_1_1:
	case TLS_1_2:
	case TLS_1_3:
		return NULL;
	default:
		break;
	}
	if (hs->info.version == TLS_VERSION_UNKNOWN)
		return "an unknown TLS version";
	if (draft >= DRAFT_LIKE_RFC)
		return NULL;
	hs->early_draft = true;
	(void)snprintf(hs->refusal_text, sizeof(hs->refusal_text),
		       "TLS 1.3 draft %u", draft);
	return hs->refusal_text;
}

static bool
suite_taken(const struct handshake *hs)
{
	struct ktls_key key;

	if (hs->suite->tls13 != (hs->info.version == TLS_1_3))
		return false;
	ktls_key_init(&key, hs->info.version, hs->suite, hs->suites);
	return tls_open_has(&key);
}

static const char *
refuse_suite(struct handshake *hs, uint16_t suite_id)
{
	if (hs->suite == NULL)
		(void)snprintf(hs->refusal_text, sizeof(hs->refusal_text),
			       "0x%04X is not a suite that KTLS takes over",
			       suite_id);
	else
		(void)snprintf(hs->refusal_text, sizeof(hs->refusal_text),
			       "%s is not a suite that KTLS takes over",
			       hs->suite->name);
	return hs->refusal_text;
}

/* Why KTLS does not take the connection over, or NULL. */
static const char *
refuse(struct handshake *hs, const struct tls_server_hello *hello)
{
	const char *reason = refuse_version(hs, hello->version);

	if (reason != NULL)
		return reason;
	if (hello->compression != 0)
		return "TLS compression";
	/* RFC 7366: it changes CBC suites only. */
	if (hello->encrypt_then_mac && hs->suite != NULL &&
	    hs->suite->cipher == TLS_CIPHER_AES_CBC)
		return "encrypt-then-MAC";
	if (hs->suite == NULL || !suite_taken(hs))
		return refuse_suite(hs, hello->suite_id);
	return NULL;
}

/*
 * Make do with the first `known` bytes of a ServerHello.  False where the suite
 * is not among them; it tells the version where the extensions are not.
 */
static bool
complete_hello(const struct tls_message *message, size_t known,
	       struct tls_server_hello *hello)
{
	size_t suite_at = 2 + TLS_HELLO_RANDOM_BYTES + 1;
	const struct tls_suite *suite;

	if (known < suite_at)
		return false;
	suite_at += message->body[suite_at - 1];
	if (known < suite_at + 2)
		return false;
	suite = tls_suite_find(hello->suite_id);
	if (suite != NULL && suite->tls13 && hello->version == TLS_1_2)
		hello->version = TLS_1_3;
	return true;
}

void
handshake_server_hello(struct handshake *hs, const struct tls_message *message,
		       size_t known)
{
	struct tls_server_hello hello;

	if (hs->info.suite_known ||
	    !tls_server_hello_parse(message->body, message->len, &hello))
		return;
	if (known < message->len && !complete_hello(message, known, &hello))
		return;
	if (hello.hello_retry) {
		hs->info.hello_retry = true;
		return;
	}
	memcpy(hs->random[SERVER], hello.random, TLS_HELLO_RANDOM_BYTES);
	read_version(hs, hello.version);
	hs->info.suite_known = true;
	hs->info.suite_id = hello.suite_id;
	hs->info.encrypt_then_mac = hello.encrypt_then_mac;
	hs->info.compression = hello.compression != 0;
	hs->info.resumed = hs->info.version == TLS_1_3 && hello.pre_shared_key;
	hs->suite = tls_suite_find(hello.suite_id);
	hs->refusal = refuse(hs, &hello);
}

const uint8_t *
handshake_secret(const struct handshake *hs, enum keylog_label label,
		 size_t len, const char **reason)
{
	const uint8_t *secret;
	size_t found_len;

	if (hs->keylog == NULL) {
		*reason = "no key log";
		return NULL;
	}
	if (!hs->info.client_hello_seen) {
		*reason = "no ClientHello";
		return NULL;
	}
	secret = keylog_find(hs->keylog, hs->random[CLIENT], label, &found_len);
	if (secret == NULL) {
		*reason = "no secret for this client random";
		return NULL;
	}
	if (found_len != len) {
		*reason = "wrong keys";
		return NULL;
	}
	return secret;
}
