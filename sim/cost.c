/*
 * cost.c - the price rows of the model and their profiles.
 *
 * Called by config.c for the keys cost.* and cost.profile, and by reports for
 * the notes on prices without a source.  No other file holds a price.
 *
 * Profiles: `modern-server` (Ice Lake or Zen 3 and later, 3.0 GHz, mitigations
 * on), `freebsd-cdn` (EPYC Rome 7502P, 2.5 to 3.35 GHz, sorted LRO; the
 * default), and `unit`.  `unit` is frozen for ever, for tests: every fixed
 * price is 1 us, every price per byte of a cipher 1 ns, the copy costs nothing,
 * and locks are held for no time.
 *
 * SOURCED marks rows with a measurement behind them; ESTIMATE marks figures
 * that engineers use without a publication to point at, to be calibrated.
 * docs/model.md says more of each.  Left out: how prices vary with cache
 * pressure and clock speed.
 */
#include "sim/cost.h"

#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "sim/config_keys.h"
#include "sim/config_value.h"
#include "sim/ktlsim.h"

enum {
	PROFILE_LINES_MAX = 10000, /* the rest of a file is not read */
};

struct cost_row {
	struct config_key_info info; /* default_text: freebsd-cdn */
	const char *modern_server;
	const char *unit;
	bool sourced;
	bool per_byte;
};

enum cost_profile {
	PROFILE_MODERN_SERVER,
	PROFILE_FREEBSD_CDN,
	PROFILE_UNIT,
	PROFILE_COUNT,
};

static const char *const profile_names[PROFILE_COUNT] = {
    [PROFILE_MODERN_SERVER] = "modern-server",
    [PROFILE_FREEBSD_CDN] = COST_PROFILE_DEFAULT,
    [PROFILE_UNIT] = "unit",
};

#define SOURCED	 true
#define ESTIMATE false

/* id, name, modern-server, freebsd-cdn, unit, range, basis, source, help */
#define PRICE(id, name, ms, cdn, unit_, range, basis, source, help)    \
	[id] = {{"cost." name, "distribution", "", cdn, range, source, \
		 CONFIG_MODEL_ONLY, help},                             \
		ms,                                                    \
		unit_,                                                 \
		basis,                                                 \
		false}

/* The same, per byte. */
#define PRICE_BYTE(id, name, ms, cdn, unit_, range, basis, source, help) \
	[id] = {{"cost." name, "distribution", "", cdn, range, source,   \
		 CONFIG_MODEL_ONLY, help},                               \
		ms,                                                      \
		unit_,                                                   \
		basis,                                                   \
		true}

#define GUESS	 "estimate"
#define ASPLOS21 "ASPLOS'21 artifact"
#define SPEED	 " (openssl speed)"

