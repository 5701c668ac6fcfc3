/*
 * test_nic_tls_edges.c - a TLS context at its edges: bytes, counters, errors.
 *
 * The stream is as in test_nic_tls.c: records of 1000 bytes.  Kinds 0 and 1
 * decrypt, 2 and 3 are the model; 0 and 2 are TLS 1.2.
 */
#include "nicmodel/nic_tls.h"

#include <check.h>
#include <errno.h>
#include <string.h>

#include "engine/aead_stream.h"
#include "tests/support/crypto_faults.h"
#include "tests/support/nic_tls_play.h"
#include "tests/support/suite_table.h"

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum { KINDS = 4 };

static struct nic_tls_play *play;

static void
setup(void)
{
	play = play_create();
}

static void
teardown(void)
{
	play_destroy(play);
}

static struct nic_tls_params
params_default(void)
{
	return (struct nic_tls_params){
	    .key = &play->key,
	    .scratch = play->tls.scratch,
	    .counters = &play->counters,
	};
}

static void
install(int kind)
{
	struct nic_tls_params params = params_default();
	int error;

	play_image(play, (kind & 1) != 0 ? TLS_1_3 : TLS_1_2, 16, 0);
	for (int i = 0; i < 8; i++)
		tls_image_add(&play->image, 1000);
	play->base = UINT32_MAX - 1500;
	params.real = kind < 2;
	params.start_seq = play->base;
	error = nic_tls_init(&play->tls, &params);
	ck_assert_int_eq(error, 0);
}

/* A header over up to five packets, cut at each of its bytes: kinds * 32. */
START_TEST(test_nic_tls_joins_a_header_split_in_any_way)
{
	const uint32_t cuts = (uint32_t)_i / KINDS;
	uint32_t from = 0;

	install(_i % KINDS);
	for (uint32_t at = 999; at <= 1004; at++) {
		if (at < 1004 && (cuts >> (at - 999) & 1) == 0)
			continue;
		ck_assert_int_eq(play_packet(play, from, at + 1).verdict,
				 NIC_TLS_DECRYPTED);
		from = at + 1;
	}
	ck_assert_int_eq(play_packet(play, from, 2500).verdict,
			 NIC_TLS_DECRYPTED);
	ck_assert_uint_eq(play->authenticated, 2);
}
END_TEST

START_TEST(test_nic_tls_takes_segments_of_one_byte)
{

	install(_i);
	for (uint32_t at = 0; at < 3000; at++)
		ck_assert_int_eq(play_packet(play, at, at + 1).verdict,
				 NIC_TLS_DECRYPTED);
	ck_assert_uint_eq(play->authenticated, 3);
	ck_assert_uint_eq(play->counters.decrypted_packets, 3000);
	ck_assert_uint_eq(play->counters.decrypted_bytes, 3000);
}
END_TEST

static bool
record_mixed(uint32_t record)
{
	const char *mark = play->mark + 1000 * record;

	return memchr(mark, 'D', 1000) != NULL &&
	       memchr(mark, 'E', 1000) != NULL;
}

/*
 * A hole of one packet of 100 bytes, at each place of three records: two mixed
 * records and no resync, unless the packet had a header.
 */
START_TEST(test_nic_tls_survives_any_hole_without_a_header)
{
	const uint32_t hole = 1 + (uint32_t)(_i / KINDS);
	uint32_t mixed = 0;

	install(_i % KINDS);
	for (uint32_t at = 0; at < 60; at++)
		if (at != hole)
			play_packet(play, at > 0 ? 100 * at - 50 : 0,
				    100 * at + 50);
	for (uint32_t r = 0; r < 5; r++)
		mixed += record_mixed(r);
	ck_assert_uint_eq(play->counters.lost_sync, hole % 10 == 0);
	if (hole % 10 != 0)
		ck_assert_uint_eq(mixed, 2);
}
END_TEST

