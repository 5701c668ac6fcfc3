/*
 * matrix_freebsd.c - the receive tests of FreeBSD's ktls_test as a table.
 *
 * A stimulus is a function that sends something and checks what is received;
 * a bit set says which suites it belongs to.  The table of rows is the product,
 * in a fixed order, and the tests of what enable must refuse.  Records are
 * sealed by tls_seal.c, which shares nothing with the engine.
 *
 * Unlike the kernel's tests there is no loopback connection: bytes are fed as
 * packets, and a blocking call is a run of the workers and a call.
 */
#include "tests/support/matrix_freebsd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/tls_seal.h"

enum {
	APP_DATA = 23,
	SHORT = 64,
	LONG = 65536,
	RECORD_MOST = 16384,
	WIRE_MOST = 5 + 32768,
};

/* Suites, in groups. */
enum {
	GROUP_C = 1,
	GROUP_G2 = 2,
	GROUP_G3 = 4,
	GROUP_P2 = 8,
	GROUP_P3 = 16,
	GROUP_13 = GROUP_G3 | GROUP_P3,
	GROUP_ALL = 31,
};

/* One row under test. */
struct trial {
	const struct matrix_row *row;
	const struct matrix_executor *x;
	struct matrix_report *report;
	uint64_t rng;
	bool fragment;
	struct ktls_key key;
	uint64_t seqno; /* of the next record */
	struct matrix_read read;
	uint8_t plain[LONG];
	uint8_t wire[WIRE_MOST];
};

struct matrix_stimulus {
	const char *name;
	unsigned groups;
	bool (*run)(struct trial *t, uint32_t argument);
	uint32_t argument;
};

