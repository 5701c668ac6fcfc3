#!/bin/sh
# layers.sh - who may include whom (docs/architecture.md).
#
# usage: tests/lint/layers.sh [ROOT]
#
# Prints every #include that breaks a rule; exit status 1 where there is one.
set -eu

cd "${1:-.}"

find engine nicmodel traces sim adapters -name '*.[ch]' 2>/dev/null | sort |
	xargs awk '
	BEGIN {
		# What nicmodel and traces may know of the engine.
		currency = "^engine/(mbuf|aead|cbc|tls_record|suite)[.]h$"
		# And what a NIC decrypts with.
		cipher = "^engine/aead_stream[.]h$"
		# What a simulation is made of.
		model = "^(engine|nicmodel)/|^sim/(run|conn|host|exec|cpu|" \
			"worker|reader|pipeline|record|ingress|event)[.]h$"
	}
	function complain(why) {
		printf "%s:%d: includes %s: %s\n", FILENAME, FNR, name, why
		bad = 1
	}
	function only(pattern, where) {
		if (FILENAME !~ where)
			complain("allowed in " where " only")
	}
	function libraries() {
		if (name ~ /^openssl\//)
			only(name, "engine/(aead_openssl|aead_openssl_ctr|" \
				"aead_pool|aead_stream|cbc_openssl)[.]|" \
				"key_schedule[a-z_]*.c|sim/content_hash.c")
		if (name ~ /^pcap/)
			only(name, "traces/trace_pcap.c|sim/cli/")
		if (name ~ /^event2?\//)
			only(name, "sim/live/|sim/study/")
		if (name ~ /^(jansson|ini|zlib|check)[.]h$/ &&
		    FILENAME ~ /^(engine|nicmodel)\//)
			complain("these folders use libc only")
	}
	function libc() {
		if (FILENAME ~ /^engine\// &&
		    name ~ /^(time|pthread|stdio|sys\/time|unistd)[.]h$/)
			complain("the engine has no clock, no threads, no files")
		if (FILENAME ~ /^nicmodel\// &&
		    name ~ /^(time|pthread|stdio|sys\/time|unistd)[.]h$/)
			complain("the NIC has no clock, no threads, no files")
		if (FILENAME ~ /^traces\// && name ~ /^(time|pthread)[.]h$/)
			complain("traces have no clock and no threads")
		if (name == "pthread.h" && FILENAME ~ /^sim\//)
			only(name, "sim/(exec_threads.c|thread_[a-z_]*[.][ch])")
	}
	function project() {
		if (name ~ /^tests\// || name ~ /^adapters\//)
			complain("no part of the program")
		if (FILENAME ~ /^engine\// && name !~ /^engine\//)
			complain("the engine knows itself only")
		if (FILENAME ~ /^nicmodel\// && name !~ /^nicmodel\// &&
		    name !~ currency && name !~ cipher)
			complain("the NIC knows mbufs, records, suites, AEADs")
		if (FILENAME ~ /^traces\// && name !~ /^traces\// &&
		    name !~ currency)
			complain("traces know mbufs, records, suites, AEADs")
		if (FILENAME ~ /^adapters\// && name !~ /^adapters\// &&
		    name != "sim/ktlsim.h")
			complain("adapters know the public interface only")
		if (FILENAME ~ /^sim\/cli\// && name ~ model)
			complain("the command line knows results, not the model")
		if (name !~ /\//)
			complain("write it from the root")
	}
	/^[ \t]*#[ \t]*include[ \t]*[<"]/ {
		name = $0
		sub(/^[^<"]*[<"]/, "", name)
		sub(/[>"].*$/, "", name)
		if ($0 ~ /"/)
			project()
		else {
			libc()
			libraries()
		}
	}
	END { exit bad }'
