/*
 * nic_plan_keys.h - the keys of the model that a seed draws.
 */
#ifndef TESTS_SUPPORT_NIC_PLAN_KEYS_H
#define TESTS_SUPPORT_NIC_PLAN_KEYS_H

struct nic_plan;

/* Fill in the keys, with the flows and gap_ps there. */
void nic_plan_keys(struct nic_plan *plan);
#endif
