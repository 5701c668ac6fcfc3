/*
 * episode.c - the times of a flow's inline decryption.
 *
 * offload.c tells it what happens to a flow's context, in the order of time.
 * Every loss of sync is an episode.  It goes from the packet at which the
 * device lost the stream, or from the end of its context, to the first record
 * that was decrypted as a whole afterwards; where sync is lost again before
 * that, it ends there, and another one begins.
 *
 * A record that was decrypted before the loss may be finished after it, and
 * ends nothing: one that does ends behind all that had been decrypted by then.
 * Records count for the episode in which software finishes them, once.
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
	    [EPISODE_LOST] = "lost",
	    [EPISODE_INSTALLED] = "installed",
	    [EPISODE_CANDIDATE] = "candidate",
	    [EPISODE_REQUEST] = "request",
	    [EPISODE_QUERY] = "query",
	    [EPISODE_ANSWER] = "answer",
	    [EPISODE_FULL] = "full",
	    [EPISODE_AGAIN] = "lost_again",
	};

	return names[step];
}

const char *
episode_end_name(const struct episode *episode)
{
	if (episode->at[EPISODE_FULL] != EPISODE_NEVER)
		return "full";
	return episode->at[EPISODE_AGAIN] != EPISODE_NEVER ? "lost again"
							   : "open";
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
	free(episodes->now);
	*episodes = (struct episodes){0};
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
	episodes->kept[episodes->kept_count++] = *episodes->now;
	return 0;
}

int
episodes_lose(struct episodes *episodes, const char *cause, uint64_t marked_to,
	      sim_time now)
{
	int error = 0;

	if (episodes->now == NULL)
		episodes->now = malloc(sizeof(*episodes->now));
	if (episodes->now == NULL)
		return ENOMEM;
	if (episodes->open) {
		episodes->now->at[EPISODE_AGAIN] = now;
		episodes->again++;
		error = keep(episodes);
	}
	/* A context that is made anew may begin behind an older one's marks. */
	if (marked_to > episodes->marked_to)
		episodes->marked_to = marked_to;
	episodes->open = true;
	episodes->count++;
	*episodes->now = (struct episode){.cause = cause};
	for (int i = 0; i < EPISODE_STEPS; i++)
		episodes->now->at[i] = EPISODE_NEVER;
	episodes->now->at[EPISODE_LOST] = now;
	return error;
}

void
episodes_note(struct episodes *episodes, enum episode_step step, sim_time now)
{
	sim_time *at;

	if (!episodes->open)
		return;
	at = episodes->now->at;
	if (step == EPISODE_REQUEST && at[step] != EPISODE_NEVER)
		return;
	if (step == EPISODE_INSTALLED)
		for (int i = EPISODE_CANDIDATE; i <= EPISODE_ANSWER; i++)
			at[i] = EPISODE_NEVER;
	at[step] = now;
}

static int
end(struct episodes *episodes, sim_time now)
{
	sim_time lost_ps = now - episodes->now->at[EPISODE_LOST];

	episodes->now->at[EPISODE_FULL] = now;
	episodes->open = false;
	episodes->closed++;
	episodes->lost_sum_ps += lost_ps;
	if (lost_ps > episodes->lost_max_ps)
		episodes->lost_max_ps = lost_ps;
	return keep(episodes);
}

int
episodes_record(struct episodes *episodes, const struct episode_record *record,
		sim_time now)
{
	struct episode *e = episodes->now;

	if (!episodes->open)
		return 0;
	switch (record->marks) {
	case KTLS_MBUF_CRYPTO_ST_DECRYPTED:
		return record->end > episodes->marked_to ? end(episodes, now)
							 : 0;
	case KTLS_MBUF_CRYPTO_ST_MIXED:
		e->records_partial++;
		break;
	case KTLS_MBUF_CRYPTO_ST_ENCRYPTED:
		e->records_none++;
		break;
	}
	e->bytes += record->bytes - record->marked;
	return 0;
}
