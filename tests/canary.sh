#!/bin/sh
# canary.sh - the thread sanitizer reports a lock that was removed on purpose.
#
# usage: tests/canary.sh PROGRAM [RUNS]      PROGRAM SEED is one run
#
# The first report ends a run.  Runs that crash or hang without one do not
# count.  Exit status 1 where none of the runs was reported.
set -eu

program=$1
runs=${2:-20}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
reported=0

for seed in $(seq "$runs"); do
	TSAN_OPTIONS=halt_on_error=1 timeout 120 "$program" "$seed" \
		>"$log" 2>&1 || true
	if grep -q 'ThreadSanitizer: data race' "$log"; then
		reported=$((reported + 1))
	fi
done
echo "canary: $program: reported in $reported of $runs runs"
[ $reported -gt 0 ]
