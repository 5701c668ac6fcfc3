/*
 * content_hash.c - SHA-256 over the application bytes of one stream.
 *
 * reader.c feeds it as records are read; collect.c asks for the text.  The
 * only file of sim/ that includes OpenSSL.
 */
#include "sim/content_hash.h"

#include <assert.h>
#include <stdio.h>

#include <openssl/evp.h>

/* The context is the object: nothing else belongs to a hash. */
struct content_hash *
content_hash_create(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context == NULL)
		return NULL;
	if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(context);
		return NULL;
	}
	return (struct content_hash *)context;
}

void
content_hash_destroy(struct content_hash *hash)
{
	EVP_MD_CTX_free((EVP_MD_CTX *)hash);
}

void
content_hash_update(struct content_hash *hash, const uint8_t *bytes, size_t len)
{
	int ok = EVP_DigestUpdate((EVP_MD_CTX *)hash, bytes, len);

	assert(ok == 1);
	(void)ok;
}

void
content_hash_text(const struct content_hash *hash, char text[CONTENT_HASH_TEXT])
{
	uint8_t value[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	EVP_MD_CTX *copy = EVP_MD_CTX_new();

	text[0] = '\0';
	if (copy != NULL &&
	    EVP_MD_CTX_copy_ex(copy, (const EVP_MD_CTX *)hash) == 1 &&
	    EVP_DigestFinal_ex(copy, value, &len) == 1) {
		for (unsigned i = 0; i < len; i++)
			snprintf(text + 2 * (size_t)i, 3, "%02x", value[i]);
	}
	EVP_MD_CTX_free(copy);
}
