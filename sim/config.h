/*
 * config.h - every key of the model: type, unit, default, range, source.
 *
 * Order of use: config_init; { config_set }*; config_finish, which checks
 * what must hold between keys.
 * Keys are dotted lower case; values carry units (16KiB, 25us, 100Gbps).
 * docs/configuration.md lists the table, and a test compares the two.
 */
#ifndef SIM_CONFIG_H
#define SIM_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/policy.h"
#include "engine/suite.h"
#include "sim/rng.h"

struct ktlsim_error;

enum {
	CONFIG_TEXT_MAX = 1024, /* bytes of a text value, with the NUL */
	HOST_CPUS_MAX = 256,
	RUN_READERS_MAX = 64,
	/* With real threads: two hosts' workers, readers and the feeder have
	   a pool of mbufs each, of which there are 256. */
	THREAD_WORKERS_MAX = 95,
};

enum config_traffic {
	TRAFFIC_CAPTURE, /* whoever runs the simulation injects frames */
	TRAFFIC_WINDOW,	 /* modelled senders that keep windows full */
};
enum config_receiver {
	RECEIVER_BOTH,
	RECEIVER_CLIENT,
	RECEIVER_SERVER,
	RECEIVER_NONE, /* follow both directions, simulate no host */
	RECEIVER_ADDRESS
};
enum config_capture_point { CAPTURE_WIRE, CAPTURE_HOST };
enum config_checksum { CHECKSUM_AUTO, CHECKSUM_VERIFY, CHECKSUM_IGNORE };
enum config_segmentation { SEGMENTATION_CUT, SEGMENTATION_KEEP };
enum config_recovery { RECOVERY_RESEND, RECOVERY_NONE };
enum config_moderation {
	MODERATION_STATIC,
	MODERATION_OFF,
	MODERATION_ADAPTIVE
};
/* As enum nic_moderation_mode. */
enum config_moderation_mode { MODERATION_EQE, MODERATION_CQE };
/* As enum nic_merge_kind; MERGE_ON is replaced by config_finish. */
enum config_merge { MERGE_OFF, MERGE_RING, MERGE_LRO, MERGE_GRO, MERGE_ON };
enum config_bind { BIND_NONE, BIND_CPU };
enum config_decrypt_in { DECRYPT_IN_WORKER, DECRYPT_IN_READER };
enum config_tx_arrivals { TX_ARRIVALS_EXPONENTIAL, TX_ARRIVALS_CONSTANT };
enum config_executor { EXECUTOR_VIRTUAL, EXECUTOR_THREADS };
enum config_crypto { CRYPTO_REAL, CRYPTO_MODEL };

/*
 * Every price in the model.  Picoseconds, or picoseconds per byte.  New ones go
 * to the end: a price's number is that of its random stream.
 */
enum cost_id {
	COST_NIC_PIPELINE,	 /* last bit -> in host memory */
	COST_INTERRUPT_DELIVERY, /* MSI-X write -> handler entry */
	COST_INTERRUPT,		 /* hard interrupt handler and schedule */
	COST_RX_FRAME,		 /* driver, per frame */
	COST_TCP_SEGMENT,	 /* TCP and IP, one frame not merged */
	COST_TCP_MERGED,	 /* TCP and IP, per merged super-segment */
	COST_ACK,		 /* making and sending one ACK */
	COST_SOCKBUF_APPEND,	 /* append and KTLS bookkeeping */
	COST_WORKER_ENQUEUE,	 /* put a socket on a work queue */
	COST_WORKER_WAKEUP,	 /* wake a sleeping worker, on top */
	COST_CONTEXT_SWITCH,
	COST_MIGRATION, /* a worker wakes on another CPU */
	COST_AES128_GCM_RECORD,
	COST_AES128_GCM_BYTE, /* per byte */
	COST_AES256_GCM_RECORD,
	COST_AES256_GCM_BYTE, /* per byte */
	COST_CHACHA20_RECORD,
	COST_CHACHA20_BYTE,  /* per byte */
	COST_RECORD_DELIVER, /* parse, control message, append */
	COST_READER_WAKEUP,  /* wake a sleeping reader */
	COST_SYSCALL,	     /* entry and exit */
	COST_RECVMSG,	     /* one receive call without the copy */
	COST_COPY_BYTE,	     /* copy to the user, per byte */
	COST_KTLS_ENABLE,    /* the setsockopt that installs keys */
	COST_LOCK_APPEND,    /* socket-buffer lock held by an append */
	COST_LOCK_BEGIN,     /* ... by detaching a record */
	COST_LOCK_FINISH,    /* ... by delivering a record */
	COST_LOCK_READ,	     /* ... by one receive call */
	COST_AES128_CBC_SHA1_RECORD,
	COST_AES128_CBC_SHA1_BYTE, /* per byte */
	COST_AES128_CBC_SHA256_RECORD,
	COST_AES128_CBC_SHA256_BYTE, /* per byte */
	COST_AES128_CBC_SHA384_RECORD,
	COST_AES128_CBC_SHA384_BYTE, /* per byte */
	COST_AES256_CBC_SHA1_RECORD,
	COST_AES256_CBC_SHA1_BYTE, /* per byte */
	COST_AES256_CBC_SHA256_RECORD,
	COST_AES256_CBC_SHA256_BYTE, /* per byte */
	COST_AES256_CBC_SHA384_RECORD,
	COST_AES256_CBC_SHA384_BYTE, /* per byte */
	COST_AES128_CCM_RECORD,
	COST_AES128_CCM_BYTE,	  /* per byte */
	COST_RECRYPT_RECORD,	  /* undo what a NIC decrypted of a record */
	COST_AES128_RECRYPT_BYTE, /* per byte */
	COST_AES256_RECRYPT_BYTE, /* per byte */
	COST_FIRMWARE_COMMAND,	  /* key, TIR or flow rule */
	COST_RESYNC_DISPATCH,	  /* a work item of the driver is run */
	COST_DOORBELL,		  /* write to the NIC */
	COST_PCIE_READ,		  /* the NIC fetches a work request */
	COST_PCIE_WRITE,	  /* the NIC's write is visible */
	COST_COUNT,
};

