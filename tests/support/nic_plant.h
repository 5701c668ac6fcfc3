/*
 * nic_plant.h - false record headers in the streams of a nic_plan.
 *
 * Order of use: nic_plan_make; nic_plant; play the plan.
 */
#ifndef TESTS_SUPPORT_NIC_PLANT_H
#define TESTS_SUPPORT_NIC_PLANT_H

#include <stdint.h>

struct nic_plan;

/*
 * Change the plaintext of the plan's records so that their ciphertext has
 * headers of records that are none: alone, in chains that confirm each other,
 * with the lengths of true records, and in chains that end at a true header.
 * Records that were damaged stay as they are.  Returns how many headers there
 * are.  Links no longer change bytes unseen: a header is true or planted.
 */
uint32_t nic_plant(struct nic_plan *plan);
#endif
