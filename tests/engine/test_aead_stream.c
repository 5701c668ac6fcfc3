/*
 * test_aead_stream.c - records opened in pieces, against whole sealed ones.
 *
 * The records are made by tests/support/tls_seal.c, which shares no code with
 * the stream.
 */
#include "engine/aead_stream.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "tests/support/crypto_faults.h"
#include "tests/support/suite_table.h"
#include "tests/support/tls_seal.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum { TEXT_BYTES = 100, RECORDS = 3 };

static const struct {
	enum tls_version version;
	uint8_t key_len;
} kinds[] = {{TLS_1_2, 16}, {TLS_1_2, 32}, {TLS_1_3, 16}, {TLS_1_3, 32}};

static struct ktls_key key;
static struct aead_stream *stream;
static uint8_t text[TEXT_BYTES];
static uint8_t wire[TEXT_BYTES + TLS_SEAL_OVERHEAD];
static size_t hlen, body_len;

static void
make(int kind)
{
	tls_seal_key(&key, kinds[kind].version, TLS_CIPHER_AES_GCM,
		     kinds[kind].key_len, 3);
	stream = aead_stream_create(&key);
	ck_assert_ptr_nonnull(stream);
}

/* Seal record number n and begin to open it. */
static void
begin(uint64_t n)
{
	uint8_t nonce[TLS_NONCE_BYTES], aad[13];
	size_t len, aad_len;

	for (size_t i = 0; i < TEXT_BYTES; i++)
		text[i] = (uint8_t)(i * 7 + n);
	len = tls_seal_data(&key, n, text, TEXT_BYTES, wire);
	hlen = key.version == TLS_1_3 ? 5 : 13;
	body_len = len - hlen - TLS_TAG_BYTES;
	tls_nonce(&key, n, wire + TLS_HEADER_BYTES, nonce);
	aad_len = tls_aad(&key, n, wire, TEXT_BYTES, aad);
	ck_assert_int_eq(aead_stream_begin(stream, nonce, aad, aad_len), 0);
}

/* The text in pieces of so many bytes, in place. */
static void
update(size_t piece)
{
	uint8_t *body = wire + hlen;

	for (size_t off = 0; off < body_len; off += piece) {
		size_t n = body_len - off < piece ? body_len - off : piece;
		int error =
		    aead_stream_update(stream, body + off, body + off, n);

		ck_assert_int_eq(error, 0);
	}
}

static int
finish(void)
{
	return aead_stream_finish(stream, wire + hlen + body_len);
}

START_TEST(test_aead_stream_opens_records_in_pieces_of_any_size)
{
	make(_i);
	for (size_t piece = 1; piece <= TEXT_BYTES + 1; piece++)
		for (uint64_t n = 0; n < RECORDS; n++) {
			begin(n + piece);
			update(piece);
			ck_assert_mem_eq(wire + hlen, text, TEXT_BYTES);
			ck_assert_int_eq(finish(), 0);
		}
	aead_stream_destroy(stream);
}
END_TEST

START_TEST(test_aead_stream_finds_any_wrong_bit)
{
	make(_i);
	begin(0);
	for (size_t at = 0; at < body_len + TLS_TAG_BYTES; at++) {
		begin(at);
		wire[hlen + at] ^= (uint8_t)(1u << (at % 8));
		update(32);
		ck_assert_int_eq(finish(), EBADMSG);
	}
	begin(9);
	update(5);
	ck_assert_int_eq(finish(), 0);
	aead_stream_destroy(stream);
}
END_TEST

START_TEST(test_aead_stream_may_leave_a_record_unfinished)
{
	make(_i);
	begin(1);
	ck_assert_int_eq(
	    aead_stream_update(stream, wire + hlen, wire + hlen, 33), 0);
	begin(2);
	update(50);
	ck_assert_int_eq(finish(), 0);
	aead_stream_destroy(stream);
}
END_TEST

START_TEST(test_aead_stream_opens_a_record_without_text)
{
	uint8_t nonce[TLS_NONCE_BYTES], aad[13];
	size_t aad_len;

	make(0);
	ck_assert_uint_eq(tls_seal_data(&key, 4, text, 0, wire), 29);
	tls_nonce(&key, 4, wire + TLS_HEADER_BYTES, nonce);
	aad_len = tls_aad(&key, 4, wire, 0, aad);
	ck_assert_int_eq(aead_stream_begin(stream, nonce, aad, aad_len), 0);
	ck_assert_int_eq(aead_stream_finish(stream, wire + 13), 0);
	aead_stream_destroy(stream);
}
END_TEST

START_TEST(test_aead_stream_wants_a_record_to_be_begun)
{
	uint8_t byte = 0;

	make(0);
	ck_assert_int_ne(aead_stream_update(stream, &byte, &byte, 1), 0);
	aead_stream_destroy(stream);
}
END_TEST

START_TEST(test_aead_stream_create_reports_that_memory_is_short)
{
	int failed = 0;

	aead_stream_destroy(NULL);
	make(0); /* OpenSSL itself is up */
	aead_stream_destroy(stream);
	for (uint64_t nth = 1; nth < 1000; nth++) {
		crypto_faults_after(nth);
		stream = aead_stream_create(&key);
		if (stream != NULL)
			break;
		failed++;
	}
	crypto_faults_after(0);
	ck_assert_int_gt(failed, 0);
	ck_assert_ptr_nonnull(stream);
	aead_stream_destroy(stream);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *aead_stream_suite(void);

Suite *
aead_stream_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_aead_stream_opens_records_in_pieces_of_any_size,
		 COUNT(kinds)),
	    TEST(test_aead_stream_finds_any_wrong_bit, COUNT(kinds)),
	    TEST(test_aead_stream_may_leave_a_record_unfinished, COUNT(kinds)),
	    TEST(test_aead_stream_opens_a_record_without_text, 0),
	    TEST(test_aead_stream_wants_a_record_to_be_begun, 0),
	    TEST(test_aead_stream_create_reports_that_memory_is_short, 0),
	};

	crypto_faults_install();
	return suite_create_table("aead_stream", tests, (size_t)COUNT(tests),
				  NULL, NULL, 20);
}