struct config {
	/* run.*, report.* */
	uint64_t run_seed;
	uint64_t run_time_limit_ps; /* 0: none */
	enum config_executor run_executor;
	uint32_t run_readers; /* 0: one per CPU of the machine */
	uint32_t run_backlog_bytes;
	bool report_app_sha256;
	/* traffic.*, synthetic.* */
	enum config_traffic traffic_source;
	uint32_t synthetic_flows;
	uint64_t synthetic_stagger_ps;
	uint64_t synthetic_bytes;   /* of each flow; 0: no limit */
	uint64_t synthetic_time_ps; /* likewise */
	uint32_t synthetic_record_bytes;
	uint16_t synthetic_suite; /* IANA number; tells the version, too */
	uint32_t synthetic_mss_bytes;
	uint32_t synthetic_burst_bytes;
	/* replay.* */
	char replay_capture[CONFIG_TEXT_MAX]; /* path, or empty */
	char replay_keylog[CONFIG_TEXT_MAX];  /* path, or empty */
	enum config_receiver replay_receiver;
	char replay_receiver_address[CONFIG_TEXT_MAX]; /* RECEIVER_ADDRESS */
	enum config_capture_point replay_capture_point;
	uint64_t replay_speed_ppm; /* 1000000: as captured */
	uint64_t replay_max_gap_ps;
	enum config_checksum replay_checksum;
	enum config_segmentation replay_segmentation;
	enum config_recovery replay_recovery;
	uint64_t replay_resend_after_ps; /* 0: handshake round trip, >= 1 ms */
	/* link.* */
	uint64_t link_rate_bps; /* 0: captured time is frame's end */
	uint32_t link_loss_ppm; /* probabilities in millionths */
	uint32_t link_ge_p_ppm; /* per segment, to the bad state */
	uint32_t link_ge_r_ppm; /* and back */
	uint32_t link_ge_loss_good_ppm;
	uint32_t link_ge_loss_bad_ppm;
	uint32_t link_super_loss_ppm; /* per unit */
	uint32_t link_super_size_bytes;
	uint32_t link_reorder_ppm;
	struct variate link_reorder_delay;
	uint32_t link_duplicate_ppm;
	uint32_t link_corrupt_ppm;
	uint32_t link_corrupt_undetected_ppm; /* of the corrupted ones */
	uint64_t link_delay_ps; /* one way; of traffic.source=window */
	/* nic.* */
	uint32_t nic_queues; /* 0: min(16, cpus) */
	uint32_t nic_ring_slots;
	uint8_t nic_rss_key[40];
	uint32_t nic_rss_table_size;
	enum config_moderation nic_moderation;
	uint64_t nic_moderation_time_ps;
	uint32_t nic_moderation_frames;
	enum config_moderation_mode nic_moderation_mode;
	enum config_merge nic_merge;
	uint32_t nic_merge_max_bytes;
	uint32_t nic_merge_frames;
	uint32_t nic_poll_weight;  /* frames; 0: none */
	uint32_t nic_poll_budget;  /* frames; 0: none */
	uint64_t nic_poll_time_ps; /* 0: none */
	bool nic_pause;
	uint32_t nic_port_buffer_bytes;
	uint32_t nic_pause_xoff_bytes;
	uint32_t nic_pause_xon_bytes;
	uint32_t nic_pcie; /* 0: off, else nic_pcie_presets and 1 */
	uint32_t nic_pcie_mps_bytes;
	uint32_t nic_pcie_mrrs_bytes;
	uint32_t nic_pcie_rcb_bytes;
	uint64_t nic_pcie_extra_ps;	 /* on top of each read */
	uint32_t nic_header_split_bytes; /* 0: none */
	bool nic_tls;
	uint32_t nic_profile; /* index of nic_profiles */
	uint32_t nic_resync;  /* 0: the profile's, else nic_resync_at and 1 */
	uint32_t nic_tls_contexts; /* 0: the profile's */
	uint32_t nic_tls_cache;	   /* 0: the profile's */
	uint32_t nic_tls_fetches;
	bool nic_tls_head_of_line;
	uint64_t nic_tls_memory_ps; /* 0: the profile's */
	uint32_t nic_tls_matcher;   /* enum nic_tls_matcher */
	uint32_t nic_tls_scan_delay;
	uint64_t nic_tls_rescan_ps; /* 0: never */
	bool nic_tls_overlap;
	bool nic_tls_aligned;
	uint32_t nic_tls_queue;
	bool nic_tls_stack;
	uint64_t nic_tls_reset_every_ps;       /* 0: never */
	uint64_t nic_tls_path_change_every_ps; /* 0: never */
	uint32_t nic_tls_episodes;
	uint32_t nic_tls_timeline;
	/* host.* */
	uint32_t host_cpus;
	uint32_t host_contention_ppm; /* of a step's price, at most */
	/* engine.* */
	enum engine_bad_record engine_on_bad_record;
	enum engine_header_check engine_header_check;
	enum engine_rekey engine_rekey;
	/* ktls.* */
	uint32_t ktls_workers; /* 0: one per CPU */
	enum config_bind ktls_bind;
	enum config_decrypt_in ktls_decrypt_in;
	uint32_t ktls_budget;	     /* records per pass; 0: none */
	uint32_t ktls_wake_every;    /* records; 0: once per pass */
	uint16_t ktls_assumed_suite; /* IANA number */
	uint32_t ktls_tx_load;	     /* records per second of a host */
	uint32_t ktls_tx_record_bytes;
	enum config_tx_arrivals ktls_tx_arrivals;
	/* sockbuf.* */
	uint32_t sockbuf_hiwat_bytes;
	uint32_t sockbuf_hiwat_max_bytes;
	bool sockbuf_autosize;
	/* app.* */
	uint32_t app_read_size_bytes;
	struct variate app_think_time; /* after each receive call */
	uint64_t app_enable_delay_ps;
	/* engine.* */
	enum ktls_suites engine_suites;
	/* crypto.* */
	enum config_crypto crypto_mode;
	uint32_t crypto_contexts; /* keyed contexts held at a time */
	/* cost.* */
	char cost_profile[CONFIG_TEXT_MAX];
	struct variate cost[COST_COUNT];
};

