/*
 * aead_stream.h - AES-GCM records opened piece by piece, as a NIC does.
 *
 * Order of use: aead_stream_create; { begin; { update }*; finish }*;
 * aead_stream_destroy.  A begin may come at any time: the record before it is
 * given up.  Access: whoever made it.  Unlike aead.h this hands out plaintext
 * before the tag has been seen; the caller answers for that.
 */
#ifndef ENGINE_AEAD_STREAM_H
#define ENGINE_AEAD_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "engine/suite.h"

struct aead_stream;

/*
 * A stream for this key: AES-GCM, 16 or 32 bytes.  The key is copied into the
 * cipher context.  NULL: no memory.
 */
struct aead_stream *aead_stream_create(const struct ktls_key *key);

/* Wipes the key.  NULL is allowed. */
void aead_stream_destroy(struct aead_stream *stream);

/* Start a record; aad has at most 13 bytes.  Returns 0 or ENOMEM. */
int aead_stream_begin(struct aead_stream *stream,
		      const uint8_t nonce[TLS_NONCE_BYTES], const uint8_t *aad,
		      size_t aad_len);

/*
 * The next len bytes of the record's text; in and out may be equal.  Returns 0
 * or ENOMEM.
 */
int aead_stream_update(struct aead_stream *stream, const uint8_t *in,
		       uint8_t *out, size_t len);

/* The text is over.  Returns 0, EBADMSG (wrong tag) or ENOMEM. */
int aead_stream_finish(struct aead_stream *stream,
		       const uint8_t tag[TLS_TAG_BYTES]);
#endif