/* clang-format off */
static const struct cost_row cost_rows[COST_COUNT] = {
	PRICE(COST_NIC_PIPELINE, "nic_pipeline",
	      "800ns", "800ns", "1us", "500ns..1500ns", ESTIMATE, GUESS,
	      "NIC pipeline and write of a frame to host memory"),
	PRICE(COST_INTERRUPT_DELIVERY, "interrupt_delivery",
	      "1us", "1200ns", "1us", "500ns..3us", ESTIMATE, GUESS,
	      "MSI-X write until the handler is entered"),
	PRICE(COST_INTERRUPT, "interrupt",
	      "500ns", "700ns", "1us", "300ns..1500ns", ESTIMATE, GUESS,
	      "hard interrupt handler and scheduling of its thread"),
	PRICE(COST_RX_FRAME, "rx_frame",
	      "100ns", "120ns", "1us", "60ns..250ns", SOURCED,
	      ASPLOS21 ", stack less copy",
	      "driver and merging, per frame"),
	PRICE(COST_TCP_SEGMENT, "tcp_segment",
	      "450ns", "550ns", "1us", "300ns..1us", ESTIMATE, GUESS,
	      "TCP and IP input of a frame that was not merged"),
	PRICE(COST_TCP_MERGED, "tcp_merged",
	      "900ns", "1us", "1us", "500ns..2us", ESTIMATE, GUESS,
	      "TCP and IP input of a merged super-segment"),
	PRICE(COST_ACK, "ack",
	      "700ns", "800ns", "1us", "400ns..1500ns", ESTIMATE, GUESS,
	      "making and sending one ACK"),
	PRICE(COST_SOCKBUF_APPEND, "sockbuf_append",
	      "60ns", "80ns", "1us", "40ns..150ns", ESTIMATE, GUESS,
	      "append to the socket buffer with KTLS bookkeeping, per segment"),
	PRICE(COST_WORKER_ENQUEUE, "worker_enqueue",
	      "50ns", "50ns", "1us", "20ns..200ns", ESTIMATE, GUESS,
	      "put a socket on a TLS work queue"),
	PRICE(COST_WORKER_WAKEUP, "worker_wakeup",
	      "1450ns", "1750ns", "1us", "800ns..5us", ESTIMATE, GUESS,
	      "wake a sleeping TLS worker, on top of the enqueue"),
	PRICE(COST_CONTEXT_SWITCH, "context_switch",
	      "1200ns", "1300ns", "1us", "700ns..3us", ESTIMATE, GUESS,
	      "switch between worker or application threads"),
	PRICE(COST_MIGRATION, "migration",
	      "1us", "1200ns", "1us", "500ns..3us", ESTIMATE,
	      GUESS " (a remote wake-up's interrupt)",
	      "a worker wakes on another CPU than its last"),
	PRICE(COST_AES128_GCM_RECORD, "aes128_gcm_record",
	      "400ns", "450ns", "1us", "150ns..800ns", SOURCED,
	      ASPLOS21 ", fixed cycles",
	      "AES-128-GCM, fixed part of a record"),
	PRICE_BYTE(COST_AES128_GCM_BYTE, "aes128_gcm_byte",
	      "0.16ns", "0.25ns", "1ns", "80ps..670ps", SOURCED,
	      "published cycles per byte of AES-GCM",
	      "AES-128-GCM, per byte"),
	PRICE(COST_AES256_GCM_RECORD, "aes256_gcm_record",
	      "400ns", "450ns", "1us", "150ns..800ns", SOURCED,
	      ASPLOS21 ", fixed cycles",
	      "AES-256-GCM, fixed part of a record"),
	PRICE_BYTE(COST_AES256_GCM_BYTE, "aes256_gcm_byte",
	      "0.2ns", "0.325ns", "1ns", "92ps..938ps", SOURCED,
	      "AES-128 times 1.25 (modern-server) or 1.3",
	      "AES-256-GCM, per byte"),
	PRICE(COST_CHACHA20_RECORD, "chacha20_record",
	      "400ns", "450ns", "1us", "150ns..800ns", ESTIMATE,
	      GUESS " (as AES-128-GCM)",
	      "ChaCha20-Poly1305, fixed part of a record"),
	PRICE_BYTE(COST_CHACHA20_BYTE, "chacha20_byte",
	      "0.24ns", "0.375ns", "1ns", "120ps..1ns", ESTIMATE,
	      GUESS " (1.5 times AES-128-GCM)",
	      "ChaCha20-Poly1305, per byte"),
	PRICE(COST_RECORD_DELIVER, "record_deliver",
	      "400ns", "450ns", "1us", "200ns..1us", SOURCED,
	      ASPLOS21 ", other cycles",
	      "parse a record, make its control message, append it"),
	PRICE(COST_READER_WAKEUP, "reader_wakeup",
	      "1450ns", "1750ns", "1us", "800ns..5us", ESTIMATE,
	      GUESS " (as worker_wakeup)",
	      "wake a sleeping reader"),
	PRICE(COST_SYSCALL, "syscall",
	      "100ns", "110ns", "1us", "60ns..400ns", ESTIMATE, GUESS,
	      "entry to and exit from a system call"),
	PRICE(COST_RECVMSG, "recvmsg",
	      "500ns", "600ns", "1us", "300ns..1200ns", ESTIMATE, GUESS,
	      "one receive call, without the copy"),
	PRICE_BYTE(COST_COPY_BYTE, "copy_byte",
	      "60ps", "80ps", "0", "30ps..300ps", ESTIMATE,
	      GUESS " (last-level cache hit)",
	      "copy to the user, per byte"),
	PRICE(COST_KTLS_ENABLE, "ktls_enable",
	      "5us", "6us", "1us", "2us..50us", ESTIMATE, GUESS,
	      "the setsockopt that installs the keys of one direction"),
	PRICE(COST_LOCK_APPEND, "lock_append",
	      "60ns", "80ns", "0", "40ns..150ns", ESTIMATE,
	      GUESS " (all of sockbuf_append)",
	      "socket-buffer lock held by an append"),
	PRICE(COST_LOCK_BEGIN, "lock_begin",
	      "100ns", "120ns", "0", "50ns..400ns", ESTIMATE, GUESS,
	      "socket-buffer lock held while a record is detached"),
	PRICE(COST_LOCK_FINISH, "lock_finish",
	      "100ns", "120ns", "0", "50ns..400ns", ESTIMATE, GUESS,
	      "socket-buffer lock held while a record is delivered"),
	PRICE(COST_LOCK_READ, "lock_read",
	      "150ns", "180ns", "0", "80ns..600ns", ESTIMATE, GUESS,
	      "socket-buffer lock held by one receive call"),
	PRICE(COST_AES128_CBC_SHA1_RECORD, "aes128_cbc_sha1_record",
	      "800ns", "900ns", "1us", "300ns..2us", ESTIMATE,
	      GUESS " (decrypt and MAC: twice AES-128-GCM)",
	      "AES-128-CBC with HMAC-SHA-1, fixed part of a record"),
	PRICE_BYTE(COST_AES128_CBC_SHA1_BYTE, "aes128_cbc_sha1_byte",
	      "0.58ns", "0.9ns", "1ns", "200ps..4ns", ESTIMATE,
	      "3.6 times AES-128-GCM" SPEED,
	      "AES-128-CBC with HMAC-SHA-1, per byte"),
	PRICE(COST_AES128_CBC_SHA256_RECORD, "aes128_cbc_sha256_record",
	      "800ns", "900ns", "1us", "300ns..2us", ESTIMATE,
	      GUESS " (decrypt and MAC: twice AES-128-GCM)",
	      "AES-128-CBC with HMAC-SHA-256, fixed part of a record"),
	PRICE_BYTE(COST_AES128_CBC_SHA256_BYTE, "aes128_cbc_sha256_byte",
	      "0.62ns", "0.98ns", "1ns", "200ps..4ns", ESTIMATE,
	      "3.9 times AES-128-GCM" SPEED,
	      "AES-128-CBC with HMAC-SHA-256, per byte"),
	PRICE(COST_AES128_CBC_SHA384_RECORD, "aes128_cbc_sha384_record",
	      "800ns", "900ns", "1us", "300ns..2us", ESTIMATE,
	      GUESS " (decrypt and MAC: twice AES-128-GCM)",
	      "AES-128-CBC with HMAC-SHA-384, fixed part of a record"),
	PRICE_BYTE(COST_AES128_CBC_SHA384_BYTE, "aes128_cbc_sha384_byte",
	      "1.33ns", "2.08ns", "1ns", "200ps..8ns", ESTIMATE,
	      "8.3 times AES-128-GCM" SPEED,
	      "AES-128-CBC with HMAC-SHA-384, per byte"),
	PRICE(COST_AES256_CBC_SHA1_RECORD, "aes256_cbc_sha1_record",
	      "800ns", "900ns", "1us", "300ns..2us", ESTIMATE,
	      GUESS " (decrypt and MAC: twice AES-128-GCM)",
	      "AES-256-CBC with HMAC-SHA-1, fixed part of a record"),
	PRICE_BYTE(COST_AES256_CBC_SHA1_BYTE, "aes256_cbc_sha1_byte",
	      "0.61ns", "0.95ns", "1ns", "200ps..4ns", ESTIMATE,
	      "3.8 times AES-128-GCM" SPEED,
	      "AES-256-CBC with HMAC-SHA-1, per byte"),
	PRICE(COST_AES256_CBC_SHA256_RECORD, "aes256_cbc_sha256_record",
	      "800ns", "900ns", "1us", "300ns..2us", ESTIMATE,
	      GUESS " (decrypt and MAC: twice AES-128-GCM)",
	      "AES-256-CBC with HMAC-SHA-256, fixed part of a record"),
	PRICE_BYTE(COST_AES256_CBC_SHA256_BYTE, "aes256_cbc_sha256_byte",
	      "0.66ns", "1.03ns", "1ns", "200ps..4ns", ESTIMATE,
	      "4.1 times AES-128-GCM" SPEED,
	      "AES-256-CBC with HMAC-SHA-256, per byte"),
	PRICE(COST_AES256_CBC_SHA384_RECORD, "aes256_cbc_sha384_record",
	      "800ns", "900ns", "1us", "300ns..2us", ESTIMATE,
	      GUESS " (decrypt and MAC: twice AES-128-GCM)",
	      "AES-256-CBC with HMAC-SHA-384, fixed part of a record"),
	PRICE_BYTE(COST_AES256_CBC_SHA384_BYTE, "aes256_cbc_sha384_byte",
	      "1.36ns", "2.13ns", "1ns", "200ps..8ns", ESTIMATE,
	      "8.5 times AES-128-GCM" SPEED,
	      "AES-256-CBC with HMAC-SHA-384, per byte"),
	PRICE(COST_AES128_CCM_RECORD, "aes128_ccm_record",
	      "400ns", "450ns", "1us", "150ns..800ns", ESTIMATE,
	      GUESS " (as AES-128-GCM)",
	      "AES-128-CCM (Linux), fixed part of a record"),
	PRICE_BYTE(COST_AES128_CCM_BYTE, "aes128_ccm_byte",
	      "0.56ns", "0.88ns", "1ns", "200ps..4ns", ESTIMATE,
	      "3.5 times AES-128-GCM" SPEED,
	      "AES-128-CCM (Linux), per byte"),
	PRICE(COST_RECRYPT_RECORD, "recrypt_record",
	      "240ns", "270ns", "1us", "100ns..800ns", ESTIMATE,
	      GUESS " (0.6 of AES-128-GCM)",
	      "make a mixed record ciphertext again, fixed part"),
	PRICE_BYTE(COST_AES128_RECRYPT_BYTE, "aes128_recrypt_byte",
	      "0.096ns", "0.15ns", "1ns", "50ps..670ps", ESTIMATE,
	      GUESS " (0.6 of AES-128-GCM)",
	      "AES-128-CTR over a mixed record, per byte"),
	PRICE_BYTE(COST_AES256_RECRYPT_BYTE, "aes256_recrypt_byte",
	      "0.12ns", "0.195ns", "1ns", "60ps..938ps", ESTIMATE,
	      GUESS " (0.6 of AES-256-GCM)",
	      "AES-256-CTR over a mixed record, per byte"),
	PRICE(COST_FIRMWARE_COMMAND, "firmware_command",
	      "200us", "200us", "1us", "50us..2ms", ESTIMATE, GUESS,
	      "one firmware command of an install: key, TIR or flow rule"),
	PRICE(COST_RESYNC_DISPATCH, "resync_dispatch",
	      "3us", "3us", "1us", "1us..20us", ESTIMATE, GUESS,
	      "from queueing a work item of the driver to its run"),
	PRICE(COST_DOORBELL, "doorbell",
	      "100ns", "100ns", "1us", "50ns..200ns", ESTIMATE, GUESS,
	      "posted write that tells the NIC of work"),
	PRICE(COST_PCIE_READ, "pcie_read",
	      "700ns", "800ns", "1us", "450ns..1200ns", ESTIMATE,
	      "pcie-lat measurements, round",
	      "the NIC reads a work request or a context"),
	PRICE(COST_PCIE_WRITE, "pcie_write",
	      "350ns", "350ns", "1us", "300ns..400ns", ESTIMATE, GUESS,
	      "posted write of the NIC until it is visible"),
};
/* clang-format on */

