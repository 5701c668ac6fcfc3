/*
 * nic_rss.c - receive-side scaling: Toeplitz hash and indirection table.
 *
 * Models what the device computes for each TCP segment to choose its receive
 * queue.  nic_rss_init comes first; everything else is pure.  The simulator
 * hashes once per flow and keeps the result in m_pkthdr.flowid, so the hash is
 * written bit by bit as the specification says it, without tables.
 *
 * Leaves out the two-tuple hash of fragments as a separate function (it is
 * nic_rss_toeplitz over the addresses alone), hash type selection, and changes
 * of the table at run time.
 */
#include "nicmodel/nic_rss.h"

#include <assert.h>
#include <string.h>

const uint8_t nic_rss_default_key[NIC_RSS_KEY_BYTES] = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
    0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
    0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
    0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

void
nic_rss_init(struct nic_rss *rss, const uint8_t key[NIC_RSS_KEY_BYTES],
	     uint32_t table_size, uint32_t queues)
{
	assert(table_size > 0 && table_size <= NIC_RSS_TABLE_MAX);
	assert((table_size & (table_size - 1)) == 0);
	assert(queues > 0 && queues <= UINT16_MAX);
	*rss = (struct nic_rss){.table_size = table_size};
	memcpy(rss->key, key, NIC_RSS_KEY_BYTES);
	for (uint32_t i = 0; i < table_size; i++)
		rss->table[i] = (uint16_t)(i % queues);
}

static uint32_t
load_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/*
 * The key is a string of 320 bits; every input bit that is 1 contributes the
 * 32 key bits that begin at its own position.
 */
uint32_t
nic_rss_toeplitz(const uint8_t key[NIC_RSS_KEY_BYTES], const uint8_t *input,
		 size_t len)
{
	uint32_t window = load_be32(key);
	uint32_t hash = 0;

	assert(len <= NIC_RSS_KEY_BYTES - sizeof(window));
	for (size_t i = 0; i < len; i++) {
		for (int bit = 7; bit >= 0; bit--) {
			uint32_t next = key[i + 4] >> bit & 1;

			if (input[i] >> bit & 1)
				hash ^= window;
			window = window << 1 | next;
		}
	}
	return hash;
}

static uint8_t *
store_be16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
	return p + 2;
}

uint32_t
nic_rss_hash(const struct nic_rss *rss, const uint8_t *src, const uint8_t *dst,
	     size_t address_len, uint16_t sport, uint16_t dport)
{
	uint8_t input[2 * 16 + 2 * 2];
	uint8_t *p = input;

	assert(address_len == 4 || address_len == 16);
	memcpy(p, src, address_len);
	p += address_len;
	memcpy(p, dst, address_len);
	p += address_len;
	p = store_be16(p, sport);
	p = store_be16(p, dport);
	return nic_rss_toeplitz(rss->key, input, (size_t)(p - input));
}

uint32_t
nic_rss_queue(const struct nic_rss *rss, uint32_t hash)
{
	assert(rss->table_size > 0);
	return rss->table[hash & (rss->table_size - 1)];
}
