#!/bin/sh
# headers.sh - every header compiles alone, the public one as C++ too.
#
# CC and CFLAGS come from the Makefile.
set -u

bad=0
for header in engine/*.h nicmodel/*.h traces/*.h sim/*.h sim/*/*.h \
	tests/support/*.h; do
	[ -e "$header" ] || continue
	# shellcheck disable=SC2086 # lists of words
	echo "#include \"$header\"" | ${CC:-cc} ${CFLAGS:--I.} -fsyntax-only \
		-x c - || { echo "headers: $header" >&2; bad=1; }
done
if command -v c++ >/dev/null 2>&1; then
	echo '#include "sim/ktlsim.h"' |
		c++ -I. -Wall -Wextra -Werror -fsyntax-only -x c++ - || bad=1
else
	echo "headers: no c++, the public header is not tried with it"
fi
exit $bad
