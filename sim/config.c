/*
 * config.c - keys in: defaults, setting by name, checks between keys.
 *
 * Called by the public API and the command line: config_init once, config_set
 * for every key in the order of the user's words, config_finish at the end.
 * The keys are the rows of config_keys.c followed by the prices of cost.c; a
 * default is set by reading its own text.  Left out: files; whoever reads an
 * INI file calls config_set per line.
 */
#include "sim/config.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/suite.h"
#include "sim/config_keys.h"
#include "sim/cost.h"
#include "sim/impair.h"

enum {
	NEAREST_MAX = 48, /* bytes of a word that nearest looks at */
	AUTO_QUEUES_MAX = 16,
};

/* The row of a price, made when it is asked for. */
static struct config_row
cost_config_row(enum cost_id id)
{
	struct config_row row = {
	    .info = *cost_info(id),
	    .kind = CONFIG_VARIATE,
	    .offset =
		offsetof(struct config, cost) + id * sizeof(struct variate),
	    .max = cost_max(id),
	};

	return row;
}

size_t
config_key_count(void)
{
	return config_row_count + COST_COUNT;
}

const struct config_key_info *
config_key(size_t index)
{
	if (index < config_row_count)
		return &config_rows[index].info;
	if (index < config_key_count())
		return cost_info((enum cost_id)(index - config_row_count));
	return NULL;
}

static struct config_row
row_at(size_t index)
{
	assert(index < config_key_count());
	if (index < config_row_count)
		return config_rows[index];
	return cost_config_row((enum cost_id)(index - config_row_count));
}

/* The key's index, or config_key_count(). */
static size_t
key_find(const char *key)
{
	size_t i = 0;

	while (i < config_key_count() && strcmp(config_key(i)->name, key) != 0)
		i++;
	return i;
}

void
config_init(struct config *config)
{
	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < config_row_count; i++) {
		int error =
		    config_field_parse(config, &config_rows[i],
				       config_rows[i].info.default_text, NULL);

		assert(error == 0); /* our own table */
		(void)error;
	}
}

int
config_set(struct config *config, const char *key, const char *value,
	   struct ktlsim_error *error)
{
	size_t index = key_find(key);
	struct config_row row;

	if (index == config_key_count()) {
		const char *near = config_nearest(key);

		if (near == NULL)
			return config_fail(error, ENOENT,
					   "there is no key '%.60s'; "
					   "--list-keys lists them",
					   key);
		return config_fail(error, ENOENT,
				   "there is no key '%.60s'; did you mean "
				   "'%s'?",
				   key, near);
	}
	row = row_at(index);
	return config_field_parse(config, &row, value, error);
}

void
config_get(const struct config *config, size_t index, char *text)
{
	struct config_row row = row_at(index);

	config_field_format(config, &row, text);
}

static int
check_pause(const struct config *config, struct ktlsim_error *error)
{
	if (!config->nic_pause)
		return 0;
	if (config->link_rate_bps == 0)
		return config_fail(error, EINVAL,
				   "nic.pause: a pause lasts bit times; set a "
				   "link.rate other than 0");
	if (config->nic_pause_xoff_bytes > config->nic_port_buffer_bytes)
		return config_fail(error, EINVAL,
				   "nic.pause_xoff: %u bytes are more than "
				   "nic.port_buffer, %u bytes",
				   config->nic_pause_xoff_bytes,
				   config->nic_port_buffer_bytes);
	if (config->nic_pause_xon_bytes > config->nic_pause_xoff_bytes)
		return config_fail(error, EINVAL,
				   "nic.pause_xon: %u bytes are more than "
				   "nic.pause_xoff, %u bytes",
				   config->nic_pause_xon_bytes,
				   config->nic_pause_xoff_bytes);
	return 0;
}

static int
check_poll(const struct config *config, struct ktlsim_error *error)
{
	if (config->nic_poll_weight != 0 ||
	    (config->nic_poll_budget == 0 && config->nic_poll_time_ps == 0))
		return 0;
	return config_fail(
	    error, EINVAL,
	    "nic.poll_weight: 0 (none) leaves no place to look "
	    "at nic.poll_budget and nic.poll_time; Linux has 64");
}

