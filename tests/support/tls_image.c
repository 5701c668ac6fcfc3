/*
 * tls_image.c - a stream of sealed records, and how it looks when decrypted.
 */
#include "tests/support/tls_image.h"

#include <assert.h>
#include <string.h>

#include "tests/support/tls_seal.h"

void
tls_image_init(struct tls_image *image, const struct ktls_key *key,
	       uint64_t first, uint64_t seed)
{
	image->key = key;
	image->first = first;
	image->seed = seed;
	image->records = 0;
	image->start[0] = 0;
}

uint32_t
tls_image_hlen(const struct tls_image *image)
{
	return TLS_HEADER_BYTES + (image->key->version == TLS_1_3 ? 0 : 8);
}

/* Bytes that follow the text: the tag, and in TLS 1.3 the type before it. */
static uint32_t
tlen(const struct tls_image *image)
{
	return TLS_TAG_BYTES + (image->key->version == TLS_1_3 ? 1 : 0);
}

static uint8_t
random_byte(struct tls_image *image)
{
	image->seed = image->seed * UINT64_C(6364136223846793005) +
		      UINT64_C(1442695040888963407);
	return (uint8_t)(image->seed >> 56);
}

/* Seal the text that lies in the plain image as record i. */
static void
seal(struct tls_image *image, uint32_t i)
{
	const uint32_t start = image->start[i];
	const uint32_t bytes = image->start[i + 1] - start;
	const uint32_t hlen = tls_image_hlen(image);
	uint8_t *plain = image->plain + start, *wire = image->wire + start;
	size_t sealed =
	    tls_seal_data(image->key, image->first + i, plain + hlen,
			  bytes - hlen - tlen(image), wire);

	assert(sealed == bytes);
	(void)sealed;
	memcpy(plain, wire, hlen);
	if (image->key->version == TLS_1_3)
		plain[bytes - TLS_TAG_BYTES - 1] = TLS_APPLICATION_DATA;
	memcpy(plain + bytes - TLS_TAG_BYTES, wire + bytes - TLS_TAG_BYTES,
	       TLS_TAG_BYTES);
}

void
tls_image_add(struct tls_image *image, uint32_t wire_bytes)
{
	const uint32_t start = image->start[image->records];

	assert(image->records < TLS_IMAGE_RECORDS);
	assert(wire_bytes >= TLS_IMAGE_RECORD_MIN &&
	       wire_bytes <= TLS_IMAGE_BYTES - start);
	for (uint32_t i = tls_image_hlen(image); i < wire_bytes; i++)
		image->plain[start + i] = random_byte(image);
	image->start[++image->records] = start + wire_bytes;
	seal(image, image->records - 1);
}

void
tls_image_plant(struct tls_image *image, uint32_t off, const uint8_t *bytes,
		uint32_t len)
{
	const uint32_t last = image->records - 1;
	const uint32_t at = image->start[last] + off;

	assert(off >= tls_image_hlen(image) &&
	       at + len + tlen(image) <= image->start[last + 1]);
	/* Plain and wire differ by the key stream, whatever the text is. */
	for (uint32_t i = 0; i < len; i++)
		image->plain[at + i] ^=
		    (uint8_t)(image->wire[at + i] ^ bytes[i]);
	seal(image, last);
}
