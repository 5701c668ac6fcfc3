/*
 * config_field.c - how a field of each kind is read from and written as text.
 *
 * Called by config.c with a row of the table.  Every kind is one pair of
 * functions in the table at the end; a reader leaves the configuration as it
 * was unless it returns 0.  A reader explains a bad value in a fragment, to
 * which config_field_parse adds the key and what is allowed.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "engine/suite.h"
#include "sim/config_keys.h"
#include "sim/config_value.h"
#include "sim/cost.h"
#include "sim/ktlsim.h"

/* RSS keys with a name: 04-nic section 2.1, Microsoft's and "6d5a" repeated. */
static const struct {
	const char *name;
	const char *hex;
} rss_keys[] = {
    {"microsoft", "6d5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b4"
		  "77cb2da38030f20c6a42b73bbeac01fa"},
    {"symmetric", "6d5a6d5a6d5a6d5a6d5a6d5a6d5a6d5a6d5a6d5a6d5a6d5a"
		  "6d5a6d5a6d5a6d5a6d5a6d5a6d5a6d5a"},
};

int
config_fail(struct ktlsim_error *error, int code, const char *format, ...)
{
	va_list arguments;

	if (error != NULL) {
		error->code = code;
		va_start(arguments, format);
		vsnprintf(error->text, sizeof(error->text), format, arguments);
		va_end(arguments);
	}
	return code;
}

static void *
field_of(struct config *config, const struct config_row *row)
{
	return (char *)config + row->offset;
}

static const void *
field_of_const(const struct config *config, const struct config_row *row)
{
	return (const char *)config + row->offset;
}

/* Fields are 2, 4 or 8 bytes wide; enums are stored as unsigned int. */
static void
field_store(struct config *config, const struct config_row *row, uint64_t value)
{
	uint16_t narrow = (uint16_t)value;
	uint32_t word = (uint32_t)value;

	assert(row->size == 2 || row->size == 4 || row->size == 8);
	if (row->size == sizeof(narrow))
		memcpy(field_of(config, row), &narrow, sizeof(narrow));
	else if (row->size == sizeof(word))
		memcpy(field_of(config, row), &word, sizeof(word));
	else
		memcpy(field_of(config, row), &value, sizeof(value));
}

static uint64_t
field_load(const struct config *config, const struct config_row *row)
{
	uint16_t narrow;
	uint32_t word;
	uint64_t value;

	if (row->size == sizeof(narrow)) {
		memcpy(&narrow, field_of_const(config, row), sizeof(narrow));
		return narrow;
	}
	if (row->size == sizeof(word)) {
		memcpy(&word, field_of_const(config, row), sizeof(word));
		return word;
	}
	memcpy(&value, field_of_const(config, row), sizeof(value));
	return value;
}

static enum value_measure
kind_measure(enum config_kind kind)
{
	if (kind == CONFIG_TIME)
		return VALUE_TIME;
	if (kind == CONFIG_BYTES)
		return VALUE_BYTES;
	if (kind == CONFIG_RATE)
		return VALUE_RATE;
	if (kind == CONFIG_DECIMAL)
		return VALUE_MILLIONTHS;
	return VALUE_COUNT;
}

static int
parse_number(struct config *config, const struct config_row *row,
	     const char *text, char *why)
{
	uint64_t value;
	int error =
	    value_parse_number(text, kind_measure(row->kind), &value, why);

	if (error != 0)
		return error;
	if ((value < row->min && !(row->or_zero && value == 0)) ||
	    value > row->max) {
		snprintf(why, VALUE_WHY_MAX, "'%.40s' is out of range", text);
		return EINVAL;
	}
	field_store(config, row, value);
	return 0;
}

static void
format_number(const struct config *config, const struct config_row *row,
	      char *text)
{
	value_format_number(field_load(config, row), kind_measure(row->kind),
			    text, CONFIG_TEXT_MAX);
}

static int
fail_word(const char *text, char *why)
{
	snprintf(why, VALUE_WHY_MAX, "'%.40s' is none of its values", text);
	return EINVAL;
}

static int
parse_switch(struct config *config, const struct config_row *row,
	     const char *text, char *why)
{
	static const char *const words[] = {"off", "on",  "false", "true",
					    "no",  "yes", "0",	   "1"};
	bool value;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i], text) == 0) {
			value = i % 2 == 1;
			memcpy(field_of(config, row), &value, sizeof(value));
			return 0;
		}
	}
	return fail_word(text, why);
}

static void
format_switch(const struct config *config, const struct config_row *row,
	      char *text)
{
	bool value;

	memcpy(&value, field_of_const(config, row), sizeof(value));
	snprintf(text, CONFIG_TEXT_MAX, "%s", value ? "on" : "off");
}

