/*
 * evp_faults.c - OpenSSL's calls fail when a test says so.
 *
 * Most of them never do, or only for want of memory.  The linker sends the
 * calls of all objects here, those of the tests' own sealing too.
 */
#include "tests/sabotage/evp_faults.h"

#include <openssl/evp.h>
#include <stddef.h>

static uint64_t countdown; /* calls until the fault; 0: none ordered */
static bool hit;

static bool
fault_due(void)
{
	if (countdown == 0 || --countdown > 0)
		return false;
	hit = true;
	return true;
}

void
evp_faults_after(uint64_t nth)
{
	countdown = nth;
	hit = false;
}

bool
evp_faults_hit(void)
{
	return hit;
}

/* A function of type `type` that says `bad` in place of calling the real one.
 */
#define WRAP(type, bad, name, parameters, arguments)                  \
	type __real_##name parameters;                                \
	type __wrap_##name parameters;                                \
	type __wrap_##name parameters                                 \
	{                                                             \
		return fault_due() ? (bad) : __real_##name arguments; \
	}

WRAP(int, 0, EVP_CipherInit_ex2,
     (EVP_CIPHER_CTX * c, const EVP_CIPHER *cipher, const unsigned char *key,
      const unsigned char *iv, int enc, const OSSL_PARAM *params),
     (c, cipher, key, iv, enc, params))
WRAP(int, 0, EVP_CipherUpdate,
     (EVP_CIPHER_CTX * c, unsigned char *out, int *outl,
      const unsigned char *in, int inl),
     (c, out, outl, in, inl))
WRAP(int, 0, EVP_CipherFinal_ex,
     (EVP_CIPHER_CTX * c, unsigned char *out, int *outl), (c, out, outl))
WRAP(int, 0, EVP_CIPHER_CTX_ctrl,
     (EVP_CIPHER_CTX * c, int type, int arg, void *ptr), (c, type, arg, ptr))
WRAP(int, 0, EVP_EncryptInit_ex2,
     (EVP_CIPHER_CTX * c, const EVP_CIPHER *cipher, const unsigned char *key,
      const unsigned char *iv, const OSSL_PARAM *params),
     (c, cipher, key, iv, params))
WRAP(int, 0, EVP_EncryptUpdate,
     (EVP_CIPHER_CTX * c, unsigned char *out, int *outl,
      const unsigned char *in, int inl),
     (c, out, outl, in, inl))
WRAP(int, 0, EVP_DecryptInit_ex2,
     (EVP_CIPHER_CTX * c, const EVP_CIPHER *cipher, const unsigned char *key,
      const unsigned char *iv, const OSSL_PARAM *params),
     (c, cipher, key, iv, params))
WRAP(int, 0, EVP_DecryptUpdate,
     (EVP_CIPHER_CTX * c, unsigned char *out, int *outl,
      const unsigned char *in, int inl),
     (c, out, outl, in, inl))
WRAP(int, 0, EVP_DecryptFinal_ex,
     (EVP_CIPHER_CTX * c, unsigned char *out, int *outl), (c, out, outl))
WRAP(EVP_MAC_CTX *, NULL, EVP_MAC_CTX_dup, (const EVP_MAC_CTX *c), (c))
WRAP(int, 0, EVP_MAC_CTX_set_params,
     (EVP_MAC_CTX * c, const OSSL_PARAM params[]), (c, params))
WRAP(int, 0, EVP_MAC_init,
     (EVP_MAC_CTX * c, const unsigned char *key, size_t keylen,
      const OSSL_PARAM params[]),
     (c, key, keylen, params))
WRAP(int, 0, EVP_MAC_update,
     (EVP_MAC_CTX * c, const unsigned char *data, size_t datalen),
     (c, data, datalen))
WRAP(int, 0, EVP_MAC_final,
     (EVP_MAC_CTX * c, unsigned char *out, size_t *outl, size_t outsize),
     (c, out, outl, outsize))
WRAP(EVP_CIPHER *, NULL, EVP_CIPHER_fetch,
     (OSSL_LIB_CTX * ctx, const char *algorithm, const char *properties),
     (ctx, algorithm, properties))
WRAP(EVP_MAC *, NULL, EVP_MAC_fetch,
     (OSSL_LIB_CTX * ctx, const char *algorithm, const char *properties),
     (ctx, algorithm, properties))
