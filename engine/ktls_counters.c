/*
 * ktls_counters.c - the counters of KTLS receive under their sysctl names.
 *
 * Called by whoever prints them.  A counter that is added to one of the two
 * structures gets its name here, once.
 */
#include "engine/ktls_counters.h"

#include <assert.h>

#include "engine/ktls_rx.h"
#include "engine/ktls_session.h"

size_t
ktls_counters_list(const struct ktls_rx_counters *rx,
		   const struct ktls_session_stats *sessions,
		   struct ktls_counter list[KTLS_COUNTERS_MAX])
{
	const struct ktls_counter all[] = {
	    {"enable_calls", sessions->enable_calls},
	    {"offload_total", sessions->offload_total},
	    {"active", sessions->active},
	    {"sw.cbc", sessions->sw_cbc},
	    {"sw.gcm", sessions->sw_gcm},
	    {"sw.chacha20", sessions->sw_chacha20},
	    {"sw_rx_inqueue", rx->sw_rx_inqueue},
	    {"corrupted_records", rx->corrupted_records},
	    {"failed_crypto", rx->failed_crypto},
	    {"too_large_records", rx->too_large_records},
	    {"ocf.tls11_cbc_decrypts", rx->tls11_cbc_decrypts},
	    {"ocf.tls12_gcm_decrypts", rx->tls12_gcm_decrypts},
	    {"ocf.tls12_gcm_recrypts", rx->tls12_gcm_recrypts},
	    {"ocf.tls12_chacha20_decrypts", rx->tls12_chacha20_decrypts},
	    {"ocf.tls13_gcm_decrypts", rx->tls13_gcm_decrypts},
	    {"ocf.tls13_gcm_recrypts", rx->tls13_gcm_recrypts},
	    {"ocf.tls13_chacha20_decrypts", rx->tls13_chacha20_decrypts},
	};
	const size_t count = sizeof(all) / sizeof(all[0]);

	static_assert(sizeof(all) / sizeof(all[0]) <= KTLS_COUNTERS_MAX,
		      "KTLS_COUNTERS_MAX");
	for (size_t i = 0; i < count; i++)
		list[i] = all[i];
	return count;
}