static int
parse_choice(struct config *config, const struct config_row *row,
	     const char *text, char *why)
{
	for (uint64_t i = 0; row->choices[i] != NULL; i++) {
		if (strcmp(row->choices[i], text) == 0) {
			field_store(config, row, i);
			return 0;
		}
	}
	return fail_word(text, why);
}

static void
format_choice(const struct config *config, const struct config_row *row,
	      char *text)
{
	uint64_t i = field_load(config, row);

	assert(i <= row->max);
	snprintf(text, CONFIG_TEXT_MAX, "%s", row->choices[i]);
}

static int
parse_variate(struct config *config, const struct config_row *row,
	      const char *text, char *why)
{
	return value_parse_variate(text, row->max, field_of(config, row), why);
}

static void
format_variate(const struct config *config, const struct config_row *row,
	       char *text)
{
	value_format_variate(field_of_const(config, row), text,
			     CONFIG_TEXT_MAX);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Read exactly len bytes of hexadecimal digits, colons between them allowed. */
static bool
hex_read(const char *text, uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
		text += 2;
		if (*text == ':' && i + 1 < len)
			text++;
	}
	return *text == '\0';
}

static int
parse_rss_key(struct config *config, const struct config_row *row,
	      const char *text, char *why)
{
	uint8_t key[sizeof(config->nic_rss_key)];

	(void)row;
	for (size_t i = 0; i < sizeof(rss_keys) / sizeof(rss_keys[0]); i++)
		if (strcmp(text, rss_keys[i].name) == 0)
			text = rss_keys[i].hex;
	if (!hex_read(text, key, sizeof(key))) {
		snprintf(why, VALUE_WHY_MAX,
			 "'%.24s' is neither the name of a key nor 40 bytes in "
			 "hexadecimal",
			 text);
		return EINVAL;
	}
	memcpy(config->nic_rss_key, key, sizeof(key));
	return 0;
}

static void
format_rss_key(const struct config *config, const struct config_row *row,
	       char *text)
{
	size_t used = 0;

	(void)row;
	for (size_t i = 0; i < sizeof(config->nic_rss_key); i++)
		used += (size_t)snprintf(text + used, CONFIG_TEXT_MAX - used,
					 "%02x", config->nic_rss_key[i]);
	for (size_t i = 0; i < sizeof(rss_keys) / sizeof(rss_keys[0]); i++)
		if (strcmp(text, rss_keys[i].hex) == 0)
			snprintf(text, CONFIG_TEXT_MAX, "%s", rss_keys[i].name);
}

/* TLS 1.3 has no CBC, and what is assumed must do for every version. */
static bool
suite_assumable(const struct tls_suite *suite)
{
	return suite->cipher != TLS_CIPHER_AES_CBC && cost_of_suite(suite);
}

/* "0x1301", "4865" or an IANA name; 0 where it cannot be assumed. */
static uint16_t
suite_read(const char *text)
{
	uint8_t wire[2];
	uint64_t number = 0;
	char why[VALUE_WHY_MAX];

	if (strncmp(text, "0x", 2) == 0 && hex_read(text + 2, wire, 2))
		number = (uint64_t)(wire[0] << 8 | wire[1]);
	else if (value_parse_number(text, VALUE_COUNT, &number, why) != 0)
		number = 0;
	for (uint32_t id = 0; id <= UINT16_MAX; id++) {
		const struct tls_suite *suite = tls_suite_find((uint16_t)id);

		if (suite != NULL &&
		    (id == number || strcmp(suite->name, text) == 0))
			return suite_assumable(suite) ? suite->id : 0;
	}
	return 0;
}

static int
parse_suite(struct config *config, const struct config_row *row,
	    const char *text, char *why)
{
	uint16_t id = suite_read(text);

	if (id == 0) {
		snprintf(why, VALUE_WHY_MAX,
			 "'%.60s' is not an AEAD suite that has a price", text);
		return EINVAL;
	}
	field_store(config, row, id);
	return 0;
}

static void
format_suite(const struct config *config, const struct config_row *row,
	     char *text)
{
	const struct tls_suite *suite =
	    tls_suite_find((uint16_t)field_load(config, row));

	assert(suite != NULL);
	snprintf(text, CONFIG_TEXT_MAX, "%s", suite->name);
}

static const char *const receivers[] = {
    [RECEIVER_BOTH] = "both",
    [RECEIVER_CLIENT] = "client",
    [RECEIVER_SERVER] = "server",
    [RECEIVER_NONE] = "none",
};

/* Rewrite an IPv4 or IPv6 address in its canonical form; false: it is none. */
static bool
address_read(const char *text, char canonical[CONFIG_TEXT_MAX])
{
	uint8_t address[sizeof(struct in6_addr)];
	int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;

	return inet_pton(family, text, address) == 1 &&
	       inet_ntop(family, address, canonical, CONFIG_TEXT_MAX) != NULL;
}

