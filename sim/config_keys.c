/*
 * config_keys.c - the table of keys, apart from the prices of cost.c.
 *
 * Read by config.c in table order; docs/configuration.md is printed from it.
 * Each row holds the default as text, so that what people read is what runs.
 * "Settable" says what a real system offers: a tunable, a boot tunable, a
 * kernel patch, or nothing because the key exists in the model only.
 * Left out: keys of later parts of the model; an unknown key is an error.
 */
#include "sim/config_keys.h"

#include "nicmodel/link.h"

#define FIELD(name)                              \
	.offset = offsetof(struct config, name), \
	.size = sizeof(((struct config *)NULL)->name)

#define TIME_MAX    8640000000000000000u /* 100 days */
#define TIME_HOUR   3600000000000000u
#define TIME_SECOND 1000000000000u
#define TIME_US	    1000000u
#define KIB	    1024u
#define MIB	    (1024u * 1024u)
#define SPEED_LEAST 1000u	     /* 0.001 */
#define SPEED_MOST  1000000000000u   /* a million */
#define RATE_MOST   100000000000000u /* 100 Tb/s */
#define RECEIVER_HELP \
	"whom to simulate: two hosts, one side, one address, nobody"

static const char *const capture_points[] = {"wire", "host", NULL};
static const char *const checksums[] = {"auto", "verify", "ignore", NULL};
static const char *const segmentations[] = {"cut", "keep", NULL};
static const char *const recoveries[] = {"resend", "none", NULL};
static const char *const moderations[] = {"static", "off", "adaptive", NULL};
static const char *const moderation_modes[] = {"eqe", "cqe", NULL};
static const char *const merges[] = {"off", "ring", "lro", "gro", "on", NULL};
static const char *const binds[] = {"none", "cpu", NULL};
static const char *const decrypt_ins[] = {"worker", "reader", NULL};
static const char *const arrivals[] = {"exponential", "constant", NULL};
static const char *const executors[] = {"virtual", "threads", NULL};
static const char *const bad_records[] = {"freebsd", "sticky", NULL};
static const char *const header_checks[] = {"worker", "arrival", NULL};
static const char *const rekeys[] = {"freebsd", "linux", NULL};
static const char *const suites[] = {"freebsd", "linux", NULL};
static const char *const cryptos[] = {"real", "model", NULL};

