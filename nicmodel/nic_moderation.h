/*
 * nic_moderation.h - when a queue's waiting frames raise an interrupt.
 *
 * An interrupt fires when `frames` frames wait, or when the timer has run for
 * `time_ps`, whichever comes first (04-nic section 2.3).  The timer runs from
 * the first frame that waits since the last event (EQE mode), or from the
 * latest frame (CQE mode).  Off: every frame interrupts at once.
 * While an interrupt is in service (masked) nothing fires.  INTERRUPT answers
 * mask, and nic_moderation_unmask ends the service.
 */
#ifndef NICMODEL_NIC_MODERATION_H
#define NICMODEL_NIC_MODERATION_H

#include <stdbool.h>
#include <stdint.h>

enum nic_moderation_mode {
	NIC_MODERATION_EQE, /* the timer runs from the last event */
	NIC_MODERATION_CQE, /* ... and restarts with each frame */
};

struct nic_moderation {
	enum nic_moderation_mode mode;
	uint64_t time_ps;  /* 0: off, whatever `frames` says */
	uint32_t frames;   /* 0: no limit by count */
	uint32_t waiting;  /* frames since the last event */
	uint64_t timer_ps; /* when the timer fires; UINT64_MAX: not armed */
	bool masked;	   /* an interrupt is in service */
};

enum nic_moderation_act {
	NIC_MODERATION_NONE,
	NIC_MODERATION_INTERRUPT, /* now */
	NIC_MODERATION_ARM,	  /* call ..._timer at timer_ps */
};

void nic_moderation_init(struct nic_moderation *mod, uint64_t time_ps,
			 uint32_t frames);

/*
 * Change mode and limits; what waits is judged by them with the next frame, and
 * a timer that runs keeps its time until then.
 */
void nic_moderation_set(struct nic_moderation *mod,
			enum nic_moderation_mode mode, uint64_t time_ps,
			uint32_t frames);

/* A frame became visible in host memory at `now`. */
enum nic_moderation_act nic_moderation_frame(struct nic_moderation *mod,
					     uint64_t now);

/*
 * The time armed for has come.  Returns INTERRUPT; ARM where frames have come
 * since that restarted the timer (CQE mode); or NONE where the timer has been
 * overtaken by the count.
 */
enum nic_moderation_act nic_moderation_timer(struct nic_moderation *mod,
					     uint64_t now);

/*
 * The handler has emptied the queue and unmasks; `left` frames became visible
 * meanwhile and wait from now on.  Returns as nic_moderation_frame.
 */
enum nic_moderation_act nic_moderation_unmask(struct nic_moderation *mod,
					      uint64_t now, uint32_t left);
#endif
