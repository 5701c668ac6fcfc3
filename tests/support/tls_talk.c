/*
 * tls_talk.c - writes TLS messages and records for the tests.
 *
 * Used by the tests of the handshake automaton.  Message bodies that decide
 * nothing are filler.  The derivation of record keys is key_schedule.c's, which
 * has its own tests against published vectors; sealing is tls_seal.c's.
 */
#include "tests/support/tls_talk.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/tls_seal.h"
#include "traces/key_schedule.h"
#include "traces/tls_hello.h"

static const char *const label_names[KEYLOG_LABEL_COUNT] = {
    [KEYLOG_CLIENT_RANDOM] = "CLIENT_RANDOM",
    [KEYLOG_CLIENT_EARLY_TRAFFIC_SECRET] = "CLIENT_EARLY_TRAFFIC_SECRET",
    [KEYLOG_CLIENT_HANDSHAKE_TRAFFIC_SECRET] =
	"CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    [KEYLOG_SERVER_HANDSHAKE_TRAFFIC_SECRET] =
	"SERVER_HANDSHAKE_TRAFFIC_SECRET",
    [KEYLOG_CLIENT_TRAFFIC_SECRET_0] = "CLIENT_TRAFFIC_SECRET_0",
    [KEYLOG_SERVER_TRAFFIC_SECRET_0] = "SERVER_TRAFFIC_SECRET_0",
    [KEYLOG_EARLY_EXPORTER_SECRET] = "EARLY_EXPORTER_SECRET",
    [KEYLOG_EXPORTER_SECRET] = "EXPORTER_SECRET",
};

static const enum keylog_label epoch_labels[TALK_EPOCHS][2] = {
    [TALK_EARLY] = {KEYLOG_CLIENT_EARLY_TRAFFIC_SECRET,
		    KEYLOG_CLIENT_EARLY_TRAFFIC_SECRET},
    [TALK_FLIGHT] = {KEYLOG_CLIENT_HANDSHAKE_TRAFFIC_SECRET,
		     KEYLOG_SERVER_HANDSHAKE_TRAFFIC_SECRET},
    [TALK_DATA] = {KEYLOG_CLIENT_TRAFFIC_SECRET_0,
		   KEYLOG_SERVER_TRAFFIC_SECRET_0},
};

void
talk_random(const struct talk *talk, int direction, uint8_t random[32])
{
	for (size_t i = 0; i < 32; i++)
		random[i] = (uint8_t)(0x40 + 0x20 * (size_t)direction +
				      0x11 * (size_t)talk->hello.round + 7 * i);
}

size_t
talk_secret(const struct talk *talk, enum keylog_label label,
	    uint8_t secret[KEYLOG_SECRET_MAX])
{
	size_t len = TLS_MASTER_SECRET_BYTES;

	if (label != KEYLOG_CLIENT_RANDOM && talk->suite != NULL)
		len = tls_hash_bytes(talk->suite->prf);
	for (size_t i = 0; i < len; i++)
		secret[i] =
		    (uint8_t)(31 * (unsigned)label +
			      101 * (size_t)talk->hello.round + 3 * i + 1);
	return len;
}

static void
derive_tls12(struct talk *talk)
{
	uint8_t master[KEYLOG_SECRET_MAX], client[32], server[32];
	int error;

	talk_secret(talk, KEYLOG_CLIENT_RANDOM, master);
	talk_random(talk, TALK_CLIENT, client);
	talk_random(talk, TALK_SERVER, server);
	error = tls12_record_keys(
	    talk->hello.version == TLS_1_1 ? TLS_1_1 : TLS_1_2, talk->suite,
	    master, client, server, talk->key[TALK_DATA]);
	assert(error == 0);
	(void)error;
}

static void
derive_tls13(struct talk *talk)
{
	uint8_t secret[KEYLOG_SECRET_MAX];

	for (int epoch = 0; epoch < TALK_EPOCHS; epoch++)
		for (int side = 0; side < 2; side++) {
			size_t len = talk_secret(
			    talk, epoch_labels[epoch][side], secret);
			int error = tls13_record_key(talk->suite, secret, len,
						     &talk->key[epoch][side]);

			assert(error == 0);
			(void)error;
		}
}

static bool
can_seal(const struct talk *talk)
{
	const struct tls_suite *suite = talk->suite;

	if (suite == NULL)
		return false;
	if (talk->hello.version < TLS_1_2)
		return talk->hello.version == TLS_1_1 &&
		       suite->cipher == TLS_CIPHER_AES_CBC;
	return suite->cipher != TLS_CIPHER_OTHER;
}

