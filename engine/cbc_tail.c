/*
 * cbc_tail.c - padding and MAC of a CBC record, found in constant time.
 *
 * Called by cbc_openssl.c for each record: cbc_padding_check, then cbc_mac_copy
 * and, after the MAC was computed anew, cbc_mask_equal.
 *
 * Conditions are masks of all ones or none, so the code has no branch on a
 * secret, and every byte that a padding or a MAC might occupy is read whatever
 * the padding is.  The MAC is read into a ring at public places and turned
 * afterwards, because an address must not tell where it stood.
 */
#include "engine/cbc_tail.h"

#include <string.h>

#include "engine/suite.h"

enum {
	PADDING_MAX = 256, /* bytes, the length byte included */
};

/*
 * Hide from the compiler that a mask has two values only, lest it make a branch
 * of it.
 */
static uint32_t
mask_hide(uint32_t mask)
{
	__asm__("" : "+r"(mask));
	return mask;
}

/* Of values below 2^31: all ones where a >= b. */
static uint32_t
mask_ge(uint32_t a, uint32_t b)
{
	return mask_hide(((a - b) >> 31) - 1);
}

static uint32_t
mask_eq(uint32_t a, uint32_t b)
{
	return mask_ge(a, b) & mask_ge(b, a);
}

uint32_t
cbc_padding_check(const uint8_t *text, uint32_t len, uint32_t mac_len,
		  uint32_t *plaintext_len)
{
	uint32_t window = len < PADDING_MAX ? len : PADDING_MAX;
	uint32_t pad = text[len - 1];
	uint32_t differ = 0;
	uint32_t good;

	for (uint32_t i = 1; i < window; i++)
		differ |= mask_ge(pad, i) & (text[len - 1 - i] ^ pad);
	good = mask_ge(len, mac_len + 1 + pad) & mask_eq(differ, 0);
	*plaintext_len = len - mac_len - 1 - (pad & good);
	return good;
}

/* Turn a ring of len bytes so that byte `first` becomes byte 0. */
static void
ring_turn(uint8_t *ring, uint32_t len, uint32_t first)
{
	uint8_t turned[TLS_MAC_KEY_MAX];

	for (uint32_t step = 1; step < len; step <<= 1) {
		uint32_t turn = mask_ge(first & step, 1);

		for (uint32_t i = 0; i < len; i++) {
			uint32_t from =
			    i + step < len ? i + step : i + step - len;

			turned[i] =
			    (uint8_t)((ring[from] & turn) | (ring[i] & ~turn));
		}
		memcpy(ring, turned, len);
	}
	explicit_bzero(turned, sizeof(turned));
}

void
cbc_mac_copy(const uint8_t *text, uint32_t len, uint32_t plaintext_len,
	     uint32_t mac_len, uint8_t *mac)
{
	uint32_t span = mac_len + PADDING_MAX; /* where the MAC may stand */
	uint32_t slot = 0, first = 0;

	memset(mac, 0, mac_len);
	for (uint32_t i = len > span ? len - span : 0; i < len; i++) {
		uint32_t inside = mask_ge(i, plaintext_len) &
				  ~mask_ge(i, plaintext_len + mac_len);

		mac[slot] |= (uint8_t)(text[i] & inside);
		first |= slot & mask_eq(i, plaintext_len);
		slot = slot + 1 == mac_len ? 0 : slot + 1;
	}
	ring_turn(mac, mac_len, first);
}

uint32_t
cbc_mask_equal(const uint8_t *a, const uint8_t *b, uint32_t len)
{
	uint32_t differ = 0;

	for (uint32_t i = 0; i < len; i++)
		differ |= (uint32_t)(a[i] ^ b[i]);
	return mask_eq(differ, 0);
}
