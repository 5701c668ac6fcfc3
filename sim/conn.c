/*
 * conn.c - one TCP connection: the two receiving sockets and what they share.
 *
 * ingress.c creates a connection with the first segment of a flow.  Nothing
 * happens in here but setting up and taking down.
 */
#include "sim/conn.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "sim/content_hash.h"
#include "sim/hist.h"
#include "sim/offload.h"
#include "sim/run.h"

struct conn *
conn_find(const struct ktlsim *sim, uint32_t flow)
{
	assert(flow < sim->conn_count);
	return sim->conn[flow];
}

struct endpoint *
endpoint_peer(struct endpoint *ep)
{
	return &ep->conn->endpoint[1 - (int)ep->direction];
}

uint32_t
endpoint_backlog(const struct endpoint *ep)
{
	return ep->so.so_rcv.sb_ccc;
}

struct endpoint *
endpoint_of_socket(struct socket *so)
{
	return (struct endpoint *)((char *)so - offsetof(struct endpoint, so));
}

static bool
endpoint_init(struct endpoint *ep, struct conn *conn,
	      enum flow_direction direction, struct host *host)
{
	struct ktlsim *sim = conn->sim;

	ep->conn = conn;
	ep->host = host;
	ep->direction = direction;
	so_init(&ep->so, sim->pool, sim->config.sockbuf_hiwat_bytes);
	ep->so.so_policy = &sim->policy;
	tcp_init(&ep->tcb, sim->pool);
	stamps_init(&ep->stamps);
	hist_init(&ep->latency);
	ep->reader.mode = READER_HANDSHAKE;
	if (sim->config.report_app_sha256) {
		ep->hash = content_hash_create();
		if (ep->hash == NULL)
			return false;
	}
	return true;
}

static void
endpoint_fini(struct endpoint *ep)
{
	offload_detach(ep);
	content_hash_destroy(ep->hash);
	hist_fini(&ep->latency);
	stamps_fini(&ep->stamps);
	tcp_fini(&ep->tcb);
	so_fini(&ep->so);
	ktls_key_clear(&ep->reader.install.key);
	for (unsigned i = 0; i < HANDSHAKE_EFFECTS_MAX; i++)
		ktls_key_clear(&ep->reader.out.effect[i].key);
}

struct conn *
conn_create(struct ktlsim *sim, const struct flow *flow,
	    struct host *const host[2])
{
	struct conn *conn = calloc(1, sizeof(*conn));
	bool ok;

	if (conn == NULL)
		return NULL;
	conn->sim = sim;
	conn->flow = flow;
	ok = endpoint_init(&conn->endpoint[0], conn, FLOW_CLIENT_TO_SERVER,
			   host[0]);
	ok = endpoint_init(&conn->endpoint[1], conn, FLOW_SERVER_TO_CLIENT,
			   host[1]) &&
	     ok && sim->exec->attach(conn) == 0;
	if (ok)
		conn->handshake = handshake_create(
		    sim->keylog, conn->aead,
		    tls_suite_find(sim->config.ktls_assumed_suite),
		    sim->config.engine_suites);
	if (conn->handshake == NULL) {
		conn_destroy(conn);
		return NULL;
	}
	return conn;
}

void
conn_destroy(struct conn *conn)
{
	if (conn == NULL)
		return;
	conn->sim->exec->detach(conn);
	endpoint_fini(&conn->endpoint[0]);
	endpoint_fini(&conn->endpoint[1]);
	handshake_destroy(conn->handshake);
	free(conn);
}
