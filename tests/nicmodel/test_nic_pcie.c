/*
 * test_nic_pcie.c - times on the PCIe link to the picosecond, and its bytes.
 *
 * Expected times are literals, computed by hand with exact fractions.
 */
#include "nicmodel/nic_pcie.h"

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "sim/config_keys.h"
#include "tests/support/pcie_link.h"
#include "tests/support/suite_table.h"

#define GEN4X16_BPS  UINT64_C(252000000000)
#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

static uint64_t
preset_rate(const char *name)
{
	size_t i = 0;

	while (i < nic_pcie_presets_count &&
	       strcmp(nic_pcie_presets[i].name, name) != 0)
		i++;
	ck_assert_uint_lt(i, nic_pcie_presets_count);
	return nic_pcie_presets[i].rate_bps;
}

/* A link by name; NULL: no limit. */
static struct nic_pcie
pcie_make(const char *preset)
{
	struct nic_pcie_config config =
	    pcie_link(preset == NULL ? 0 : preset_rate(preset));
	struct nic_pcie pcie;

	ck_assert_int_eq(nic_pcie_init(&pcie, &config), 0);
	return pcie;
}

static const struct {
	const char *name;
	uint64_t rate_bps;
} preset_rows[] = {
    {"gen3x8", 62960000000},  {"gen3x16", 126000000000},
    {"gen4x8", 126000000000}, {"gen4x16", 252000000000},
    {"gen5x8", 252000000000}, {"gen5x16", 504000000000},
};

/* Configuration stores an index, and 0 for "off". */
START_TEST(test_nic_pcie_names_are_those_of_the_key)
{
	const struct config_row *row = config_rows;
	size_t i;

	while (strcmp(row->info.name, "nic.pcie") != 0)
		row++;
	for (i = 0; i < nic_pcie_presets_count; i++)
		ck_assert_str_eq(row->choices[i + 1], nic_pcie_presets[i].name);
	ck_assert_ptr_null(row->choices[i + 1]);
}
END_TEST

START_TEST(test_nic_pcie_presets_have_their_rates)
{
	ck_assert_uint_eq(preset_rate(preset_rows[_i].name),
			  preset_rows[_i].rate_bps);
	ck_assert_uint_eq(nic_pcie_presets_count, 6);
}
END_TEST

/* On an idle link: serialisation. */
static const struct {
	uint32_t bytes;
	uint64_t gen3x8_ps;
	uint64_t gen3x16_ps;
	uint64_t gen4x16_ps;
	uint64_t gen5x16_ps;
} write_rows[] = {
    {4, 3557, 1777, 888, 444},
    {64, 11181, 5587, 2793, 1396},
    {256, 35578, 17777, 8888, 4444},
    {257, 38754, 19365, 9682, 4841},
    {1500, 208894, 104380, 52190, 26095},
    {9018, 1255654, 627428, 313714, 156857},
};

/* On an idle link: serialisation of both directions and 600 ns. */
static const struct {
	uint32_t bytes;
	uint64_t gen3x8_ps;
	uint64_t gen3x16_ps;
	uint64_t gen4x16_ps;
	uint64_t gen5x16_ps;
} read_rows[] = {
    {16, 607623, 603808, 601903, 600951},
    {64, 613722, 606856, 603427, 601713},
    {65, 616390, 608189, 604094, 602046},
    {208, 639643, 619808, 609903, 604951},
    {512, 688436, 644189, 622094, 611046},
    {513, 691104, 645523, 622761, 611380},
    {1024, 773824, 686856, 643427, 621713},
    {4096, 1286149, 942856, 771427, 685713},
};

static uint64_t
write_alone(const char *preset, uint32_t bytes)
{
	struct nic_pcie pcie = pcie_make(preset);

	return nic_pcie_write(&pcie, 1000, 1000, NIC_PCIE_USE_PACKET, bytes) -
	       1000;
}

static uint64_t
read_alone(const char *preset, uint32_t bytes)
{
	struct nic_pcie pcie = pcie_make(preset);

	return nic_pcie_read(&pcie, 1000, 1000, NIC_PCIE_USE_CTX_FETCH, bytes) -
	       1000;
}

