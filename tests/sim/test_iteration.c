/*
 * test_iteration.c - lists and references: what they stand for, what is wrong.
 */
#include "sim/iteration.h"

#include <errno.h>
#include <string.h>

#include "tests/support/suite_table.h"

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

Suite *iteration_suite(void);

static const struct list_row {
	const char *text;
	const char *name, *with;
	const char *values; /* joined by | */
} list_rows[] = {
    {"${a=1}", "a", "", "1"},
    {"${a=1, 2 ,3}", "a", "", "1|2|3"},
    {"x${ a = one two }y", "a", "", "one two"},
    {"${1, 2}", "", "", "1|2"},
    {"${1}", "", "", "1"},
    {"${16KiB}", "", "", "16KiB"},
    {"${a=1..4}", "a", "", "1|2|3|4"},
    {"${a=1..4 step 2}", "a", "", "1|3"},
    {"${a=1..5 step 2}", "a", "", "1|3|5"},
    {"${a=4..1}", "a", "", "4|3|2|1"},
    {"${a=10..0 step -5}", "a", "", "10|5|0"},
    {"${a=-1..1}", "a", "", "-1|0|1"},
    {"${a=0.1..0.3 step 0.1}", "a", "", "0.1|0.2|0.3"},
    {"${a=0.5..2}", "a", "", "0.5|1.5"},
    {"${a=10us..30us step 10us}", "a", "", "10us|20us|30us"},
    {"${a=1 us..2 us}", "a", "", "1us|2us"},
    {"${a=1, 5..15 step 5, x}", "a", "", "1|5|10|15|x"},
    {"${a=5..5}", "a", "", "5"},
    {"${a=uniform(1us, 3us), constant(2us)}", "a", "",
     "uniform(1us, 3us)|constant(2us)"},
    {"${a={1,2},[3,4]}", "a", "", "{1,2}|[3,4]"},
    {"${a=\"x, y\", z}", "a", "", "\"x, y\"|z"},
    {"${a=\"}\", z}", "a", "", "\"}\"|z"},
    {"${a=x\\,y, \\}, \\!, \\\\, \\n}", "a", "", "x,y|}|!|\\|\\n"},
    {"${a=../up, b..c}", "a", "", "../up|b..c"},
    {"${a=192.0.2.1}", "a", "", "192.0.2.1"},
    {"${a=1, 2 ! b}", "a", "b", "1|2"},
    {"${1, 2 ! b}", "", "b", "1|2"},
    {"${a=b}", "a", "", "b"},
    {"${_x9=1}", "_x9", "", "1"},
};

static void
join(const struct iteration_values *values, char *text)
{
	*text = '\0';
	for (size_t i = 0; i < values->count; i++) {
		strcat(text, i > 0 ? "|" : "");
		strcat(text, values->value[i]);
	}
}

START_TEST(test_iteration_list_has_these_values)
{
	const struct list_row *row = &list_rows[_i];
	struct iteration found;
	struct iteration_values values;
	char why[ITERATION_WHY_MAX], joined[256];

	ck_assert_int_eq(iteration_find(row->text, 0, &found, why), 1);
	ck_assert(found.is_list);
	ck_assert_str_eq(found.name, row->name);
	ck_assert_str_eq(found.with, row->with);
	ck_assert_int_eq(row->text[found.begin], '$');
	ck_assert_int_eq(row->text[found.end - 1], '}');
	ck_assert_int_eq(iteration_expand(&found, &values, why), 0);
	join(&values, joined);
	ck_assert_str_eq(joined, row->values);
	iteration_free(&values);
}
END_TEST

/* What iteration_find or iteration_expand refuses, and what it says. */
static const struct wrong_row {
	const char *text, *says;
} wrong_rows[] = {
    {"${a=1, 2", "lacks its '}'"},
    {"${a=(1, 2}", "lacks its '}'"},
    {"${a=\"1}", "lacks its '}'"},
    {"${a=1, ${b=2}}", "a list inside a list"},
    {"${}", "without a value"},
    {"${a=}", "without a value"},
    {"${a= ! b}", "without a value"},
    {"${a=1,,2}", "missing between commas"},
    {"${a=1,}", "missing between commas"},
    {"${a=,1}", "missing between commas"},
    {"${a=1 ! }", "behind '!'"},
    {"${a=1 ! 2}", "behind '!'"},
    {"${a=1 ! b c}", "behind '!'"},
    {"${a=1..}", "is no range"},
    {"${a=1..x}", "is no range"},
    {"${a=1..5 step}", "is no range"},
    {"${a=1..5 step x}", "is no range"},
    {"${a=1us..5ms}", "is no range"},
    {"${a=1us..5us step 1}", "is no range"},
    {"${a=1..5 step 0}", "leads away"},
    {"${a=1..5 step -1}", "leads away"},
    {"${a=5..1 step 1}", "leads away"},
    {"${a=0.0000001..1}", "is no range"},
    {"${a=1..99999999999999999999}", "is no range"},
    {"${a=1..20000}", "more than 10000 values"},
    {"${this_name_has_more_than_forty_seven_letters_in_it_by_far=1}",
     "is longer than"},
};

START_TEST(test_iteration_refuses)
{
	const struct wrong_row *row = &wrong_rows[_i];
	struct iteration found;
	struct iteration_values values;
	char why[ITERATION_WHY_MAX] = "";
	int result = iteration_find(row->text, 0, &found, why);

	if (result == 1)
		ck_assert_int_eq(iteration_expand(&found, &values, why),
				 EINVAL);
	else
		ck_assert_int_eq(result, -1);
	ck_assert_msg(strstr(why, row->says) != NULL, "'%s' says '%s'",
		      row->text, why);
}
END_TEST

START_TEST(test_iteration_walk_finds_every_place)
{
	const char *text = "a ${x} b${y=1,2}${ z }c $ {d} }";
	static const char *const names[] = {"x", "y", "z"};
	struct iteration found = {0};
	char why[ITERATION_WHY_MAX];

	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(iteration_find(text, found.end, &found, why),
				 1);
		ck_assert_str_eq(found.name, names[i]);
		ck_assert_int_eq(found.is_list, i == 1);
	}
	ck_assert_int_eq(iteration_find(text, found.end, &found, why), 0);
	ck_assert_int_eq(iteration_find("", 0, &found, why), 0);
}
END_TEST

Suite *
iteration_suite(void)
{
	const struct suite_test tests[] = {
	    {"lists", test_iteration_list_has_these_values, ROWS(list_rows)},
	    {"wrong", test_iteration_refuses, ROWS(wrong_rows)},
	    {"walk", test_iteration_walk_finds_every_place, 0},
	};

	return suite_create_table("iteration", tests, ROWS(tests), NULL, NULL,
				  10);
}
