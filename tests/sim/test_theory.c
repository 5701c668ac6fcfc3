/*
 * test_theory.c - the TLS worker as M/D/1 and M/M/1, against closed forms.
 *
 * Every price but the decryption of a record is zero, so that one worker that
 * is fed one-record segments by a Poisson process is a single-server queue.
 * Its mean wait (the stage `queue`) is known: Pollaczek and Khinchine.
 *
 * For each seed, the 95 % interval of the mean comes from batch means, and
 * must contain the closed form for 17 of 20 seeds.  A service time that is 3 %
 * longer than the theory is told must fail the same criterion: the numbers of
 * arrivals are chosen so that it shows at every load.
 *
 * KTLSIM_THEORY_SEEDS=N runs N seeds instead of 20 (sanitizers are slow); the
 * share that may miss stays 15 %, rounded down.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sim/rng.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* Student's t, 19 degrees of freedom, 97.5 %. */
#define T_QUANTILE 2.093

Suite *theory_suite(void);

enum {
	SEEDS = 20,
	BATCHES = 20,
	WARM_UP = 5000,		 /* records that are not counted */
	SERVICE_PS = 1000000,	 /* mean */
	PLANTED_PS = 1030000,	 /* 3 % more */
	WIRE_BYTES = 64,	 /* of a record */
	PURPOSE_ARRIVALS = 2000, /* no stream of the model's */
};

/* A queue of theory: mean wait = factor * service * load / (1 - load). */
static const struct station {
	const char *service; /* distribution of the service time */
	double factor;
	unsigned percent; /* load */
	uint32_t batch;	  /* records in each of the batches */
} stations[] = {
    {"constant", 0.5, 30, 1000},    {"constant", 0.5, 60, 1000},
    {"constant", 0.5, 90, 5000},    {"exponential", 1.0, 30, 2000},
    {"exponential", 1.0, 60, 2000}, {"exponential", 1.0, 90, 10000},
};

/* Waits of the records so far, by batch. */
struct waits {
	uint64_t seen;
	uint32_t batch;
	uint64_t sum_ps[BATCHES];
};

static double
square_root(double x)
{
	double root = x > 1 ? x : 1;

	/* Halves the exponent's error per turn, then doubles the digits. */
	for (int i = 0; i < 100; i++)
		root = (root + x / root) / 2;
	return root;
}

static void
note_wait(void *arg, const struct ktlsim_record *record)
{
	struct waits *waits = arg;
	uint64_t number = waits->seen++;

	if (number < WARM_UP)
		return;
	number = (number - WARM_UP) / waits->batch;
	if (number < BATCHES)
		waits->sum_ps[number] += record->begin_ps - record->keyed_ps;
}

static void
create(struct sim_driver *driver, const struct station *station, uint64_t seed,
       unsigned service_ps)
{
	char seed_text[24], service[48];
	const struct sim_key keys[] = {
	    {"run.seed", seed_text},
	    {"host.cpus", "1"},
	    {"nic.merge", "off"},
	    {"replay.checksum", "ignore"},
	    {"cost.nic_pipeline", "0"},
	    {"cost.interrupt_delivery", "0"},
	    {"cost.interrupt", "0"},
	    {"cost.rx_frame", "0"},
	    {"cost.tcp_segment", "0"},
	    {"cost.ack", "0"},
	    {"cost.sockbuf_append", "0"},
	    {"cost.worker_enqueue", "0"},
	    {"cost.worker_wakeup", "0"},
	    {"cost.context_switch", "0"},
	    {"cost.aes128_gcm_record", service},
	    {"cost.aes128_gcm_byte", "0"},
	    {"cost.record_deliver", "0"},
	    {"cost.reader_wakeup", "0"},
	    {"cost.syscall", "0"},
	    {"cost.recvmsg", "0"},
	    {NULL, NULL},
	};

	snprintf(seed_text, sizeof(seed_text), "%llu",
		 (unsigned long long)seed);
	snprintf(service, sizeof(service), "%s(%ups)", station->service,
		 service_ps);
	sim_driver_create(driver, keys);
}

