/*
 * keylog.c - secrets by client random and label.
 *
 * Called by the replay with the text of a key log file and of each pcapng
 * secrets block (keylog_add), then by the handshake reader for each flow
 * (keylog_find).
 *
 * A text is untrusted.  It is gone through twice: once to count its secrets, so
 * that storage is had before anything changes, and once to keep them.  A secret
 * takes 112 bytes and its line at least 145, so memory stays within twice the
 * input's size, whatever that is.
 *
 * Secrets lie in one array, found through a hash with open addressing.  Its
 * seed is drawn anew for each key log, lest a text made for it turn the search
 * into a walk; no order of the table reaches a result.  Storage is wiped before
 * it goes back to the system.
 *
 * Left out: labels of other programs (RSA, *_TRAFFIC_SECRET_N, ECH): ignored.
 */
#include "traces/keylog.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MASTER_SECRET_BYTES = 48,
	ENTRIES_MIN = 16,
	ENTRIES_MAX = 1 << 29, /* twice that many slots fit an index */
};

struct keylog_entry {
	uint8_t random[KEYLOG_RANDOM_BYTES];
	uint8_t secret[KEYLOG_SECRET_MAX];
	uint8_t secret_len;
	uint8_t label; /* enum keylog_label */
	unsigned priority;
};

struct keylog {
	struct keylog_entry *entries;
	uint32_t count, room; /* of entries; room is a power of two */
	uint32_t *slots;      /* 2 * room: index + 1 of an entry, 0: free */
	uint64_t seed;
};

enum line_kind {
	LINE_IGNORED,
	LINE_MALFORMED,
	LINE_SECRET,
};

/* A run of bytes that is no string. */
struct span {
	const char *at;
	size_t len;
};

static const char *const label_names[KEYLOG_LABEL_COUNT] = {
    [KEYLOG_CLIENT_RANDOM] = "CLIENT_RANDOM",
    [KEYLOG_CLIENT_EARLY_TRAFFIC_SECRET] = "CLIENT_EARLY_TRAFFIC_SECRET",
    [KEYLOG_CLIENT_HANDSHAKE_TRAFFIC_SECRET] =
	"CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    [KEYLOG_SERVER_HANDSHAKE_TRAFFIC_SECRET] =
	"SERVER_HANDSHAKE_TRAFFIC_SECRET",
    [KEYLOG_CLIENT_TRAFFIC_SECRET_0] = "CLIENT_TRAFFIC_SECRET_0",
    [KEYLOG_SERVER_TRAFFIC_SECRET_0] = "SERVER_TRAFFIC_SECRET_0",
    [KEYLOG_EARLY_EXPORTER_SECRET] = "EARLY_EXPORTER_SECRET",
    [KEYLOG_EXPORTER_SECRET] = "EXPORTER_SECRET",
};

/* Take the next line, without its end, off the text. */
static struct span
line_take(struct span *text)
{
	const char *end = memchr(text->at, '\n', text->len);
	size_t taken = end == NULL ? text->len : (size_t)(end - text->at) + 1;
	struct span line = {text->at, end == NULL ? taken : taken - 1};

	text->at += taken;
	text->len -= taken;
	return line;
}

/* The carriage return of a CRLF is a blank too. */
static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Take the next word off the line; its length is 0 at the end. */
static struct span
word_take(struct span *line)
{
	struct span word;

	while (line->len > 0 && is_blank(*line->at)) {
		line->at++;
		line->len--;
	}
	word = (struct span){line->at, 0};
	while (line->len > 0 && !is_blank(*line->at)) {
		line->at++;
		line->len--;
		word.len++;
	}
	return word;
}

