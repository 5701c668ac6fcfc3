/*
 * nic_moderation.c - when a queue's waiting frames raise an interrupt.
 *
 * Models interrupt moderation of one receive queue with two limits, frames and
 * time, of which the first to be reached fires.  In EQE mode the timer runs
 * from the first frame that waits since the last event (interrupt or unmask)
 * and later frames do not restart it; in CQE mode each frame does.  Adaptive
 * moderation (nic_dim.c) changes the limits through nic_moderation_set.
 *
 * The driver calls nic_moderation_frame at each frame's visible_ps,
 * nic_moderation_timer at the time that an ARM answer left in timer_ps, and
 * nic_moderation_unmask when the handler is done.  A timer event that the count
 * has overtaken need not be cancelled: it finds another timer_ps, or none, and
 * does nothing.  In CQE mode a frame moves timer_ps while the event for the old
 * time stays: when that comes, the answer is to arm again, so that there is one
 * event for each stretch of time_ps and not for each frame.  There an event
 * that the count has overtaken has to be cancelled.
 */
#include "nicmodel/nic_moderation.h"

#include <assert.h>

void
nic_moderation_init(struct nic_moderation *mod, uint64_t time_ps,
		    uint32_t frames)
{
	*mod = (struct nic_moderation){
	    .time_ps = time_ps,
	    .frames = frames,
	    .timer_ps = UINT64_MAX,
	};
}

void
nic_moderation_set(struct nic_moderation *mod, enum nic_moderation_mode mode,
		   uint64_t time_ps, uint32_t frames)
{
	mod->mode = mode;
	mod->time_ps = time_ps;
	mod->frames = frames;
}

static enum nic_moderation_act
fire(struct nic_moderation *mod)
{
	mod->waiting = 0;
	mod->timer_ps = UINT64_MAX;
	mod->masked = true;
	return NIC_MODERATION_INTERRUPT;
}

/* mod->waiting frames wait, the last of them since `now`. */
static enum nic_moderation_act
judge(struct nic_moderation *mod, uint64_t now)
{
	bool armed = mod->timer_ps != UINT64_MAX;

	assert(mod->waiting > 0 && !mod->masked);
	if (mod->time_ps == 0)
		return fire(mod);
	if (mod->frames != 0 && mod->waiting >= mod->frames)
		return fire(mod);
	if (!armed || mod->mode == NIC_MODERATION_CQE)
		mod->timer_ps = now + mod->time_ps;
	return armed ? NIC_MODERATION_NONE : NIC_MODERATION_ARM;
}

enum nic_moderation_act
nic_moderation_frame(struct nic_moderation *mod, uint64_t now)
{
	mod->waiting++;
	if (mod->masked)
		return NIC_MODERATION_NONE;
	return judge(mod, now);
}

enum nic_moderation_act
nic_moderation_timer(struct nic_moderation *mod, uint64_t now)
{
	if (mod->masked || mod->timer_ps == UINT64_MAX)
		return NIC_MODERATION_NONE;
	if (now < mod->timer_ps)
		return mod->mode == NIC_MODERATION_CQE ? NIC_MODERATION_ARM
						       : NIC_MODERATION_NONE;
	assert(mod->waiting > 0);
	return fire(mod);
}

enum nic_moderation_act
nic_moderation_unmask(struct nic_moderation *mod, uint64_t now, uint32_t left)
{
	assert(mod->masked && mod->timer_ps == UINT64_MAX);
	mod->masked = false;
	mod->waiting = left;
	if (left == 0)
		return NIC_MODERATION_NONE;
	return judge(mod, now);
}