static bool fail(struct trial *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool
fail(struct trial *t, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(t->report->message, sizeof(t->report->message), format,
		  arguments);
	va_end(arguments);
	return false;
}

static uint8_t
mac_bytes(const struct matrix_suite *suite)
{
	switch (suite->mac) {
	case TLS_HASH_SHA1:
		return 20;
	case TLS_HASH_SHA256:
		return 32;
	case TLS_HASH_SHA384:
		return 48;
	case TLS_HASH_NONE:
	case TLS_HASH_COUNT:
		break;
	}
	return 0;
}

static uint32_t
explicit_iv(const struct matrix_suite *suite)
{
	if (suite->cipher == TLS_CIPHER_AES_CBC)
		return 16;
	return suite->cipher == TLS_CIPHER_AES_GCM && suite->version == TLS_1_2
		   ? 8
		   : 0;
}

/* The least length that the header may name. */
static uint32_t
least_length(const struct matrix_suite *suite)
{
	if (suite->cipher == TLS_CIPHER_AES_CBC)
		return 16 + (mac_bytes(suite) / 16u + 1) * 16;
	return explicit_iv(suite) + 16 + (suite->version == TLS_1_3);
}

/* In packets of up to 1448 bytes, of any size where mbufs are cut too. */
static void
feed(struct trial *t, const uint8_t *bytes, size_t len)
{
	while (len > 0) {
		size_t piece = len < 1448 ? len : 1448;

		if (t->fragment)
			piece = 1 + matrix_below(&t->rng, (uint32_t)piece);
		t->x->feed(t->x->self, bytes, piece,
			   t->fragment ? 1 + t->rng : 0);
		bytes += piece;
		len -= piece;
		if (t->fragment && matrix_below(&t->rng, 4) == 0)
			t->x->run(t->x->self);
	}
	t->x->run(t->x->self);
}

static size_t
seal(struct trial *t, const uint8_t *bytes, size_t len, size_t padding)
{
	const struct tls_plain plain = {
	    .type = APP_DATA, .bytes = bytes, .len = len, .padding = padding};

	return tls_seal(&t->key, t->seqno++, &plain, t->wire);
}

/* A header of this suite and length, and a body of zeros. */
static size_t
make_body(struct trial *t, uint32_t length)
{
	bool tls13 = t->key.version == TLS_1_3;

	memset(t->wire, 0, 5 + length);
	t->wire[0] = APP_DATA;
	t->wire[1] = 3;
	t->wire[2] = tls13 ? 3 : (uint8_t)t->key.version;
	t->wire[3] = (uint8_t)(length >> 8);
	t->wire[4] = (uint8_t)length;
	return 5 + length;
}

static void
receive(struct trial *t)
{
	const struct soreceive_msg msg = {
	    .resid = MATRIX_READ_MAX,
	    .fault_at = UINT32_MAX,
	    .control_len = TLS_CONTROL_BYTES,
	};

	t->x->receive(t->x->self, &msg, &t->read);
}

/* The next record: everything that the kernel's test looks at. */
static bool
expect_record(struct trial *t, const uint8_t *bytes, size_t len)
{
	const struct soreceive_result *got = &t->read.result;
	uint8_t minor = t->key.version == TLS_1_3 ? 3 : (uint8_t)t->key.version;

	receive(t);
	if (got->error != 0 || got->bytes != len)
		return fail(t, "errno %d and %u bytes, not %zu", got->error,
			    got->bytes, len);
	if (!got->eor || got->ctrunc || !got->has_record || got->eof)
		return fail(t, "eor %d, ctrunc %d, record %d", got->eor,
			    got->ctrunc, got->has_record);
	if (got->record.tls_type != APP_DATA || got->record.tls_vmajor != 3 ||
	    got->record.tls_vminor != minor || got->record.tls_length != len)
		return fail(t, "type %u, version %u.%u, length %u",
			    got->record.tls_type, got->record.tls_vmajor,
			    got->record.tls_vminor, got->record.tls_length);
	if (memcmp(t->read.bytes, bytes, len) != 0)
		return fail(t, "another payload");
	return true;
}

/* An error, and then not a byte of what was sent. */
static bool
expect_error(struct trial *t, int error)
{
	if (!t->x->poll(t->x->self))
		return fail(t, "poll does not tell of the error");
	receive(t);
	if (t->read.result.error != error || t->read.result.bytes != 0)
		return fail(t, "errno %d and %u bytes, not errno %d",
			    t->read.result.error, t->read.result.bytes, error);
	receive(t);
	if (t->read.result.bytes != 0 || t->read.result.has_record ||
	    (t->read.result.error != EWOULDBLOCK && !t->read.result.eof))
		return fail(t, "errno %d and %u bytes behind the error",
			    t->read.result.error, t->read.result.bytes);
	return true;
}

static bool
expect_event(struct trial *t, int64_t data)
{
	struct so_kevent kev;

	if (!t->x->kevent(t->x->self, &kev) || kev.eof || kev.data != data)
		return fail(t, "kevent: %lld bytes, eof %d, not %lld",
			    (long long)kev.data, kev.eof, (long long)data);
	return true;
}

static bool
run_short(struct trial *t, uint32_t padding)
{
	struct so_kevent kev;

	if (t->x->kevent(t->x->self, &kev))
		return fail(t, "kevent before there is anything");
	feed(t, t->wire, seal(t, t->plain, SHORT, padding));
	return expect_event(t, SHORT) && expect_record(t, t->plain, SHORT);
}

/* Records of the greatest size, each sent in two parts with a look between. */
static bool
run_long(struct trial *t, uint32_t padding)
{
	size_t most = RECORD_MOST - padding;

	for (size_t off = 0; off < LONG;) {
		size_t len = LONG - off < most ? LONG - off : most;
		size_t total = seal(t, t->plain + off, len, padding);
		size_t part = 1 + matrix_below(&t->rng, (uint32_t)total - 1);

		feed(t, t->wire, part);
		receive(t);
		if (t->read.result.error != EWOULDBLOCK)
			return fail(t, "errno %d for part of a record",
				    t->read.result.error);
		feed(t, t->wire + part, total - part);
		if (!expect_event(t, (int64_t)len) ||
		    !expect_record(t, t->plain + off, len))
			return false;
		off += len;
	}
	return true;
}

/* A record of 64 bytes with one bit changed. */
static bool
run_changed(struct trial *t, size_t offset, int error)
{
	size_t total = seal(t, t->plain, SHORT, 0);

	t->wire[offset == SIZE_MAX ? total - 1 : offset] ^= 1;
	feed(t, t->wire, total);
	return expect_error(t, error);
}

static bool
run_bad_data(struct trial *t, uint32_t argument)
{
	(void)argument;
	return run_changed(t, 5 + explicit_iv(&t->row->suite), EBADMSG);
}

static bool
run_bad_mac(struct trial *t, uint32_t argument)
{
	(void)argument;
	return run_changed(t, 5 + explicit_iv(&t->row->suite) + SHORT, EBADMSG);
}

static bool
run_bad_iv(struct trial *t, uint32_t argument)
{
	(void)argument;
	return run_changed(t, 5, EBADMSG);
}

static bool
run_bad_padding(struct trial *t, uint32_t argument)
{
	(void)argument;
	return run_changed(t, SIZE_MAX, EBADMSG);
}

/* One more than it should be, in byte `offset` of the header. */
static bool
run_bad_header(struct trial *t, uint32_t offset)
{
	size_t total = seal(t, t->plain, SHORT, 0);

	t->wire[offset]++;
	feed(t, t->wire, total);
	return expect_error(t, EINVAL);
}

static bool
run_truncated(struct trial *t, uint32_t argument)
{
	(void)argument;
	feed(t, t->wire, seal(t, t->plain, SHORT, 0) / 2);
	t->x->shutdown(t->x->self);
	return expect_error(t, EMSGSIZE);
}

static bool
run_body(struct trial *t, uint32_t length)
{
	feed(t, t->wire, make_body(t, length));
	t->x->shutdown(t->x->self);
	return expect_error(t, EMSGSIZE);
}

static bool
run_small(struct trial *t, uint32_t argument)
{
	(void)argument;
	return run_body(t, least_length(&t->row->suite) - 1);
}

static bool
run_non_block(struct trial *t, uint32_t argument)
{
	(void)argument;
	feed(t, t->wire, make_body(t, least_length(&t->row->suite) + 1));
	return expect_error(t, EMSGSIZE);
}

static bool
run_padding(struct trial *t, uint32_t len)
{
	feed(t, t->wire, seal(t, t->plain, len, 0));
	return expect_record(t, t->plain, len);
}

static bool
run_padding_extra(struct trial *t, uint32_t extra)
{
	feed(t, t->wire, seal(t, t->plain, 16, extra));
	return expect_record(t, t->plain, 16);
}

static const struct matrix_stimulus stimuli[] = {
    {"short", GROUP_ALL, run_short, 0},
    {"long", GROUP_ALL, run_long, 0},
    {"bad_data", GROUP_ALL, run_bad_data, 0},
    {"bad_mac", GROUP_ALL, run_bad_mac, 0},
    {"truncated_record", GROUP_ALL, run_truncated, 0},
    {"bad_major", GROUP_ALL, run_bad_header, 1},
    {"bad_minor", GROUP_ALL, run_bad_header, 2},
    {"small_record", GROUP_ALL, run_small, 0},
    {"oversized_record", GROUP_ALL, run_body, 32768},
    {"padding_1", GROUP_C, run_padding, 1},
    {"padding_2", GROUP_C, run_padding, 2},
    {"padding_3", GROUP_C, run_padding, 3},
    {"padding_4", GROUP_C, run_padding, 4},
    {"padding_5", GROUP_C, run_padding, 5},
    {"padding_6", GROUP_C, run_padding, 6},
    {"padding_7", GROUP_C, run_padding, 7},
    {"padding_8", GROUP_C, run_padding, 8},
    {"padding_9", GROUP_C, run_padding, 9},
    {"padding_10", GROUP_C, run_padding, 10},
    {"padding_11", GROUP_C, run_padding, 11},
    {"padding_12", GROUP_C, run_padding, 12},
    {"padding_13", GROUP_C, run_padding, 13},
    {"padding_14", GROUP_C, run_padding, 14},
    {"padding_15", GROUP_C, run_padding, 15},
    {"padding_16", GROUP_C, run_padding, 16},
    {"padding_16_extra", GROUP_C, run_padding_extra, 16},
    {"padding_32_extra", GROUP_C, run_padding_extra, 32},
    {"bad_padding", GROUP_C, run_bad_padding, 0},
    {"non_block_size", GROUP_C, run_non_block, 0},
    {"bad_iv", GROUP_C | GROUP_G2, run_bad_iv, 0},
    {"short_header", GROUP_C | GROUP_G2, run_body, 6},
    {"short_padded", GROUP_13, run_short, 16},
    {"long_padded", GROUP_13, run_long, 15},
    {"bad_type", GROUP_13, run_bad_header, 0},
};

enum { STIMULI = sizeof(stimuli) / sizeof(stimuli[0]) };

static const struct {
	unsigned group;
	struct matrix_suite suite;
} suites[] = {
#define CBC(name, version, mac, bytes)                                     \
	{                                                                  \
		GROUP_C,                                                   \
		{                                                          \
			name, version, TLS_CIPHER_AES_CBC, TLS_HASH_##mac, \
			    bytes                                          \
		}                                                          \
	}
#define AEAD(group, name, version, cipher, bytes)                          \
	{                                                                  \
		GROUP_##group,                                             \
		{                                                          \
			name, version, TLS_CIPHER_##cipher, TLS_HASH_NONE, \
			    bytes                                          \
		}                                                          \
	}
    CBC("aes128_cbc_1_1_sha1", TLS_1_1, SHA1, 16),
    CBC("aes256_cbc_1_1_sha1", TLS_1_1, SHA1, 32),
    CBC("aes128_cbc_1_2_sha1", TLS_1_2, SHA1, 16),
    CBC("aes256_cbc_1_2_sha1", TLS_1_2, SHA1, 32),
    CBC("aes128_cbc_1_2_sha256", TLS_1_2, SHA256, 16),
    CBC("aes256_cbc_1_2_sha256", TLS_1_2, SHA256, 32),
    CBC("aes128_cbc_1_2_sha384", TLS_1_2, SHA384, 16),
    CBC("aes256_cbc_1_2_sha384", TLS_1_2, SHA384, 32),
    AEAD(G2, "aes128_gcm_1_2", TLS_1_2, AES_GCM, 16),
    AEAD(G2, "aes256_gcm_1_2", TLS_1_2, AES_GCM, 32),
    AEAD(G3, "aes128_gcm_1_3", TLS_1_3, AES_GCM, 16),
    AEAD(G3, "aes256_gcm_1_3", TLS_1_3, AES_GCM, 32),
    AEAD(P2, "chacha20_poly1305_1_2", TLS_1_2, CHACHA20_POLY1305, 32),
    AEAD(P3, "chacha20_poly1305_1_3", TLS_1_3, CHACHA20_POLY1305, 32),
};

enum { SUITES = sizeof(suites) / sizeof(suites[0]) };

/* What enable must refuse. */
static const struct {
	int error;
	struct matrix_suite suite;
} refused[] = {
#define REFUSED(error, name, version, cipher, mac, bytes)                   \
	{                                                                   \
		error,                                                      \
		{                                                           \
			name, version, TLS_CIPHER_##cipher, TLS_HASH_##mac, \
			    bytes                                           \
		}                                                           \
	}
    REFUSED(EINVAL, "aes128_cbc_1_0_sha256", TLS_1_0, AES_CBC, SHA256, 16),
    REFUSED(EINVAL, "aes128_cbc_1_0_sha384", TLS_1_0, AES_CBC, SHA384, 16),
    REFUSED(EINVAL, "aes128_gcm_1_0", TLS_1_0, AES_GCM, NONE, 16),
    REFUSED(EINVAL, "chacha20_1_0", TLS_1_0, CHACHA20_POLY1305, NONE, 32),
    REFUSED(EINVAL, "aes128_cbc_1_1_sha256", TLS_1_1, AES_CBC, SHA256, 16),
    REFUSED(EINVAL, "aes128_cbc_1_1_sha384", TLS_1_1, AES_CBC, SHA384, 16),
    REFUSED(EINVAL, "aes128_gcm_1_1", TLS_1_1, AES_GCM, NONE, 16),
    REFUSED(EINVAL, "chacha20_1_1", TLS_1_1, CHACHA20_POLY1305, NONE, 32),
    REFUSED(EINVAL, "aes128_cbc_1_3_sha1", TLS_1_3, AES_CBC, SHA1, 16),
    REFUSED(EINVAL, "aes128_cbc_1_3_sha256", TLS_1_3, AES_CBC, SHA256, 16),
    REFUSED(EINVAL, "aes128_cbc_1_3_sha384", TLS_1_3, AES_CBC, SHA384, 16),
    REFUSED(EPROTONOSUPPORT, "aes128_cbc_1_0_sha1", TLS_1_0, AES_CBC, SHA1, 16),
    REFUSED(EPROTONOSUPPORT, "aes256_cbc_1_0_sha1", TLS_1_0, AES_CBC, SHA1, 32),
};

enum { REFUSALS = sizeof(refused) / sizeof(refused[0]) };

bool
matrix_freebsd_row(unsigned index, struct matrix_row *row)
{
	for (unsigned i = 0; i < STIMULI * SUITES; i++) {
		unsigned s = i % SUITES;

		if ((stimuli[i / SUITES].groups & suites[s].group) == 0)
			continue;
		if (index-- > 0)
			continue;
		row->stimulus = &stimuli[i / SUITES];
		row->stimulus_name = row->stimulus->name;
		row->suite = suites[s].suite;
		row->enable_error = 0;
		return true;
	}
	if (index >= REFUSALS)
		return false;
	row->stimulus = NULL;
	row->suite = refused[index].suite;
	row->enable_error = refused[index].error;
	row->stimulus_name =
	    row->enable_error == EINVAL ? "invalid" : "unsupported";
	return true;
}

/* Random printable bytes, as the kernel's tests have them. */
static void
fill(struct trial *t, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(' ' + matrix_below(&t->rng, 95));
}

static void
make_key(struct trial *t)
{
	const struct matrix_suite *suite = &t->row->suite;
	struct ktls_key *key = &t->key;

	key->version = suite->version;
	key->cipher = suite->cipher;
	key->mac = suite->mac;
	key->key_len = suite->key_len;
	key->mac_key_len = mac_bytes(suite);
	key->iv_len = 12;
	if (suite->cipher == TLS_CIPHER_AES_CBC)
		key->iv_len = suite->version == TLS_1_0 ? 16 : 0;
	else if (suite->cipher == TLS_CIPHER_AES_GCM &&
		 suite->version < TLS_1_3)
		key->iv_len = 4;
	fill(t, key->key, key->key_len);
	fill(t, key->iv, key->iv_len);
	fill(t, key->mac_key, key->mac_key_len);
	t->seqno = (uint64_t)matrix_below(&t->rng, UINT32_MAX) << 32 |
		   matrix_below(&t->rng, UINT32_MAX);
	key->rec_seq = t->seqno;
}

static int
cipher_algorithm(enum tls_cipher cipher)
{
	if (cipher == TLS_CIPHER_AES_CBC)
		return CRYPTO_AES_CBC;
	return cipher == TLS_CIPHER_AES_GCM ? CRYPTO_AES_NIST_GCM_16
					    : CRYPTO_CHACHA20_POLY1305;
}

static int
auth_algorithm(enum tls_hash mac)
{
	if (mac == TLS_HASH_SHA1)
		return CRYPTO_SHA1_HMAC;
	if (mac == TLS_HASH_SHA256)
		return CRYPTO_SHA2_256_HMAC;
	return mac == TLS_HASH_SHA384 ? CRYPTO_SHA2_384_HMAC : 0;
}

static int
enable(struct trial *t)
{
	const struct ktls_key *key = &t->key;
	struct tls_enable en = {
	    .cipher_key = key->key,
	    .iv = key->iv,
	    .auth_key = key->mac_key,
	    .cipher_algorithm = cipher_algorithm(key->cipher),
	    .cipher_key_len = key->key_len,
	    .iv_len = key->iv_len,
	    .auth_algorithm = auth_algorithm(key->mac),
	    .auth_key_len = key->mac_key_len,
	    .tls_vmajor = 3,
	    .tls_vminor = (uint8_t)key->version,
	};

	for (unsigned i = 0; i < 8; i++)
		en.rec_seq[i] = (uint8_t)(t->seqno >> (56 - 8 * i));
	return t->x->enable(t->x->self, &en);
}

enum matrix_outcome
matrix_freebsd_run(const struct matrix_row *row,
		   const struct matrix_executor *x, uint64_t seed,
		   bool fragment, struct matrix_report *report)
{
	static _Thread_local struct trial trial;
	struct trial *t = &trial;
	int error;

	*t = (struct trial){.row = row,
			    .x = x,
			    .report = report,
			    .rng = seed,
			    .fragment = fragment};
	make_key(t);
	fill(t, t->plain, sizeof(t->plain));
	error = enable(t);
	if (error == EOPNOTSUPP)
		return MATRIX_SKIPPED;
	if (error != row->enable_error) {
		fail(t, "enable: errno %d, not %d", error, row->enable_error);
		return MATRIX_FAILED;
	}
	if (row->stimulus == NULL ||
	    row->stimulus->run(t, row->stimulus->argument))
		return MATRIX_PASSED;
	return MATRIX_FAILED;
}
