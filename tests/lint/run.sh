#!/bin/sh
# run.sh - every lint, one after the other; says which failed.
#
# usage: tests/lint/run.sh libktlsim.a libktlsim.so
set -u

cd "$(dirname "$0")/../.." || exit 2
passed=0
failed=0

lint() { # script arguments...
	if "$@"; then
		passed=$((passed + 1))
	else
		echo "lint: $1 failed" >&2
		failed=$((failed + 1))
	fi
}

lint tests/lint/layers.sh
lint tests/lint/layers_test.sh
lint tests/lint/headers.sh
lint tests/lint/symbols.sh "$@"
lint tests/lint/funclen.sh
lint tests/lint/format.sh
lint tests/lint/files.sh
lint tests/lint/walk.sh
lint tests/lint/rows.sh
lint tests/lint/counters.sh
lint tests/lint/figures.sh
lint tests/lint/docs.sh
lint tests/lint/man.sh
lint tests/lint/shell.sh

echo "lint: $passed passed, $failed failed"
[ $failed -eq 0 ]
