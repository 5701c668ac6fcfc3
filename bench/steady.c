/*
 * steady.c - an endless stream of equal segments, without a file.
 *
 * A record of 11 * 1448 bytes begins with every eleventh segment, so two frames
 * and a running sequence number are the whole input, however long it is.
 */
#include "bench/steady.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/ktlsim.h"
#include "tests/support/packet.h"

enum {
	MSS = 1448,
	PER_RECORD = 11,
	GAP_PS = 2317000,
	SEQ_OFFSET = 14 + 20 + 4
};

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct ktlsim *
create_sim(bool offload)
{
	static const char *const keys[][2] = {{"crypto.mode", "model"},
					      {"replay.checksum", "ignore"},
					      {"report.app_sha256", "false"},
					      {"cost.firmware_command", "0"}};
	const struct ktlsim_flow flow = {
	    .size = sizeof(flow),
	    .client = "10.0.0.1:40000",
	    .server = "10.0.0.2:443",
	    .direction = KTLSIM_CLIENT_TO_SERVER,
	    .tls_version = 0x0304,
	    .cipher_suite = 0x1301,
	};
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim *sim = NULL;
	int error = config == NULL;

	for (size_t i = 0; error == 0 && i < sizeof(keys) / sizeof(*keys); i++)
		error = ktlsim_config_set(config, keys[i][0], keys[i][1], NULL);
	if (error == 0)
		error = ktlsim_config_set(config, "nic.tls",
					  offload ? "on" : "off", NULL);
	if (error != 0 || ktlsim_create(&sim, config, NULL) != 0 ||
	    ktlsim_add_flow(sim, &flow, NULL) != 0) {
		fprintf(stderr, "steady: cannot set up the simulation\n");
		exit(EXIT_FAILURE);
	}
	ktlsim_config_destroy(config);
	return sim;
}

static double
one_run(uint64_t segments, bool offload)
{
	uint8_t payload[MSS] = {23, 3, 3, (PER_RECORD * MSS - 5) >> 8,
				(PER_RECORD * MSS - 5) & 0xff};
	uint8_t frames[2][2048];
	struct ktlsim *sim = create_sim(offload);
	struct packet packet;
	struct ktlsim_frame frame = {.size = sizeof(frame), .link_type = 1};
	double start;

	packet_init(&packet);
	packet.payload = payload;
	packet.payload_len = MSS;
	for (int i = 0; i < 2; i++) {
		frame.captured_len =
		    (uint32_t)packet_build(&packet, frames[i], 2048);
		memset(payload, 0, 5);
	}
	frame.wire_len = frame.captured_len;
	start = now_s();
	for (uint64_t i = 0; i < segments; i++) {
		uint8_t *bytes = frames[i % PER_RECORD != 0];
		uint32_t seq = htonl((uint32_t)(i * MSS));

		memcpy(bytes + SEQ_OFFSET, &seq, sizeof(seq));
		frame.time_ps = i * GAP_PS;
		frame.data = bytes;
		if (ktlsim_run_until(sim, frame.time_ps) != 0 ||
		    ktlsim_inject(sim, &frame, NULL) != 0)
			exit(EXIT_FAILURE);
	}
	ktlsim_run_until(sim, KTLSIM_NEVER);
	start = now_s() - start;
	ktlsim_destroy(sim);
	return start;
}

double
steady_time_per_segment(uint64_t segments, unsigned times, bool offload)
{
	double sum = 0;

	for (unsigned i = 0; i < times; i++)
		sum += one_run(segments, offload);
	return sum / times / (double)segments;
}
