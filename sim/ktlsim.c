/*
 * ktlsim.c - the public interface: a TLS receive host as a library.
 *
 * Thin: arguments are checked here, and the work is done by ingress.c (frames
 * in), the event loop below, collect.c (results out) and invariant.c (books).
 */
#include "sim/ktlsim.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/aead.h"
#include "engine/mbuf.h"
#include "sim/annotate.h"
#include "sim/collect.h"
#include "sim/cost.h"
#include "sim/feed.h"
#include "sim/ingress.h"
#include "sim/invariant.h"
#include "sim/ktlsim_internal.h"
#include "sim/offload.h"
#include "sim/pipeline.h"
#include "sim/reader.h"
#include "sim/report.h"
#include "sim/run.h"
#include "sim/trace_tap.h"
#include "traces/ipfrag.h"
#include "traces/keylog.h"

static int fail(struct ktlsim_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int
fail(struct ktlsim_error *error, int code, const char *format, ...)
{
	va_list arguments;

	if (error == NULL)
		return code;
	error->code = code;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return code;
}

const char *
ktlsim_version(void)
{
	return KTLSIM_VERSION;
}

struct ktlsim_config *
ktlsim_config_create(void)
{
	struct ktlsim_config *config = calloc(1, sizeof(*config));

	if (config != NULL)
		config_init(&config->config);
	return config;
}

void
ktlsim_config_destroy(struct ktlsim_config *config)
{
	free(config);
}

int
ktlsim_config_set(struct ktlsim_config *config, const char *key,
		  const char *value, struct ktlsim_error *error)
{
	return config_set(&config->config, key, value, error);
}

const struct config *
ktlsim_config_view(const struct ktlsim_config *config)
{
	return &config->config;
}

static int
create_hosts(struct ktlsim *sim)
{
	static const char *const names[][2] = {
	    [RECEIVER_BOTH] = {"client", "server"},
	    [RECEIVER_CLIENT] = {"client", NULL},
	    [RECEIVER_SERVER] = {"server", NULL},
	    [RECEIVER_ADDRESS] = {NULL, NULL},
	    [RECEIVER_NONE] = {NULL, NULL},
	};
	const char *const *name = names[sim->config.replay_receiver];
	int error = 0;

	if (sim->config.replay_receiver == RECEIVER_ADDRESS) {
		error = host_init(&sim->host[0], sim,
				  sim->config.replay_receiver_address);
		sim->host_count = error == 0;
		return error;
	}
	for (unsigned i = 0; i < HOSTS_MAX && name[i] != NULL; i++) {
		error = host_init(&sim->host[i], sim, name[i]);
		if (error != 0)
			return error;
		sim->host_count++;
	}
	return 0;
}

/* Replayed senders do not react, so no window is enforced on them. */
static void
policy_init(struct ktlsim *sim)
{
	const struct config *config = &sim->config;

	sim->policy = (struct engine_policy){
	    .on_bad_record = config->engine_on_bad_record,
	    .header_check = config->engine_header_check,
	    .rekey = config->engine_rekey,
	    .window_enforced = config->traffic_source == TRAFFIC_WINDOW,
	    .recvbuf_max = config->sockbuf_hiwat_max_bytes,
	};
}

int
ktlsim_create(struct ktlsim **created, const struct ktlsim_config *config,
	      struct ktlsim_error *error)
{
	struct ktlsim *sim = calloc(1, sizeof(*sim));
	int code;

	*created = NULL;
	if (sim == NULL)
		return fail(error, ENOMEM, "no memory for a simulation");
	sim->config = config->config;
	strcpy(sim->input_status, "ok");
	digest_init(&sim->digest);
	sim->exec = config->config.run_executor == EXECUTOR_THREADS
			? &exec_threads_ops
			: &exec_virtual_ops;
	code = config_finish(&sim->config, error);
	if (code != 0)
		goto undo;
	policy_init(sim);
	sim->events = event_queue_create();
	sim->pool = mbuf_pool_create(0);
	sim->aead = aead_pool_create(sim->config.crypto_contexts);
	sim->flows = flow_table_create();
	sim->ipfrag = ipfrag_create();
	sim->scratch = malloc(HANDSHAKE_PEEK_BYTES);
	code = ENOMEM;
	if (sim->events != NULL && sim->pool != NULL && sim->aead != NULL &&
	    sim->flows != NULL && sim->ipfrag != NULL && sim->scratch != NULL)
		code = create_hosts(sim);
	if (code == 0)
		code = sim->exec->start(sim);
	if (code == 0 && sim->config.traffic_source == TRAFFIC_WINDOW)
		code = feed_create(sim);
	if (code == 0) {
		*created = sim;
		return 0;
	}
	fail(error, code, "the simulated hosts cannot be made: %s",
	     strerror(code));
undo:
	ktlsim_destroy(sim);
	return code;
}

/* What flows have of their host's driver goes before the driver. */
static void
detach_offloads(struct ktlsim *sim)
{
	for (uint32_t i = 0; i < sim->conn_count; i++)
		for (int d = 0; d < 2; d++)
			offload_detach(&sim->conn[i]->endpoint[d]);
}

void
ktlsim_destroy(struct ktlsim *sim)
{
	if (sim == NULL)
		return;
	if (sim->events != NULL)
		sim->exec->stop(sim);
	detach_offloads(sim);
	for (unsigned i = 0; i < sim->host_count; i++)
		host_fini(&sim->host[i]);
	for (uint32_t i = 0; i < sim->conn_count; i++)
		conn_destroy(sim->conn[i]);
	sim->exec->fini(sim);
	feed_destroy(sim);
	free(sim->conn);
	results_fini(&sim->results);
	free(sim->scratch);
	ipfrag_destroy(sim->ipfrag);
	flow_table_destroy(sim->flows);
	keylog_destroy(sim->keylog);
	aead_pool_destroy(sim->aead);
	mbuf_pool_destroy(sim->pool);
	event_queue_destroy(sim->events);
	annotate_destroy(sim->annotate);
	trace_tap_destroy(sim->tap);
	free(sim);
}

int
ktlsim_add_keylog(struct ktlsim *sim, const char *text, size_t len,
		  unsigned priority, struct ktlsim_error *error)
{
	struct keylog_stats stats = {0};

	(void)sim->exec->rest(sim);
	if (sim->keylog == NULL)
		sim->keylog = keylog_create();
	if (sim->keylog == NULL ||
	    keylog_add(sim->keylog, text, len, priority, &stats) != 0)
		return fail(error, ENOMEM, "no memory for %zu bytes of keys",
			    len);
	if (stats.malformed > 0)
		run_note(sim,
			 "key log: %llu malformed lines were passed over, the "
			 "first is line %llu",
			 (unsigned long long)stats.malformed,
			 (unsigned long long)stats.first_malformed_line);
	return 0;
}

/* A suite that KTLS does not take over in this version. */
static int
fail_suite(const struct ktlsim_flow *flow, struct ktlsim_error *error)
{
	const struct tls_suite *known = tls_suite_find(flow->cipher_suite);

	return fail(error, EINVAL,
		    "cipher suite 0x%04x%s%s is not one that kernel TLS "
		    "receives in version 0x%04x (engine.suites); use an IANA "
		    "number such as 0x%04x",
		    flow->cipher_suite, known != NULL ? ", " : "",
		    known != NULL ? known->name : "", flow->tls_version,
		    flow->tls_version == TLS_1_3 ? 0x1301 : 0xc02f);
}

/* Copy the material that the flow's suite needs.  0 or EINVAL. */
static int
declared_material(const struct ktlsim_flow *flow, struct ktls_key *key,
		  struct ktlsim_error *error)
{
	bool cbc = key->cipher == TLS_CIPHER_AES_CBC;

	if (!cbc && flow->iv == NULL)
		return fail(error, EINVAL, "a flow with a key needs an IV too");
	if (cbc && flow->mac_key == NULL)
		return fail(error, EINVAL,
			    "a CBC flow with a key needs a MAC key too");
	memcpy(key->key, flow->key, key->key_len);
	if (cbc)
		memcpy(key->mac_key, flow->mac_key, key->mac_key_len);
	else
		memcpy(key->iv, flow->iv, key->iv_len);
	return 0;
}

/* The key of a declared flow as a handshake would have installed it. */
static int
declared_key(const struct ktlsim *sim, const struct ktlsim_flow *flow,
	     struct handshake_effect *install, struct ktlsim_error *error)
{
	const struct tls_suite *suite = tls_suite_find(flow->cipher_suite);
	struct ktls_key *key = &install->key;
	enum cost_id record, byte;

	if (flow->tls_version < TLS_1_1 || flow->tls_version > TLS_1_3)
		return fail(error, EINVAL,
			    "TLS version 0x%04x cannot be declared; use 0x0302 "
			    "(TLS 1.1), 0x0303 (TLS 1.2) or 0x0304 (TLS 1.3)",
			    flow->tls_version);
	*install = (struct handshake_effect){.kind = HANDSHAKE_INSTALL,
					     .model = flow->key == NULL};
	if (suite == NULL || suite->tls13 != (flow->tls_version == TLS_1_3))
		return fail_suite(flow, error);
	ktls_key_init(key, (enum tls_version)flow->tls_version, suite,
		      sim->config.engine_suites);
	key->rec_seq = flow->rec_seq;
	if (ktls_key_check(key) != 0 || !cost_of_cipher(key, &record, &byte))
		return fail_suite(flow, error);
	return flow->key == NULL ? 0 : declared_material(flow, key, error);
}

static int
declared_ends(const struct ktlsim_flow *flow, struct flow_endpoint *client,
	      struct flow_endpoint *server, struct ktlsim_error *error)
{
	if (flow->size != sizeof(*flow))
		return fail(error, EINVAL,
			    "struct ktlsim_flow has %zu bytes "
			    "here, not %zu: set its size, or rebuild",
			    sizeof(*flow), flow->size);
	if (flow->direction != KTLSIM_CLIENT_TO_SERVER &&
	    flow->direction != KTLSIM_SERVER_TO_CLIENT)
		return fail(error, EINVAL,
			    "direction %d is none; use KTLSIM_CLIENT_TO_SERVER "
			    "or KTLSIM_SERVER_TO_CLIENT",
			    (int)flow->direction);
	if (flow->client == NULL || flow->server == NULL)
		return fail(error, EINVAL,
			    "a flow needs the addresses of its client and its "
			    "server");
	if (!flow_endpoint_parse(flow->client, client) ||
	    !flow_endpoint_parse(flow->server, server))
		return fail(error, EINVAL,
			    "'%s' and '%s': addresses are written "
			    "192.0.2.1:443 or [2001:db8::1]:443",
			    flow->client, flow->server);
	if (client->address.family != server->address.family)
		return fail(error, EINVAL,
			    "'%s' and '%s' are of IPv4 and IPv6; a connection "
			    "has one of them",
			    flow->client, flow->server);
	return 0;
}

int
ktlsim_add_flow(struct ktlsim *sim, const struct ktlsim_flow *flow,
		struct ktlsim_error *error)
{
	struct flow_endpoint client, server;
	struct handshake_effect install;
	struct endpoint *ep;
	int code;

	code = declared_ends(flow, &client, &server, error);
	if (code == 0)
		code = declared_key(sim, flow, &install, error);
	if (code != 0)
		return code;
	code = ingress_declare(sim, &client, &server, flow, &ep);
	if (code == 0)
		code = endpoint_install(ep, &install, sim->exec->rest(sim));
	ktls_key_clear(&install.key);
	if (code == 0) {
		ep->conn->declared = true;
		ep->conn->declared_version =
		    (enum tls_version)flow->tls_version;
		ep->conn->declared_suite = flow->cipher_suite;
		return 0;
	}
	return fail(error, code, "%s -> %s: %s", flow->client, flow->server,
		    code == EEXIST ? "this direction has a key already"
				   : strerror(code));
}

void
ktlsim_on_deliver(struct ktlsim *sim, ktlsim_deliver_fn *deliver_fn, void *arg)
{
	sim->deliver_fn = deliver_fn;
	sim->deliver_arg = arg;
}

void
ktlsim_on_data(struct ktlsim *sim, ktlsim_data_fn *data_fn, void *arg)
{
	sim->data_fn = data_fn;
	sim->data_arg = arg;
}

int
ktlsim_inject(struct ktlsim *sim, const struct ktlsim_frame *frame,
	      struct ktlsim_error *error)
{
	if (frame->size != sizeof(*frame))
		return fail(error, EINVAL,
			    "struct ktlsim_frame has %zu bytes "
			    "here, not %zu: set its size, or rebuild",
			    sizeof(*frame), frame->size);
	if (frame->time_ps < sim->now)
		return fail(error, EINVAL,
			    "a frame at %llu ps comes before now, %llu ps",
			    (unsigned long long)frame->time_ps,
			    (unsigned long long)sim->now);
	if (frame->wire_len < frame->captured_len)
		return fail(error, EINVAL,
			    "a frame has %u bytes captured of %u on the wire",
			    frame->captured_len, frame->wire_len);
	if (frame->time_ps > sim->last_arrival_ps)
		sim->last_arrival_ps = frame->time_ps;
	if (sim->failure == 0 && ingress_frame(sim, frame) != 0)
		run_fail(sim, ENOMEM);
	if (sim->failure != 0)
		return fail(error, sim->failure,
			    "no memory for the segments of a frame");
	return 0;
}

uint64_t
ktlsim_next_time(const struct ktlsim *sim)
{
	return sim->exec->next_time(sim);
}

uint64_t
ktlsim_now(const struct ktlsim *sim)
{
	return sim->now;
}

int
ktlsim_run_until(struct ktlsim *sim, uint64_t time_ps)
{
	sim->running = true;
	sim->exec->run_until(sim, time_ps);
	sim->running = false;
	if (time_ps != KTLSIM_NEVER && time_ps > sim->now)
		sim->now = time_ps;
	return sim->failure;
}

int
ktlsim_finish(struct ktlsim *sim, struct ktlsim_error *error)
{
	int code;

	if (sim->finished)
		return fail(error, EINVAL, "the run is finished already");
	feed_stop(sim);
	/* The books close when every bit that was on a link has arrived. */
	if (sim->ahead_ps > sim->now)
		ktlsim_run_until(sim, sim->ahead_ps);
	if (sim->failure != 0)
		return fail(error, sim->failure, "the run was short of memory");
	code = sim->exec->settle(sim);
	if (sim->annotate != NULL)
		(void)annotate_finish(sim->annotate);
	if (sim->tap != NULL)
		(void)trace_tap_finish(sim->tap);
	if (code == 0)
		code = collect_results(sim, &sim->results);
	if (code == 0)
		code = invariant_check(sim, &sim->results);
	if (code != 0)
		return fail(error, code, "no memory for the results");
	sim->finished = true;
	if (sim->results.failure_count > 0)
		return fail(error, EPROTO, "%s", sim->results.failures[0]);
	return 0;
}

void
ktlsim_set_input(struct ktlsim *sim, const char *status, uint64_t frames,
		 double wall_s, bool partial)
{
	snprintf(sim->input_status, sizeof(sim->input_status), "%s", status);
	sim->input_frames = frames;
	sim->wall_s = wall_s;
	sim->partial = partial;
}

int
ktlsim_annotate_to(struct ktlsim *sim, FILE *out)
{
	if (!sim->exec->virtual_time)
		return ENOTSUP;
	return annotate_create(&sim->annotate, sim, out);
}

int
ktlsim_trace_to(struct ktlsim *sim, FILE *out)
{
	if (!sim->exec->virtual_time)
		return ENOTSUP;
	return trace_tap_create(&sim->tap, sim, out);
}

int
ktlsim_annotate_error(const struct ktlsim *sim)
{
	return sim->annotate != NULL ? annotate_error(sim->annotate) : 0;
}

int
ktlsim_trace_error(const struct ktlsim *sim)
{
	return sim->tap != NULL ? trace_tap_error(sim->tap) : 0;
}

uint64_t
ktlsim_frames(const struct ktlsim *sim)
{
	return sim->input.frames;
}

void
ktlsim_set_scenario(struct ktlsim *sim, const struct results_scenario *scenario)
{
	sim->scenario = scenario;
}

void
ktlsim_add_note(struct ktlsim *sim, const char *text)
{
	run_note(sim, "%s", text);
}

const struct results *
ktlsim_results(struct ktlsim *sim)
{
	return sim->finished ? &sim->results : NULL;
}

/* Close the stream behind *text; a text that is not whole is freed. */
static int
report_end(FILE *out, char **text, int error)
{
	if (fclose(out) != 0)
		error = ENOMEM;
	if (error != 0) {
		free(*text);
		*text = NULL;
	}
	return error;
}

int
ktlsim_report_json(const struct ktlsim *sim, char **text)
{
	size_t size;
	FILE *out;

	*text = NULL;
	if (!sim->finished)
		return EINVAL;
	out = open_memstream(text, &size);
	if (out == NULL)
		return ENOMEM;
	return report_end(out, text,
			  report_json(out, &sim->results) != 0 ? ENOMEM : 0);
}

int
ktlsim_report_text(const struct ktlsim *sim, char **text)
{
	size_t size;
	FILE *out;

	*text = NULL;
	if (!sim->finished)
		return EINVAL;
	out = open_memstream(text, &size);
	if (out == NULL)
		return ENOMEM;
	report_text(out, &sim->results, 0);
	return report_end(out, text, 0);
}

void
ktlsim_free(void *memory)
{
	free(memory);
}
