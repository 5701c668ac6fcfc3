/*
 * json_out.h - building a JSON document that remembers a failure.
 *
 * The functions that put a value are given NULL where it could not be made, and
 * remember it in struct json_out, so that the builders of a document read
 * straight down and ask once at the end.
 */
#ifndef SIM_JSON_OUT_H
#define SIM_JSON_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct json_out {
	bool failed; /* memory ran out: the tree lacks something */
	bool hosted; /* hosts were simulated, not only flows followed */
};

/* A text that is not UTF-8 (a file name in a note) has '?' for odd bytes. */
json_t *json_text(const char *text);

/* A count over 2^63 - 1 (only a seed can be one) becomes a string. */
json_t *json_count(uint64_t count);

/* Both take over the value, which may be NULL. */
void json_put(struct json_out *out, json_t *object, const char *key,
	      json_t *value);
void json_append(struct json_out *out, json_t *array, json_t *value);

void json_put_text(struct json_out *out, json_t *object, const char *key,
		   const char *text);
void json_put_count(struct json_out *out, json_t *object, const char *key,
		    uint64_t count);
void json_put_real(struct json_out *out, json_t *object, const char *key,
		   double value);

/* Picoseconds, as nanoseconds. */
void json_put_ns(struct json_out *out, json_t *object, const char *key,
		 uint64_t ps);
#endif