START_TEST(test_nic_tls_passes_an_empty_packet)
{
	struct nic_tls_result result;

	install(_i);
	result = play_packet(play, 500, 500);
	ck_assert_int_eq(result.verdict, NIC_TLS_ENCRYPTED);
	ck_assert_int_eq(result.row, NIC_TLS_CASE_EMPTY);
	ck_assert_int_eq(play_packet(play, 0, 500).verdict, NIC_TLS_DECRYPTED);
}
END_TEST

/* A capture that cut packets off: kinds 2 and 3 are the model. */
START_TEST(test_nic_tls_counts_unknown_headers_as_lost)
{
	bool model = _i >= 2;

	install(_i);
	play->snap = 100;
	ck_assert_int_eq(play_packet(play, 0, 1000).verdict,
			 model ? NIC_TLS_DECRYPTED : NIC_TLS_ENCRYPTED);
	ck_assert_int_eq(play_packet(play, 1000, 1800).verdict,
			 model ? NIC_TLS_DECRYPTED : NIC_TLS_ENCRYPTED);
	ck_assert(play->tls.offload);
	/* The header at 2000 is cut off. */
	ck_assert_int_eq(play_packet(play, 1800, 2400).row,
			 NIC_TLS_CASE_UNKNOWN);
	ck_assert_int_eq(play->tls.tracker, NIC_TLS_SEARCHING);
	ck_assert_int_eq(play_packet(play, 2990, 3400).verdict, NIC_TLS_RESYNC);
	ck_assert_uint_eq(play->authenticated, model ? 2 : 0);
	/* A packet of which nothing is known breaks a half-seen pattern. */
	nic_tls_reset(&play->tls);
	ck_assert_int_eq(play_packet(play, 3400, 4003).row,
			 NIC_TLS_CASE_SEARCHING);
}
END_TEST

START_TEST(test_nic_tls_knows_bytes_up_to_the_snap_length_only)
{

	install(2);
	ck_assert_int_eq(play_packet(play, 0, 100).verdict, NIC_TLS_DECRYPTED);
	play->snap = 1;
	ck_assert_int_eq(play_packet(play, 100, 900).verdict,
			 NIC_TLS_DECRYPTED);
	ck_assert_int_eq(play_packet(play, 900, 1500).row,
			 NIC_TLS_CASE_UNKNOWN);
}
END_TEST

/* A candidate that nobody answers must not be taken for one 4 GiB later. */
START_TEST(test_nic_tls_gives_an_old_candidate_up)
{

	install(2);
	nic_tls_reset(&play->tls);
	ck_assert_int_eq(play_packet(play, 1000, 1500).verdict, NIC_TLS_RESYNC);
	/* Two GiB of the chain, as one length would have it. */
	play->tls.rec_start += UINT32_C(0x80000000);
	play->tls.exp += UINT32_C(0x80000000);
	play->base += UINT32_C(0x80000000);
	ck_assert_int_eq(play_packet(play, 1500, 2500).verdict, NIC_TLS_RESYNC);
	ck_assert(!nic_tls_answer(&play->tls, play->base + 1000, 1));
	ck_assert(play_answer(play, 2));
}
END_TEST

/* Whether the device is in the middle of a header or not. */
START_TEST(test_nic_tls_rescan_drops_a_candidate_and_searches_on)
{
	const uint32_t end = _i / KINDS == 0 ? 3500 : 4003;

	install(_i % KINDS);
	ck_assert(!nic_tls_rescan(&play->tls)); /* START */
	play_packet(play, 0, 400);
	ck_assert(!nic_tls_rescan(&play->tls)); /* OFFLOAD */
	ck_assert_int_eq(play_packet(play, 400, 1000).verdict,
			 NIC_TLS_DECRYPTED);
	nic_tls_reset(&play->tls);
	ck_assert(!nic_tls_rescan(&play->tls)); /* SEARCHING */
	ck_assert_int_eq(play_packet(play, 1400, 2500).verdict, NIC_TLS_RESYNC);
	ck_assert_int_eq(play_packet(play, 2500, end).row, NIC_TLS_CASE_CHAIN);
	ck_assert(nic_tls_rescan(&play->tls));
	ck_assert_int_eq(play->tls.tracker, NIC_TLS_SEARCHING);
	ck_assert(!play_answer(play, 2));
	ck_assert_uint_eq(play->counters.candidates_dropped, 1);
	ck_assert_uint_eq(play->counters.lost_sync, 1);
	ck_assert_int_eq(play_packet(play, end, 5500).verdict, NIC_TLS_RESYNC);
	ck_assert(play_answer(play, end == 3500 ? 4 : 5));
	play_packet(play, 5500, 6000);
	ck_assert_int_eq(play_packet(play, 6000, 7000).verdict,
			 NIC_TLS_DECRYPTED);
}
END_TEST