/* MPS, MRRS and RCB; the bounds of their rows keep RCB the least. */
static int
check_pcie(const struct config *config, struct ktlsim_error *error)
{
	const struct {
		const char *key;
		uint32_t bytes;
	} sizes[] = {
	    {"nic.pcie_mps", config->nic_pcie_mps_bytes},
	    {"nic.pcie_mrrs", config->nic_pcie_mrrs_bytes},
	    {"nic.pcie_rcb", config->nic_pcie_rcb_bytes},
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if ((sizes[i].bytes & (sizes[i].bytes - 1)) != 0)
			return config_fail(error, EINVAL,
					   "%s: %u bytes are not a power of "
					   "two, as PCIe has them",
					   sizes[i].key, sizes[i].bytes);
	return 0;
}

static int
check_nic(const struct config *config, struct ktlsim_error *error)
{
	uint32_t table = config->nic_rss_table_size;

	if ((table & (table - 1)) != 0)
		return config_fail(error, EINVAL,
				   "nic.rss_table: %u is not a power of two",
				   table);
	if (config->nic_queues > table)
		return config_fail(error, EINVAL,
				   "nic.queues: %u queues need a nic.rss_table "
				   "of at least as many entries, not %u",
				   config->nic_queues, table);
	if (config->nic_moderation == MODERATION_STATIC &&
	    config->nic_moderation_time_ps == 0 &&
	    config->nic_moderation_frames > 1)
		return config_fail(error, EINVAL,
				   "nic.moderation_time: 0 (no time limit) "
				   "would let fewer than %u frames wait for "
				   "ever; set a time, or nic.moderation=off",
				   config->nic_moderation_frames);
	if (check_poll(config, error) != 0 || check_pcie(config, error) != 0)
		return EINVAL;
	return check_pause(config, error);
}

/* A suite must be one that the modelled KTLS takes. */
static int
check_suite(const struct config *config, const char *name, uint16_t id,
	    struct ktlsim_error *error)
{
	const struct tls_suite *suite = tls_suite_find(id);
	struct ktls_key key;

	ktls_key_init(&key, suite->tls13 ? TLS_1_3 : TLS_1_2, suite,
		      config->engine_suites);
	if (ktls_key_check(&key) == 0)
		return 0;
	return config_fail(error, EINVAL,
			   "%s: %s is not a suite that engine.suites takes "
			   "over",
			   name, suite->name);
}

/* What the window-limited senders cannot do without. */
static int
check_window(const struct config *config, struct ktlsim_error *error)
{
	const char *wrong = NULL;

	if (config->run_executor == EXECUTOR_THREADS)
		wrong = "modelled senders need simulated time; set "
			"run.executor=virtual";
	else if (config->replay_receiver != RECEIVER_SERVER)
		wrong = "the clients are modelled senders and receive "
			"nothing; set replay.receiver=server, or both";
	else if (config->replay_capture_point != CAPTURE_WIRE)
		wrong = "modelled senders need a link; set "
			"replay.capture_point=wire";
	else if (config->link_rate_bps == 0)
		wrong = "modelled senders need a link; set link.rate";
	else if (config->run_time_limit_ps == 0 &&
		 config->synthetic_bytes == 0 && config->synthetic_time_ps == 0)
		wrong = "the senders would never end; set synthetic.bytes, "
			"synthetic.time or run.time_limit";
	if (wrong == NULL)
		return check_suite(config, "synthetic.suite",
				   config->synthetic_suite, error);
	return config_fail(error, EINVAL, "traffic.source=window: %s", wrong);
}

static int
finish_window(struct config *config, struct ktlsim_error *error)
{
	if (config->traffic_source != TRAFFIC_WINDOW)
		return 0;
	if (config->replay_receiver == RECEIVER_BOTH)
		config->replay_receiver = RECEIVER_SERVER;
	return check_window(config, error);
}

/* CPUs that this machine has, for what is run on them. */
static uint32_t
machine_cpus(uint32_t most)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (cpus < 1)
		return 1;
	return cpus < (long)most ? (uint32_t)cpus : most;
}

/* What was captured behind a NIC cannot go through one again. */
static int
check_offload(const struct config *config, struct ktlsim_error *error)
{
	if (config->replay_capture_point == CAPTURE_WIRE)
		return 0;
	if (impair_wanted(config))
		return config_fail(error, EINVAL,
				   "link.*: a capture that was taken on the "
				   "host (replay.capture_point) has no link in "
				   "front of it that could misbehave");
	if (!config->nic_tls)
		return 0;
	return config_fail(error, EINVAL,
			   "nic.tls: a capture that was taken on the host "
			   "(replay.capture_point) has no NIC in front of it");
}

/* Is this key about what simulated time alone has?  A group, or one key. */
static bool
key_is_virtual(const char *key)
{
	static const char *const keys[] = {
	    "link.",
	    "nic.",
	    "host.",
	    "cost.",
	    "ktls.decrypt_in",
	    "ktls.tx_load",
	    "ktls.tx_record_size",
	    "ktls.tx_arrivals",
	    "replay.speed",
	    "replay.max_gap",
	    "replay.recovery",
	    "replay.resend_after",
	    "app.think_time",
	    "app.enable_delay",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		size_t len = strlen(keys[i]);
		bool group = keys[i][len - 1] == '.';

		if (strncmp(key, keys[i], group ? len : len + 1) == 0)
			return true;
	}
	return false;
}

/*
 * Threads decrypt in workers, nothing is charged there, and nothing stands in
 * front of TCP: what is set of that would have no effect, and is refused.
 */
static int
check_threads(const struct config *config, struct ktlsim_error *error)
{
	char text[CONFIG_TEXT_MAX], standard[CONFIG_TEXT_MAX];
	struct config defaults;

	config_init(&defaults);
	for (size_t i = 0; i < config_key_count(); i++) {
		const char *key = config_key(i)->name;

		if (!key_is_virtual(key))
			continue;
		config_get(config, i, text);
		config_get(&defaults, i, standard);
		if (strcmp(text, standard) != 0)
			return config_fail(error, EINVAL,
					   "%s=%s needs run.executor=virtual: "
					   "with real threads it has no effect",
					   key, text);
	}
	return 0;
}

