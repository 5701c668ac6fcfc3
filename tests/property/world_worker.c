/*
 * world_worker.c - the worker: one step at a time, against the model.
 *
 * Everything else may happen between any two steps.
 */
#include "tests/property/world_state.h"

#include <errno.h>
#include <string.h>

#include "engine/effects.h"
#include "engine/mbuf.h"

static bool
bad_header_due(void)
{
	const struct item *item;

	if (world.sent.count == 0 || world.fed < TLS_HEADER_BYTES ||
	    world_head_blind())
		return false;
	item = queue_first(&world.sent);
	return item->head_error != 0 &&
	       (world.policy.header_check == ENGINE_HEADER_ARRIVAL ||
		world.fed >= world.hlen || world.fed >= item->wire_len);
}

static enum ktls_rx_verdict
expected_verdict(void)
{
	if (world.stuck)
		return KTLS_RX_DRY;
	if (world.waits)
		return KTLS_RX_WAITKEY;
	if (world_head_blind())
		return KTLS_RX_UNREADABLE;
	if (bad_header_due())
		return KTLS_RX_DROPPED;
	return world_head_complete() ? KTLS_RX_RECORD : KTLS_RX_DRY;
}

/* The record at the head is the worker's. */
static void
detach(void)
{
	struct item item = queue_take(&world.sent);

	MUST(world.job.wire_len == item.wire_len);
	MUST(world.job.seqno == item.seqno && item.seqno == world.seqno);
	world.made -= item.made;
	world.fed -= item.made;
	memmove(world.stream, world.stream + item.made, world.made);
	memmove(world.nic, world.nic + item.made, world.made);
	world.detached = item;
	world.seqno++;
	world.owned = true;
	world.worker = WORKER_RECORD;
}

static void
begin(unsigned fail)
{
	enum ktls_rx_verdict expected = expected_verdict(), verdict;
	unsigned effects, must = 0;
	int error;

	MUST(ktls_rx_ready(&world.fx.so) == (expected != KTLS_RX_DRY));
	mbuf_pool_fail_after(world.fx.pool, fail);
	verdict = ktls_rx_begin(&world.fx.so, &world.job, &world.fx.counters,
				&effects);
	mbuf_pool_fail_after(world.fx.pool, 0);
	world.worker = WORKER_ENDING;
	if (verdict == KTLS_RX_NOMEM) {
		MUST(expected == KTLS_RX_RECORD && fail > 0);
		return;
	}
	MUST(verdict == expected);
	if (verdict == KTLS_RX_RECORD)
		detach();
	world.unreadable |= verdict == KTLS_RX_UNREADABLE;
	if (verdict == KTLS_RX_DROPPED) {
		error = queue_first(&world.sent)->head_error;
		world.worker = WORKER_DEAD;
		world_forget_stream();
		must = world_drop(error);
	}
	world_effects(effects, must);
	if (verdict == KTLS_RX_DROPPED)
		world_release();
}

static void
crypt(void)
{
	const struct item *item = &world.detached;
	bool whole = item->marked == item->wire_len;
	bool mixed = item->marked > 0 && !whole;

	ktls_rx_crypt(&world.job);
	MUST(world.job.state == (whole	 ? KTLS_MBUF_CRYPTO_ST_DECRYPTED
				 : mixed ? KTLS_MBUF_CRYPTO_ST_MIXED
					 : KTLS_MBUF_CRYPTO_ST_ENCRYPTED));
	MUST(world.job.error == item->error);
	world.worker = WORKER_OPENED;
	if (item->error != EMSGSIZE && !whole)
		world.decrypts++;
	if (item->error != EMSGSIZE && mixed)
		world.recrypts++;
	world.failed += item->error != 0;
}

/* What a reader is told of the record, besides its bytes. */
static unsigned
report(void)
{
	bool sticky = world.policy.on_bad_record == ENGINE_BAD_RECORD_STICKY;
	bool last = sticky && world.detached.seqno == UINT64_MAX;
	int error = world.detached.error;

	if (!world.owned || (error == 0 && !last))
		return 0;
	world.error = error != 0 ? error : EBADMSG;
	world.stuck |= sticky;
	return ENGINE_WAKE_READER;
}

static void
finish(void)
{
	bool delivers = world.owned && world.detached.error == 0;
	unsigned effects;
	bool delivered;

	effects = ktls_rx_finish(&world.fx.so, &world.job, &world.fx.counters,
				 &delivered);
	MUST(delivered == delivers);
	if (delivers)
		queue_put(&world.plain, world.detached);
	world.waits |= world.detached.rekeys;
	world.worker = WORKER_READY;
	world_effects(effects, report());
	world.owned = false;
}

static void
end_pass(void)
{
	unsigned effects;

	world.worker = WORKER_IDLE;
	effects = ENGINE_WAKE_READER | world_check();
	world_effects(ktls_rx_end_pass(&world.fx.so), effects);
	world_release();
}

void
worker_step(unsigned fail)
{
	switch (world.worker) {
	case WORKER_READY:
		begin(fail);
		break;
	case WORKER_RECORD:
		crypt();
		break;
	case WORKER_OPENED:
		finish();
		break;
	case WORKER_ENDING:
		end_pass();
		break;
	case WORKER_IDLE:
	case WORKER_DEAD:
		break;
	}
}
