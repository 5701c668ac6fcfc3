/*
 * test_tls_record.c - parse and judge record headers, against literal rows.
 */
#include "engine/tls_record.h"

#include <check.h>
#include <errno.h>

#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

struct check_row {
	uint8_t bytes[TLS_HEADER_BYTES];
	enum tls_version version;
	enum tls_cipher cipher;
	enum tls_hash mac;
	int error;
};

#define GCM    TLS_CIPHER_AES_GCM, TLS_HASH_NONE
#define CHACHA TLS_CIPHER_CHACHA20_POLY1305, TLS_HASH_NONE
#define CBC    TLS_CIPHER_AES_CBC, TLS_HASH_SHA1

/* Length fields: 24 = 0x18, 16408 = 0x4018, 16401 = 0x4011, 16400 = 0x4010. */
static const struct check_row check_rows[] = {
    {{23, 3, 3, 0x00, 0x18}, TLS_1_2, GCM, 0},
    {{20, 3, 3, 0x00, 0x18}, TLS_1_2, GCM, 0},
    {{99, 3, 3, 0x00, 0x18}, TLS_1_2, GCM, 0},
    {{23, 3, 3, 0x40, 0x18}, TLS_1_2, GCM, 0},
    {{23, 3, 3, 0x40, 0x19}, TLS_1_2, GCM, EMSGSIZE},
    {{23, 3, 3, 0xff, 0xff}, TLS_1_2, GCM, EMSGSIZE},
    {{23, 3, 3, 0x00, 0x08}, TLS_1_2, GCM, 0},
    {{23, 3, 3, 0x00, 0x07}, TLS_1_2, GCM, EMSGSIZE},
    {{23, 3, 3, 0x00, 0x00}, TLS_1_2, GCM, EMSGSIZE},
    {{23, 4, 3, 0x00, 0x18}, TLS_1_2, GCM, EINVAL},
    {{23, 2, 3, 0x00, 0x18}, TLS_1_2, GCM, EINVAL},
    {{23, 3, 4, 0x00, 0x18}, TLS_1_2, GCM, EINVAL},
    {{23, 3, 1, 0x00, 0x18}, TLS_1_2, GCM, EINVAL},
    {{23, 3, 4, 0xff, 0xff}, TLS_1_2, GCM, EINVAL},
    {{23, 3, 3, 0x40, 0x10}, TLS_1_2, CHACHA, 0},
    {{23, 3, 3, 0x40, 0x11}, TLS_1_2, CHACHA, EMSGSIZE},
    {{23, 3, 3, 0x00, 0x00}, TLS_1_2, CHACHA, 0},
    {{23, 3, 3, 0x40, 0x11}, TLS_1_3, GCM, 0},
    {{23, 3, 3, 0x40, 0x12}, TLS_1_3, GCM, EMSGSIZE},
    {{23, 3, 3, 0x00, 0x00}, TLS_1_3, GCM, 0},
    {{23, 3, 4, 0x00, 0x20}, TLS_1_3, GCM, EINVAL},
    {{24, 3, 3, 0x00, 0x20}, TLS_1_3, GCM, EINVAL},
    {{20, 3, 3, 0x00, 0x01}, TLS_1_3, GCM, EINVAL},
    {{22, 3, 3, 0xff, 0xff}, TLS_1_3, CHACHA, EINVAL},
    {{23, 3, 2, 0x40, 0x34}, TLS_1_1, CBC, 0},
    {{23, 3, 3, 0x40, 0x34}, TLS_1_1, CBC, EINVAL},
    {{23, 3, 3, 0x40, 0x34}, TLS_1_2, CBC, 0},
    {{23, 3, 3, 0x40, 0x35}, TLS_1_2, CBC, EMSGSIZE},
    {{23, 3, 3, 0x00, 0x0f}, TLS_1_2, CBC, EMSGSIZE},
};

START_TEST(test_tls_record_check_judges_in_the_kernels_order)
{
	const struct check_row *row = &check_rows[_i];
	struct tls_record_header header;
	struct tls_framing framing;

	ck_assert(
	    tls_framing_of(row->version, row->cipher, row->mac, &framing));
	tls_record_parse(row->bytes, &header);
	ck_assert_int_eq(tls_record_check(&header, row->version, &framing),
			 row->error);
}
END_TEST

START_TEST(test_tls_record_parse_reads_network_order)
{
	const uint8_t bytes[] = {0x17, 0x03, 0x01, 0x12, 0xfe};
	struct tls_record_header header;

	tls_record_parse(bytes, &header);
	ck_assert_uint_eq(header.type, 23);
	ck_assert_uint_eq(header.vmajor, 3);
	ck_assert_uint_eq(header.vminor, 1);
	ck_assert_uint_eq(header.length, 0x12fe);
}
END_TEST

struct plausible_row {
	uint8_t bytes[TLS_HEADER_BYTES];
	bool plausible;
};

/* 18432 = 0x4800 */
static const struct plausible_row plausible_rows[] = {
    {{20, 3, 0, 0x00, 0x01}, true},  {{24, 3, 4, 0x48, 0x00}, true},
    {{22, 3, 1, 0x02, 0x00}, true},  {{19, 3, 3, 0x00, 0x01}, false},
    {{25, 3, 3, 0x00, 0x01}, false}, {{23, 2, 3, 0x00, 0x01}, false},
    {{23, 4, 3, 0x00, 0x01}, false}, {{23, 3, 5, 0x00, 0x01}, false},
    {{23, 3, 3, 0x00, 0x00}, false}, {{23, 3, 3, 0x48, 0x01}, false},
    {{0, 0, 0, 0x00, 0x00}, false},
};

START_TEST(test_tls_record_plausible_knows_the_edges)
{
	const struct plausible_row *row = &plausible_rows[_i];

	ck_assert(tls_record_plausible(row->bytes) == row->plausible);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *tls_record_suite(void);

Suite *
tls_record_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_tls_record_check_judges_in_the_kernels_order,
		 COUNT(check_rows)),
	    TEST(test_tls_record_parse_reads_network_order, 0),
	    TEST(test_tls_record_plausible_knows_the_edges,
		 COUNT(plausible_rows)),
	};

	return suite_create_table("tls_record", tests, (size_t)COUNT(tests),
				  NULL, NULL, 0);
}
