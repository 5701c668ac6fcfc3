/*
 * test_offload_copies.c - two copies of the same bytes, one decrypted by the
 * NIC and one not.
 *
 * TCP keeps the copy that was queued first, and cuts what overlaps off the
 * other one, segment by segment, so that decrypted bytes and others never stand
 * in one mbuf.  A record of both is decrypted right, whichever bytes of it are
 * which.  04-nic section 1.5, last row.
 *
 * Scenarios as in resync_play.h; `marked` is of the record that has two copies.
 */
#include "tests/support/resync_play.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *offload_copies_suite(void);

static const struct row {
	struct resync_scenario scenario;
	uint32_t record;
	uint32_t marked; /* bytes of it that the NIC decrypted */
} rows[] = {
    /* 1300 to 1600 finds no descriptor behind the cipher. */
    {{.name = "what is sent again reaches into decrypted bytes behind it",
      .resync = "freebsd",
      .extra = {"nic.ring", "1"},
      .send = {{10, 0, 1000},
	       {50, 1000, 300},
	       {51, 1300, 300},
	       {70, 1600, 400},
	       {90, 2000, 1000},
	       {120, 1300, 500},
	       {140, 3000, 1000},
	       {160, 4000, 1000},
	       {180, 5000, 1000},
	       {200, 6000, 1000},
	       {220, 7000, 1000},
	       {240, 8000, 1000},
	       {260, 9000, 1000},
	       {280, 10000, 1000},
	       {300, 11000, 1000}},
      .marks = "FPFFFFFFFFFF",
      .places = "0"},
     1,
     700},
    {{.name = "what is sent again reaches into decrypted bytes before it",
      .resync = "freebsd",
      .send = {{10, 0, 1000},
	       {30, 1000, 300},
	       {50, 1100, 500},
	       {70, 1600, 600},
	       {90, 2200, 800},
	       {110, 3000, 9000}},
      .marks = "FPPFFFFFFFFF",
      .places = "0"},
     1,
     300},
    {{.name = "all of a record is sent again, decrypted bytes were first",
      .resync = "freebsd",
      .send = {{10, 0, 1000},
	       {30, 1000, 600},
	       {50, 1000, 1000},
	       {70, 2000, 1000},
	       {90, 3000, 9000}},
      .marks = "FPNFFFFFFFFF",
      .places = "0"},
     1,
     600},
    /*
     * 4100 to 5000 waits behind holes; the place is found before them, so that
     * the same bytes come once more and are decrypted then.
     */
    {{.name = "decrypted bytes come behind a copy that is not",
      .resync = "freebsd",
      .send = {{10, 0, 1000},
	       {20, 1000, 900},
	       {40, 2100, 900},
	       {50, 4100, 900},
	       {60, 1900, 1100},
	       {100, 3000, 1000},
	       {120, 4000, 1000},
	       {140, 5000, 7000}},
      .marks = "FPNFPFFFFFFF",
      .places = "0 3"},
     4,
     100},
};

START_TEST(test_offload_copies_are_kept_apart)
{
	const struct row *row = &rows[_i];
	const struct resync_scenario *s = &row->scenario;
	const struct sim_driver *driver = &resync_play.driver;

	for (uint32_t base = 0; base < RESYNC_BASES; base++) {
		struct resync_variant v =
		    resync_variant_make(s, s->resync, base);

		resync_play_run(s, &v, 0);
		resync_play_expect(s);
		ck_assert_uint_eq(driver->record[row->record].marked_bytes,
				  row->marked);
		resync_play_fini();
	}
}
END_TEST

Suite *
offload_copies_suite(void)
{
	const struct suite_test tests[] = {
	    {"apart", test_offload_copies_are_kept_apart, ROWS(rows)},
	};

	return suite_create_table("offload_copies", tests, (size_t)ROWS(tests),
				  NULL, resync_play_fini, 0);
}