const struct config_key_info *
cost_info(enum cost_id id)
{
	assert(id < COST_COUNT);
	return &cost_rows[id].info;
}

const char *
cost_key_name(enum cost_id id)
{
	return cost_info(id)->name;
}

uint64_t
cost_max(enum cost_id id)
{
	assert(id < COST_COUNT);
	return cost_rows[id].per_byte ? COST_BYTE_MAX_PS : COST_MAX_PS;
}

/* The profile's number, or PROFILE_COUNT. */
static enum cost_profile
profile_find(const char *name)
{
	enum cost_profile p = PROFILE_MODERN_SERVER;

	while (p < PROFILE_COUNT && strcmp(profile_names[p], name) != 0)
		p++;
	return p;
}

static const char *
profile_text(enum cost_profile profile, enum cost_id id)
{
	const struct cost_row *row = &cost_rows[id];

	switch (profile) {
	case PROFILE_MODERN_SERVER:
		return row->modern_server;
	case PROFILE_UNIT:
		return row->unit;
	case PROFILE_FREEBSD_CDN:
	case PROFILE_COUNT:
		break;
	}
	return row->info.default_text;
}

static void
profile_fill(enum cost_profile profile, struct variate cost[COST_COUNT])
{
	char why[VALUE_WHY_MAX];

	for (enum cost_id id = 0; id < COST_COUNT; id++) {
		int error = value_parse_variate(profile_text(profile, id),
						cost_max(id), &cost[id], why);

		assert(error == 0); /* our own table */
		(void)error;
	}
}

