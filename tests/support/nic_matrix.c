/*
 * nic_matrix.c - one TLS stream through a whole simulation with inline TLS.
 *
 * A packet is injected at its time and the events of that instant are run: with
 * a link that takes no time the device has then seen it, and its counters and
 * its query tell what it made of it.  Before that, everything up to the instant
 * before has been run, so that answers that were due have reached the device.
 *
 * What runs once per packet asks before it asserts, as in sim_driver.c.
 */
#include "tests/support/nic_matrix.h"

#include <check.h>
#include <string.h>

#include "engine/mbuf.h"
#include "sim/ktlsim_internal.h"
#include "sim/results.h"
#include "sim/run.h"
#include "tests/support/packet.h"
#include "tests/support/tls_seal.h"

enum { LINK_ETHERNET = 1, FIRST_SEQ = 1000 };

static const struct sim_key plain_keys[] = {{"cost.profile", "unit"},
					    {"crypto.mode", "real"},
					    {"replay.receiver", "server"},
					    {"link.rate", "0"},
					    {"nic.moderation", "off"},
					    {"host.cpus", "1"},
					    {"nic.tls", "on"},
					    {NULL, NULL}};

/* The plaintext: any byte tells where it stands. */
static uint8_t
plain_byte(uint64_t offset)
{
	return (uint8_t)((offset * 2654435761u) >> 13);
}

static void
on_data(void *arg, uint32_t flow, enum ktlsim_direction direction,
	const uint8_t *bytes, size_t len)
{
	struct nic_matrix *matrix = arg;

	if (flow != 0 || direction != KTLSIM_CLIENT_TO_SERVER ||
	    len > NIC_MATRIX_BYTES - matrix->got_bytes)
		ck_abort_msg("%zu bytes of nobody", len);
	memcpy(matrix->got + matrix->got_bytes, bytes, len);
	matrix->got_bytes += len;
}

static void
on_deliver(void *arg, const struct ktlsim_record *record)
{
	struct nic_matrix *matrix = arg;

	if (record->number >= matrix->stream.records ||
	    matrix->outcome[record->number] != 'X')
		ck_abort_msg("record %u is none", (unsigned)record->number);
	matrix->outcome[record->number] =
	    record->marked_bytes == 0			? 'N'
	    : record->marked_bytes < record->wire_bytes ? 'P'
							: 'F';
}

static void
seal_stream(struct nic_matrix *matrix)
{
	const struct nic_matrix_stream *stream = &matrix->stream;
	uint32_t frame = stream->version == TLS_1_3 ? 22 : 29;
	uint8_t plain[TLS_PLAINTEXT_MAX];
	uint64_t offset = 0;
	uint32_t at = 0;

	ck_assert_uint_ge(stream->wire_bytes, frame);
	ck_assert_uint_le(stream->records, NIC_MATRIX_RECORDS);
	ck_assert_uint_le((uint64_t)stream->records * stream->wire_bytes,
			  NIC_MATRIX_BYTES);
	matrix->plain_bytes = stream->wire_bytes - frame;
	for (uint32_t i = 0; i < stream->records; i++) {
		for (uint32_t k = 0; k < matrix->plain_bytes; k++)
			plain[k] = plain_byte(offset++);
		at += (uint32_t)tls_seal_data(&matrix->key, i, plain,
					      matrix->plain_bytes,
					      matrix->wire + at);
	}
	ck_assert_uint_eq(at, stream->records * stream->wire_bytes);
	if (stream->damage > 0)
		matrix->wire[stream->damage] ^= 0x10;
}

static void
set_keys(struct ktlsim_config *config, const struct sim_key *keys)
{
	struct ktlsim_error error = {0};

	for (; keys != NULL && keys->key != NULL; keys++)
		ck_assert_msg(ktlsim_config_set(config, keys->key, keys->value,
						&error) == 0,
			      "%s", error.text);
}

static void
declare(struct nic_matrix *matrix)
{
	bool tls13 = matrix->stream.version == TLS_1_3;
	const struct ktlsim_flow flow = {
	    .size = sizeof(flow),
	    .client = "10.0.0.1:40000",
	    .server = "10.0.0.2:443",
	    .direction = KTLSIM_CLIENT_TO_SERVER,
	    .tls_version = tls13 ? 0x0304 : 0x0303,
	    .cipher_suite = tls13 ? 0x1301 : 0xc02f,
	    .key = matrix->key.key,
	    .iv = matrix->key.iv,
	    .tcp_seq = FIRST_SEQ,
	};
	struct ktlsim_error error = {0};

	ck_assert_msg(ktlsim_add_flow(matrix->sim, &flow, &error) == 0, "%s",
		      error.text);
}

void
nic_matrix_open(struct nic_matrix *matrix,
		const struct nic_matrix_stream *stream,
		const struct sim_key *keys)
{
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim_error error = {0};

	matrix->stream = *stream;
	matrix->got_bytes = 0;
	memset(matrix->outcome, 'X', stream->records);
	matrix->outcome[stream->records] = '\0';
	tls_seal_key(&matrix->key, stream->version, TLS_CIPHER_AES_GCM, 16, 7);
	seal_stream(matrix);
	set_keys(config, plain_keys);
	set_keys(config, keys);
	ck_assert_msg(ktlsim_create(&matrix->sim, config, &error) == 0, "%s",
		      error.text);
	ktlsim_config_destroy(config);
	ktlsim_on_data(matrix->sim, on_data, matrix);
	ktlsim_on_deliver(matrix->sim, on_deliver, matrix);
	declare(matrix);
}

