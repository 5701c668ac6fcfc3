#!/bin/sh
# layers_test.sh - layers.sh finds planted violations and nothing else.
set -eu

lint=$(pwd)/tests/lint/layers.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/engine" "$tree/nicmodel" "$tree/traces" "$tree/sim/cli"

# Plant one include in one file; the lint must find it, or must not.
plant() { # found|clean, file, include
	printf '#include %s\n' "$3" >"$tree/$2"
	if "$lint" "$tree" >"$tree/out"; then
		verdict=clean
	else
		verdict=found
	fi
	rm "$tree/$2"
	if [ $verdict != "$1" ]; then
		echo "layers_test: $3 in $2: $verdict, not $1" >&2
		exit 1
	fi
}

plant clean engine/a.c '"engine/mbuf.h"'
plant clean engine/a.c '<string.h>'
plant found engine/a.c '"sim/event.h"'
plant found engine/a.c '"mbuf.h"'
plant found engine/a.c '<stdio.h>'
plant found engine/a.c '<pthread.h>'
plant found engine/a.c '<openssl/evp.h>'
plant clean engine/aead_openssl.c '<openssl/evp.h>'
plant clean engine/aead_stream.c '<openssl/evp.h>'
plant clean nicmodel/a.c '"engine/mbuf.h"'
plant clean nicmodel/a.c '"engine/aead_stream.h"'
plant found nicmodel/a.c '<openssl/evp.h>'
plant found traces/a.c '"engine/aead_stream.h"'
plant found nicmodel/a.c '"engine/sockbuf.h"'
plant found nicmodel/a.h '"traces/flow.h"'
plant clean traces/a.c '"engine/tls_record.h"'
plant found traces/a.c '"nicmodel/nic.h"'
plant found traces/a.c '"sim/ktlsim.h"'
plant found traces/a.c '<pcap/pcap.h>'
plant clean traces/trace_pcap.c '<pcap/pcap.h>'
plant clean sim/a.c '"engine/ktls_rx.h"'
plant found sim/a.c '"tests/support/frames.h"'
plant found sim/a.c '<pthread.h>'
plant clean sim/a.c '"sim/run.h"'
plant found sim/cli/a.c '"sim/run.h"'
plant found sim/cli/a.c '"engine/mbuf.h"'
plant clean sim/cli/a.c '"sim/results.h"'
