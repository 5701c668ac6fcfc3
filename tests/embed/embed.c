/*
 * embed.c - a C program that has nothing but the public header.
 *
 * Declares a flow, makes a frame by hand, runs, and looks at the record that
 * comes back and at the report.  Compiled as strict C11, linked with the static
 * library.  Prints a closing line as every test program does.
 */
#include "sim/ktlsim.h"

#include <stdio.h>
#include <string.h>

enum { HEADERS = 54, RECORD = 100, FRAME = HEADERS + RECORD };

static int failures;

static void
expect(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "embed.c: %s\n", what);
	failures++;
}

/* Ethernet, IPv4, TCP: 192.0.2.1:50000 to 192.0.2.2:443, one TLS record. */
static void
make_frame(uint8_t bytes[FRAME])
{
	static const uint8_t ip[] = {0x45, 0,  0,   FRAME - 14, 0, 0,	0x40,
				     0,	   64, 6,   0,		0, 192, 0,
				     2,	   1,  192, 0,		2, 2};
	static const uint8_t tcp[] = {0xc3, 0x50, 1,	0xbb, 0, 0,
				      0,    1,	  0,	0,    0, 0,
				      0x50, 0x10, 0xff, 0xff};
	static const uint8_t tls[] = {23, 3, 3, 0, RECORD - 5};

	memset(bytes, 0, FRAME);
	bytes[12] = 8;
	memcpy(bytes + 14, ip, sizeof(ip));
	memcpy(bytes + 34, tcp, sizeof(tcp));
	memcpy(bytes + HEADERS, tls, sizeof(tls));
}

static void
on_record(void *arg, const struct ktlsim_record *record)
{
	struct ktlsim_record *kept = arg;

	*kept = *record;
}

static struct ktlsim *
create(void)
{
	struct ktlsim_config *config = ktlsim_config_create();
	struct ktlsim_error error;
	struct ktlsim *sim = NULL;

	expect(ktlsim_config_set(config, "cost.profile", "unit", &error) == 0,
	       "cost.profile");
	expect(ktlsim_config_set(config, "replay.checksum", "ignore", &error) ==
		   0,
	       "replay.checksum");
	expect(ktlsim_config_set(config, "nic.moderation", "off", NULL) == 0,
	       "nic.moderation");
	expect(ktlsim_config_set(config, "link.rate", "0", NULL) == 0,
	       "link.rate");
	expect(ktlsim_create(&sim, config, &error) == 0, "ktlsim_create");
	ktlsim_config_destroy(config);
	return sim;
}

static void
run(struct ktlsim *sim)
{
	uint8_t bytes[FRAME];
	struct ktlsim_flow flow = {0};
	struct ktlsim_frame frame = {0};
	struct ktlsim_error error;

	flow.size = sizeof(flow);
	flow.client = "192.0.2.1:50000";
	flow.server = "192.0.2.2:443";
	flow.direction = KTLSIM_CLIENT_TO_SERVER;
	flow.tls_version = 0x0304;
	flow.cipher_suite = 0x1301;
	flow.tcp_seq = 1;
	expect(ktlsim_add_flow(sim, &flow, &error) == 0, "ktlsim_add_flow");
	make_frame(bytes);
	frame.size = sizeof(frame);
	frame.time_ps = 1000;
	frame.data = bytes;
	frame.captured_len = FRAME;
	frame.wire_len = FRAME;
	frame.link_type = 1;
	expect(ktlsim_inject(sim, &frame, &error) == 0, "ktlsim_inject");
	expect(ktlsim_next_time(sim) == 1000, "ktlsim_next_time");
	expect(ktlsim_run_until(sim, KTLSIM_NEVER) == 0, "ktlsim_run_until");
	expect(ktlsim_next_time(sim) == KTLSIM_NEVER, "events are left");
	expect(ktlsim_finish(sim, &error) == 0, "ktlsim_finish");
}

int
main(void)
{
	struct ktlsim_record record = {0};
	struct ktlsim *sim = create();
	char *text = NULL;

	if (sim == NULL) {
		printf("0 passed, 1 failed\n");
		return 1;
	}
	ktlsim_on_deliver(sim, on_record, &record);
	run(sim);
	expect(record.size == sizeof(record), "the record's size");
	expect(record.wire_bytes == RECORD, "the record's bytes");
	expect(record.arrival_ps == 1000, "when it arrived");
	expect(ktlsim_report_json(sim, &text) == 0, "ktlsim_report_json");
	expect(text != NULL && strstr(text, "ktlsim-result-1") != NULL,
	       "the schema's name");
	ktlsim_free(text);
	expect(ktlsim_report_text(sim, &text) == 0, "ktlsim_report_text");
	ktlsim_free(text);
	expect(ktlsim_version()[0] != '\0', "ktlsim_version");
	ktlsim_destroy(sim);
	printf("%d passed, %d failed\n", failures == 0, failures != 0);
	return failures != 0;
}
