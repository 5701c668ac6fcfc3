/*
 * effects.h - what a step of the engine asks of its driver.
 *
 * Steps return a set of these bits and never call up; the driver acts on each
 * and asserts that none is left.
 */
#ifndef ENGINE_EFFECTS_H
#define ENGINE_EFFECTS_H

enum engine_effect {
	ENGINE_QUEUE_WORK = 0x01,  /* put the socket on its TLS work queue */
	ENGINE_WAKE_READER = 0x02, /* sorwakeup(): a reader may have news */
	ENGINE_DROP = 0x04,	   /* ktls_drop(): the connection was reset */
	/* Count, where no step with counters has: only with ENGINE_DROP, and
	   not with the default policy. */
	ENGINE_COUNT_CORRUPTED = 0x08, /* corrupted_records */
	ENGINE_COUNT_TOO_LARGE = 0x10, /* too_large_records */
	/* ktls_resync_ifnet(): tell the NIC's tag about the record that was
	   finished; its length is 0 where SB_TLS_RX_RESYNC is clear. */
	ENGINE_RX_RESYNC = 0x20,
};
#endif
