/*
 * nic_rss.h - receive-side scaling: Toeplitz hash and indirection table.
 *
 * Pure after nic_rss_init.  Source: the Microsoft RSS specification; vectors in
 * 04-nic section 2.1.
 */
#ifndef NICMODEL_NIC_RSS_H
#define NICMODEL_NIC_RSS_H

#include <stddef.h>
#include <stdint.h>

enum {
	NIC_RSS_KEY_BYTES = 40,
	NIC_RSS_TABLE_MAX = 512,
};

struct nic_rss {
	uint8_t key[NIC_RSS_KEY_BYTES];
	uint16_t table[NIC_RSS_TABLE_MAX]; /* entry -> queue */
	uint32_t table_size;		   /* a power of two */
};

/* Microsoft's verification key. */
extern const uint8_t nic_rss_default_key[NIC_RSS_KEY_BYTES];

/* table_size is a power of two <= NIC_RSS_TABLE_MAX; entry i -> i mod queues */
void nic_rss_init(struct nic_rss *rss, const uint8_t key[NIC_RSS_KEY_BYTES],
		  uint32_t table_size, uint32_t queues);

/* Toeplitz hash over len (<= 36) bytes of input. */
uint32_t nic_rss_toeplitz(const uint8_t key[NIC_RSS_KEY_BYTES],
			  const uint8_t *input, size_t len);

/*
 * Hash of a TCP segment: addresses of address_len (4 or 16) bytes in network
 * order, ports in host order; the source is the remote peer.
 */
uint32_t nic_rss_hash(const struct nic_rss *rss, const uint8_t *src,
		      const uint8_t *dst, size_t address_len, uint16_t sport,
		      uint16_t dport);

/* The receive queue of a hash. */
uint32_t nic_rss_queue(const struct nic_rss *rss, uint32_t hash);
#endif
