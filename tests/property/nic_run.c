/*
 * nic_run.c - many seeds of nic_storm.h, on several processes; totals.
 *
 * usage: nic_run [--seeds N] [--seed S] [--jobs J] [--print]
 *
 * Seeds are S .. S + N - 1, dealt out in turn.  A process that meets a seed
 * which fails, or that dies of one, ends; the seed is told with the way to
 * repeat it.  With --print one sees what the seeds stand for.  Every chain that
 * a driver merges is looked at on its way (V14).  Ends with a line "N passed, N
 * failed".
 */
#include <assert.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/pipeline.h"
#include "tests/support/chain_marks.h"
#include "tests/support/nic_storm.h"

enum {
	JOBS_MAX = 64,
	TIMEOUT_S = 10, /* of a few seeds */
	SEEDS = 10000,
	/* Of what a storm is about there must be one in so many seeds... */
	SEEDS_PER_EVENT = 10,
	/* ... if there are as many as to tell. */
	SEEDS_TO_TELL = 1000,
};

/* What a process leaves behind, in memory that all of them share. */
struct work {
	uint64_t seed; /* at work on, or the one that failed */
	bool failed;
	char text[256];
	uint64_t total[STORM_TOTALS];
};

struct task {
	uint64_t first, seeds, jobs;
	bool print;
	const char *program;
};

static struct nic_storm storm;

void __real_stage_tcp(struct endpoint *ep, struct mbuf *m, uint32_t frames,
		      sim_time handler_ps, sim_time now);
void __wrap_stage_tcp(struct endpoint *ep, struct mbuf *m, uint32_t frames,
		      sim_time handler_ps, sim_time now);

/* Called by the driver in the place of stage_tcp. */
void
__wrap_stage_tcp(struct endpoint *ep, struct mbuf *m, uint32_t frames,
		 sim_time handler_ps, sim_time now)
{
	assert(chain_marks_agree(m));
	__real_stage_tcp(ep, m, frames, handler_ps, now);
}

static void
run_seeds(const struct task *task, unsigned job, struct work *work)
{
	for (uint64_t i = job; i < task->seeds; i += task->jobs) {
		work->seed = task->first + i;
		alarm(TIMEOUT_S);
		work->failed = !nic_storm_run(&storm, work->seed);
		if (task->print)
			nic_plan_print(&storm.plan, stdout);
		memcpy(work->text, storm.text, sizeof(work->text));
		memcpy(work->total, storm.total, sizeof(work->total));
		if (work->failed)
			break;
	}
}

static pid_t
start_job(const struct task *task, unsigned job, struct work *work)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	assert(child >= 0);
	if (child > 0)
		return child;
	run_seeds(task, job, work);
	fflush(stdout);
	_exit(work->failed);
}

/* Did it come to its end?  If not, say where. */
static bool
job_succeeded(pid_t child, const struct task *task, const struct work *work)
{
	int status;
	pid_t ended = waitpid(child, &status, 0);

	assert(ended == child);
	if (ended == child && status == 0)
		return true;
	printf("seed %" PRIu64 " fails: %s\n"
	       "  again, with its keys: %s --seed %" PRIu64
	       " --seeds 1 --print\n",
	       work->seed, work->failed ? work->text : "the process died of it",
	       task->program, work->seed);
	return false;
}

static bool
enough(const uint64_t *total)
{
	static const enum nic_storm_total about[] = {
	    STORM_FULL,	       STORM_MIXED,	   STORM_NONE,
	    STORM_RESYNCS,     STORM_ANSWERS,	   STORM_ANSWERS + 1,
	    STORM_ANSWERS + 2, STORM_ANSWERS + 3,  STORM_EVICTIONS,
	    STORM_RESETS,      STORM_PATH_CHANGES, STORM_LOST,
	    STORM_RING,	       STORM_REORDERED,	   STORM_DUPLICATED,
	    STORM_DAMAGED};
	uint64_t seeds = total[STORM_SEEDS];
	bool all = true;

	for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++) {
		if (seeds < SEEDS_TO_TELL ||
		    total[about[i]] >= seeds / SEEDS_PER_EVENT)
			continue;
		printf("too few %s\n", nic_storm_names[about[i]]);
		all = false;
	}
	return all;
}

static int
run_jobs(const struct task *task, struct work *work)
{
	pid_t child[JOBS_MAX];
	uint64_t sum[STORM_TOTALS] = {0};
	unsigned failed = 0;

	for (unsigned i = 0; i < task->jobs; i++)
		child[i] = start_job(task, i, &work[i]);
	for (unsigned i = 0; i < task->jobs; i++) {
		failed += !job_succeeded(child[i], task, &work[i]);
		for (int k = 0; k < STORM_TOTALS; k++)
			sum[k] += work[i].total[k];
	}
	for (int k = 0; k < STORM_TOTALS; k++)
		printf("%10" PRIu64 " %s\n", sum[k], nic_storm_names[k]);
	failed += !enough(sum);
	printf("%d passed, %u failed\n", failed == 0, failed);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool
read_options(int argc, char **argv, struct task *task)
{
	static const struct option options[] = {
	    {"seeds", required_argument, NULL, 'n'},
	    {"seed", required_argument, NULL, 's'},
	    {"jobs", required_argument, NULL, 'j'},
	    {"print", no_argument, NULL, 'p'},
	    {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "j:", options, NULL)) != -1) {
		if (c == 'n')
			task->seeds = strtoull(optarg, NULL, 0);
		else if (c == 's')
			task->first = strtoull(optarg, NULL, 0);
		else if (c == 'j')
			task->jobs = strtoull(optarg, NULL, 0);
		else if (c == 'p')
			task->print = true;
		else
			return false;
	}
	return task->jobs >= 1 && task->jobs <= JOBS_MAX;
}

int
main(int argc, char **argv)
{
	struct task task = {
	    .first = 1, .seeds = SEEDS, .jobs = 1, .program = argv[0]};
	struct work *work;

	if (!read_options(argc, argv, &task)) {
		fprintf(stderr,
			"usage: nic_run [--seeds N] [--seed S] [--jobs J] "
			"[--print]\n");
		return EXIT_FAILURE;
	}
	work = mmap(NULL, JOBS_MAX * sizeof(*work), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert(work != MAP_FAILED);
	return run_jobs(&task, work);
}
