/*
 * test_matrix_linux_err.c - Linux's acceptance matrix: errors, arguments and
 * changes of keys.
 *
 * docs/linux-matrix.md lists the rows and how each was adapted.
 */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "tests/support/matrix_linux.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

#define PEEK	SORECEIVE_PEEK
#define WAITALL SORECEIVE_WAITALL
#define DONTW	SORECEIVE_DONTWAIT

enum { HANDSHAKE = 22, VARIANT_13_GCM = 1 };

static struct linux_socket s;
static uint8_t data[LINUX_RECV_MAX];
static uint8_t wire[65536];
static const uint8_t key_update[] = {24, 0, 0, 1, 0};

static const struct engine_policy arrival = {
    .on_bad_record = ENGINE_BAD_RECORD_STICKY,
    .header_check = ENGINE_HEADER_ARRIVAL,
    .rekey = ENGINE_REKEY_LINUX,
};
static const struct engine_policy freebsd = {0};

static void
setup(void)
{
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 131 + i / 509);
}

static void
start(int variant, const struct engine_policy *policy)
{
	linux_init(&s, &linux_variants[variant], policy);
	ck_assert_int_eq(linux_enable(&s), 0);
}

static void
send_data(size_t off, size_t len)
{
	linux_send(&s, LINUX_DATA, data + off, len);
}

/* A record whose last byte is wrong. */
static void
send_bad(uint8_t type, size_t len)
{
	size_t total = linux_seal(&s, type, data, len, wire);

	wire[total - 1]++;
	linux_feed(&s, wire, total);
}

static void
recv_ok(uint32_t len, unsigned flags, size_t off, int n)
{
	ck_assert_int_eq(linux_recv(&s, len, flags, NULL), n);
	ck_assert_mem_eq(s.bytes, data + off, (size_t)n);
}

static void
recv_fails(uint32_t len, unsigned flags, int err)
{
	ck_assert_int_eq(linux_recv(&s, len, flags, NULL), -1);
	ck_assert_int_eq(s.err, err);
}

static const struct {
	int cipher;
	uint8_t vmajor;
} cipher_rows[] = {
    {CRYPTO_AES_NIST_GCM_16, 200}, {50, 3}, {59, 3}, {10, 3}, {70, 3},
};

START_TEST(test_matrix_linux_err_02_bad_cipher)
{
	const struct tls_enable en = {
	    .cipher_key = data,
	    .iv = data,
	    .cipher_algorithm = cipher_rows[_i].cipher,
	    .cipher_key_len = 16,
	    .iv_len = 12,
	    .tls_vmajor = cipher_rows[_i].vmajor,
	    .tls_vminor = 4,
	};

	linux_init(&s, &linux_variants[VARIANT_13_GCM], NULL);
	ck_assert_int_eq(s.x.enable(s.x.self, &en), EINVAL);
	ck_assert_int_eq(linux_enable(&s), 0);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_err_03_recseq_wrap)
{
	linux_init(&s, &linux_variants[_i], NULL);
	s.key.rec_seq = s.seqno = UINT64_MAX;
	ck_assert_int_eq(linux_enable(&s), 0);
	send_data(0, 10);
	send_data(10, 10);
	recv_ok(10, 0, 0, 10);
	recv_fails(10, 0, EBADMSG);
	recv_fails(10, 0, EBADMSG);
	linux_fini(&s);
}
END_TEST

/* Keys before traffic can be set twice (TLS 1.3). */
START_TEST(test_matrix_linux_err_44_rekey_rx)
{
	start(_i, NULL);
	linux_next_key(&s, 2);
	if (s.key.version == TLS_1_3) {
		ck_assert_int_eq(linux_enable(&s), 0);
		send_data(0, 10);
		recv_ok(10, 0, 0, 10);
	} else {
		ck_assert_int_eq(linux_enable(&s), EBUSY);
	}
	linux_fini(&s);
	start(_i, &freebsd);
	ck_assert_int_eq(linux_enable(&s), EALREADY);
	linux_fini(&s);
}
END_TEST

static const int tls13_variants[] = {1, 3, 5};

/* Data, a KeyUpdate, and the sender goes on with its next key. */
static void
start_rekey(int row)
{
	start(tls13_variants[row], NULL);
	send_data(0, 100);
	linux_send(&s, HANDSHAKE, key_update, sizeof(key_update));
	linux_next_key(&s, 2);
	send_data(100, 200);
}

