/*
 * test_invariant.c - a model that cheats is caught by the books of the run.
 *
 * This program is linked with --wrap (tests/sabotage.mk): calls between objects
 * of the library to the functions below come here first.  Each row of the table
 * switches one small lie on, and ktlsim_finish must fail with the name of the
 * invariant that it breaks.  With none switched on the same run is in order.
 */
#include <errno.h>
#include <string.h>

#include "engine/mbuf.h"
#include "engine/sockbuf.h"
#include "nicmodel/nic.h"
#include "nicmodel/nic_merge.h"
#include "sim/run.h"
#include "tests/support/sim_driver.h"
#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

/* A declaration of the replacement and of what it stands before. */
#define WRAP(type, name, ...)            \
	type __wrap_##name(__VA_ARGS__); \
	type __real_##name(__VA_ARGS__)

WRAP(struct mbuf *, nic_merge_get, struct nic_merge *merge, uint32_t *count);
WRAP(struct nic_rx_result, nic_rx, struct nic *nic, struct mbuf *m,
     uint64_t now, uint64_t pipeline_ps);
WRAP(unsigned, sbappendstream, struct sockbuf *sb, struct mbuf *m);
WRAP(void, qstat_enter, struct qstat *q, sim_time now);
WRAP(void, qstat_leave, struct qstat *q, sim_time now, sim_time entered_ps);
WRAP(void, stage_times, const struct record_stamp *record,
     sim_time read_begin_ps, sim_time read_end_ps, sim_time times[STAGE_COUNT]);
WRAP(void, cpu_settle, struct cpu *cpu, sim_time now);

Suite *invariant_suite(void);

enum lie {
	LIE_NONE,
	FRAME_UNCOUNTED, /* a merged chain is said to be one frame shorter */
	FRAME_LOST,	 /* the NIC takes a frame and loses it */
	BYTES_LOST,	 /* the socket buffer does not keep an append */
	STAGE_LONGER,	 /* a stage is 1 ps longer than it was */
	STAGE_SHORTER,
	TIME_LOST,     /* a picosecond is nobody's */
	TIME_TWICE,    /* a picosecond is two classes' */
	LEAVE_LOST,    /* somebody leaves a queue unseen ... */
	LEAVE_EARLIER, /* ... or says that he came 1 ps earlier ... */
	LEAVE_TWICE,
	ENTER_LOST,  /* somebody comes unseen ... */
	ENTER_TWICE, /* ... or is seen twice */
};

enum victim { NOBODY, RING, WORK_QUEUE, RUN_QUEUE, TRANSMIT };

/* The lie that is told, once per run. */
static enum lie lie;
static const struct qstat *victim;

static struct sim_driver driver;
static struct sim_sender sender;

static bool tell(enum lie this)
{
	if (lie != this)
		return false;
	lie = LIE_NONE;
	return true;
}

struct mbuf *
__wrap_nic_merge_get(struct nic_merge *merge, uint32_t *count)
{
	struct mbuf *m = __real_nic_merge_get(merge, count);

	if (*count > 1 && tell(FRAME_UNCOUNTED))
		--*count;
	return m;
}

struct nic_rx_result
__wrap_nic_rx(struct nic *nic, struct mbuf *m, uint64_t now,
	      uint64_t pipeline_ps)
{
	struct nic_rx_result taken = {.visible_ps = now};

	if (!tell(FRAME_LOST))
		return __real_nic_rx(nic, m, now, pipeline_ps);
	m_freem(nic->pool, m);
	return taken;
}

unsigned
__wrap_sbappendstream(struct sockbuf *sb, struct mbuf *m)
{
	if (!tell(BYTES_LOST))
		return __real_sbappendstream(sb, m);
	m_freem(sb->sb_pool, m);
	return 0;
}

void
__wrap_qstat_enter(struct qstat *q, sim_time now)
{
	if (q == victim && tell(ENTER_LOST))
		return;
	if (q == victim && tell(ENTER_TWICE))
		__real_qstat_enter(q, now);
	__real_qstat_enter(q, now);
}

void
__wrap_qstat_leave(struct qstat *q, sim_time now, sim_time entered_ps)
{
	if (q == victim && tell(LEAVE_LOST))
		return;
	if (q == victim && tell(LEAVE_EARLIER))
		entered_ps--;
	if (q == victim && tell(LEAVE_TWICE))
		__real_qstat_leave(q, now, entered_ps);
	__real_qstat_leave(q, now, entered_ps);
}

void
__wrap_stage_times(const struct record_stamp *record, sim_time read_begin_ps,
		   sim_time read_end_ps, sim_time times[STAGE_COUNT])
{
	__real_stage_times(record, read_begin_ps, read_end_ps, times);
	if (tell(STAGE_LONGER))
		times[STAGE_QUEUE]++;
	if (tell(STAGE_SHORTER))
		times[STAGE_DECRYPT]--;
}