/* As if the cipher had failed: a stream that no record was begun with. */
START_TEST(test_nic_tls_loses_a_record_to_a_failing_cipher_and_no_more)
{
	struct nic_tls *tls = &play->tls;

	install(_i);
	ck_assert_int_eq(play_packet(play, 0, 400).verdict, NIC_TLS_DECRYPTED);
	aead_stream_destroy(tls->stream);
	tls->stream = aead_stream_create(tls->key);
	ck_assert_ptr_nonnull(tls->stream);
	ck_assert_int_eq(play_packet(play, 400, 800).verdict,
			 NIC_TLS_ENCRYPTED);
	ck_assert_int_eq(play_packet(play, 800, 1200).row,
			 NIC_TLS_CASE_HEADER_INSIDE);
	ck_assert_int_eq(play_packet(play, 1200, 2200).verdict,
			 NIC_TLS_DECRYPTED);
	ck_assert_uint_eq(play->authenticated, 1);
}
END_TEST

START_TEST(test_nic_tls_looks_at_64_kib_of_a_packet)
{
	install(_i);
	for (uint32_t i = play->image.records; i < 70; i++)
		tls_image_add(&play->image, 1000);
	ck_assert_int_eq(play_packet(play, 0, 70000).verdict,
			 NIC_TLS_ENCRYPTED);
	ck_assert_int_eq(play->tls.tracker, NIC_TLS_SEARCHING);
	ck_assert_uint_eq(play->authenticated, 65);
}
END_TEST

/* What was marked long ago must not look like the future. */
START_TEST(test_nic_tls_keeps_its_sequence_numbers_comparable)
{
	const uint32_t step = UINT32_C(0x20000000); /* half a GiB */

	install(2);
	play_packet(play, 0, 400);
	nic_tls_reset(&play->tls);
	for (int i = 0; i < 9; i++) {
		play->base += step;
		play_packet(play, 1200, 1300);
		ck_assert_uint_le(play->base + 1300 - play->tls.marked_end,
				  2 * step);
	}
	play_packet(play, 1300, 2400);
	ck_assert(play_answer(play, 2));
	play_packet(play, 2400, 3400);
	ck_assert_int_eq(play_packet(play, 3400, 4400).verdict,
			 NIC_TLS_DECRYPTED);
}
END_TEST

START_TEST(test_nic_tls_counts_what_happens)
{
	const struct nic_tls_counters *c = &play->counters;

	install(_i);
	play_packet(play, 0, 400);
	play_packet(play, 1200, 1700); /* header lost */
	play_packet(play, 1700, 2200); /* candidate */
	ck_assert(!play_answer(play, 1));
	play_packet(play, 3200, 3500); /* its chain is lost */
	play_packet(play, 3500, 4100); /* another one */
	ck_assert(play_answer(play, 4));
	ck_assert_uint_eq(c->lost_sync, 1);
	ck_assert_uint_eq(c->candidates, 2);
	ck_assert_uint_eq(c->candidates_dropped, 1);
	ck_assert_uint_eq(c->resync_req_pkt, 2);
	ck_assert_uint_eq(c->answers_taken, 1);
	ck_assert_uint_eq(c->answers_refused, 1);
	ck_assert_uint_eq(c->cases[NIC_TLS_CASE_HEADER_LOST], 1);
	ck_assert_uint_eq(c->cases[NIC_TLS_CASE_CANDIDATE], 2);
	ck_assert_uint_eq(c->cases[NIC_TLS_CASE_CHAIN_BROKEN], 1);
	nic_tls_reset(&play->tls);
	ck_assert_uint_eq(c->lost_sync, 2);
	play_packet(play, 4500, 5200);
	nic_tls_reset(&play->tls);
	ck_assert_uint_eq(c->lost_sync, 2);
	ck_assert_uint_eq(c->candidates_dropped, 2);
}
END_TEST

