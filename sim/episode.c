/*
 * episode.c - the times of a flow's inline decryption.
 *
 * offload.c tells it what happens to a flow's context, in the order of time.
 * An episode goes from the packet at which the device lost the stream to the
 * first record that was decrypted as a whole afterwards.  A record that was
 * decrypted before the loss may be finished after it; so only one that comes
 * behind an answer ends the episode.
 */
#include "sim/episode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 4 };

const char *
episode_step_name(enum episode_step step)
{
	static const char *const names[EPISODE_STEPS] = {
	    [EPISODE_LOST] = "lost",	   [EPISODE_CANDIDATE] = "candidate",
	    [EPISODE_REQUEST] = "request", [EPISODE_QUERY] = "query",
	    [EPISODE_ANSWER] = "answer",   [EPISODE_FULL] = "full",
	};

	return names[step];
}

void
episodes_init(struct episodes *episodes, uint32_t most)
{
	*episodes = (struct episodes){.most = most};
}

void
episodes_fini(struct episodes *episodes)
{
	free(episodes->kept);
	*episodes = (struct episodes){0};
}

void
episodes_lose(struct episodes *episodes, const char *cause, sim_time now)
{
	if (episodes->open)
		return;
	episodes->open = true;
	episodes->count++;
	episodes->now = (struct episode){.cause = cause};
	for (int i = 0; i < EPISODE_STEPS; i++)
		episodes->now.at[i] = EPISODE_NEVER;
	episodes->now.at[EPISODE_LOST] = now;
}

void
episodes_note(struct episodes *episodes, enum episode_step step, sim_time now)
{
	sim_time *at = &episodes->now.at[step];

	if (!episodes->open)
		return;
	if (step == EPISODE_REQUEST && *at != EPISODE_NEVER)
		return;
	*at = now;
}

/* The open episode to those that are kept. */
static int
keep(struct episodes *episodes)
{
	uint32_t slots =
	    episodes->slots > 0 ? 2 * episodes->slots : SLOTS_FIRST;
	struct episode *grown;

	if (episodes->kept_count == episodes->most)
		return 0;
	if (episodes->kept_count == episodes->slots) {
		grown = realloc(episodes->kept, slots * sizeof(*grown));
		if (grown == NULL)
			return ENOMEM;
		episodes->kept = grown;
		episodes->slots = slots;
	}
	episodes->kept[episodes->kept_count++] = episodes->now;
	return 0;
}

static int
end(struct episodes *episodes, sim_time now)
{
	sim_time lost_ps = now - episodes->now.at[EPISODE_LOST];

	episodes->now.at[EPISODE_FULL] = now;
	episodes->open = false;
	episodes->closed++;
	episodes->lost_sum_ps += lost_ps;
	if (lost_ps > episodes->lost_max_ps)
		episodes->lost_max_ps = lost_ps;
	return keep(episodes);
}

int
episodes_record(struct episodes *episodes, enum ktls_mbuf_crypto_st marks,
		uint32_t bytes, uint32_t marked, sim_time now)
{
	struct episode *e = &episodes->now;

	if (!episodes->open)
		return 0;
	switch (marks) {
	case KTLS_MBUF_CRYPTO_ST_DECRYPTED:
		return e->at[EPISODE_ANSWER] != EPISODE_NEVER
			   ? end(episodes, now)
			   : 0;
	case KTLS_MBUF_CRYPTO_ST_MIXED:
		e->records_partial++;
		break;
	case KTLS_MBUF_CRYPTO_ST_ENCRYPTED:
		e->records_none++;
		break;
	}
	e->bytes += bytes - marked;
	return 0;
}