void
__wrap_cpu_settle(struct cpu *cpu, sim_time now)
{
	__real_cpu_settle(cpu, now);
	if (tell(TIME_LOST))
		cpu->idle_ps--;
	if (tell(TIME_TWICE))
		cpu->busy_ps[CPU_WORKER]++;
}

static const struct lie_row {
	enum lie lie;
	enum victim victim;
	const char *invariant; /* how the sentence begins */
} lie_rows[] = {
    {LIE_NONE, NOBODY, NULL},
    {FRAME_UNCOUNTED, NOBODY, "conservation of segments, host server"},
    {FRAME_LOST, NOBODY, "conservation of segments, host server"},
    {BYTES_LOST, NOBODY, "conservation of bytes, flow 0 direction 0"},
    {STAGE_LONGER, NOBODY, "stage sums of host server"},
    {STAGE_SHORTER, NOBODY, "stage sums of host server"},
    {TIME_LOST, NOBODY, "utilisation of host server CPU 0"},
    {TIME_TWICE, NOBODY, "utilisation of host server CPU 0"},
    {LEAVE_LOST, RING, "Little's law, host server receive queue 0"},
    {LEAVE_EARLIER, RING, "Little's law, host server receive queue 0"},
    {LEAVE_TWICE, RING, "Little's law, host server receive queue 0"},
    {ENTER_LOST, RING, "Little's law, host server receive queue 0"},
    {ENTER_TWICE, RING, "Little's law, host server receive queue 0"},
    {LEAVE_LOST, WORK_QUEUE, "Little's law, host server work queue 0"},
    {LEAVE_EARLIER, WORK_QUEUE, "Little's law, host server work queue 0"},
    {LEAVE_TWICE, WORK_QUEUE, "Little's law, host server work queue 0"},
    {ENTER_LOST, WORK_QUEUE, "Little's law, host server work queue 0"},
    {ENTER_TWICE, WORK_QUEUE, "Little's law, host server work queue 0"},
    {LIE_NONE, TRANSMIT, NULL},
    {LEAVE_LOST, TRANSMIT, "Little's law, host server transmit work"},
    {LEAVE_EARLIER, TRANSMIT, "Little's law, host server transmit work"},
    {LEAVE_TWICE, TRANSMIT, "Little's law, host server transmit work"},
    {ENTER_LOST, TRANSMIT, "Little's law, host server transmit work"},
    {ENTER_TWICE, TRANSMIT, "Little's law, host server transmit work"},
    {LEAVE_LOST, RUN_QUEUE, "utilisation of host server CPU 0"},
    {LEAVE_EARLIER, RUN_QUEUE, "utilisation of host server CPU 0"},
    {LEAVE_TWICE, RUN_QUEUE, "utilisation of host server CPU 0"},
    {ENTER_LOST, RUN_QUEUE, "utilisation of host server CPU 0"},
    {ENTER_TWICE, RUN_QUEUE, "utilisation of host server CPU 0"},
};

static const struct qstat *
find_victim(enum victim which)
{
	const struct host *host = &driver.sim->host[0];

	switch (which) {
	case RING:
		return &host->driver[0].ring;
	case WORK_QUEUE:
		return &host->worker[0].waiting;
	case RUN_QUEUE:
		return &host->cpu[0].runq[CPU_WORKER];
	case TRANSMIT:
		return &host->worker[0].tx.waiting;
	case NOBODY:
		break;
	}
	return NULL;
}

static void
teardown(void)
{
	sim_driver_destroy(&driver);
}

/* Frames that merge, and one that comes when all is quiet again. */
START_TEST(test_lie)
{
	const struct lie_row *row = &lie_rows[_i];
	const struct sim_key keys[] = {
	    {"host.cpus", "1"},
	    {"ktls.tx_load", row->victim == TRANSMIT ? "100000" : "0"},
	    {"ktls.tx_record_size", "1000"},
	    {NULL, NULL}};
	struct ktlsim_error error = {0};
	int code;

	sim_driver_create(&driver, keys);
	sim_sender_open(&sender, &driver, SIM_PORT_0);
	lie = row->lie;
	victim = find_victim(row->victim);
	for (int i = 0; i < 4; i++)
		sim_send_record(&sender, i < 3 ? 0 : 100000000, 1021);
	sim_driver_run_until(&driver, KTLSIM_NEVER);
	code = ktlsim_finish(driver.sim, &error);
	ck_assert_int_eq(lie, LIE_NONE);
	if (row->invariant == NULL) {
		ck_assert_int_eq(code, 0);
		return;
	}
	ck_assert_int_eq(code, EPROTO);
	ck_assert_int_eq(error.code, EPROTO);
	ck_assert_msg(
	    strncmp(error.text, row->invariant, strlen(row->invariant)) == 0,
	    "'%s' does not begin with '%s'", error.text, row->invariant);
}
END_TEST

Suite *
invariant_suite(void)
{
	const struct suite_test tests[] = {
	    {"a_lie_is_found_out", test_lie, ROWS(lie_rows)},
	};

	return suite_create_table("invariant", tests,
				  sizeof(tests) / sizeof(*tests), NULL,
				  teardown, 0);
}