START_TEST(test_nic_pcie_write_takes_its_tlps)
{
	uint32_t bytes = write_rows[_i].bytes;

	ck_assert_uint_eq(write_alone("gen3x8", bytes),
			  write_rows[_i].gen3x8_ps);
	ck_assert_uint_eq(write_alone("gen3x16", bytes),
			  write_rows[_i].gen3x16_ps);
	ck_assert_uint_eq(write_alone("gen4x16", bytes),
			  write_rows[_i].gen4x16_ps);
	ck_assert_uint_eq(write_alone("gen5x16", bytes),
			  write_rows[_i].gen5x16_ps);
	ck_assert_uint_eq(write_alone(NULL, bytes), 0);
}
END_TEST

START_TEST(test_nic_pcie_read_takes_both_ways_and_600_ns)
{
	uint32_t bytes = read_rows[_i].bytes;

	ck_assert_uint_eq(read_alone("gen3x8", bytes), read_rows[_i].gen3x8_ps);
	ck_assert_uint_eq(read_alone("gen3x16", bytes),
			  read_rows[_i].gen3x16_ps);
	ck_assert_uint_eq(read_alone("gen4x16", bytes),
			  read_rows[_i].gen4x16_ps);
	ck_assert_uint_eq(read_alone("gen5x16", bytes),
			  read_rows[_i].gen5x16_ps);
	ck_assert_uint_eq(read_alone(NULL, bytes), 600000);
}
END_TEST

static const struct {
	uint32_t mps, mrrs, rcb, bytes;
	uint64_t write_up;
	uint64_t read_up;
	uint64_t read_down;
} tlp_rows[] = {
    {256, 512, 64, 1, 25, 24, 21},
    {256, 512, 64, 64, 88, 24, 84},
    {256, 512, 64, 208, 232, 24, 288},
    {256, 512, 256, 208, 232, 24, 228},
    {256, 512, 64, 1500, 1644, 72, 1980},
    {128, 512, 64, 1500, 1788, 72, 1980},
    {512, 4096, 64, 1500, 1572, 24, 1980},
    {4096, 4096, 128, 9018, 9090, 72, 10438},
    {128, 128, 16, 300, 372, 72, 680},
};

START_TEST(test_nic_pcie_counts_the_bytes_of_every_tlp)
{
	struct nic_pcie_config config = pcie_link(GEN4X16_BPS);
	const struct nic_pcie_count *write, *read;
	struct nic_pcie pcie;

	config.mps = tlp_rows[_i].mps;
	config.mrrs = tlp_rows[_i].mrrs;
	config.rcb = tlp_rows[_i].rcb;
	ck_assert_int_eq(nic_pcie_init(&pcie, &config), 0);
	write = &pcie.count[NIC_PCIE_USE_CTX_WRITEBACK];
	read = &pcie.count[NIC_PCIE_USE_CTX_FETCH];
	for (int i = 0; i < 2; i++) {
		nic_pcie_write(&pcie, 0, 0, NIC_PCIE_USE_CTX_WRITEBACK,
			       tlp_rows[_i].bytes);
		nic_pcie_read(&pcie, 0, 0, NIC_PCIE_USE_CTX_FETCH,
			      tlp_rows[_i].bytes);
	}
	ck_assert_uint_eq(write->transfers, 2);
	ck_assert_uint_eq(write->payload_bytes, 2 * tlp_rows[_i].bytes);
	ck_assert_uint_eq(write->up_bytes, 2 * tlp_rows[_i].write_up);
	ck_assert_uint_eq(write->down_bytes, 0);
	ck_assert_uint_eq(read->transfers, 2);
	ck_assert_uint_eq(read->payload_bytes, 2 * tlp_rows[_i].bytes);
	ck_assert_uint_eq(read->up_bytes, 2 * tlp_rows[_i].read_up);
	ck_assert_uint_eq(read->down_bytes, 2 * tlp_rows[_i].read_down);
	ck_assert_uint_eq(pcie.count[NIC_PCIE_USE_PACKET].transfers, 0);
}
END_TEST