/* The records of one run, through the public interface. */
static void
simulate(const struct station *station, uint64_t seed, unsigned service_ps,
	 struct waits *waits)
{
	const struct variate gap = {.kind = VARIATE_EXPONENTIAL,
				    .a =
					SERVICE_PS * 100ull / station->percent};
	static struct sim_sender sender;
	struct sim_driver driver;
	uint64_t records = WARM_UP + (uint64_t)station->batch * BATCHES;
	uint64_t now = 0;

	*waits = (struct waits){.batch = station->batch};
	create(&driver, station, seed, service_ps);
	ktlsim_on_deliver(driver.sim, note_wait, waits);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	sim_sender_record(&sender, WIRE_BYTES);
	for (uint64_t i = 0; i < records; i++) {
		now +=
		    variate_draw(&gap, rng_u64(seed, PURPOSE_ARRIVALS, 0, i));
		sim_driver_run_until(&driver, now);
		sim_send(&sender, now, 0, WIRE_BYTES);
		sender.first_seq += WIRE_BYTES; /* the same bytes again */
	}
	sim_driver_finish(&driver);
	ck_assert_uint_eq(waits->seen, records);
	sim_driver_destroy(&driver);
}

/* Does the 95 % interval of the mean wait contain the closed form? */
static bool
contains(const struct station *station, uint64_t seed, unsigned service_ps)
{
	double load = station->percent / 100.0;
	double expected = station->factor * SERVICE_PS * load / (1 - load);
	double mean = 0, squares = 0, half;
	struct waits waits;

	simulate(station, seed, service_ps, &waits);
	for (int i = 0; i < BATCHES; i++)
		mean += (double)waits.sum_ps[i] / station->batch / BATCHES;
	for (int i = 0; i < BATCHES; i++) {
		double off = (double)waits.sum_ps[i] / station->batch - mean;

		squares += off * off;
	}
	half = T_QUANTILE * square_root(squares / (BATCHES - 1) / BATCHES);
	return mean - half <= expected && expected <= mean + half;
}

/* Seeds whose interval misses, counted until more than `allowed` have. */
static unsigned
count_misses(const struct station *station, unsigned service_ps, unsigned seeds,
	     unsigned allowed)
{
	unsigned misses = 0;

	for (unsigned seed = 1; seed <= seeds && misses <= allowed; seed++)
		misses += !contains(station, seed, service_ps);
	return misses;
}

static unsigned
seeds_wanted(void)
{
	const char *text = getenv("KTLSIM_THEORY_SEEDS");
	int seeds = text == NULL ? SEEDS : atoi(text);

	return seeds >= 1 && seeds <= SEEDS ? (unsigned)seeds : SEEDS;
}

static unsigned
misses_allowed(unsigned seeds)
{
	return seeds * 15 / 100;
}

START_TEST(test_mean_wait)
{
	const struct station *station = &stations[_i];
	unsigned seeds = seeds_wanted(), allowed = misses_allowed(seeds);

	ck_assert_msg(count_misses(station, SERVICE_PS, seeds, allowed) <=
			  allowed,
		      "%s service, load 0.%02u: more than %u of %u seeds miss",
		      station->service, station->percent, allowed, seeds);
}
END_TEST

START_TEST(test_planted)
{
	const struct station *station = &stations[_i];
	unsigned seeds = seeds_wanted(), allowed = misses_allowed(seeds);

	ck_assert_msg(count_misses(station, PLANTED_PS, seeds, allowed) >
			  allowed,
		      "%s service, load 0.%02u: 3 %% more pass for the truth",
		      station->service, station->percent);
}
END_TEST

Suite *
theory_suite(void)
{
	const struct suite_test tests[] = {
	    {"the_mean_wait_is_that_of_theory", test_mean_wait, ROWS(stations)},
	    {"a_service_three_percent_longer_shows", test_planted,
	     ROWS(stations)},
	};

	return suite_create_table(
	    "theory", tests, sizeof(tests) / sizeof(*tests), NULL, NULL, 600);
}