/* clang-format off */
const struct config_row config_rows[] = {
	{{"run.seed", "count", "", "1", "0..2^64-1", "arbitrary",
	  CONFIG_MODEL_ONLY, "seed of every random stream"},
	 CONFIG_COUNT, FIELD(run_seed), 0, UINT64_MAX, NULL},
	{{"run.time_limit", "time", "", "0", "0 (none)..100d", "no limit",
	  CONFIG_MODEL_ONLY, "simulated time at which the run ends"},
	 CONFIG_TIME, FIELD(run_time_limit_ps), 0, TIME_MAX, NULL},
	{{"run.executor", "choice", "", "virtual", "virtual, threads",
	  "deterministic", CONFIG_MODEL_ONLY,
	  "simulated time with prices, or real threads with real time"},
	 CONFIG_CHOICE, FIELD(run_executor), 0, 1, executors},
	{{"run.readers", "count", "", "0", "0 (one per CPU of this machine)..64",
	  "readers keep up", CONFIG_MODEL_ONLY,
	  "threads that read, with run.executor=threads"},
	 CONFIG_COUNT, FIELD(run_readers), 0, RUN_READERS_MAX, NULL},
	{{"run.backlog", "bytes", "B", "256KiB", "0 (no limit)..1GiB",
	  "some records of the greatest size", CONFIG_MODEL_ONLY,
	  "with run.executor=threads, a socket's bytes for which input waits"},
	 CONFIG_BYTES, FIELD(run_backlog_bytes), 0, 1024 * MIB, NULL},
	{{"report.app_sha256", "switch", "", "on", "on, off", "to verify",
	  CONFIG_MODEL_ONLY, "hash the application bytes of each direction"},
	 CONFIG_SWITCH, FIELD(report_app_sha256), 0, 1, NULL},

	{{"replay.transport", "choice", "", "open", "open", "a capture's own pace",
	  CONFIG_MODEL_ONLY, "open: captured segments are replayed as they are"},
	 CONFIG_TRANSPORT, .choices = NULL},
	{{"replay.receiver", "choice", "", "both", "both, client, server, none, ADDRESS",
	  "nothing is left out", CONFIG_MODEL_ONLY, RECEIVER_HELP},
	 CONFIG_RECEIVER, .choices = NULL},
	{{"replay.capture_point", "choice", "", "wire", "wire, host",
	  "a tap or a mirror port", CONFIG_MODEL_ONLY,
	  "where the capture was taken; host starts segments at softirq"},
	 CONFIG_CHOICE, FIELD(replay_capture_point), 0, 1, capture_points},
	{{"replay.speed", "decimal", "", "1", "0.001..1000000", "as captured",
	  CONFIG_MODEL_ONLY, "divides the gaps between frames"},
	 CONFIG_DECIMAL, FIELD(replay_speed_ppm), SPEED_LEAST, SPEED_MOST, NULL},
	{{"replay.max_gap", "time", "", "24h", "1ps..100d", "a day",
	  CONFIG_MODEL_ONLY, "longer jumps between frames are cut to it"},
	 CONFIG_TIME, FIELD(replay_max_gap_ps), 1, TIME_MAX, NULL},
	{{"replay.checksum", "choice", "", "auto", "auto, verify, ignore",
	  "takes an offloading sender's partial sums", CONFIG_MODEL_ONLY,
	  "TCP checksums: auto also accepts the pseudo-header sum"},
	 CONFIG_CHOICE, FIELD(replay_checksum), 0, 2, checksums},
	{{"replay.segmentation", "choice", "", "cut", "cut, keep",
	  "the wire carries segments of at most the MSS", CONFIG_MODEL_ONLY,
	  "cut frames above the MSS, or keep them"},
	 CONFIG_CHOICE, FIELD(replay_segmentation), 0, 1, segmentations},
	{{"replay.recovery", "choice", "", "resend", "resend, none",
	  "no stream stops for good", CONFIG_MODEL_ONLY,
	  "offer a segment that the model dropped again, or lose it"},
	 CONFIG_CHOICE, FIELD(replay_recovery), 0, 1, recoveries},
	{{"replay.resend_after", "time", "", "0",
	  "0 (the handshake's round trip, at least 1ms), or 1us..1h",
	  "a fast retransmission", CONFIG_MODEL_ONLY,
	  "time until a dropped segment is offered again"},
	 CONFIG_TIME, FIELD(replay_resend_after_ps), TIME_US, TIME_HOUR, NULL,
	 .or_zero = true},

	{{"link.rate", "rate", "bps", "100Gbps",
	  "0 (captured time is the frame's end), or 1Mbps..100Tbps", "100 GbE",
	  CONFIG_MODEL_ONLY, "rate of the link into each host"},
	 CONFIG_RATE, FIELD(link_rate_bps), LINK_RATE_MIN_BPS, RATE_MOST, NULL,
	 .or_zero = true},

	{{"nic.queues", "count", "", "0", "0 (min(16, host.cpus))..256",
	  "drivers' default", CONFIG_TUNABLE, "receive queues"},
	 CONFIG_COUNT, FIELD(nic_queues), 0, 256, NULL},
	{{"nic.ring", "count", "", "1024", "1..65536", "mlx5 default",
	  CONFIG_TUNABLE, "descriptors per receive queue"},
	 CONFIG_COUNT, FIELD(nic_ring_slots), 1, 65536, NULL},
	{{"nic.rss_key", "key", "", "microsoft",
	  "microsoft, symmetric, 80 hexadecimal digits",
	  "verification key of the RSS specification", CONFIG_TUNABLE,
	  "Toeplitz key"},
	 CONFIG_RSS_KEY, FIELD(nic_rss_key), 0, 0, NULL},
	{{"nic.rss_table", "count", "", "128", "a power of two, 1..512",
	  "mlx5 default", CONFIG_KERNEL_PATCH, "entries of the indirection table"},
	 CONFIG_COUNT, FIELD(nic_rss_table_size), 1, 512, NULL},
	{{"nic.moderation", "choice", "", "static", "static, off, adaptive",
	  "mlx5 without adaptation", CONFIG_TUNABLE,
	  "interrupt moderation; adaptive: Linux DIM's profiles"},
	 CONFIG_CHOICE, FIELD(nic_moderation), 0, 2, moderations},
	{{"nic.moderation_mode", "choice", "", "eqe", "eqe, cqe", "mlx5 default",
	  CONFIG_TUNABLE,
	  "its timer: from the last event, or anew with each frame"},
	 CONFIG_CHOICE, FIELD(nic_moderation_mode), 0, 1, moderation_modes},
	{{"nic.moderation_time", "time", "", "16us", "0 (no time limit)..1s",
	  "mlx5 default", CONFIG_TUNABLE,
	  "interrupt so long after the first waiting frame"},
	 CONFIG_TIME, FIELD(nic_moderation_time_ps), 0, TIME_SECOND, NULL},
	{{"nic.moderation_frames", "count", "", "32", "0 (no count limit)..65536",
	  "mlx5 default", CONFIG_TUNABLE, "interrupt when so many frames wait"},
	 CONFIG_COUNT, FIELD(nic_moderation_frames), 0, 65536, NULL},
	{{"nic.merge", "choice", "", "ring", "off, ring, lro, gro, on (ring)",
	  "the system modelled", CONFIG_TUNABLE,
	  "merge by FreeBSD's LRO, Linux' GRO, or neighbours in the ring"},
	 CONFIG_CHOICE, FIELD(nic_merge), 0, 4, merges},
	{{"nic.merge_max", "bytes", "B", "64KiB", "1B..64KiB", "LRO and GRO limits",
	  CONFIG_TUNABLE, "payload of a merged super-segment"},
	 CONFIG_BYTES, FIELD(nic_merge_max_bytes), 1, 64 * KIB, NULL},
	{{"nic.merge_frames", "count", "", "65535", "1..65535",
	  "FreeBSD lro_ackcnt_lim", CONFIG_TUNABLE,
	  "frames that LRO or GRO merges at most, pure ACKs included"},
	 CONFIG_COUNT, FIELD(nic_merge_frames), 1, 65535, NULL},
	{{"nic.poll_weight", "count", "", "0", "0 (none)..65536",
	  "FreeBSD has none; Linux 64", CONFIG_KERNEL_PATCH,
	  "frames that one queue's poll takes before the next queue's turn"},
	 CONFIG_COUNT, FIELD(nic_poll_weight), 0, 65536, NULL},
	{{"nic.poll_budget", "count", "", "0", "0 (none)..1048576",
	  "FreeBSD has none; Linux 300", CONFIG_TUNABLE,
	  "frames of a CPU's softirq until a thread goes on"},
	 CONFIG_COUNT, FIELD(nic_poll_budget), 0, 1048576, NULL},
	{{"nic.poll_time", "time", "", "0", "0 (none)..1s",
	  "FreeBSD has none; Linux 2ms", CONFIG_TUNABLE,
	  "time of a CPU's softirq until a thread goes on"},
	 CONFIG_TIME, FIELD(nic_poll_time_ps), 0, TIME_SECOND, NULL},

	{{"nic.pause", "switch", "", "off", "on, off", "802.3 flow control",
	  CONFIG_TUNABLE, "pause frames: a full ring holds the link's sender"},
	 CONFIG_SWITCH, FIELD(nic_pause), 0, 1, NULL},
	{{"nic.port_buffer", "bytes", "B", "256KiB", "64KiB..64MiB", "estimate",
	  CONFIG_MODEL_ONLY, "buffer between link and rings, with nic.pause"},
	 CONFIG_BYTES, FIELD(nic_port_buffer_bytes), 64 * KIB, 64 * MIB, NULL},
	{{"nic.pause_xoff", "bytes", "B", "128KiB", "1B..64MiB",
	  "half of the buffer", CONFIG_TUNABLE,
	  "level of that buffer at which the sender is stopped"},
	 CONFIG_BYTES, FIELD(nic_pause_xoff_bytes), 1, 64 * MIB, NULL},
	{{"nic.pause_xon", "bytes", "B", "64KiB", "0..64MiB",
	  "half of nic.pause_xoff", CONFIG_TUNABLE,
	  "level to which it must fall until the sender goes on"},
	 CONFIG_BYTES, FIELD(nic_pause_xon_bytes), 0, 64 * MIB, NULL},

	{{"host.cpus", "count", "", "4", "1..256", "a small server",
	  CONFIG_BOOT_TUNABLE, "CPUs of each host"},
	 CONFIG_COUNT, FIELD(host_cpus), 1, HOST_CPUS_MAX, NULL},

	{{"engine.on_bad_record", "choice", "", "freebsd", "freebsd, sticky",
	  "FreeBSD skips it; Linux ends there", CONFIG_KERNEL_PATCH,
	  "after a record that fails: deliver later ones, or none"},
	 CONFIG_CHOICE, FIELD(engine_on_bad_record), 0, 1, bad_records},
	{{"engine.header_check", "choice", "", "worker", "worker, arrival",
	  "FreeBSD looks when a worker gets there", CONFIG_KERNEL_PATCH,
	  "when a record's header is judged"},
	 CONFIG_CHOICE, FIELD(engine_header_check), 0, 1, header_checks},
	{{"engine.rekey", "choice", "", "freebsd", "freebsd, linux",
	  "FreeBSD has no rekey (EALREADY)", CONFIG_KERNEL_PATCH,
	  "until the next key is there: readers wait, or get EKEYEXPIRED"},
	 CONFIG_CHOICE, FIELD(engine_rekey), 0, 1, rekeys},

	{{"ktls.workers", "count", "", "0", "0 (one per CPU)..256",
	  "FreeBSD: one thread per CPU", CONFIG_KERNEL_PATCH,
	  "TLS worker threads, each with its work queue"},
	 CONFIG_COUNT, FIELD(ktls_workers), 0, HOST_CPUS_MAX, NULL},
	{{"ktls.bind", "choice", "", "none", "none, cpu",
	  "FreeBSD kern.ipc.tls.bind_threads=0", CONFIG_BOOT_TUNABLE,
	  "bind each worker to its CPU"},
	 CONFIG_CHOICE, FIELD(ktls_bind), 0, 1, binds},
	{{"ktls.decrypt_in", "choice", "", "worker", "worker, reader",
	  "FreeBSD has workers; Linux decrypts in recvmsg", CONFIG_KERNEL_PATCH,
	  "who decrypts: TLS workers, or the receive call"},
	 CONFIG_CHOICE, FIELD(ktls_decrypt_in), 0, 1, decrypt_ins},
	{{"ktls.budget", "count", "", "0", "0 (none)..65536",
	  "FreeBSD has none", CONFIG_KERNEL_PATCH,
	  "records of a socket until the worker turns to the next one"},
	 CONFIG_COUNT, FIELD(ktls_budget), 0, 65536, NULL},
	{{"ktls.wake_every", "count", "", "0", "0 (once per pass)..65536",
	  "FreeBSD wakes at the end of a pass", CONFIG_KERNEL_PATCH,
	  "records after which a worker wakes the reader in mid-pass"},
	 CONFIG_COUNT, FIELD(ktls_wake_every), 0, 65536, NULL},
	{{"ktls.assumed_suite", "suite", "", "TLS_AES_128_GCM_SHA256",
	  "an AEAD suite that engine.suites takes, name or number",
	  "mandatory in TLS 1.3", CONFIG_MODEL_ONLY,
	  "suite of flows whose ServerHello was not captured"},
	 CONFIG_SUITE, FIELD(ktls_assumed_suite), 0, UINT16_MAX, NULL},

	{{"ktls.tx_load", "count", "", "0", "0 (none)..100000000",
	  "a host that only receives", CONFIG_MODEL_ONLY,
	  "records per second that each host sends through its TLS workers"},
	 CONFIG_COUNT, FIELD(ktls_tx_load), 0, 100000000, NULL},
	{{"ktls.tx_record_size", "bytes", "B", "16KiB", "1B..16KiB",
	  "FreeBSD kern.ipc.tls.maxlen", CONFIG_TUNABLE,
	  "plaintext of each record of ktls.tx_load"},
	 CONFIG_BYTES, FIELD(ktls_tx_record_bytes), 1, 16 * KIB, NULL},
	{{"ktls.tx_arrivals", "choice", "", "exponential", "exponential, constant",
	  "many independent senders", CONFIG_MODEL_ONLY,
	  "gaps between records of ktls.tx_load"},
	 CONFIG_CHOICE, FIELD(ktls_tx_arrivals), 0, 1, arrivals},

	{{"sockbuf.hiwat", "bytes", "B", "64KiB", "1KiB..1GiB",
	  "FreeBSD net.inet.tcp.recvspace", CONFIG_TUNABLE,
	  "receive buffer at first"},
	 CONFIG_BYTES, FIELD(sockbuf_hiwat_bytes), KIB, 1024 * MIB, NULL},
	{{"sockbuf.hiwat_max", "bytes", "B", "2MiB", "1KiB..1GiB",
	  "FreeBSD net.inet.tcp.recvbuf_max", CONFIG_TUNABLE,
	  "receive buffer at most, by autosizing"},
	 CONFIG_BYTES, FIELD(sockbuf_hiwat_max_bytes), KIB, 1024 * MIB, NULL},
	{{"sockbuf.autosize", "switch", "", "on", "on, off",
	  "FreeBSD net.inet.tcp.recvbuf_auto", CONFIG_TUNABLE,
	  "let TCP enlarge the receive buffer"},
	 CONFIG_SWITCH, FIELD(sockbuf_autosize), 0, 1, NULL},

	{{"app.read_size", "bytes", "B", "16KiB", "1B..1GiB",
	  "one record of the greatest size", CONFIG_TUNABLE,
	  "bytes that each receive call asks for"},
	 CONFIG_BYTES, FIELD(app_read_size_bytes), 1, 1024 * MIB, NULL},
	{{"app.think_time", "distribution", "", "0", "0..1h", "a reader that waits",
	  CONFIG_TUNABLE, "work of the application after each receive call"},
	 CONFIG_VARIATE, FIELD(app_think_time), 0, TIME_HOUR, NULL},
	{{"app.enable_delay", "time", "", "0", "0..1h", "an immediate setsockopt",
	  CONFIG_TUNABLE, "from the last handshake record to the key install"},
	 CONFIG_TIME, FIELD(app_enable_delay_ps), 0, TIME_HOUR, NULL},

	{{"engine.suites", "choice", "", "freebsd", "freebsd, linux",
	  "the system modelled", CONFIG_KERNEL_PATCH,
	  "suites that KTLS takes: AES-CBC in freebsd, AES-128-CCM in linux"},
	 CONFIG_CHOICE, FIELD(engine_suites), 0, 1, suites},

	{{"crypto.mode", "choice", "", "real", "real, model", "to verify",
	  CONFIG_MODEL_ONLY, "decrypt and verify, or only charge the price"},
	 CONFIG_CHOICE, FIELD(crypto_mode), 0, 1, cryptos},
	{{"crypto.contexts", "count", "", "256", "1..1048576",
	  "about 1.2 KiB each", CONFIG_MODEL_ONLY,
	  "keyed cipher contexts held at a time; changes no result"},
	 CONFIG_COUNT, FIELD(crypto_contexts), 1, 1048576, NULL},

	{{"cost.profile", "profile", "", "freebsd-cdn",
	  "modern-server, freebsd-cdn, unit, FILE", "the system modelled",
	  CONFIG_MODEL_ONLY, "sets every price at once; later keys go before it"},
	 CONFIG_PROFILE, .choices = NULL},
};
/* clang-format on */

const size_t config_row_count = sizeof(config_rows) / sizeof(config_rows[0]);