/* A profile file while it is read. */
struct profile_file {
	FILE *stream;
	unsigned line;
	unsigned prices; /* read so far */
	unsigned error_line;
	char error[VALUE_WHY_MAX];
	struct variate cost[COST_COUNT];
};

/* inih numbers its calls so: one per line. */
static char *
profile_gets(char *line, int size, void *stream)
{
	struct profile_file *file = stream;

	if (file->line == PROFILE_LINES_MAX)
		return NULL;
	file->line++;
	return fgets(line, size, file->stream);
}

static int
profile_error(struct profile_file *file, const char *format, const char *word)
{
	if (file->error_line == 0) {
		file->error_line = file->line;
		snprintf(file->error, sizeof(file->error), format, word);
	}
	return 0;
}

static int
profile_base(struct profile_file *file, const char *name)
{
	enum cost_profile profile = profile_find(name);

	if (profile == PROFILE_COUNT)
		return profile_error(file,
				     "no built-in profile '%.40s'; there are "
				     "modern-server, freebsd-cdn and unit",
				     name);
	if (file->prices > 0)
		return profile_error(file, "%s goes before the prices",
				     "profile");
	profile_fill(profile, file->cost);
	return 1;
}

static int
profile_price(struct profile_file *file, const char *name, const char *value)
{
	char why[VALUE_WHY_MAX];
	enum cost_id id = 0;

	while (id < COST_COUNT &&
	       strcmp(cost_key_name(id) + strlen("cost."), name) != 0)
		id++;
	if (id == COST_COUNT)
		return profile_error(file, "there is no price '%.60s'", name);
	if (value_parse_variate(value, cost_max(id), &file->cost[id], why) != 0)
		return profile_error(file, "%s", why);
	file->prices++;
	return 1;
}