static int
parse_receiver(struct config *config, const struct config_row *row,
	       const char *text, char *why)
{
	char address[CONFIG_TEXT_MAX] = "";
	enum config_receiver receiver = RECEIVER_BOTH;

	(void)row;
	while (receiver < RECEIVER_ADDRESS &&
	       strcmp(receivers[receiver], text) != 0)
		receiver++;
	if (receiver == RECEIVER_ADDRESS && !address_read(text, address)) {
		snprintf(why, VALUE_WHY_MAX,
			 "'%.60s' is neither a side nor an IPv4 or IPv6 "
			 "address (without port)",
			 text);
		return EINVAL;
	}
	config->replay_receiver = receiver;
	memcpy(config->replay_receiver_address, address, sizeof(address));
	return 0;
}

static void
format_receiver(const struct config *config, const struct config_row *row,
		char *text)
{
	(void)row;
	snprintf(text, CONFIG_TEXT_MAX, "%s",
		 config->replay_receiver == RECEIVER_ADDRESS
		     ? config->replay_receiver_address
		     : receivers[config->replay_receiver]);
}

static int
parse_transport(struct config *config, const struct config_row *row,
		const char *text, char *why)
{
	(void)config;
	(void)row;
	if (strcmp(text, "open") == 0)
		return 0;
	if (strcmp(text, "tcp") != 0)
		return fail_word(text, why);
	snprintf(why, VALUE_WHY_MAX,
		 "'tcp' (modelled senders that react to loss and window) is "
		 "not part of this version");
	return EINVAL;
}

static void
format_transport(const struct config *config, const struct config_row *row,
		 char *text)
{
	(void)config;
	(void)row;
	snprintf(text, CONFIG_TEXT_MAX, "open");
}

static int
parse_file(struct config *config, const struct config_row *row,
	   const char *text, char *why)
{
	if (strcmp(text, "none") == 0)
		text = "";
	else if (text[0] == '\0')
		return fail_word(text, why);
	if (strlen(text) >= row->size) {
		snprintf(why, VALUE_WHY_MAX,
			 "'%.40s...' is longer than %zu bytes", text,
			 row->size - 1);
		return EINVAL;
	}
	memcpy(field_of(config, row), text, strlen(text) + 1);
	return 0;
}

static void
format_file(const struct config *config, const struct config_row *row,
	    char *text)
{
	const char *path = field_of_const(config, row);

	snprintf(text, CONFIG_TEXT_MAX, "%s", path[0] != '\0' ? path : "none");
}

static void
format_profile(const struct config *config, const struct config_row *row,
	       char *text)
{
	(void)row;
	snprintf(text, CONFIG_TEXT_MAX, "%s", config->cost_profile);
}

/* CONFIG_PROFILE has no reader here: cost.c explains whole files. */
static const struct {
	int (*parse)(struct config *, const struct config_row *, const char *,
		     char *);
	void (*format)(const struct config *, const struct config_row *,
		       char *);
} kinds[CONFIG_KIND_COUNT] = {
    [CONFIG_COUNT] = {parse_number, format_number},
    [CONFIG_TIME] = {parse_number, format_number},
    [CONFIG_BYTES] = {parse_number, format_number},
    [CONFIG_RATE] = {parse_number, format_number},
    [CONFIG_DECIMAL] = {parse_number, format_number},
    [CONFIG_SWITCH] = {parse_switch, format_switch},
    [CONFIG_CHOICE] = {parse_choice, format_choice},
    [CONFIG_VARIATE] = {parse_variate, format_variate},
    [CONFIG_RSS_KEY] = {parse_rss_key, format_rss_key},
    [CONFIG_SUITE] = {parse_suite, format_suite},
    [CONFIG_RECEIVER] = {parse_receiver, format_receiver},
    [CONFIG_TRANSPORT] = {parse_transport, format_transport},
    [CONFIG_FILE] = {parse_file, format_file},
    [CONFIG_PROFILE] = {NULL, format_profile},
};

int
config_field_parse(struct config *config, const struct config_row *row,
		   const char *text, struct ktlsim_error *error)
{
	char why[VALUE_WHY_MAX];
	int result;

	assert(row->kind < CONFIG_KIND_COUNT);
	if (row->kind == CONFIG_PROFILE)
		return cost_apply_profile(config, text, error);
	result = kinds[row->kind].parse(config, row, text, why);
	/* The range of a distribution is what is plausible of its values. */
	if (result != 0)
		return config_fail(
		    error, result, "%s: %s; %s: %s", row->info.name, why,
		    row->kind == CONFIG_VARIATE ? "plausible times" : "allowed",
		    row->info.range);
	return 0;
}

void
config_field_format(const struct config *config, const struct config_row *row,
		    char *text)
{
	assert(row->kind < CONFIG_KIND_COUNT);
	kinds[row->kind].format(config, row, text);
}