/* Prices in turn: 930, 670, 1100 and 600 ns, and so on. */
static uint64_t
price_in_turn(void *arg)
{
	static const uint64_t prices[] = {930000, 670000, 1100000, 600000};
	int *turn = arg;

	return prices[(*turn)++ % COUNT(prices)];
}

/* One draw for each read, however many requests it takes; none for writes. */
START_TEST(test_nic_pcie_reads_cost_their_price_each)
{
	struct nic_pcie_config config = pcie_link(GEN4X16_BPS);
	struct nic_pcie pcie;
	int turn = 0;

	config.rate_bps = 0;
	config.read_price = price_in_turn;
	config.read_arg = &turn;
	ck_assert_int_eq(nic_pcie_init(&pcie, &config), 0);
	for (int i = 0; i < 8; i++) {
		static const uint64_t ends[] = {930007, 670007, 1100007,
						600007};

		ck_assert_uint_eq(
		    nic_pcie_read(&pcie, 7, 7, NIC_PCIE_USE_CTX_FETCH, 2048),
		    ends[i % COUNT(ends)]);
		ck_assert_uint_eq(
		    nic_pcie_write(&pcie, 7, 7, NIC_PCIE_USE_PACKET, 208), 7);
		nic_pcie_packet(&pcie, 7, 7, 60);
	}
	ck_assert_int_eq(turn, 8);
}
END_TEST

START_TEST(test_nic_pcie_read_without_a_price_takes_its_bytes)
{
	struct nic_pcie_config config = pcie_link(0);
	struct nic_pcie pcie;

	config.read_price = NULL;
	ck_assert_int_eq(nic_pcie_init(&pcie, &config), 0);
	ck_assert_uint_eq(
	    nic_pcie_read(&pcie, 7, 7, NIC_PCIE_USE_CTX_FETCH, 208), 7);
}
END_TEST

/*
 * A read that is answered late holds up no later one beyond its bytes: 288
 * bytes of completions last 9142.857... ps.
 */
START_TEST(test_nic_pcie_slow_read_holds_up_nobody)
{
	struct nic_pcie_config config = pcie_link(GEN4X16_BPS);
	struct nic_pcie pcie;
	int turn = 0;

	config.read_price = price_in_turn;
	config.read_arg = &turn;
	ck_assert_int_eq(nic_pcie_init(&pcie, &config), 0);
	ck_assert_uint_eq(
	    nic_pcie_read(&pcie, 0, 0, NIC_PCIE_USE_CTX_FETCH, 208),
	    761 + 930000 + 9142);
	ck_assert_uint_eq(
	    nic_pcie_read(&pcie, 0, 0, NIC_PCIE_USE_CTX_FETCH, 208),
	    761 + 670000 + 2 * 9142 + 1);
	ck_assert_uint_eq(
	    nic_pcie_read(&pcie, 200000, 200000, NIC_PCIE_USE_CTX_FETCH, 208),
	    200000 + 761 + 1100000 + 9142);
}
END_TEST

/* 1644 bytes at 252 Gb/s last 52190.476... ps. */
START_TEST(test_nic_pcie_writes_queue_without_drift)
{
	struct nic_pcie pcie = pcie_make("gen4x16");
	uint64_t end = 0;

	for (int n = 1; n <= 1000000; n++) {
		end = nic_pcie_write(&pcie, 0, 0, NIC_PCIE_USE_PACKET, 1500);
		if (n == 1)
			ck_assert_uint_eq(end, 52190);
		if (n == 2)
			ck_assert_uint_eq(end, 104380);
	}
	ck_assert_uint_eq(end, UINT64_C(52190476190));
}
END_TEST