static void
derive(struct talk *talk)
{
	talk->suite = tls_suite_find(talk->hello.suite_id);
	memset(talk->seqno, 0, sizeof(talk->seqno));
	if (!can_seal(talk))
		return;
	if (talk->suite->tls13)
		derive_tls13(talk);
	else
		derive_tls12(talk);
}

void
talk_init(struct talk *talk, const struct talk_hello *hello)
{
	memset(talk, 0, sizeof(*talk));
	talk->hello = *hello;
	talk->minor = 3;
	for (int i = 0; i < 2; i++) {
		talk->bytes[i] = malloc(TALK_BYTES_MAX);
		assert(talk->bytes[i] != NULL);
	}
	derive(talk);
}

void
talk_fini(struct talk *talk)
{
	free(talk->bytes[0]);
	free(talk->bytes[1]);
}

void
talk_again(struct talk *talk, uint8_t round)
{
	talk->hello.round = round;
	derive(talk);
}

void
talk_bytes(struct talk *talk, int direction, const void *bytes, size_t len)
{
	assert(talk->len[direction] + len <= TALK_BYTES_MAX);
	if (len > 0)
		memcpy(talk->bytes[direction] + talk->len[direction], bytes,
		       len);
	talk->len[direction] += len;
}

void
talk_mark(struct talk *talk, int direction)
{
	talk->mark[direction] = talk->len[direction];
}

void
talk_record(struct talk *talk, int direction, uint8_t type, const void *bytes,
	    size_t len)
{
	const uint8_t header[TLS_HEADER_BYTES] = {
	    type, 3, talk->minor, (uint8_t)(len >> 8), (uint8_t)len};

	talk_bytes(talk, direction, header, sizeof(header));
	talk_bytes(talk, direction, bytes, len);
}

void
talk_change(struct talk *talk, int direction)
{
	talk_record(talk, direction, TLS_CHANGE_CIPHER_SPEC, "\001", 1);
}

void
talk_alert(struct talk *talk, int direction, uint8_t level, uint8_t what)
{
	const uint8_t alert[2] = {level, what};

	talk_record(talk, direction, TLS_ALERT, alert, sizeof(alert));
}

/* For suites that tls_seal.h cannot: the right length, and nothing else. */
static void
pretend_seal(struct talk *talk, int direction, uint8_t type, size_t len)
{
	static const uint8_t filler[TLS_PLAINTEXT_MAX + 64];
	bool tls13 = talk->suite != NULL && talk->suite->tls13;

	talk_record(talk, direction, tls13 ? TLS_APPLICATION_DATA : type,
		    filler, len + 17);
}

void
talk_seal(struct talk *talk, enum talk_epoch epoch, int direction, uint8_t type,
	  const void *bytes, size_t len)
{
	static uint8_t out[TLS_SEAL_MAX];
	struct tls_plain plain = {.type = type, .bytes = bytes, .len = len};

	if (!can_seal(talk)) {
		pretend_seal(talk, direction, type, len);
		return;
	}
	talk_bytes(talk, direction, out,
		   tls_seal(&talk->key[epoch][direction],
			    talk->seqno[epoch][direction]++, &plain, out));
}

void
talk_data(struct talk *talk, enum talk_epoch epoch, int direction, size_t len)
{
	static uint8_t filler[TLS_PLAINTEXT_MAX];

	memset(filler, 'd', sizeof(filler));
	talk_seal(talk, epoch, direction, TLS_APPLICATION_DATA, filler, len);
}

size_t
talk_message(uint8_t *out, uint8_t type, size_t body_len)
{
	out[0] = type;
	out[1] = (uint8_t)(body_len >> 16);
	out[2] = (uint8_t)(body_len >> 8);
	out[3] = (uint8_t)body_len;
	memset(out + 4, 0, body_len);
	return 4 + body_len;
}

/* A sequence of bytes under construction. */
struct writer {
	uint8_t *out;
	size_t len;
};

static void
put(struct writer *writer, size_t bytes, unsigned value)
{
	for (size_t i = bytes; i-- > 0;)
		writer->out[writer->len++] = (uint8_t)(value >> (8 * i));
}

static void
put_extension(struct writer *writer, unsigned type, size_t bytes,
	      unsigned value)
{
	put(writer, 2, type);
	put(writer, 2, (unsigned)bytes);
	put(writer, bytes, value);
}

/* Fill in a length field of `bytes` at `at` for what follows it. */
static void
close_vector(struct writer *writer, size_t at, size_t bytes)
{
	struct writer field = {writer->out + at, 0};

	put(&field, bytes, (unsigned)(writer->len - at - bytes));
}