void
nic_matrix_close(struct nic_matrix *matrix)
{
	ktlsim_destroy(matrix->sim);
	matrix->sim = NULL;
}

static void
inject(struct nic_matrix *matrix, uint64_t time_ps, uint32_t begin,
       uint32_t end)
{
	static uint8_t bytes[PACKET_BYTES_MAX];
	struct ktlsim_frame frame = {.size = sizeof(frame),
				     .time_ps = time_ps,
				     .data = bytes,
				     .link_type = LINK_ETHERNET};
	struct ktlsim_error error = {0};
	struct packet packet;

	packet_init(&packet);
	packet.th_seq = FIRST_SEQ + begin;
	packet.th_flags = TH_ACK;
	packet.payload = matrix->wire + begin;
	packet.payload_len = end - begin;
	frame.captured_len = frame.wire_len =
	    (uint32_t)packet_build(&packet, bytes, sizeof(bytes));
	if (ktlsim_run_until(matrix->sim, time_ps - 1) != 0 ||
	    ktlsim_inject(matrix->sim, &frame, &error) != 0)
		ck_abort_msg("%s", error.text);
}

static const char *
state_name(const struct nic_contexts *contexts)
{
	const struct nic_context *context = nic_context_find(contexts, 0, 0);
	struct nic_tls_progress progress;

	if (context == NULL)
		context = nic_context_find(contexts, 0, 1);
	if (context == NULL)
		return "--";
	nic_tls_query(&context->tls, &progress);
	if (progress.tracker == NIC_TLS_START)
		return "ST";
	if (progress.tracker == NIC_TLS_SEARCHING)
		return "SE";
	if (progress.auth == NIC_TLS_NO_OFFLOAD)
		return "UN";
	return progress.auth == NIC_TLS_OFFLOAD ? "OF" : "AU";
}

struct nic_matrix_packet
nic_matrix_send(struct nic_matrix *matrix, uint64_t time_ps, uint32_t begin,
		uint32_t end)
{
	const struct nic_contexts *contexts =
	    &matrix->sim->host[0].nic.contexts;
	const struct nic_tls_counters *now = &contexts->counters;
	struct nic_matrix_packet packet = {.mark = 'E'};
	struct nic_tls_counters before;

	inject(matrix, time_ps, begin, end);
	before = *now;
	if (ktlsim_run_until(matrix->sim, time_ps) != 0)
		ck_abort_msg("no memory");
	if (now->decrypted_packets > before.decrypted_packets)
		packet.mark = 'D';
	else if (now->resync_req_pkt > before.resync_req_pkt)
		packet.mark = 'R';
	else if (now->cases[NIC_TLS_CASE_TAG_MISMATCH] >
		 before.cases[NIC_TLS_CASE_TAG_MISMATCH])
		packet.mark = 'F';
	packet.state = state_name(contexts);
	return packet;
}

/* The bytes of the records that were delivered, in order, and no others. */
static void
check_plain(const struct nic_matrix *matrix)
{
	uint64_t at = 0;

	for (uint32_t i = 0; i < matrix->stream.records; i++) {
		uint64_t offset = (uint64_t)i * matrix->plain_bytes;

		if (matrix->outcome[i] == 'X')
			continue;
		for (uint32_t k = 0; k < matrix->plain_bytes; k++)
			if (at == matrix->got_bytes ||
			    matrix->got[at++] != plain_byte(offset + k))
				ck_abort_msg("record %u, byte %u", i, k);
	}
	ck_assert_uint_eq(at, matrix->got_bytes);
}

void
nic_matrix_finish(struct nic_matrix *matrix)
{
	uint32_t damaged = matrix->stream.damage / matrix->stream.wire_bytes;
	const struct results_direction *direction;
	struct ktlsim_error error = {0};

	ck_assert_int_eq(ktlsim_run_until(matrix->sim, KTLSIM_NEVER), 0);
	ck_assert_msg(ktlsim_finish(matrix->sim, &error) == 0, "%s",
		      error.text);
	check_plain(matrix);
	for (uint32_t i = 0; i < matrix->stream.records; i++)
		if ((matrix->outcome[i] == 'X') !=
		    (matrix->stream.damage > 0 && i == damaged))
			ck_abort_msg("record %u: %c", i, matrix->outcome[i]);
	direction = &ktlsim_results(matrix->sim)->flows[0].direction[0];
	ck_assert_uint_eq(direction->errors, matrix->stream.damage > 0);
	if (matrix->stream.damage > 0)
		ck_assert_int_eq(strncmp(direction->error, "EBADMSG", 7), 0);
}

uint64_t
nic_matrix_counter(const struct nic_matrix *matrix, const char *name)
{
	const struct results_host *host =
	    &ktlsim_results(matrix->sim)->hosts[0];

	for (size_t i = 0; i < host->counter_count; i++)
		if (strcmp(host->counters[i].name, name) == 0)
			return host->counters[i].value;
	ck_abort_msg("there is no counter %s", name);
	return 0;
}