/* 288 bytes of completions at 252 Gb/s last 9142.857... ps. */
START_TEST(test_nic_pcie_completions_of_a_burst_of_reads_queue)
{
	struct nic_pcie pcie = pcie_make("gen4x16");
	uint64_t end = 0;

	for (int k = 1; k <= 64; k++) {
		end = nic_pcie_read(&pcie, 0, 0, NIC_PCIE_USE_CTX_FETCH, 208);
		if (k == 1)
			ck_assert_uint_eq(end, 609903);
		if (k == 2)
			ck_assert_uint_eq(end, 619046);
	}
	ck_assert_uint_eq(end, 1185903);
}
END_TEST

/* Completions come down while packets go up; requests queue behind packets. */
START_TEST(test_nic_pcie_directions_share_nothing_but_requests)
{
	struct nic_pcie pcie = pcie_make("gen4x16");

	nic_pcie_read(&pcie, 0, 0, NIC_PCIE_USE_CTX_FETCH, 4096);
	/* Behind 8 requests of 24 bytes. */
	ck_assert_uint_eq(
	    nic_pcie_write(&pcie, 0, 0, NIC_PCIE_USE_PACKET, 1500), 58285);
	pcie = pcie_make("gen4x16");
	nic_pcie_write(&pcie, 0, 0, NIC_PCIE_USE_PACKET, 1500);
	/* The request leaves behind 1644 bytes: at 52952.38 ps. */
	ck_assert_uint_eq(
	    nic_pcie_read(&pcie, 0, 0, NIC_PCIE_USE_CTX_FETCH, 208),
	    52952 + 600000 + 9142);
}
END_TEST

/* What becomes ready later lets those pass that are ready now. */
START_TEST(test_nic_pcie_later_transfer_holds_up_nobody)
{
	struct nic_pcie pcie = pcie_make("gen4x16");
	uint64_t end;

	end = nic_pcie_write(&pcie, 0, 1000000, NIC_PCIE_USE_PACKET, 1500);
	ck_assert_uint_eq(end, 1000000 + 52190);
	/* Its bytes are booked nevertheless: 2 * 52190.476 ps. */
	end = nic_pcie_write(&pcie, 0, 0, NIC_PCIE_USE_PACKET, 1500);
	ck_assert_uint_eq(end, 104380);
	pcie = pcie_make("gen4x16");
	end = nic_pcie_read(&pcie, 0, 2000000, NIC_PCIE_USE_CTX_FETCH, 208);
	ck_assert_uint_eq(end, 2000000 + 609903);
	end =
	    nic_pcie_read(&pcie, 3000000, 3000000, NIC_PCIE_USE_CTX_FETCH, 208);
	ck_assert_uint_eq(end, 3000000 + 609903);
	end =
	    nic_pcie_read(&pcie, 4000000, 5000000, NIC_PCIE_USE_CTX_FETCH, 513);
	ck_assert_uint_eq(end, 5000000 + 622761);
}
END_TEST

/* L + ceil(L / MPS) * 24 + (64 + 24) + (16 + 20), and (4 + 24) per batch. */
static const struct {
	uint32_t len, mps, header_bytes, packets;
	uint64_t bytes;
} batch_rows[] = {
    {60, 256, 0, 1, 60 + 24 + 88 + 36 + 28},
    {1514, 256, 0, 1, 1514 + 144 + 88 + 36 + 28},
    {1514, 256, 0, 32, 32 * 1782 + 28},
    {1514, 128, 0, 32, 32 * (1514 + 288 + 124) + 28},
    {9014, 256, 0, 8, 8 * (9014 + 864 + 124) + 28},
    {1514, 256, 0, 0, 28},
    {1514, 256, 66, 1, 66 + 24 + 1448 + 144 + 88 + 72 + 28},
    {1514, 256, 234, 1, 234 + 24 + 1280 + 120 + 88 + 72 + 28},
    {66, 256, 66, 4, 4 * (66 + 24 + 88 + 36) + 28},
    {67, 256, 66, 4, 4 * (66 + 24 + 1 + 24 + 88 + 72) + 28},
};

