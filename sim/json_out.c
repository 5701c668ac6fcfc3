/*
 * json_out.c - building a JSON document that remembers a failure.
 *
 * A thin layer over jansson for report_json*.c, which escapes every value.
 */
#include "sim/json_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
json_put(struct json_out *out, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) != 0)
		out->failed = true;
}

void
json_append(struct json_out *out, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		out->failed = true;
}

static json_t *
json_ascii(const char *text)
{
	char *copy = strdup(text);
	json_t *value;

	if (copy == NULL)
		return NULL;
	for (char *c = copy; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	value = json_string(copy);
	free(copy);
	return value;
}

json_t *
json_text(const char *text)
{
	json_t *value = json_string(text);

	return value != NULL ? value : json_ascii(text);
}

json_t *
json_count(uint64_t count)
{
	char text[24];

	if (count <= INT64_MAX)
		return json_integer((json_int_t)count);
	snprintf(text, sizeof(text), "%" PRIu64, count);
	return json_string(text);
}

void
json_put_text(struct json_out *out, json_t *object, const char *key,
	      const char *text)
{
	json_put(out, object, key, json_text(text));
}

void
json_put_count(struct json_out *out, json_t *object, const char *key,
	       uint64_t count)
{
	json_put(out, object, key, json_count(count));
}

void
json_put_real(struct json_out *out, json_t *object, const char *key,
	      double value)
{
	json_put(out, object, key, json_real(value));
}

void
json_put_ns(struct json_out *out, json_t *object, const char *key, uint64_t ps)
{
	json_put_real(out, object, key, (double)ps / 1000);
}
