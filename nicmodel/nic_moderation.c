/*
 * nic_moderation.c - when a queue's waiting frames raise an interrupt.
 *
 * Models static interrupt moderation of one receive queue with two limits,
 * frames and time, of which the first to be reached fires.  The timer is of
 * the EQE kind: it runs from the first frame that waits since the last event
 * (interrupt or unmask) and later frames do not restart it.
 *
 * The driver calls nic_moderation_frame at each frame's visible_ps,
 * nic_moderation_timer at the time that an ARM answer left in timer_ps, and
 * nic_moderation_unmask when the handler is done.  A timer event that the count
 * has overtaken need not be cancelled: it finds another timer_ps, or none, and
 * does nothing.
 *
 * Leaves out CQE mode and adaptive moderation (DIM).
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
	assert(mod->waiting > 0 && !mod->masked);
	if (mod->time_ps == 0)
		return fire(mod);
	if (mod->frames != 0 && mod->waiting >= mod->frames)
		return fire(mod);
	if (mod->timer_ps != UINT64_MAX)
		return NIC_MODERATION_NONE;
	mod->timer_ps = now + mod->time_ps;
	return NIC_MODERATION_ARM;
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
	/* A timer that is not armed is never due: UINT64_MAX. */
	if (mod->masked || now < mod->timer_ps)
		return NIC_MODERATION_NONE;
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
