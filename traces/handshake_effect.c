/*
 * handshake_effect.c - the answers of the handshake automaton.
 *
 * Called by the other handshake*.c when a direction is decided: KTLS takes it
 * over with keys, or as a model session, or not at all; and when an alert
 * closes it.  A model session only looks at record headers, so its key says
 * what a record costs and which version bytes pass the engine's header check.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "traces/handshake_state.h"

enum {
	ALERT_BYTES = 2,
	ALERT_FATAL = 2,
	ALERT_CLOSE_NOTIFY = 0,
	ALERT_USER_CANCELED = 90,
};

void
handshake_push(struct handshake_output *output, enum handshake_effect_kind kind,
	       enum flow_direction direction, const struct ktls_key *key)
{
	struct handshake_effect *effect;

	/* A hostile record may hold more KeyUpdates than a reader may act on.
	 */
	if (output->count == HANDSHAKE_EFFECTS_MAX)
		return;
	effect = &output->effect[output->count++];
	effect->kind = kind;
	effect->direction = direction;
	if (key != NULL)
		effect->key = *key;
}

void
handshake_release(struct handshake *hs)
{
	for (int i = 0; i < 2; i++)
		if (hs->side[i].phase < SIDE_INSTALLED)
			return;
	tls_opener_fini(&hs->early);
	free(hs->scratch);
	hs->scratch = NULL;
}

/* Leave userland: its flight key and its messages end here. */
static void
leave(struct handshake *hs, enum flow_direction direction,
      enum side_phase phase)
{
	struct handshake_side *side = &hs->side[direction];

	assert(side->phase < SIDE_INSTALLED);
	side->phase = phase;
	tls_opener_fini(&side->opener);
	tls_messages_fini(&side->messages);
	side->messages_lost = false;
}

void
handshake_install(struct handshake *hs, enum flow_direction direction,
		  const struct ktls_key *key, struct handshake_output *output)
{
	struct handshake_side *side = &hs->side[direction];

	leave(hs, direction, SIDE_INSTALLED);
	side->timed_from = HANDSHAKE_TIMED_KEYS;
	side->reason = "found";
	handshake_push(output, HANDSHAKE_INSTALL, direction, key);
}

/* The suite that a model session is charged as. */
static const struct tls_suite *
charged_suite(const struct handshake *hs, enum handshake_timed_from *timed_from)
{
	if (hs->suite != NULL && hs->refusal == NULL) {
		*timed_from = HANDSHAKE_TIMED_HEADERS;
		return hs->suite;
	}
	*timed_from = HANDSHAKE_TIMED_ASSUMED;
	return hs->assumed;
}

/*
 * The version of a model session.  Only a suite that KTLS takes can make it
 * TLS 1.1: nothing can be assumed of such a connection.
 */
static enum tls_version
model_version(const struct handshake *hs)
{
	if (hs->info.version == TLS_1_3)
		return TLS_1_3;
	if (hs->info.version == TLS_1_1 && hs->refusal == NULL)
		return TLS_1_1;
	return TLS_1_2;
}

/* The version byte that the engine's header check will want. */
static uint8_t
wire_minor(enum tls_version version)
{
	return (version == TLS_1_3 ? TLS_1_2 : version) & 0xff;
}

/* Names of the record versions that a model session would drop. */
static const char *
minor_reason(uint8_t minor)
{
	switch (minor) {
	case 0:
		return "SSL 3.0";
	case 1:
		return "TLS 1.0";
	case 2:
		return "TLS 1.1";
	default:
		return "not TLS";
	}
}

void
handshake_install_model(struct handshake *hs, enum flow_direction direction,
			const char *reason, struct handshake_output *output)
{
	struct handshake_side *side = &hs->side[direction];
	struct handshake_effect *effect;
	enum tls_version version = model_version(hs);
	const struct tls_suite *suite;
	struct ktls_key key;

	if (side->minor != wire_minor(version)) {
		if (hs->refusal == NULL)
			reason = minor_reason(side->minor);
		handshake_give_up(hs, direction, reason, output);
		return;
	}
	suite = charged_suite(hs, &side->timed_from);
	ktls_key_init(&key, version, suite, hs->suites);
	leave(hs, direction, SIDE_INSTALLED);
	side->reason = reason;
	handshake_push(output, HANDSHAKE_INSTALL, direction, &key);
	effect = &output->effect[output->count - 1];
	effect->model = true;
	effect->assumed = side->timed_from == HANDSHAKE_TIMED_ASSUMED;
}

void
handshake_give_up(struct handshake *hs, enum flow_direction direction,
		  const char *reason, struct handshake_output *output)
{
	leave(hs, direction, SIDE_GAVE_UP);
	hs->side[direction].reason = reason;
	handshake_push(output, HANDSHAKE_GIVE_UP, direction, NULL);
}

void
handshake_alert(struct handshake *hs, enum flow_direction direction,
		const uint8_t *bytes, size_t len,
		struct handshake_output *output)
{
	bool fatal;

	if (len != ALERT_BYTES)
		return;
	hs->info.alerts[direction]++;
	/* RFC 8446 section 6: the level says nothing any more. */
	fatal = hs->info.version == TLS_1_3 ? bytes[1] != ALERT_USER_CANCELED
					    : bytes[0] == ALERT_FATAL;
	if (!fatal && bytes[1] != ALERT_CLOSE_NOTIFY)
		return;
	if (bytes[1] != ALERT_CLOSE_NOTIFY &&
	    hs->side[direction].phase < SIDE_INSTALLED)
		hs->failed = true;
	handshake_push(output, HANDSHAKE_CLOSE, direction, NULL);
}

uint8_t *
handshake_scratch(struct handshake *hs)
{
	if (hs->scratch == NULL)
		hs->scratch = malloc(HANDSHAKE_PEEK_BYTES);
	return hs->scratch;
}
