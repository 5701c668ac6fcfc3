/*
 * config_keys.h - the table of keys behind config.c.
 *
 * Private to sim/config*.c and cost.c.  A row says where a key's value lies in
 * struct config, how it is read and written, and what people are told of it.
 * The defaults stand in the table as text, so that there is one truth.
 */
#ifndef SIM_CONFIG_KEYS_H
#define SIM_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/config.h"

enum config_kind {
	CONFIG_COUNT,
	CONFIG_TIME,
	CONFIG_BYTES,
	CONFIG_RATE,
	CONFIG_DECIMAL,	  /* kept in millionths */
	CONFIG_SWITCH,	  /* bool */
	CONFIG_CHOICE,	  /* an enum, by its place in choices */
	CONFIG_VARIATE,	  /* distribution over times */
	CONFIG_RSS_KEY,	  /* 40 bytes, hexadecimal or by name */
	CONFIG_SUITE,	  /* cipher suite, name or number */
	CONFIG_RECEIVER,  /* both, client, server or an address */
	CONFIG_TRANSPORT, /* `open`; has no field */
	CONFIG_FILE,	  /* path, or empty */
	CONFIG_PROFILE,	  /* of costs */
	CONFIG_KIND_COUNT,
};

struct config_row {
	struct config_key_info info;
	enum config_kind kind;
	size_t offset; /* of the field in struct config */
	size_t size;   /* bytes of an integer or enum field */
	uint64_t min;  /* allowed, both included; in base units */
	uint64_t max;
	const char *const *choices; /* ends with NULL */
	bool or_zero;		    /* 0 is allowed too, below min */
};

/* Rows of the keys apart from cost.NAME, in the order of the groups. */
extern const struct config_row config_rows[];
extern const size_t config_row_count;

/*
 * Read text into the row's field.  Returns 0, or EINVAL or ENOENT with *error
 * set; the configuration is unchanged then.  error may be NULL.
 */
int config_field_parse(struct config *config, const struct config_row *row,
		       const char *text, struct ktlsim_error *error);

/* Write the row's field as one would type it; CONFIG_TEXT_MAX bytes. */
void config_field_format(const struct config *config,
			 const struct config_row *row, char *text);

/* Set *error, if there is one, and return code. */
int config_fail(struct ktlsim_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#endif
