#!/bin/sh
# check.sh - run test programs and add up their closing lines.
#
# usage: tests/check.sh PROGRAM...
#
# Each program ends with a line "N passed, N failed".  One that does not get
# there counts as a failure.  Prints a line of that form last; exit status 1
# where anything failed.  Lines "skipped: ..." for want of captures are counted
# and told once.
set -u

log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0
failed=0
skipped=0

for program in "$@"; do
	"$program" >"$log" 2>&1
	status=$?
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
	if [ -z "$line" ] || { [ $status -ne 0 ] &&
		[ "${line#*passed, }" = "0 failed" ]; }; then
		cat "$log"
		echo "$program: exit status $status"
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