static void
recv_key_update(unsigned flags)
{
	uint8_t type;

	ck_assert_int_eq(linux_recv(&s, 100, flags, &type), 5);
	ck_assert_uint_eq(type, HANDSHAKE);
	ck_assert_mem_eq(s.bytes, key_update, 5);
}

START_TEST(test_matrix_linux_err_45_rekey)
{
	start_rekey(_i);
	recv_ok(100, 0, 0, 100);
	recv_fails(100, 0, EIO);
	recv_key_update(0);
	recv_fails(100, 0, EKEYEXPIRED);
	recv_fails(100, DONTW, EKEYEXPIRED);
	ck_assert_int_eq(linux_enable(&s), 0);
	recv_ok(200, 0, 100, 200);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_err_46_rekey_fail)
{
	struct ktls_key good;

	start_rekey(_i);
	good = s.key;
	s.key.version = TLS_1_2;
	s.key.iv_len = s.key.cipher == TLS_CIPHER_AES_GCM ? 4 : 12;
	ck_assert_int_eq(linux_enable(&s), EINVAL);
	s.key = good;
	s.key.cipher = good.cipher == TLS_CIPHER_AES_GCM
			   ? TLS_CIPHER_CHACHA20_POLY1305
			   : TLS_CIPHER_AES_GCM;
	s.key.key_len = 32;
	ck_assert_int_eq(linux_enable(&s), EINVAL);
	s.key = good;
	/* Nothing has changed: the records of the first key still open. */
	recv_ok(100, 0, 0, 100);
	recv_key_update(0);
	ck_assert_int_eq(linux_enable(&s), 0);
	recv_ok(200, 0, 100, 200);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_err_47_rekey_peek)
{
	start_rekey(_i);
	recv_ok(300, PEEK, 0, 100);
	recv_ok(100, 0, 0, 100);
	recv_fails(100, PEEK, EIO);
	recv_key_update(PEEK);
	recv_key_update(0);
	recv_fails(100, PEEK, EKEYEXPIRED);
	ck_assert_int_eq(linux_enable(&s), 0);
	recv_ok(200, PEEK, 100, 200);
	recv_ok(200, 0, 100, 200);
	linux_fini(&s);
}
END_TEST

/* 51: what waits for the key is not readable; the key makes it so. */
START_TEST(test_matrix_linux_err_51_rekey_poll_pending)
{
	start_rekey(_i);
	recv_ok(100, 0, 0, 100);
	recv_key_update(0);
	ck_assert(!linux_poll(&s));
	ck_assert_int_eq(linux_enable(&s), 0);
	ck_assert(linux_poll(&s));
	recv_ok(200, 0, 100, 200);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_err_52_rekey_poll_delay)
{
	start(tls13_variants[_i], NULL);
	linux_send(&s, HANDSHAKE, key_update, sizeof(key_update));
	recv_key_update(0);
	linux_next_key(&s, 2);
	ck_assert(!linux_poll(&s));
	ck_assert_int_eq(linux_enable(&s), 0);
	ck_assert(!linux_poll(&s));
	send_data(0, 10);
	ck_assert(linux_poll(&s));
	recv_ok(10, 0, 0, 10);
	linux_fini(&s);
}
END_TEST

/* 56: the version comes first here, the connection is reset, and then ends. */
START_TEST(test_matrix_linux_err_56_bad_rec)
{
	uint8_t garbage[64];

	memset(garbage, 0x55, sizeof(garbage));
	start(_i, &arrival);
	linux_feed(&s, garbage, sizeof(garbage));
	recv_fails(64, 0, EINVAL);
	ck_assert_int_eq(linux_recv(&s, 64, DONTW, NULL), 0);
	linux_fini(&s);
	/* The version apart, the length is what Linux says it is. */
	start(_i, &arrival);
	memcpy(garbage, "\x17\x03\x03\x55\x55", 5);
	linux_feed(&s, garbage, sizeof(garbage));
	recv_fails(64, 0, EMSGSIZE);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_err_57_bad_auth)
{
	start(_i, NULL);
	send_bad(LINUX_DATA, 128);
	recv_fails(128, 0, EBADMSG);
	recv_fails(128, 0, EBADMSG);
	linux_fini(&s);
	/* FreeBSD: once, and the next record is delivered before it. */
	start(_i, &freebsd);
	send_bad(LINUX_DATA, 128);
	send_data(0, 10);
	recv_ok(10, 0, 0, 10);
	recv_fails(128, 0, EBADMSG);
	recv_fails(128, DONTW, EAGAIN);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_err_58_bad_in_large_read)
{
	start(_i, NULL);
	send_data(0, 64);
	send_data(64, 64);
	send_bad(LINUX_DATA, 64);
	recv_ok(640, 0, 0, 128);
	recv_fails(640, 0, EBADMSG);
	recv_fails(640, 0, EBADMSG);
	linux_fini(&s);
}
END_TEST

