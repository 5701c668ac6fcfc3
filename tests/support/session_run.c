/*
 * session_run.c - a made-up TLS connection through the library, for the tests.
 *
 * Used by the tests of inputs of which there is no capture.
 */
#include "tests/support/session_run.h"

#include <string.h>

#include "tests/support/expect.h"

void
session_run_begin(struct session_run *run, uint16_t version)
{
	const struct talk_hello hello = {
	    .version = version,
	    .suite_id = version == TLS_1_3 ? 0x1301 : 0xc02f,
	};

	memset(run, 0, sizeof(*run));
	session_init(&run->session, &hello);
	session_shape_init(&run->shape);
}

void
session_run_fini(struct session_run *run)
{
	if (run->session.plain[0] != NULL)
		session_fini(&run->session);
	if (run->file.path[0] != '\0')
		pcap_file_remove(&run->file);
	replay_run_fini(&run->run);
	memset(run, 0, sizeof(*run));
}

void
session_run_talk(struct session_run *run)
{
	static const size_t up[] = {500, 9000, 1};
	static const size_t down[] = {5000, 16384, 0, 7, 16384, 16384, 9999};
	struct tls_session *session = &run->session;

	session_handshake(session);
	for (size_t i = 0; i < sizeof(up) / sizeof(up[0]); i++)
		session_data(session, TALK_CLIENT, up[i], 0);
	session_send(session, TALK_CLIENT);
	for (size_t i = 0; i < sizeof(down) / sizeof(down[0]); i++)
		session_data(session, TALK_SERVER, down[i], 0);
	session_send(session, TALK_SERVER);
	session_close(session);
}

void
session_run_file(struct session_run *run, const char *keylog,
		 const struct replay_setting *settings)
{
	const struct replay_input input = {
	    .capture = run->file.path,
	    .keylog_text = keylog,
	    .settings = settings,
	};

	replay_run_fini(&run->run);
	replay_run_capture(&run->run, &input);
	expect_text("failure", run->run.text, "");
	expect_count("refused", (uint64_t)run->run.refused, 0);
	expect_count("failed invariants", run->run.results->failure_count, 0);
}

void
session_run_replay(struct session_run *run,
		   const struct replay_setting *settings)
{
	if (run->file.path[0] != '\0')
		pcap_file_remove(&run->file);
	session_capture(&run->session, &run->shape, &run->file);
	session_run_file(run, run->session.keylog, settings);
}

const struct results_flow *
session_run_flow(const struct session_run *run)
{
	expect_count("flows", run->run.results->flow_count, 1);
	return &run->run.results->flows[0];
}
