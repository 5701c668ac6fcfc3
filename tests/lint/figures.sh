#!/bin/sh
# figures.sh - docs/nic.md holds the tables of docs/nic, and its bold numbers
# are in them.
#
# The simulations behind the tables are not run again; `make figures` does that.
set -u

cd "$(dirname "$0")/../.." || exit 2
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

mkdir "$copy/docs" "$copy/nicmodel" "$copy/tools" &&
	cp -r docs/nic docs/nic.md "$copy/docs" &&
	cp nicmodel/nic_profile.c "$copy/nicmodel" &&
	cp tools/figures.sh "$copy/tools" || exit 2
(cd "$copy" && tools/figures.sh --text) || exit 1
if ! diff -r docs/nic "$copy/docs/nic" || ! diff docs/nic.md "$copy/docs/nic.md"
then
	echo "docs/nic.md: tools/figures.sh --text makes it anew"
	exit 1
fi