START_TEST(test_nic_pcie_packet_moves_what_the_formula_says)
{
	struct nic_pcie_config config = pcie_link(GEN4X16_BPS);
	uint32_t len = batch_rows[_i].len;
	struct nic_pcie pcie;
	uint64_t bytes = 0;

	config.mps = batch_rows[_i].mps;
	config.header_bytes = batch_rows[_i].header_bytes;
	ck_assert_int_eq(nic_pcie_init(&pcie, &config), 0);
	for (uint32_t i = 0; i < batch_rows[_i].packets; i++)
		nic_pcie_packet(&pcie, i, i, len);
	nic_pcie_msix(&pcie, 1000, 1000);
	for (int use = 0; use < NIC_PCIE_USES; use++)
		bytes += pcie.count[use].up_bytes + pcie.count[use].down_bytes;
	ck_assert_uint_eq(bytes, batch_rows[_i].bytes);
	ck_assert_uint_eq(pcie.count[NIC_PCIE_USE_PACKET].payload_bytes,
			  (uint64_t)batch_rows[_i].packets * len);
	ck_assert_uint_eq(pcie.count[NIC_PCIE_USE_CQE].transfers,
			  batch_rows[_i].packets);
	ck_assert_uint_eq(pcie.count[NIC_PCIE_USE_MSIX].up_bytes, 28);
}
END_TEST

/* The completion entry follows the packet: 1658 + 88 bytes, 55428.57 ps. */
START_TEST(test_nic_pcie_packet_is_there_with_its_completion_entry)
{
	struct nic_pcie pcie = pcie_make("gen4x16");

	ck_assert_uint_eq(nic_pcie_packet(&pcie, 50, 50, 1514), 50 + 55428);
	ck_assert_uint_eq(nic_pcie_packet(&pcie, 50, 50, 1514), 50 + 110857);
	/* It waits for its context; then packet and entry one by one. */
	ck_assert_uint_eq(nic_pcie_packet(&pcie, 1000000, 2000000, 1514),
			  2000000 + 55428);
	ck_assert_uint_eq(nic_pcie_msix(&pcie, 3000000, 3000000),
			  3000000 + 888);
	ck_assert_uint_eq(pcie.count[NIC_PCIE_USE_DESCRIPTOR].down_bytes, 108);
}
END_TEST

/* Prefetched descriptors take their share of the way down. */
START_TEST(test_nic_pcie_descriptors_delay_reads_only_by_their_bytes)
{
	struct nic_pcie pcie = pcie_make("gen4x16");

	nic_pcie_packet(&pcie, 0, 0, 60);
	/* Up: 60 + 24 + 88 + 24 bytes; down is free again by then. */
	ck_assert_uint_eq(
	    nic_pcie_read(&pcie, 0, 0, NIC_PCIE_USE_CTX_FETCH, 208),
	    6222 + 600000 + 9142);
	pcie = pcie_make("gen4x16");
	for (int i = 0; i < 3; i++)
		nic_pcie_read(&pcie, 0, 0, NIC_PCIE_USE_DESCRIPTOR, 4096);
	nic_pcie_packet(&pcie, 0, 0, 60);
	/* 1st request, then 3 * 5376 + 36 + 288 bytes down. */
	ck_assert_uint_eq(
	    nic_pcie_read(&pcie, 0, 0, NIC_PCIE_USE_CTX_FETCH, 208),
	    761 + 600000 + 522285);
}
END_TEST

static const struct nic_pcie_config bad_rows[] = {
    {.rate_bps = LINK_RATE_MIN_BPS - 1, .mps = 256, .mrrs = 512, .rcb = 64},
    {.mps = 0, .mrrs = 512, .rcb = 64},
    {.mps = 255, .mrrs = 512, .rcb = 64},
    {.mps = 8192, .mrrs = 512, .rcb = 64},
    {.mps = 256, .mrrs = 0, .rcb = 64},
    {.mps = 256, .mrrs = 500, .rcb = 64},
    {.mps = 256, .mrrs = 8192, .rcb = 64},
    {.mps = 256, .mrrs = 512, .rcb = 0},
    {.mps = 256, .mrrs = 512, .rcb = 8},
    {.mps = 256, .mrrs = 512, .rcb = 96},
    {.mps = 256, .mrrs = 512, .rcb = 512},
    {.mps = 256, .mrrs = 128, .rcb = 256},
};

