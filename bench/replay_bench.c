/*
 * replay_bench.c - how fast a capture is replayed, as ratios within one run.
 *
 * Makes its own capture (bulk.c) and times, in turn and several times over, one
 * process: raw EVP decryption of the same bytes; reading the file; reading and
 * parsing; a replay in model mode; a replay with real decryption.  Prints the
 * medians, the split by differences, and the ratio to raw EVP.  Then the time
 * per segment of a short and of a long run, and the peak memory of the command
 * line on the file and on one twice as long.  Machines are noisy: only ratios
 * of one run are judged; exit status 1: a bar was missed.
 *
 * usage: KTLSIM=path-of-the-tool replay_bench [MEBIBYTES]
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "bench/bulk.h"
#include "bench/steady.h"
#include "sim/ktlsim.h"
#include "traces/flow.h"
#include "traces/frame.h"
#include "traces/trace_pcap.h"

enum {
	ROUNDS = 7,
	RECORD_BYTES = 16385, /* plaintext and the inner type */
	PATH_BYTES = 512,
};

#define RATIO_EVP_MIN	 0.35
#define RATIO_LINEAR_MAX 1.15
#define PEAK_KIB_MAX	 (64 * 1024)

struct files {
	char capture[PATH_BYTES];
	char keylog[PATH_BYTES];
	uint64_t bytes; /* of plaintext */
};