static int
label_find(struct span word)
{
	for (int i = 0; i < KEYLOG_LABEL_COUNT; i++) {
		if (strlen(label_names[i]) == word.len &&
		    memcmp(label_names[i], word.at, word.len) == 0)
			return i;
	}
	return -1;
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

/* The word is 2 * len hex digits. */
static bool
hex_read(struct span word, uint8_t *out, size_t len)
{
	if (word.len != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(word.at[2 * i]);
		int low = hex_digit(word.at[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* TLS 1.3 secrets are as long as a hash: SHA-256, SHA-384 or SHA-512. */
static bool
secret_len_known(enum keylog_label label, size_t len)
{
	if (label == KEYLOG_CLIENT_RANDOM)
		return len == MASTER_SECRET_BYTES;
	return len == 32 || len == 48 || len == 64;
}

/* Fills in the entry, but for its priority, where the line has a secret. */
static enum line_kind
line_parse(struct span line, struct keylog_entry *entry)
{
	struct span word = word_take(&line);
	int label = label_find(word);

	if (label < 0)
		return LINE_IGNORED;
	word = word_take(&line);
	if (!hex_read(word, entry->random, KEYLOG_RANDOM_BYTES))
		return LINE_MALFORMED;
	word = word_take(&line);
	if (!secret_len_known((enum keylog_label)label, word.len / 2) ||
	    !hex_read(word, entry->secret, word.len / 2))
		return LINE_MALFORMED;
	entry->label = (uint8_t)label;
	entry->secret_len = (uint8_t)(word.len / 2);
	return word_take(&line).len == 0 ? LINE_SECRET : LINE_MALFORMED;
}

static size_t
secrets_count(struct span text)
{
	struct keylog_entry entry;
	size_t count = 0;

	while (text.len > 0)
		count += line_parse(line_take(&text), &entry) == LINE_SECRET;
	explicit_bzero(&entry, sizeof(entry));
	return count;
}

/* The finalizer of splitmix64. */
static uint64_t
mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static uint64_t
hash_of(const struct keylog *keylog, const uint8_t *random, unsigned label)
{
	uint64_t hash = keylog->seed ^ label;
	uint64_t word;

	for (size_t i = 0; i < KEYLOG_RANDOM_BYTES; i += sizeof(word)) {
		memcpy(&word, random + i, sizeof(word));
		hash = mix(hash + word) ^ keylog->seed;
	}
	return mix(hash);
}

/* The slot of this key, or the free one where it belongs.  There is room. */
static uint32_t *
slot_find(const struct keylog *keylog, const uint8_t *random, unsigned label)
{
	uint32_t mask = 2 * keylog->room - 1;
	uint32_t at = (uint32_t)hash_of(keylog, random, label) & mask;

	for (; keylog->slots[at] != 0; at = (at + 1) & mask) {
		const struct keylog_entry *entry =
		    &keylog->entries[keylog->slots[at] - 1];

		if (entry->label == label &&
		    memcmp(entry->random, random, KEYLOG_RANDOM_BYTES) == 0)
			break;
	}
	return &keylog->slots[at];
}

static void
entries_free(struct keylog *keylog)
{
	if (keylog->entries != NULL)
		explicit_bzero(keylog->entries,
			       keylog->room * sizeof(*keylog->entries));
	free(keylog->entries);
	free(keylog->slots);
}

/* Move to storage for `room` entries. */
static int
entries_resize(struct keylog *keylog, uint32_t room)
{
	struct keylog grown = *keylog;

	grown.room = room;
	grown.entries = malloc(room * sizeof(*grown.entries));
	grown.slots = calloc(2 * (size_t)room, sizeof(*grown.slots));
	if (grown.entries == NULL || grown.slots == NULL) {
		free(grown.entries);
		free(grown.slots);
		return ENOMEM;
	}
	for (uint32_t i = 0; i < keylog->count; i++) {
		struct keylog_entry *entry = &grown.entries[i];

		*entry = keylog->entries[i];
		*slot_find(&grown, entry->random, entry->label) = i + 1;
	}
	entries_free(keylog);
	*keylog = grown;
	return 0;
}

static int
entries_reserve(struct keylog *keylog, size_t more)
{
	uint32_t room = keylog->room == 0 ? ENTRIES_MIN : keylog->room;

	if (more > ENTRIES_MAX - keylog->count)
		return ENOMEM;
	while (room < keylog->count + more)
		room *= 2;
	return room == keylog->room ? 0 : entries_resize(keylog, room);
}

static bool
secret_equal(const struct keylog_entry *a, const struct keylog_entry *b)
{
	return a->secret_len == b->secret_len &&
	       memcmp(a->secret, b->secret, a->secret_len) == 0;
}

/* Keep a secret.  Returns whether it has taken the place of another. */
static bool
entry_keep(struct keylog *keylog, const struct keylog_entry *entry)
{
	uint32_t *slot = slot_find(keylog, entry->random, entry->label);
	struct keylog_entry *old;
	bool other;

	if (*slot == 0) {
		assert(keylog->count < keylog->room);
		keylog->entries[keylog->count++] = *entry;
		*slot = keylog->count;
		return false;
	}
	old = &keylog->entries[*slot - 1];
	if (entry->priority < old->priority)
		return false;
	other = !secret_equal(old, entry);
	*old = *entry;
	return other;
}

static void
line_account(struct keylog_stats *stats, enum line_kind kind, uint64_t number)
{
	switch (kind) {
	case LINE_IGNORED:
		stats->ignored++;
		break;
	case LINE_MALFORMED:
		stats->malformed++;
		if (stats->first_malformed_line == 0)
			stats->first_malformed_line = number;
		break;
	case LINE_SECRET:
		stats->lines++;
		break;
	}
}

struct keylog *
keylog_create(void)
{
	struct keylog *keylog = calloc(1, sizeof(*keylog));

	if (keylog == NULL)
		return NULL;
	/* Without entropy the address has to do. */
	if (getentropy(&keylog->seed, sizeof(keylog->seed)) != 0)
		keylog->seed = (uint64_t)(uintptr_t)keylog;
	return keylog;
}

void
keylog_destroy(struct keylog *keylog)
{
	if (keylog == NULL)
		return;
	entries_free(keylog);
	free(keylog);
}

int
keylog_add(struct keylog *keylog, const char *text, size_t len,
	   unsigned priority, struct keylog_stats *stats)
{
	struct keylog_entry entry = {.priority = priority};
	struct keylog_stats found = {0};
	struct span rest = {text, len};
	int error = entries_reserve(keylog, secrets_count(rest));

	if (error != 0)
		return error;
	for (uint64_t number = 1; rest.len > 0; number++) {
		enum line_kind kind = line_parse(line_take(&rest), &entry);

		line_account(&found, kind, number);
		if (kind == LINE_SECRET)
			found.replaced += entry_keep(keylog, &entry);
	}
	explicit_bzero(&entry, sizeof(entry));
	if (stats != NULL)
		*stats = found;
	return 0;
}

const uint8_t *
keylog_find(const struct keylog *keylog,
	    const uint8_t random[KEYLOG_RANDOM_BYTES], enum keylog_label label,
	    size_t *len)
{
	const struct keylog_entry *entry;
	uint32_t slot;

	assert(label < KEYLOG_LABEL_COUNT);
	if (keylog->count == 0)
		return NULL;
	slot = *slot_find(keylog, random, label);
	if (slot == 0)
		return NULL;
	entry = &keylog->entries[slot - 1];
	*len = entry->secret_len;
	return entry->secret;
}

static char *
hex_write(char *to, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	return to;
}

size_t
keylog_line(const struct keylog *keylog, size_t index,
	    char line[KEYLOG_LINE_MAX])
{
	const struct keylog_entry *entry;
	char *to;

	if (index >= keylog->count)
		return 0;
	entry = &keylog->entries[index];
	to = stpcpy(line, label_names[entry->label]);
	*to++ = ' ';
	to = hex_write(to, entry->random, KEYLOG_RANDOM_BYTES);
	*to++ = ' ';
	to = hex_write(to, entry->secret, entry->secret_len);
	*to++ = '\n';
	*to = '\0';
	return (size_t)(to - line);
}