START_TEST(test_nic_tls_works_without_counters)
{
	struct nic_tls_params params = params_default();

	install(0);
	nic_tls_fini(&play->tls);
	params.key = &play->key;
	params.real = true;
	params.counters = NULL;
	params.start_seq = play->base;
	ck_assert_int_eq(nic_tls_init(&play->tls, &params), 0);
	play->flip[500] = 1;
	play_packet(play, 0, 1200);
	play_packet(play, 1200, 2200);
	ck_assert(!play_answer(play, 1));
	ck_assert(play_answer(play, 2));
	play_packet(play, 4200, 4300);
	nic_tls_reset(&play->tls);
	ck_assert_int_eq(play->tls.tracker, NIC_TLS_SEARCHING);
}
END_TEST

/* A hint needs no counters either, and is as good as one that is counted. */
START_TEST(test_nic_tls_takes_a_hint_without_counters)
{
	struct nic_tls_params params = params_default();
	bool counted = _i > 0;

	install(2);
	nic_tls_fini(&play->tls);
	params.counters = counted ? &play->counters : NULL;
	params.start_seq = play->base;
	ck_assert_int_eq(nic_tls_init(&play->tls, &params), 0);
	nic_tls_reset(&play->tls);
	ck_assert(nic_tls_hint(&play->tls, play->base + 2000, 2));
	ck_assert_int_eq(play_packet(play, 1500, 2000).row, NIC_TLS_CASE_EARLY);
	ck_assert_int_eq(play_packet(play, 2000, 3400).verdict,
			 NIC_TLS_DECRYPTED);
	ck_assert(!nic_tls_hint(&play->tls, play->base + 4000, 4));
	ck_assert_uint_eq(play->counters.hints_taken, counted ? 1 : 0);
	ck_assert_uint_eq(play->counters.decrypted_packets, counted ? 1 : 0);
	/* A candidate is dropped without being counted. */
	nic_tls_reset(&play->tls);
	ck_assert_int_eq(play_packet(play, 3400, 4500).verdict, NIC_TLS_RESYNC);
	ck_assert_int_eq(play_packet(play, 5200, 5300).row,
			 NIC_TLS_CASE_CHAIN_BROKEN);
	ck_assert(!play_answer(play, 4));
	ck_assert_uint_eq(play->counters.candidates_dropped, counted ? 1 : 0);
}
END_TEST

START_TEST(test_nic_tls_reads_where_the_next_record_begins)
{
	struct nic_tls_progress progress;

	install(_i);
	nic_tls_query(&play->tls, &progress);
	ck_assert_uint_eq(progress.next_record_tcp_sn, play->base);
	play_packet(play, 0, 400);
	nic_tls_query(&play->tls, &progress);
	ck_assert_uint_eq(progress.next_record_tcp_sn, play->base + 1000);
	play_packet(play, 1200, 2300);
	nic_tls_query(&play->tls, &progress);
	ck_assert_uint_eq(progress.hw_resync_tcp_sn, play->base + 2000);
	ck_assert_uint_eq(progress.next_record_tcp_sn, play->base + 3000);
}
END_TEST

