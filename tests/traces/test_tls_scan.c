/*
 * test_tls_scan.c - where TLS begins.
 */
#include "traces/tls_scan.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/hex.h"
#include "tests/support/suite_table.h"
#include "traces/tls_hello.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

enum {
	BOUND = 18437,
	CLIENT = TLS_CLIENT_HELLO,
	SERVER = TLS_SERVER_HELLO,
};

struct row {
	const char *hex;
	uint8_t hello_type;
	enum tls_scan_kind kind;
	size_t offset;
};

#define CLIENT_HELLO "1603010200010001fc0303"
#define SERVER_HELLO "160303007a020000760303"

static const struct row rows[] = {
    /* Whole prefixes, at any offset, and each kind of not quite. */
    {CLIENT_HELLO, CLIENT, TLS_SCAN_HELLO, 0},
    {"48454c4f" CLIENT_HELLO "00", CLIENT, TLS_SCAN_HELLO, 4},
    {SERVER_HELLO, SERVER, TLS_SCAN_HELLO, 0},
    {"160301005a020000567f12", SERVER, TLS_SCAN_HELLO, 0}, /* draft 18 */
    {SERVER_HELLO, CLIENT, TLS_SCAN_NOTHING, 0},
    {"16030102000100010c0403", CLIENT, TLS_SCAN_NOTHING, 0},
    {"160301000001000100"
     "0303",
     CLIENT, TLS_SCAN_NOTHING, 11},
    {"1603010200010300010303", CLIENT, TLS_SCAN_NOTHING, 0},
    {"160301020001000010"
     "0303",
     CLIENT, TLS_SCAN_NOTHING, 0},
    {"1603014100010000fc0303", CLIENT, TLS_SCAN_NOTHING, 0},
    {"1603010005010000fc0303", CLIENT, TLS_SCAN_NOTHING, 11},
    {"160305020001000"
     "1fc0303",
     CLIENT, TLS_SCAN_NOTHING, 11},
    /* Tails that may become a hello are kept. */
    {"4845", CLIENT, TLS_SCAN_NOTHING, 2},
    {"484516", CLIENT, TLS_SCAN_NOTHING, 2},
    {"48451603", CLIENT, TLS_SCAN_NOTHING, 2},
    {"484516030102000100"
     "01fc03",
     CLIENT, TLS_SCAN_NOTHING, 2},
    {"4845160448", CLIENT, TLS_SCAN_NOTHING, 5},
    {"16160301", CLIENT, TLS_SCAN_NOTHING, 1},
    /* An alert in the clear is the server's only. */
    {"15030300020228", SERVER, TLS_SCAN_HELLO, 0},
    {"15030300020170", SERVER, TLS_SCAN_HELLO, 0},
    {"15030300020328", SERVER, TLS_SCAN_NOTHING, 0},
    {"41150303", SERVER, TLS_SCAN_NOTHING, 1},
    {"15030300020228", CLIENT, TLS_SCAN_NOTHING, 0},
    /* Chains: two headers one record apart. */
    {"1703030003aabbcc1703030004", CLIENT, TLS_SCAN_CHAIN, 0},
    {"0000"
     "1703030003aabbcc1403010001",
     CLIENT, TLS_SCAN_CHAIN, 2},
    {"1703030003aabbcc17030300", CLIENT, TLS_SCAN_NOTHING, 0},
    {"1703030003aabbcc", CLIENT, TLS_SCAN_NOTHING, 0},
    {"1703030003aabbcc4141414141", CLIENT, TLS_SCAN_NOTHING, 13},
    {"1703030003aabbcc17", CLIENT, TLS_SCAN_NOTHING, 0},
    {"1703030003aabbcc41", CLIENT, TLS_SCAN_NOTHING, 9},
    {"1903030003aabbcc1703030004", CLIENT, TLS_SCAN_NOTHING, 8},
    /* A hello behind what looks like a header goes first. */
    {"1703030100aabb" CLIENT_HELLO, CLIENT, TLS_SCAN_HELLO, 7},
    {"1703030003aabbcc1703030006" CLIENT_HELLO, CLIENT, TLS_SCAN_HELLO, 13},
};

static struct tls_scan
scan_exact(const uint8_t *bytes, size_t len, uint8_t hello_type)
{
	uint8_t *exact = malloc(len + (len == 0));
	struct tls_scan scan;

	memcpy(exact, bytes, len);
	scan = tls_scan(exact, len, hello_type, BOUND);
	free(exact);
	return scan;
}

START_TEST(test_tls_scan_finds_the_beginning)
{
	const struct row *row = &rows[_i];
	uint8_t bytes[64];
	size_t len = hex_decode(row->hex, bytes, sizeof(bytes));
	struct tls_scan scan = scan_exact(bytes, len, row->hello_type);

	ck_assert_int_eq(scan.kind, row->kind);
	ck_assert_uint_eq(scan.offset, row->offset);
}
END_TEST

/* What was passed over with fewer bytes is not found with more. */
START_TEST(test_tls_scan_never_passes_over_a_beginning)
{
	const struct row *row = &rows[_i];
	uint8_t bytes[64];
	size_t len = hex_decode(row->hex, bytes, sizeof(bytes));
	struct tls_scan whole = scan_exact(bytes, len, row->hello_type);

	for (size_t cut = 0; cut < len; cut++) {
		struct tls_scan scan = scan_exact(bytes, cut, row->hello_type);

		if (scan.kind == TLS_SCAN_NOTHING &&
		    whole.kind != TLS_SCAN_NOTHING)
			ck_assert_uint_le(scan.offset, whole.offset);
	}
}
END_TEST

/* A chain that would not fit into what may be offered is no candidate. */
START_TEST(test_tls_scan_gives_up_chains_beyond_the_bound)
{
	uint8_t bytes[32] = {23, 3, 3, 0x48, 0};

	ck_assert_uint_eq(tls_scan(bytes, 32, CLIENT, 18442).offset, 0);
	ck_assert_uint_eq(tls_scan(bytes, 32, CLIENT, 18441).offset, 32);
}
END_TEST

Suite *tls_scan_suite(void);

Suite *
tls_scan_suite(void)
{
	const struct suite_test tests[] = {
	    {"finds_the_beginning", test_tls_scan_finds_the_beginning,
	     ROWS(rows)},
	    {"never_passes_over_a_beginning",
	     test_tls_scan_never_passes_over_a_beginning, ROWS(rows)},
	    {"gives_up_chains_beyond_the_bound",
	     test_tls_scan_gives_up_chains_beyond_the_bound, 0},
	};

	return suite_create_table("tls_scan", tests, ROWS(tests), NULL, NULL,
				  0);
}