static int
finish_threads(struct config *config, struct ktlsim_error *error)
{
	if (config->run_executor != EXECUTOR_THREADS)
		return 0;
	if (check_threads(config, error) != 0)
		return EINVAL;
	if (config->run_readers == 0)
		config->run_readers = machine_cpus(RUN_READERS_MAX);
	if (config->ktls_workers == 0)
		config->ktls_workers = machine_cpus(THREAD_WORKERS_MAX);
	if (config->ktls_workers > THREAD_WORKERS_MAX)
		return config_fail(error, EINVAL,
				   "ktls.workers: run.executor=threads has at "
				   "most %d of each host, not %u",
				   THREAD_WORKERS_MAX, config->ktls_workers);
	return 0;
}

int
config_finish(struct config *config, struct ktlsim_error *error)
{
	/* First, as it looks at what the user has set. */
	if (finish_threads(config, error) != 0)
		return EINVAL;
	if (config->nic_queues == 0)
		config->nic_queues = config->host_cpus < AUTO_QUEUES_MAX
					 ? config->host_cpus
					 : AUTO_QUEUES_MAX;
	if (config->nic_merge == MERGE_ON)
		config->nic_merge = MERGE_LRO;
	if (config->ktls_workers == 0)
		config->ktls_workers = config->host_cpus;
	if (config->sockbuf_hiwat_max_bytes < config->sockbuf_hiwat_bytes)
		return config_fail(error, EINVAL,
				   "sockbuf.hiwat_max: %u bytes are less than "
				   "sockbuf.hiwat, %u bytes",
				   config->sockbuf_hiwat_max_bytes,
				   config->sockbuf_hiwat_bytes);
	if (check_suite(config, "ktls.assumed_suite",
			config->ktls_assumed_suite, error) != 0 ||
	    finish_window(config, error) != 0 ||
	    check_offload(config, error) != 0)
		return EINVAL;
	return check_nic(config, error);
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* One cell of the distance table: rows are prefixes of a, columns of b. */
static unsigned
distance_cell(unsigned rows[3][NEAREST_MAX + 1], const char *a, const char *b,
	      size_t i, size_t j)
{
	const unsigned *two_up = rows[(i + 1) % 3];
	const unsigned *up = rows[(i + 2) % 3];
	const unsigned *row = rows[i % 3];
	unsigned same = a[i - 1] == b[j - 1] ? 0 : 1;
	unsigned d = least(up[j - 1] + same, least(up[j], row[j - 1]) + 1);

	if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
		d = least(d, two_up[j - 2] + 1);
	return d;
}

/*
 * Edits between two words: insert, delete, replace, swap neighbours (optimal
 * string alignment).  Words beyond NEAREST_MAX are far from everything.
 */
static unsigned
word_distance(const char *a, const char *b)
{
	unsigned rows[3][NEAREST_MAX + 1];
	size_t a_len = strlen(a), b_len = strlen(b);

	if (a_len > NEAREST_MAX || b_len > NEAREST_MAX)
		return UINT32_MAX;
	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		rows[i % 3][0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++)
			rows[i % 3][j] = distance_cell(rows, a, b, i, j);
	}
	return rows[a_len % 3][b_len];
}

/* A third of the letters may be wrong: one of a short word, four at most. */
static unsigned
distance_limit(const char *word)
{
	size_t third = strlen(word) / 3;

	return third < 1 ? 1 : least((unsigned)third, 4);
}

/* Keep the candidate if it is nearer than what was found so far. */
static void
nearest_offer(const char *word, const char *candidate, const char **best,
	      unsigned *best_distance)
{
	unsigned distance = word_distance(word, candidate);

	if (distance < *best_distance) {
		*best_distance = distance;
		*best = candidate;
	}
}

const char *
config_nearest_word(const char *word, const char *const *words, size_t count)
{
	unsigned distance = distance_limit(word) + 1;
	const char *best = NULL;

	for (size_t i = 0; i < count; i++)
		nearest_offer(word, words[i], &best, &distance);
	return best;
}

/* A key without its group ("ring"), or with another one ("tls.workers"). */
static const char *
nearest_by_last_part(const char *key)
{
	const char *dot = strrchr(key, '.');
	const char *part = dot == NULL ? key : dot + 1;

	for (size_t i = 0; i < config_key_count(); i++) {
		const char *name = config_key(i)->name;

		if (strcmp(strchr(name, '.') + 1, part) == 0)
			return name;
	}
	return NULL;
}

const char *
config_nearest(const char *key)
{
	unsigned distance = distance_limit(key) + 1;
	const char *best = nearest_by_last_part(key);

	if (best != NULL)
		return best;
	for (size_t i = 0; i < config_key_count(); i++)
		nearest_offer(key, config_key(i)->name, &best, &distance);
	return best;
}
