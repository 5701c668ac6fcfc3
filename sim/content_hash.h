/*
 * content_hash.h - SHA-256 over the application bytes of one stream.
 *
 * Order of use: content_hash_create; { content_hash_update }*;
 * content_hash_text; content_hash_destroy.
 */
#ifndef SIM_CONTENT_HASH_H
#define SIM_CONTENT_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { CONTENT_HASH_TEXT = 65 };

struct content_hash;

/* NULL: no memory. */
struct content_hash *content_hash_create(void);
void content_hash_destroy(struct content_hash *hash);
void content_hash_update(struct content_hash *hash, const uint8_t *bytes,
			 size_t len);

/* The hash so far in lower-case hex; more may be added afterwards. */
void content_hash_text(const struct content_hash *hash,
		       char text[CONTENT_HASH_TEXT]);
#endif