START_TEST(test_matrix_linux_err_59_bad_cmsg)
{
	uint8_t type;

	start(_i, NULL);
	send_data(0, 64);
	send_bad(LINUX_CONTROL, 64);
	ck_assert_int_eq(linux_recv(&s, 640, 0, &type), 64);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(linux_recv(&s, 640, 0, &type), -1);
		ck_assert_int_eq(s.err, EBADMSG);
	}
	linux_fini(&s);
}
END_TEST

/* 60: calls time out outside the engine; each says that it would sleep. */
START_TEST(test_matrix_linux_err_60_timeo)
{
	start(_i, NULL);
	for (int i = 0; i < 8; i++)
		recv_fails(100, 0, EAGAIN);
	linux_fini(&s);
}
END_TEST

/* 63: whatever comes, nothing breaks. */
START_TEST(test_matrix_linux_err_63_garbage)
{
	static const struct engine_policy *const policies[] = {NULL, &arrival,
							       &freebsd};
	uint64_t rng = 3;

	for (int p = 0; p < COUNT(policies); p++) {
		start(_i, policies[p]);
		send_data(0, 10);
		recv_ok(10, 0, 0, 10);
		for (size_t i = 0; i < sizeof(wire); i++)
			wire[i] = (uint8_t)matrix_below(&rng, 256);
		linux_feed(&s, wire, sizeof(wire));
		for (int i = 0; i < 10; i++)
			ck_assert_int_le(linux_recv(&s, 1000, 0, NULL), 0);
		linux_fini(&s);
	}
}
END_TEST

/*
 * 67: a reader that was in the plain stream takes 10001 bytes of ciphertext;
 * what follows cannot be read, and nothing breaks.
 */
START_TEST(test_matrix_linux_err_67_data_steal)
{
	size_t len;

	linux_init(&s, &linux_variants[_i], &arrival);
	len = linux_seal(&s, LINUX_DATA, data, 16384, wire);
	linux_feed(&s, wire, len);
	ck_assert_int_eq(linux_recv(&s, 10001, WAITALL, NULL), 10001);
	ck_assert_mem_eq(s.bytes, wire, 10001);
	ck_assert_int_eq(linux_enable(&s), 0);
	ck_assert_int_eq(linux_recv(&s, 16384, 0, NULL), -1);
	linux_fini(&s);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *matrix_linux_err_suite(void);

#define ROW(fn)	  TEST(fn, LINUX_VARIANTS)
#define ROW13(fn) TEST(fn, COUNT(tls13_variants))

Suite *
matrix_linux_err_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_matrix_linux_err_02_bad_cipher, COUNT(cipher_rows)),
	    ROW(test_matrix_linux_err_03_recseq_wrap),
	    ROW(test_matrix_linux_err_44_rekey_rx),
	    ROW13(test_matrix_linux_err_45_rekey),
	    ROW13(test_matrix_linux_err_46_rekey_fail),
	    ROW13(test_matrix_linux_err_47_rekey_peek),
	    ROW13(test_matrix_linux_err_51_rekey_poll_pending),
	    ROW13(test_matrix_linux_err_52_rekey_poll_delay),
	    ROW(test_matrix_linux_err_56_bad_rec),
	    ROW(test_matrix_linux_err_57_bad_auth),
	    ROW(test_matrix_linux_err_58_bad_in_large_read),
	    ROW(test_matrix_linux_err_59_bad_cmsg),
	    ROW(test_matrix_linux_err_60_timeo),
	    ROW(test_matrix_linux_err_63_garbage),
	    ROW(test_matrix_linux_err_67_data_steal),
	};

	return suite_create_table("matrix_linux_err", tests,
				  (size_t)COUNT(tests), setup, NULL, 30);
}