START_TEST(test_nic_pcie_refuses_a_link_that_cannot_be)
{
	struct nic_pcie pcie;

	ck_assert_int_eq(nic_pcie_init(&pcie, &bad_rows[_i]), EINVAL);
}
END_TEST

static uint64_t
next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return *state >> 33;
}

/*
 * Whatever is moved: nothing is faster than its own bytes, the link is busy for
 * exactly the bytes counted, and a late transfer costs the others nothing.
 */
START_TEST(test_nic_pcie_random_transfers_keep_the_books)
{
	struct nic_pcie pcie = pcie_make("gen3x8");
	uint64_t state = 1 + (uint64_t)_i, now = 0, up = 0, down = 0;

	for (int n = 0; n < 2000; n++) {
		uint32_t bytes = 1 + (uint32_t)(next_random(&state) % 5000);
		uint64_t ready;
		bool write = next_random(&state) % 2;
		uint64_t end, alone = write ? write_alone("gen3x8", bytes)
					    : read_alone("gen3x8", bytes);

		now += next_random(&state) % 400000;
		ready = now + next_random(&state) % 3 * 500000;
		end = write ? nic_pcie_write(&pcie, now, ready, 0, bytes)
			    : nic_pcie_read(&pcie, now, ready, 0, bytes);
		/* A remainder may have been rounded down elsewhere. */
		ck_assert_msg(end + 8 >= ready + alone,
			      "seed %d, transfer %d: %" PRIu64, _i, n, end);
	}
	up = pcie.count[0].up_bytes;
	down = pcie.count[0].down_bytes;
	ck_assert_uint_eq(pcie.count[0].transfers, 2000);
	/* 8 bits / 62.96 Gb/s, less than 1 ps lost per busy period */
	ck_assert_uint_le(pcie.up.busy_ps, up * 800000 / 6296);
	ck_assert_uint_ge(pcie.up.busy_ps + 5000, up * 800000 / 6296);
	ck_assert_uint_le(pcie.down.busy_ps, down * 800000 / 6296);
	ck_assert_uint_ge(pcie.down.busy_ps + 5000, down * 800000 / 6296);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_pcie_suite(void);

Suite *
nic_pcie_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_pcie_names_are_those_of_the_key, 0),
	    TEST(test_nic_pcie_presets_have_their_rates, COUNT(preset_rows)),
	    TEST(test_nic_pcie_write_takes_its_tlps, COUNT(write_rows)),
	    TEST(test_nic_pcie_read_takes_both_ways_and_600_ns,
		 COUNT(read_rows)),
	    TEST(test_nic_pcie_counts_the_bytes_of_every_tlp, COUNT(tlp_rows)),
	    TEST(test_nic_pcie_reads_cost_their_price_each, 0),
	    TEST(test_nic_pcie_slow_read_holds_up_nobody, 0),
	    TEST(test_nic_pcie_read_without_a_price_takes_its_bytes, 0),
	    TEST(test_nic_pcie_writes_queue_without_drift, 0),
	    TEST(test_nic_pcie_completions_of_a_burst_of_reads_queue, 0),
	    TEST(test_nic_pcie_directions_share_nothing_but_requests, 0),
	    TEST(test_nic_pcie_later_transfer_holds_up_nobody, 0),
	    TEST(test_nic_pcie_packet_moves_what_the_formula_says,
		 COUNT(batch_rows)),
	    TEST(test_nic_pcie_packet_is_there_with_its_completion_entry, 0),
	    TEST(test_nic_pcie_descriptors_delay_reads_only_by_their_bytes, 0),
	    TEST(test_nic_pcie_refuses_a_link_that_cannot_be, COUNT(bad_rows)),
	    TEST(test_nic_pcie_random_transfers_keep_the_books, 8),
	};

	return suite_create_table("nic_pcie", tests, (size_t)COUNT(tests), NULL,
				  NULL, 0);
}