static double
clock_s(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/*
 * CPU time, user and system: all that is compared runs in one thread, and time
 * lost to other processes would only add noise.
 */
static double
now_s(void)
{
	return clock_s(CLOCK_PROCESS_CPUTIME_ID);
}

static void
die(const char *what)
{
	fprintf(stderr, "replay_bench: %s\n", what);
	exit(EXIT_FAILURE);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

/* Contiguous records, one context keyed once, as fast as EVP goes. */
static double
time_evp(const struct files *files)
{
	static uint8_t key[16], iv[12], aad[5], tag[16];
	uint64_t records = files->bytes / 16384;
	uint8_t *bytes = calloc(records, RECORD_BYTES + 16);
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	double start;
	int len;

	if (bytes == NULL || c == NULL ||
	    EVP_DecryptInit_ex(c, EVP_aes_128_gcm(), NULL, key, iv) != 1)
		die("no memory for the reference");
	memset(bytes, 1, records * (RECORD_BYTES + 16));
	start = now_s();
	for (uint64_t i = 0; i < records; i++) {
		uint8_t *record = bytes + i * (RECORD_BYTES + 16);

		EVP_DecryptInit_ex(c, NULL, NULL, NULL, iv);
		EVP_DecryptUpdate(c, NULL, &len, aad, sizeof(aad));
		EVP_DecryptUpdate(c, record, &len, record, RECORD_BYTES);
		EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, tag);
		EVP_DecryptFinal_ex(c, record + RECORD_BYTES, &len);
	}
	start = now_s() - start;
	EVP_CIPHER_CTX_free(c);
	free(bytes);
	return start;
}

static struct trace_pcap *
open_trace(const struct files *files)
{
	const struct trace_pcap_options options = {.speed_ppm = 1000000};
	struct trace_pcap *trace;
	struct trace_error error;

	if (trace_pcap_open(&trace, files->capture, &options, &error) != 0)
		die(error.text);
	return trace;
}

/* Read all frames, and parse them where a flow table is given. */
static double
time_read(const struct files *files, struct flow_table *flows)
{
	struct trace_pcap *trace = open_trace(files);
	struct trace_source *source = trace_pcap_source(trace);
	struct frame_fragment fragment;
	struct trace_frame captured;
	struct flow_match match;
	struct frame frame;
	double start = now_s();

	while (source->ops->next(source, &captured) == 1)
		if (flows != NULL &&
		    frame_parse(&captured, true, &frame, &fragment) ==
			FRAME_TCP &&
		    flow_lookup(flows, &frame, &match) != 0)
			die("no memory for a flow");
	start = now_s() - start;
	source->ops->close(source);
	return start;
}

static double
time_parse(const struct files *files)
{
	struct flow_table *flows = flow_table_create();
	double time;

	if (flows == NULL)
		die("no memory for the flow table");
	time = time_read(files, flows);
	flow_table_destroy(flows);
	return time;
}

static void
add_keys(struct ktlsim *sim, const struct files *files)
{
	struct ktlsim_error error;
	char text[1024];
	FILE *in = fopen(files->keylog, "r");
	size_t len;

	if (in == NULL)
		die("no key log");
	len = fread(text, 1, sizeof(text), in);
	fclose(in);
	if (ktlsim_add_keylog(sim, text, len, 1, &error) != 0)
		die(error.text);
}

static struct ktlsim *
create_sim(const char *crypto)
{
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim_error error;
	struct ktlsim *sim;

	if (config == NULL ||
	    ktlsim_config_set(config, "crypto.mode", crypto, &error) != 0 ||
	    ktlsim_config_set(config, "report.app_sha256", "false", &error) !=
		0 ||
	    ktlsim_create(&sim, config, &error) != 0)
		die("cannot configure the simulation");
	ktlsim_config_destroy(config);
	return sim;
}

static double
time_replay(const struct files *files, const char *crypto)
{
	struct trace_pcap *trace = open_trace(files);
	struct trace_source *source = trace_pcap_source(trace);
	struct ktlsim *sim = create_sim(crypto);
	struct ktlsim_error error;
	struct trace_frame frame;
	double start;

	add_keys(sim, files);
	start = now_s();
	while (source->ops->next(source, &frame) == 1) {
		const struct ktlsim_frame input = {
		    .size = sizeof(input),
		    .time_ps = frame.time_ps,
		    .data = frame.data,
		    .captured_len = frame.captured_len,
		    .wire_len = frame.wire_len,
		    .link_type = (int)frame.link,
		};

		if (ktlsim_run_until(sim, frame.time_ps) != 0 ||
		    ktlsim_inject(sim, &input, &error) != 0)
			die("the replay failed");
	}
	if (ktlsim_run_until(sim, KTLSIM_NEVER) != 0 ||
	    ktlsim_finish(sim, &error) != 0)
		die("the replay failed");
	start = now_s() - start;
	ktlsim_destroy(sim);
	source->ops->close(source);
	return start;
}

/* Print one row; returns 1 where the bar is missed. */
static int
judge(const char *what, double value, bool at_least, double bar)
{
	bool ok = at_least ? value >= bar : value <= bar;

	printf("%-52s %8.2f  bar %s %.2f  %s\n", what, value,
	       at_least ? ">=" : "<=", bar, ok ? "ok" : "MISSED");
	return !ok;
}

static int
bench_replay(const struct files *files)
{
	double evp[ROUNDS], read[ROUNDS], parse[ROUNDS], model[ROUNDS],
	    real[ROUNDS];
	double e, r, p, m, t;

	for (int i = 0; i < ROUNDS; i++) {
		evp[i] = time_evp(files);
		read[i] = time_read(files, NULL);
		parse[i] = time_parse(files);
		model[i] = time_replay(files, "model");
		real[i] = time_replay(files, "real");
	}
	e = median(evp, ROUNDS);
	r = median(read, ROUNDS);
	p = median(parse, ROUNDS);
	m = median(model, ROUNDS);
	t = median(real, ROUNDS);
	printf("replay of %" PRIu64 " MiB, medians of %d rounds: %.1f ms "
	       "(raw EVP %.1f ms)\n",
	       files->bytes >> 20, ROUNDS, t * 1e3, e * 1e3);
	printf("  split: read %.1f ms, parse %.1f ms, model %.1f ms, decrypt "
	       "%.1f ms\n",
	       r * 1e3, (p - r) * 1e3, (m - p) * 1e3, (t - m) * 1e3);
	return judge("replay speed as a share of raw EVP", e / t, true,
		     RATIO_EVP_MIN);
}

static int
bench_linear(void)
{
	double ratio[ROUNDS], few = 0, many = 0;

	for (int i = 0; i < ROUNDS; i++) {
		few = steady_time_per_segment(10000, 40, false);
		many = steady_time_per_segment(1000000, 1, false);
		ratio[i] = many / few;
	}
	printf("time per segment: %.0f ns at 1e4, %.0f ns at 1e6 segments\n",
	       few * 1e9, many * 1e9);
	return judge("time per segment at 1e6 against 1e4",
		     median(ratio, ROUNDS), false, RATIO_LINEAR_MAX);
}

/* What running a command took. */
struct child {
	double wall_s;
	long peak_kib; /* resident */
	bool ok;
};

/* Run a command with its output thrown away. */
static struct child
run_command(char *const arguments[])
{
	struct child child = {.wall_s = clock_s(CLOCK_MONOTONIC)};
	struct rusage usage;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (freopen("/dev/null", "w", stdout) == NULL ||
		    freopen("/dev/null", "w", stderr) == NULL)
			_exit(126);
		execvp(arguments[0], arguments);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		die("cannot run a command");
	child.wall_s = clock_s(CLOCK_MONOTONIC) - child.wall_s;
	child.peak_kib = usage.ru_maxrss;
	child.ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return child;
}

static struct child
run_replay(char *ktlsim, struct files *files)
{
	char *arguments[] = {ktlsim,
			     "replay",
			     files->capture,
			     "--keylog",
			     files->keylog,
			     "--set",
			     "report.app_sha256=false",
			     NULL};
	struct child child = run_command(arguments);

	if (!child.ok)
		die("the tool failed on the capture");
	return child;
}

static int
bench_memory(char *ktlsim, struct files *once, struct files *twice)
{
	long first = run_replay(ktlsim, once).peak_kib;
	long second = run_replay(ktlsim, twice).peak_kib;
	int missed;

	printf("peak memory: %ld KiB, and %ld KiB for twice the length\n",
	       first, second);
	missed = judge("peak memory in MiB", (double)first / 1024, false,
		       PEAK_KIB_MAX / 1024.0);
	return missed + judge("peak memory of twice the length against once",
			      (double)second / (double)first, false, 1.1);
}

/* For comparison only: another decryptor of the same stream, if it is here. */
static void
show_tshark(char *ktlsim, struct files *files)
{
	char option[PATH_BYTES + 32];
	char *arguments[] = {"tshark", "-q",   "-r", files->capture,
			     "-o",     option, "-z", "follow,tls,raw,0",
			     NULL};
	struct child ours, theirs;

	snprintf(option, sizeof(option), "tls.keylog_file:%s", files->keylog);
	theirs = run_command(arguments);
	if (!theirs.ok) {
		printf("tshark is not installed: not compared\n");
		return;
	}
	ours = run_replay(ktlsim, files);
	printf("tshark follow,tls,raw: %.1f s and %ld MiB; ktlsim replay: "
	       "%.2f s and %ld MiB (%.0f times as fast)\n",
	       theirs.wall_s, theirs.peak_kib / 1024, ours.wall_s,
	       ours.peak_kib / 1024, theirs.wall_s / ours.wall_s);
}

static void
make_files(struct files *files, const char *directory, uint64_t mebibytes)
{
	struct bulk bulk = {.plaintext_bytes = mebibytes << 20,
			    .rate_bps = 5000000000};

	files->bytes = bulk.plaintext_bytes;
	snprintf(files->capture, sizeof(files->capture),
		 "%s/bulk-%" PRIu64 ".pcap", directory, mebibytes);
	snprintf(files->keylog, sizeof(files->keylog),
		 "%s/bulk-%" PRIu64 ".keys", directory, mebibytes);
	if (bulk_write(&bulk, files->capture, files->keylog) != 0)
		die("cannot write the capture");
}

static void
remove_files(const struct files *files)
{
	remove(files->capture);
	remove(files->keylog);
}

int
main(int argc, char **argv)
{
	uint64_t mebibytes = argc > 1 ? strtoull(argv[1], NULL, 10) : 128;
	const char *temporary = getenv("TMPDIR");
	char *ktlsim = getenv("KTLSIM");
	char directory[256];
	struct files once, twice;
	int missed;

	if (ktlsim == NULL || mebibytes == 0)
		die("usage: KTLSIM=path-of-the-tool replay_bench [MEBIBYTES]");
	snprintf(directory, sizeof(directory), "%s/ktlsim-bench-XXXXXX",
		 temporary != NULL ? temporary : "/tmp");
	if (mkdtemp(directory) == NULL)
		die("cannot make a directory for the captures");
	make_files(&once, directory, mebibytes);
	missed = bench_replay(&once);
	missed += bench_linear();
	make_files(&twice, directory, 2 * mebibytes);
	missed += bench_memory(ktlsim, &once, &twice);
	show_tshark(ktlsim, &once);
	remove_files(&once);
	remove_files(&twice);
	rmdir(directory);
	return missed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