static void
put_hello_start(const struct talk *talk, struct writer *writer, int direction)
{
	unsigned version = talk->hello.version;

	put(writer, 1, direction == TALK_CLIENT ? 1 : 2);
	put(writer, 3, 0);
	put(writer, 2,
	    version >= TLS_1_3 && version != 0x7f12 ? TLS_1_2 : version);
	talk_random(talk, direction, writer->out + writer->len);
	writer->len += 32;
}

size_t
talk_client_hello(const struct talk *talk, uint8_t *out)
{
	struct writer writer = {out, 0};
	size_t extensions;

	put_hello_start(talk, &writer, TALK_CLIENT);
	if (talk->hello.version == 0x7f12)
		out[4] = 3, out[5] = 3;
	put(&writer, 1, 32); /* session id */
	for (int i = 0; i < 32; i++)
		put(&writer, 1, 0x5e);
	put(&writer, 2, 4);
	put(&writer, 2, 0x1301);
	put(&writer, 2, talk->hello.suite_id);
	put(&writer, 2, 0x0100); /* no compression */
	extensions = writer.len;
	put(&writer, 2, 0);
	put_extension(&writer, 0x2b, 3, 0x020304);
	if (talk->hello.early_data)
		put_extension(&writer, 42, 0, 0);
	close_vector(&writer, extensions, 2);
	close_vector(&writer, 1, 3);
	return writer.len;
}

static void
put_retry_random(uint8_t *out)
{
	/* SHA-256 of "HelloRetryRequest" */
	memcpy(out,
	       "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8"
	       "\x91\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8"
	       "\x33\x9c",
	       32);
}

size_t
talk_server_hello(const struct talk *talk, uint8_t *out)
{
	const struct talk_hello *hello = &talk->hello;
	struct writer writer = {out, 0};
	size_t extensions;

	put_hello_start(talk, &writer, TALK_SERVER);
	if (hello->retry)
		put_retry_random(out + 6);
	if (hello->version != 0x7f12)
		put(&writer, 1, 0); /* session id */
	put(&writer, 2, hello->suite_id);
	if (hello->version != 0x7f12)
		put(&writer, 1, hello->compression);
	extensions = writer.len;
	put(&writer, 2, 0);
	if (hello->version >= TLS_1_3 && hello->version != 0x7f12)
		put_extension(&writer, 43, 2, hello->version);
	if (hello->encrypt_then_mac)
		put_extension(&writer, 22, 0, 0);
	if (hello->pre_shared_key)
		put_extension(&writer, 41, 2, 0);
	close_vector(&writer, extensions, 2);
	close_vector(&writer, 1, 3);
	return writer.len;
}

size_t
talk_extensions(uint8_t *out, bool early_data)
{
	struct writer writer = {out, 0};

	put(&writer, 1, TLS_ENCRYPTED_EXTENSIONS);
	put(&writer, 3, 0);
	put(&writer, 2, 0);
	put_extension(&writer, 10, 4, 0x0002001d);
	if (early_data)
		put_extension(&writer, 42, 0, 0);
	close_vector(&writer, 4, 2);
	close_vector(&writer, 1, 3);
	return writer.len;
}

static size_t
print_hex(char *text, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	return 2 * len;
}

size_t
talk_log_text(const struct talk *talk, unsigned labels, unsigned wrong,
	      char *text)
{
	uint8_t random[32], secret[KEYLOG_SECRET_MAX];
	size_t len = 0;

	talk_random(talk, TALK_CLIENT, random);
	for (unsigned i = 0; i < KEYLOG_LABEL_COUNT; i++) {
		size_t secret_len;

		if ((labels >> i & 1) == 0)
			continue;
		secret_len = talk_secret(talk, (enum keylog_label)i, secret);
		secret[0] ^= (uint8_t)(wrong >> i & 1);
		len += (size_t)sprintf(text + len, "%s ", label_names[i]);
		len += print_hex(text + len, random, sizeof(random));
		text[len++] = ' ';
		len += print_hex(text + len, secret, secret_len);
		text[len++] = '\n';
	}
	text[len] = '\0';
	return len;
}

void
talk_log(const struct talk *talk, struct keylog *keylog, unsigned labels,
	 unsigned wrong)
{
	char text[TALK_LOG_MAX];
	size_t len = talk_log_text(talk, labels, wrong, text);
	struct keylog_stats stats;
	int error = keylog_add(keylog, text, len, 0, &stats);

	assert(error == 0);
	(void)error;
}