/* inih's handler: 1, or 0 for a bad line. */
static int
profile_line(void *user, const char *section, const char *name,
	     const char *value)
{
	struct profile_file *file = user;

	if (section[0] != '\0' && strcmp(section, "cost") != 0)
		return profile_error(
		    file, "only the section [cost] is known, not [%.40s]",
		    section);
	if (strncmp(name, "cost.", strlen("cost.")) == 0)
		name += strlen("cost.");
	if (strcmp(name, "profile") == 0)
		return profile_base(file, value);
	return profile_price(file, name, value);
}

/* Read the open file into file->cost.  0 or EINVAL. */
static int
profile_read(struct profile_file *file, const char *name,
	     struct ktlsim_error *error)
{
	int line;

	profile_fill(PROFILE_FREEBSD_CDN, file->cost);
	line = ini_parse_stream(profile_gets, file, profile_line, file);
	if (line > 0 && (unsigned)line == file->error_line)
		return config_fail(error, EINVAL, "%s:%d: %s", name, line,
				   file->error);
	if (line != 0)
		return config_fail(error, EINVAL,
				   "%s:%d: not a line of the form "
				   "`price = value` or `[cost]`",
				   name, line);
	if (ferror(file->stream) || file->prices == 0)
		return config_fail(error, EINVAL,
				   "%s: no line of the form `price = value`",
				   name);
	return 0;
}