enum config_settable {
	CONFIG_TUNABLE,	     /* a real system lets one set it at run time */
	CONFIG_BOOT_TUNABLE, /* at boot */
	CONFIG_KERNEL_PATCH, /* by changing the kernel */
	CONFIG_MODEL_ONLY,   /* exists in the model only */
};

/* What --list-keys and docs/configuration.md tell about a key. */
struct config_key_info {
	const char *name;
	const char *type;	  /* "time", "bytes", "rate", "count" ... */
	const char *unit;	  /* of the bare number, or "" */
	const char *default_text; /* as one would type it */
	const char *range;	  /* plausible range, or the choices */
	const char *source;	  /* of the default */
	enum config_settable settable;
	const char *help; /* one line */
};

void config_init(struct config *config);

/*
 * Set one key from text.  Returns 0; ENOENT for an unknown key (the sentence
 * suggests the nearest name); EINVAL for a bad value; the sentence names the
 * key, what was wrong and what is allowed.  cost.profile sets every cost.* at
 * once, so later keys go before it.
 */
int config_set(struct config *config, const char *key, const char *value,
	       struct ktlsim_error *error);

/* Check what must hold between keys and fill in the zeros. 0 or EINVAL. */
int config_finish(struct config *config, struct ktlsim_error *error);

/* Number of keys, and what is known of each; NULL past the end. */
size_t config_key_count(void);
const struct config_key_info *config_key(size_t index);

/* The value as it would be typed, into text (CONFIG_TEXT_MAX bytes). */
void config_get(const struct config *config, size_t index, char *text);

/* Nearest key name to a mistyped one, or NULL where none is near. */
const char *config_nearest(const char *key);

/* Nearest of a list of words, or NULL (options, commands). */
const char *config_nearest_word(const char *word, const char *const *words,
				size_t count);

/* "cost.<name>" of a price. */
const char *cost_key_name(enum cost_id id);
#endif
