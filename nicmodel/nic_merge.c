/*
 * nic_merge.c - how a driver merges frames on their way from ring to TCP.
 *
 * One face for the two ways that hold frames back, nic_lro and nic_gro, so that
 * the driver's poll is the same for both.  It puts each frame that it takes
 * from the ring, delivers what nic_merge_get has ready, and flushes when its
 * batch (LRO) or its poll (GRO) ends.
 */
#include "nicmodel/nic_merge.h"

#include <assert.h>

#include "engine/mbuf.h"

void
nic_merge_init(struct nic_merge *merge, enum nic_merge_kind kind,
	       struct mbuf_pool *pool, uint32_t max_bytes, uint32_t max_frames)
{
	*merge = (struct nic_merge){.kind = kind};
	if (kind == NIC_MERGE_LRO)
		nic_lro_init(&merge->lro, pool, max_bytes, max_frames);
	if (kind == NIC_MERGE_GRO)
		nic_gro_init(&merge->gro, pool, max_bytes, max_frames);
}

void
nic_merge_fini(struct nic_merge *merge)
{
	if (!nic_merge_holds(merge))
		return;
	if (merge->kind == NIC_MERGE_LRO) {
		nic_chains_fini(&merge->out, merge->lro.pool);
		nic_lro_fini(&merge->lro);
	} else {
		nic_chains_fini(&merge->out, merge->gro.pool);
		nic_gro_fini(&merge->gro);
	}
}

bool
nic_merge_holds(const struct nic_merge *merge)
{
	return merge->kind == NIC_MERGE_LRO || merge->kind == NIC_MERGE_GRO;
}

void
nic_merge_put(struct nic_merge *merge, struct mbuf *m)
{
	assert(nic_merge_holds(merge));
	if (merge->kind == NIC_MERGE_LRO)
		nic_lro_queue(&merge->lro, m);
	else
		nic_gro_receive(&merge->gro, m, &merge->out);
}

void
nic_merge_flush(struct nic_merge *merge)
{
	assert(nic_merge_holds(merge));
	if (merge->kind == NIC_MERGE_LRO)
		nic_lro_flush(&merge->lro, &merge->out);
	else
		nic_gro_flush(&merge->gro, &merge->out);
}

uint32_t
nic_merge_frames(const struct nic_merge *merge)
{
	if (!nic_merge_holds(merge))
		return 0;
	return merge->out.frames + (merge->kind == NIC_MERGE_LRO
					? merge->lro.batched
					: merge->gro.frames);
}

struct mbuf *
nic_merge_get(struct nic_merge *merge, uint32_t *frames)
{
	return nic_chains_get(&merge->out, frames);
}