START_TEST(test_nic_tls_refuses_keys_that_it_cannot_use)
{
	static const struct {
		enum tls_version version;
		enum tls_cipher cipher;
		uint8_t key_len, iv_len;
		int error;
	} rows[] = {
	    {TLS_1_2, TLS_CIPHER_CHACHA20_POLY1305, 32, 12, EOPNOTSUPP},
	    {TLS_1_1, TLS_CIPHER_AES_GCM, 16, 4, EOPNOTSUPP},
	    {TLS_1_3, TLS_CIPHER_AES_GCM, 24, 12, EINVAL},
	    {TLS_1_3, TLS_CIPHER_AES_GCM, 16, 4, EINVAL},
	    {TLS_1_3, TLS_CIPHER_AES_GCM, 16, 12, 0},
	};
	struct nic_tls_params params = params_default();
	int error;

	play->key = (struct ktls_key){
	    .version = rows[_i].version,
	    .cipher = rows[_i].cipher,
	    .key_len = rows[_i].key_len,
	    .iv_len = rows[_i].iv_len,
	};
	params.real = true;
	error = nic_tls_init(&play->tls, &params);
	ck_assert_int_eq(error, rows[_i].error);
}
END_TEST

/* Each allocation of the cipher fails once; OpenSSL itself is up. */
START_TEST(test_nic_tls_init_reports_that_memory_is_short)
{
	struct nic_tls_params params = params_default();
	int error = ENOMEM, failed = 0;

	install(0);
	nic_tls_fini(&play->tls);
	play_image(play, TLS_1_2, 16, 0);
	params.key = &play->key;
	params.real = true;
	for (uint64_t nth = 1; nth < 1000; nth++) {
		crypto_faults_after(nth);
		error = nic_tls_init(&play->tls, &params);
		if (error == 0)
			break;
		ck_assert_int_eq(error, ENOMEM);
		ck_assert_ptr_null(play->tls.stream);
		failed++;
	}
	crypto_faults_after(0);
	ck_assert_int_eq(error, 0);
	ck_assert_int_gt(failed, 0);
}
END_TEST

START_TEST(test_nic_tls_names_each_row)
{
	const char *names[NIC_TLS_CASE_COUNT];

	for (size_t i = 0; i < NIC_TLS_CASE_COUNT; i++) {
		names[i] = nic_tls_case_name((enum nic_tls_case)i);
		ck_assert_ptr_nonnull(names[i]);
		for (size_t j = 0; j < i; j++)
			ck_assert_str_ne(names[i], names[j]);
	}
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *nic_tls_edges_suite(void);

Suite *
nic_tls_edges_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_nic_tls_joins_a_header_split_in_any_way, 32 * KINDS),
	    TEST(test_nic_tls_takes_segments_of_one_byte, KINDS),
	    TEST(test_nic_tls_survives_any_hole_without_a_header, 30 * KINDS),
	    TEST(test_nic_tls_passes_an_empty_packet, KINDS),
	    TEST(test_nic_tls_counts_unknown_headers_as_lost, KINDS),
	    TEST(test_nic_tls_knows_bytes_up_to_the_snap_length_only, 0),
	    TEST(test_nic_tls_gives_an_old_candidate_up, 0),
	    TEST(test_nic_tls_rescan_drops_a_candidate_and_searches_on,
		 2 * KINDS),
	    TEST(test_nic_tls_loses_a_record_to_a_failing_cipher_and_no_more,
		 2),
	    TEST(test_nic_tls_looks_at_64_kib_of_a_packet, 2),
	    TEST(test_nic_tls_keeps_its_sequence_numbers_comparable, 0),
	    TEST(test_nic_tls_counts_what_happens, KINDS),
	    TEST(test_nic_tls_works_without_counters, 0),
	    TEST(test_nic_tls_takes_a_hint_without_counters, 2),
	    TEST(test_nic_tls_reads_where_the_next_record_begins, KINDS),
	    TEST(test_nic_tls_refuses_keys_that_it_cannot_use, 5),
	    TEST(test_nic_tls_init_reports_that_memory_is_short, 0),
	    TEST(test_nic_tls_names_each_row, 0),
	};

	crypto_faults_install();
	return suite_create_table("nic_tls_edges", tests, (size_t)COUNT(tests),
				  setup, teardown, 20);
}
