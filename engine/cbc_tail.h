/*
 * cbc_tail.h - what stands behind the plaintext of a CBC record.
 *
 * Pure, and constant-time: all that these functions do follows from lengths
 * that are public, never from the bytes (cbc.h says why).  For cbc_openssl.c.
 * Lengths are below 2^31.
 */
#ifndef ENGINE_CBC_TAIL_H
#define ENGINE_CBC_TAIL_H

#include <stdint.h>

/*
 * Judge the padding of a decrypted text: its last byte counts the bytes before
 * it that must equal it (RFC 5246 section 6.2.3.2), and a MAC of mac_len bytes
 * must fit in front.  len > mac_len.  Returns a mask: all ones where the
 * padding is good, else 0.  *plaintext_len: the bytes in front of MAC and
 * padding; of bad padding, as if the text had one byte of it.
 */
uint32_t cbc_padding_check(const uint8_t *text, uint32_t len, uint32_t mac_len,
			   uint32_t *plaintext_len);

/*
 * Copy the MAC that stands at the secret offset plaintext_len of the text, as
 * cbc_padding_check found it.  mac_len <= TLS_MAC_KEY_MAX.
 */
void cbc_mac_copy(const uint8_t *text, uint32_t len, uint32_t plaintext_len,
		  uint32_t mac_len, uint8_t *mac);

/* All ones where the bytes are equal, else 0. */
uint32_t cbc_mask_equal(const uint8_t *a, const uint8_t *b, uint32_t len);
#endif