static int
profile_load(struct config *config, const char *name,
	     struct ktlsim_error *error)
{
	struct profile_file file = {.stream = fopen(name, "r")};
	int result;

	if (file.stream == NULL)
		return config_fail(
		    error, ENOENT,
		    "cost.profile: '%.100s' is neither a built-in profile "
		    "(modern-server, freebsd-cdn, unit) nor a file that can be "
		    "read: %s",
		    name, strerror(errno));
	result = profile_read(&file, name, error);
	fclose(file.stream);
	if (result == 0)
		memcpy(config->cost, file.cost, sizeof(config->cost));
	return result;
}

int
cost_apply_profile(struct config *config, const char *name,
		   struct ktlsim_error *error)
{
	enum cost_profile profile = profile_find(name);
	int result = 0;

	if (strlen(name) >= sizeof(config->cost_profile))
		return config_fail(error, EINVAL,
				   "cost.profile: a name of at most %zu bytes "
				   "is allowed",
				   sizeof(config->cost_profile) - 1);
	if (profile != PROFILE_COUNT)
		profile_fill(profile, config->cost);
	else
		result = profile_load(config, name, error);
	if (result == 0)
		memmove(config->cost_profile, name, strlen(name) + 1);
	return result;
}

bool
cost_is_profile(const char *name)
{
	return profile_find(name) != PROFILE_COUNT;
}

bool
cost_has_source(const char *profile, enum cost_id id)
{
	enum cost_profile p = profile_find(profile);

	assert(id < COST_COUNT);
	if (p == PROFILE_COUNT)
		return true;
	return p != PROFILE_UNIT && cost_rows[id].sourced;
}

static bool
variate_equal(const struct variate *a, const struct variate *b)
{
	return a->kind == b->kind && a->a == b->a && a->b == b->b;
}

unsigned
cost_count_unsourced(const struct config *config)
{
	struct variate cost[COST_COUNT];
	enum cost_profile profile = profile_find(config->cost_profile);
	unsigned count = 0;

	if (profile == PROFILE_COUNT)
		return 0;
	profile_fill(profile, cost);
	for (enum cost_id id = 0; id < COST_COUNT; id++)
		if (!cost_has_source(config->cost_profile, id) &&
		    variate_equal(&config->cost[id], &cost[id]))
			count++;
	return count;
}
