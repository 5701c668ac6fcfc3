#!/bin/sh
# check.sh - run test programs, as many at a time as there are CPUs, and add up
# their closing lines.
#
# usage: tests/check.sh COMMAND...
#
# Each command, a program with its words, ends with a line "N passed, N failed".
# One that does not get there counts as a failure.  Prints a line of that form
# last; exit status 1 where anything failed.  Lines "skipped: ..." for want of
# captures are counted and told once.
set -u

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
passed=0
failed=0
skipped=0

# In the order of the commands; the longest should come first.
number=0
for command in "$@"; do
	number=$((number + 1))
	printf '%s %s\n' $number "$command"
done | xargs -L 1 -P "$(nproc)" sh -c '
	number=$1
	shift
	"$@" >"$0/$number.log" 2>&1
	echo $? >"$0/$number.status"' "$logs"

number=0
for command in "$@"; do
	number=$((number + 1))
	log=$logs/$number.log
	status=$(cat "$logs/$number.status")
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
	if [ -z "$line" ] || { [ "$status" -ne 0 ] &&
		[ "${line#*passed, }" = "0 failed" ]; }; then
		cat "$log"
		echo "$command: exit status $status"
		failed=$((failed + 1))
	else
		grep -vxF "$line" "$log" | grep -v '^skipped: .*KTLSIM_CAPTURES'
		skipped=$((skipped + $(grep -c \
			'^skipped: .*KTLSIM_CAPTURES' "$log")))
	fi
	[ -n "$line" ] || continue
	passed=$((passed + ${line%% *}))
	rest=${line#*passed, }
	failed=$((failed + ${rest%% *}))
done

[ $skipped -eq 0 ] ||
	echo "skipped: $skipped checks of captures that KTLSIM_CAPTURES would name"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
