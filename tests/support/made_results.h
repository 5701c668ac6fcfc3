/*
 * made_results.h - a made-up struct results, for the tests of the reports.
 *
 * Two hosts and three flows with round numbers: one flow in order, one with
 * errors and a hole, one that was never TLS.
 */
#ifndef TESTS_SUPPORT_MADE_RESULTS_H
#define TESTS_SUPPORT_MADE_RESULTS_H

struct config;
struct results;

/* Asserts that memory suffices.  results_fini frees; config is borrowed. */
void made_results_init(struct results *results, const struct config *config);
#endif
