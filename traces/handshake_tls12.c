/*
 * handshake_tls12.c - TLS 1.1 and 1.2: the border at ChangeCipherSpec, and
 * renegotiation.
 *
 * Called by handshake.c with the first record behind a ChangeCipherSpec, which
 * is the Finished and record 0 of the keys: they are tried on it, not used for
 * it, because it goes through KTLS.  After that, handshake.c hands in what KTLS
 * decrypted: a second handshake, whose keys begin where its ChangeCipherSpec
 * (now a protected record) ends.
 * Left out: keys of a renegotiation that the key log does not know; the
 * direction then waits for ever, as its sender's peer would.
 */
#include <errno.h>
#include <string.h>

#include "traces/handshake_state.h"

/* Does the record open?  Returns 0, EBADMSG or ENOMEM. */
static int
try_key(struct handshake *hs, const struct ktls_key *key,
	const struct handshake_bytes *record)
{
	struct tls_plaintext plaintext;
	struct tls_opener opener;
	uint8_t *scratch = handshake_scratch(hs);
	int error;

	if (scratch == NULL)
		return ENOMEM;
	tls_opener_init(&opener, hs->aead, key);
	error =
	    tls_open(&opener, record->bytes, record->len, scratch, &plaintext);
	tls_opener_fini(&opener);
	return error;
}

static void
install_tried(struct handshake *hs, enum flow_direction direction,
	      const struct ktls_key *key, int error,
	      struct handshake_output *output)
{
	if (error == 0)
		handshake_install(hs, direction, key, output);
	else
		handshake_install_model(hs, direction, HANDSHAKE_NOT_OPENED,
					output);
}

/* The record keys of a handshake between these hellos. */
static int
keys_derive(const struct handshake *hs, const struct tls_suite *suite,
	    const uint8_t *master, const uint8_t random[2][TLS_RANDOM_BYTES],
	    struct ktls_key key[2])
{
	int error = tls12_record_keys(hs->info.version, suite, master,
				      random[CLIENT], random[SERVER], key);

	if (error == 0)
		key[CLIENT].suites = key[SERVER].suites = hs->suites;
	return error;
}

int
handshake_tls12_border(struct handshake *hs, enum flow_direction direction,
		       const struct handshake_bytes *record,
		       struct handshake_output *output)
{
	const char *reason = hs->refusal;
	const uint8_t *master = NULL;
	struct ktls_key key[2];
	int error;

	if (reason == NULL)
		master = handshake_secret(hs, KEYLOG_CLIENT_RANDOM,
					  TLS_MASTER_SECRET_BYTES, &reason);
	if (master == NULL) {
		handshake_install_model(hs, direction, reason, output);
		return 0;
	}
	error = keys_derive(hs, hs->suite, master, hs->random, key);
	/* A header that no record has is left to KTLS, which reports it. */
	if (error == 0 && record->len > 0)
		error = try_key(hs, &key[direction], record);
	if (error != ENOMEM)
		install_tried(hs, direction, &key[direction], error, output);
	ktls_key_clear(&key[CLIENT]);
	ktls_key_clear(&key[SERVER]);
	return error == ENOMEM ? ENOMEM : 0;
}

/* Give the next keys to the directions that wait, where they are known. */
static int
give_next_keys(struct handshake *hs, struct handshake_output *output)
{
	struct handshake_again *again = &hs->again;
	struct ktls_key key[2];
	const uint8_t *master;
	size_t len;
	int error;

	if (!again->hello[CLIENT] || !again->hello[SERVER] ||
	    again->suite == NULL)
		return 0;
	master = keylog_find(hs->keylog, again->random[CLIENT],
			     KEYLOG_CLIENT_RANDOM, &len);
	if (master == NULL || len != TLS_MASTER_SECRET_BYTES)
		return 0;
	error = keys_derive(hs, again->suite, master, again->random, key);
	for (int i = 0; i < 2 && error == 0; i++) {
		if (!again->waiting[i] || !tls_open_has(&key[i]))
			continue;
		handshake_push(output, HANDSHAKE_NEXT_KEY,
			       (enum flow_direction)i, &key[i]);
		again->waiting[i] = false;
		again->keyed[i] = true;
	}
	ktls_key_clear(&key[CLIENT]);
	ktls_key_clear(&key[SERVER]);
	if (again->keyed[CLIENT] && again->keyed[SERVER])
		memset(again, 0, sizeof(*again));
	return error == ENOMEM ? ENOMEM : 0;
}

static void
renegotiate_client(struct handshake_again *again,
		   const struct tls_message *message)
{
	struct tls_client_hello hello;

	if (!tls_client_hello_parse(message->body, message->len, &hello))
		return;
	memcpy(again->random[CLIENT], hello.random, TLS_HELLO_RANDOM_BYTES);
	again->hello[CLIENT] = true;
}

static void
renegotiate_server(struct handshake *hs, const struct tls_message *message)
{
	struct handshake_again *again = &hs->again;
	struct tls_server_hello hello;

	if (!tls_server_hello_parse(message->body, message->len, &hello))
		return;
	memcpy(again->random[SERVER], hello.random, TLS_HELLO_RANDOM_BYTES);
	again->suite = tls_suite_find(hello.suite_id);
	/* What KTLS does not take over gets no next key. */
	if (again->suite != NULL && hello.encrypt_then_mac &&
	    again->suite->cipher == TLS_CIPHER_AES_CBC)
		again->suite = NULL;
	again->hello[SERVER] = true;
	hs->info.renegotiations++;
}

int
handshake_tls12_message(struct handshake *hs, enum flow_direction direction,
			const struct tls_message *message,
			struct handshake_output *output)
{
	if (direction == FLOW_CLIENT_TO_SERVER &&
	    message->type == TLS_CLIENT_HELLO)
		renegotiate_client(&hs->again, message);
	else if (direction == FLOW_SERVER_TO_CLIENT &&
		 message->type == TLS_SERVER_HELLO)
		renegotiate_server(hs, message);
	else
		return 0;
	return give_next_keys(hs, output);
}

int
handshake_tls12_change(struct handshake *hs, enum flow_direction direction,
		       struct handshake_output *output)
{
	hs->again.waiting[direction] = true;
	return give_next_keys(hs, output);
}
