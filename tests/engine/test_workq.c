/*
 * test_workq.c - order, references and the wake-up protocol of a work queue.
 */
#include "engine/workq.h"

#include <check.h>
#include <stdlib.h>

#include "engine/socket.h"
#include "tests/support/suite_table.h"

#define COUNT(rows) ((int)(sizeof(rows) / sizeof((rows)[0])))
#define TEST(fn, rows)        \
	{                     \
#fn, fn, rows \
	}

enum { SOCKETS = 5 };

static struct workq wq;
static struct socket so[SOCKETS];

static void
setup(void)
{
	workq_init(&wq);
	for (unsigned i = 0; i < SOCKETS; i++)
		so[i] = (struct socket){0};
}

START_TEST(test_workq_is_first_in_first_out_and_holds_references)
{
	for (unsigned i = 0; i < SOCKETS; i++) {
		workq_put(&wq, &so[i]);
		ck_assert_uint_eq(wq.depth, i + 1);
		ck_assert_uint_eq(so[i].so_count, 1);
	}
	for (unsigned i = 0; i < SOCKETS; i++) {
		ck_assert_ptr_eq(workq_get(&wq), &so[i]);
		ck_assert_uint_eq(so[i].so_count, 1);
		ck_assert_ptr_null(so[i].so_ktls_rx_next);
	}
	ck_assert_uint_eq(wq.depth, 0);
	ck_assert_ptr_null(workq_get(&wq));
}
END_TEST

START_TEST(test_workq_wakes_once_per_sleep)
{
	ck_assert(workq_put(&wq, &so[0]));
	ck_assert(!workq_put(&wq, &so[1]));
	ck_assert_ptr_eq(workq_get(&wq), &so[0]);
	ck_assert_ptr_eq(workq_get(&wq), &so[1]);
	/* The worker has not found the queue empty yet: it is awake. */
	ck_assert(wq.running);
	ck_assert(!workq_put(&wq, &so[2]));
	ck_assert_ptr_eq(workq_get(&wq), &so[2]);
	ck_assert_ptr_null(workq_get(&wq));
	ck_assert(!wq.running);
	ck_assert(workq_put(&wq, &so[3]));
	ck_assert_ptr_eq(workq_get(&wq), &so[3]);
}
END_TEST

START_TEST(test_workq_takes_a_socket_back_to_the_end)
{
	workq_put(&wq, &so[0]);
	workq_put(&wq, &so[1]);
	ck_assert_ptr_eq(workq_get(&wq), &so[0]);
	workq_put(&wq, &so[0]);
	ck_assert_uint_eq(so[0].so_count, 2);
	ck_assert_ptr_eq(workq_get(&wq), &so[1]);
	ck_assert_ptr_eq(workq_get(&wq), &so[0]);
}
END_TEST

/* The runner knows a suite by its file's name. */
Suite *workq_suite(void);

Suite *
workq_suite(void)
{
	const struct suite_test tests[] = {
	    TEST(test_workq_is_first_in_first_out_and_holds_references, 0),
	    TEST(test_workq_wakes_once_per_sleep, 0),
	    TEST(test_workq_takes_a_socket_back_to_the_end, 0),
	};

	return suite_create_table("workq", tests, (size_t)COUNT(tests), setup,
				  NULL, 0);
}
