#!/bin/sh
# cli.sh - the command line as a user meets it: exit statuses, and what is said.
#
# usage: tests/cli/cli.sh [KTLSIM]: the program, or that of the environment
#
# Broken captures are made here; the one with TLS in it is the bundled one.
set -u
ktlsim=${1:-${KTLSIM:?usage: cli.sh KTLSIM}}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0
failed=0

# check STATUS TEXT ARGUMENT...: the exit status, and a text that standard
# output or standard error contains ("" for any).
check()
{
	want=$1
	text=$2
	shift 2
	"$ktlsim" "$@" >"$dir/out" 2>"$dir/err"
	got=$?
	if [ "$got" = "$want" ] && grep -qF -- "$text" "$dir/out" "$dir/err"
	then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	echo "FAILED: ktlsim $*: status $got, expected $want with '$text'"
	sed 's/^/    /' "$dir/err"
}

# require WHAT COMMAND...: a command that must succeed.
require()
{
	what=$1
	shift
	if "$@" >"$dir/log" 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $what"
		sed 's/^/    /' "$dir/log"
	fi
}

# A pcap of Ethernet without a frame, one cut off, one of another link type.
header='\324\303\262\241\002\000\004\000\000\000\000\000\000\000\000\000'
printf "$header"'\377\377\000\000\001\000\000\000' >"$dir/none.pcap"
printf "$header"'\377\377\000\000\001\000\000\000\001\002' >"$dir/cut.pcap"
printf "$header"'\377\377\000\000\151\000\000\000' >"$dir/wifi.pcap"
: >"$dir/empty"
echo 'CLIENT_RANDOM 00 11' >"$dir/bad.keys"

check 2 'usage: ktlsim COMMAND'
check 0 'usage: ktlsim COMMAND' --help
check 0 'ktlsim ' --version
check 0 'nic.queues' --list-keys
check 2 "did you mean 'replay'?" replya x
check 2 "there is no command 'zzzzzz'" zzzzzz
check 0 'usage: ktlsim COMMAND' help
check 0 '--plaintext DIR' replay --help
check 0 '--keylog FILE' flows -h
check 0 'ktlsim ' replay -V
check 0 '| `nic.queues` |' replay --list-keys=markdown
check 2 'which capture' replay
check 2 'one capture at a time' replay a b
check 2 "did you mean '--keylog'?" replay x --keylgo y
check 2 "did you mean '--replay.speed'?" replay x --speed 4
check 2 "there is no option '--records'" flows x --records y
check 2 "did you mean 'nic.queues'?" replay x --nic.queus=3
check 2 "did you mean 'nic.queues'?" replay x --set nic.queus=3
check 2 "did you mean '--nic.queues'?" replay x --nic_queues=3
check 2 'lacks a value' replay x --nic.queues
check 2 'lacks its value' replay x --keylog
check 2 'takes no value' replay x --quiet=1
check 2 "there is no option '-z'" replay x -z
check 2 "did you mean 'always'?" replay x --progress alwys
check 2 "did you mean 'debug'?" replay x --log-level debgu
check 2 'markdown' replay x --list-keys=markdwon
check 2 'run.seed' replay x --seed minus
check 2 'run.executor' replay x --executor magic
check 2 'ktls.workers' replay x --executor threads --ktls.workers=200
check 2 "$dir/no: No such file" replay "$dir/no"
check 2 "$dir: is a folder" replay "$dir"
check 2 'SSLKEYLOGFILE' replay "$dir/none.pcap" --keylog "$dir/no"
check 2 'read by the same run' replay "$dir/none.pcap" --json "$dir/none.pcap"
check 2 'can be written' replay "$dir/none.pcap" --json "$dir/no/r.json"
check 2 'Is a directory' replay "$dir/none.pcap" --json "$dir"
check 2 'can be written' flows "$dir/none.pcap" --json "$dir/no/r.json"
check 2 'can be written' replay "$dir/none.pcap" --records "$dir/no/r.csv"
check 2 'name a file' replay "$dir/none.pcap" --records -
check 2 'Not a directory' replay "$dir/none.pcap" --plaintext "$dir/empty"
for option in annotate trace; do
	check 0 "--$option FILE" replay --help
	check 2 "there is no option '--$option'" flows x "--$option" y
	check 2 'name a file' replay "$dir/none.pcap" "--$option" -
	check 2 'can be written' replay "$dir/none.pcap" \
		"--$option" "$dir/no/file"
	check 2 'read by the same run' replay "$dir/none.pcap" \
		"--$option" "$dir/none.pcap"
	check 2 'only simulated time' replay "$dir/none.pcap" \
		"--$option" "$dir/file" --executor threads
	require 'and no file is made' [ ! -e "$dir/file" ]
done

# Two outputs are never one file, whatever its names are.
sh -c ': >"$1/one"; ln "$1/one" "$1/hard"; ln -s one "$1/soft"
	ln -s absent "$1/dangling"; mkdir "$1/texts"' sh "$dir"
for pair in json:records json:annotate json:trace records:annotate \
	records:trace annotate:trace; do
	first=${pair%:*}
	second=${pair#*:}
	for name in one hard soft ../${dir##*/}/one; do
		check 2 "--$second $dir/$name: --$first would be written" \
			replay "$dir/none.pcap" "--$first" "$dir/one" \
			"--$second" "$dir/$name"
	done
	check 2 "--$second $dir/absent: --$first would" \
		replay "$dir/none.pcap" "--$first" "$dir/absent" \
		"--$second" "$dir/absent"
	require 'and no file is made' [ ! -e "$dir/absent" ]
	for name in ./absent dangling; do
		check 2 "--$second $dir/$name: --$first would" \
			replay "$dir/none.pcap" "--$first" "$dir/absent" \
			"--$second" "$dir/$name"
		rm -f "$dir/absent"
	done
	check 0 '' replay "$dir/none.pcap" "--$first" /dev/null \
		"--$second" /dev/null
done
check 2 "flow-0001-s2c.bin: --plaintext would" replay "$dir/none.pcap" \
	--plaintext "$dir/texts" --records "$dir/texts/flow-0001-s2c.bin"
check 0 '' replay "$dir/none.pcap" --plaintext "$dir/texts" \
	--records "$dir/texts/records.csv"
# Standard output here is $dir/out.
check 2 "--records $dir/out: standard output would" \
	replay "$dir/none.pcap" --records "$dir/out"
check 2 "--trace $dir/out: standard output would" \
	replay "$dir/none.pcap" -q --json - --trace "$dir/out"
check 0 'discloses' replay "$dir/none.pcap" --trace "$dir/other"
check 0 '' replay "$dir/none.pcap" -q --trace "$dir/out"
check 2 'nic.tls=on needs run.executor=virtual' \
	replay "$dir/none.pcap" --nic.tls=on --executor threads
check 2 'nic.merge=off needs run.executor=virtual' \
	replay "$dir/none.pcap" --nic.merge=off --executor threads
check 1 'the file is empty' replay "$dir/empty"
check 1 'a key log is given by --keylog' replay "$dir/bad.keys"
check 1 'link type 105' replay "$dir/wifi.pcap"
check 1 'truncated' replay "$dir/cut.pcap"
check 1 '"input_status": "truncated"' replay "$dir/cut.pcap" --json -
check 0 'There is no TCP flow' replay "$dir/none.pcap"
check 0 'There is no TCP flow' flows "$dir/none.pcap"
check 0 '"flows": []' flows "$dir/none.pcap" --json -
check 0 'no flow has the address 192.0.2.9 (replay.receiver)' \
	replay "$dir/none.pcap" -q --json - --replay.receiver=192.0.2.9
check 0 'warning: no flow has the address 192.0.2.9' \
	replay "$dir/none.pcap" --replay.receiver=192.0.2.9
check 0 'no usable line' replay "$dir/none.pcap" --keylog "$dir/empty"
check 0 '1 malformed line' replay "$dir/none.pcap" --keylog "$dir/bad.keys"
check 0 '"run.seed": "7"' replay "$dir/none.pcap" --json - --seed 7
check 0 'times are real' replay "$dir/none.pcap" --executor threads
check 0 '"nic.queues": "2"' replay --nic.queues=2 "$dir/none.pcap" --json -
check 0 'nic.queues = 2' replay "$dir/none.pcap" --set nic.queues=2 \
	--log-level debug
check 0 'frames/s' replay "$dir/none.pcap" --progress always

# -q leaves nothing but errors.
"$ktlsim" replay "$dir/none.pcap" -q --keylog "$dir/empty" \
	>"$dir/out" 2>"$dir/err"
require 'quiet prints nothing' cmp "$dir/out" /dev/null
require 'quiet warns of nothing' cmp "$dir/err" /dev/null

check 0 'the gaps by 100, round' replay "$dir/none.pcap" --replay.speed=100
check 0 'the gaps by 0.25, round' replay "$dir/none.pcap" --replay.speed=0.25

# A path that cannot be written is found before the first frame.
"$ktlsim" replay "$dir/cut.pcap" --json "$dir/no/r.json" >"$dir/out" \
	2>"$dir/err"
require 'nothing is replayed in vain' sh -c "! grep truncated '$dir/err'"
require 'and nothing reported' cmp "$dir/out" /dev/null

# A full disk is a failed run.
if [ -c /dev/full ]; then
	check 1 'No space left' replay "$dir/none.pcap" -q --json /dev/full
	require 'one sentence for one full disk' [ "$(wc -l <"$dir/err")" = 1 ]
	check 1 'No space left' replay "$dir/none.pcap" -q --records /dev/full
	for option in annotate trace; do
		check 1 'No space left' replay "$dir/none.pcap" -q \
			"--$option" /dev/full
		require 'one sentence for it' [ "$(wc -l <"$dir/err")" = 1 ]
		require 'the mode of a device is not ours' [ -c /dev/full ]
	done
	"$ktlsim" replay "$dir/none.pcap" >/dev/full 2>"$dir/err"
	require 'standard output is full' [ $? = 1 ]
fi

real=$(dirname "$0")/../../traces/data/tls13-download
check 0 'keys found' replay "$real.pcap" \
	--keylog "$real.keys" --plaintext "$dir/plain" \
	--records "$dir/records.csv" --json "$dir/result.json"
require 'what the client sent' \
	grep -q "\"app_sha256\": \"$(sha256sum \
	<"$dir/plain/flow-0001-c2s.bin" | cut -d' ' -f1)\"" \
	"$dir/result.json"
require 'what the server sent' \
	grep -q "\"app_sha256\": \"$(sha256sum \
	<"$dir/plain/flow-0001-s2c.bin" | cut -d' ' -f1)\"" \
	"$dir/result.json"
require 'plaintext for the owner alone' \
	sh -c "ls -l '$dir/plain/flow-0001-s2c.bin' |
		grep -q '^-rw-------'"
require 'a header and a row per record, times in order' \
	awk -F, 'NR == 1 && ($18 != "read_end_ps" || $20 != "nic_marks") { exit 1 }
		NR > 1 && (NF != 20 || $20 != "none") { exit 1 }
		NR > 1 { for (i = 10; i < 18; i++)
			if ($(i) > $(i + 1)) exit 1 }
		END { if (NR != 37) exit 1 }' "$dir/records.csv"

# Packets and a trace, in files that were there and open to all.
: >"$dir/a.pcapng"
: >"$dir/t.json"
chmod 666 "$dir/a.pcapng" "$dir/t.json"
check 0 'a.pcapng discloses packets and their TLS secrets' \
	replay "$real.pcap" --keylog "$real.keys" --nic.tls=on \
	--annotate "$dir/a.pcapng" --trace "$dir/t.json"
require 'a warning of the trace' grep -q 't.json discloses' "$dir/err"
require 'packets for the owner alone' \
	sh -c "ls -l '$dir/a.pcapng' | grep -q '^-rw-------'"
require 'a trace for the owner alone' \
	sh -c "ls -l '$dir/t.json' | grep -q '^-rw-------'"
check 0 'keys found' replay "$dir/a.pcapng" --json "$dir/again.json"
require 'the annotated file opens itself' sh -c "
	grep -h app_sha256 '$dir/result.json' | sort >'$dir/want'
	grep -h app_sha256 '$dir/again.json' | sort | cmp - '$dir/want'"
"$ktlsim" replay "$real.pcap" --keylog "$real.keys" --nic.tls=on -q \
	--annotate "$dir/b.pcapng" --trace "$dir/u.json" 2>"$dir/err"
require 'quiet warns of nothing that is written' cmp "$dir/err" /dev/null
require 'packets repeat' cmp "$dir/a.pcapng" "$dir/b.pcapng"
require 'a trace repeats' cmp "$dir/t.json" "$dir/u.json"
require 'a new file for the owner alone' \
	sh -c "ls -l '$dir/b.pcapng' | grep -q '^-rw-------'"

# What Wireshark makes of it: as many packets, the same comments and bytes.
follow()
{
	tshark -r "$dir/a.pcapng" -o tcp.reassemble_out_of_order:TRUE \
		-q -z follow,tls,raw,0 2>/dev/null
}
if command -v tshark >/dev/null 2>&1; then
	tshark -r "$dir/a.pcapng" -T fields -e frame.comment \
		>"$dir/comments" 2>/dev/null
	require 'a comment on each packet' \
		[ "$(grep -c '^flow 0 to ' "$dir/comments")" = 532 ]
	require 'verdicts of the NIC' \
		grep -q '; DECRYPTED (in order); offload: ' "$dir/comments"
	follow | grep -E '^[0-9a-f]+$' | tr -d '\n' >"$dir/shark"
	od -An -v -tx1 "$dir/plain/flow-0001-s2c.bin" | tr -d ' \n' |
		cmp -s - "$dir/shark"
	require 'tshark decrypts what the server sent' [ $? = 0 ]
	follow | sed -n 's/^\t//p' | tr -d '\n' >"$dir/shark"
	od -An -v -tx1 "$dir/plain/flow-0001-c2s.bin" | tr -d ' \n' |
		cmp -s - "$dir/shark"
	require 'tshark decrypts what the client sent' [ $? = 0 ]
else
	echo 'skipped: tshark is not there'
fi
check 0 'no key log' flows "$real.pcap"
check 0 'no flow has the address 192.0.2.7' \
	replay "$real.pcap" --replay.receiver=192.0.2.7
"$ktlsim" replay "$real.pcap" --replay.receiver=fd77::2 >"$dir/out" 2>"$dir/err"
require 'an address of a flow' \
	sh -c "! grep 'no flow has' '$dir/out' '$dir/err'"
require 'its host' grep -q 'Host fd77::2' "$dir/out"
check 0 'run.time_limit ended the run after 119 frames' \
	replay "$real.pcap" --run.time_limit=1270ms
sed '/_HANDSHAKE_/s/....$/0000/' "$real.keys" >"$dir/wrong.keys"
check 0 ': wrong keys' replay "$real.pcap" --keylog "$dir/wrong.keys"
head -c 300000 "$real.pcap" >"$dir/short.pcap"
check 1 'after frame 297' replay "$dir/short.pcap"
"$ktlsim" replay - <"$real.pcap" >"$dir/out" 2>"$dir/err"
require 'standard input' grep -q 'ok, 532 frames' "$dir/out"

# Scenarios.
examples=$(dirname "$0")/../../examples
cat >"$dir/replay.ini" <<EOF
[General]
replay.capture = tls.pcap
[Config Keys]
replay.keylog = tls.keys
[Config Sweep]
extends = Keys
ktls.workers = \${workers=1, 2}
app.read_size = \${size=1, 16}KiB
[Config Threads]
run.executor = threads
[Config Wrong]
host.cpus = \${4, 0}
[Config Gone]
replay.capture = gone.pcap
[Config Nothing]
replay.capture = none
EOF
cp "$real.pcap" "$dir/tls.pcap"
cp "$real.keys" "$dir/tls.keys"
check 2 'which scenario' run
check 2 'one scenario at a time' run a b
check 2 "$dir/no.ini: No such file" run "$dir/no.ini"
check 2 "there is no option '--keylog'" run "$dir/replay.ini" --keylog x
check 2 "did you mean '--runs'?" run "$dir/replay.ini" --rusn 1
check 2 "there is no option '-c'" replay "$real.pcap" -c A
check 0 '-r, --runs RUNS' run --help
check 2 "for example, 'Sweep'" run "$dir/replay.ini" -c Sweeep
check 2 'has the runs 0..3' run "$dir/replay.ini" -c Sweep -r 4
check 2 "$dir/replay.ini:12: host.cpus: '0' is out of range" \
	run "$dir/replay.ini" -c Wrong
check 2 'there is nothing to simulate' run "$dir/replay.ini" -c Nothing
check 2 'gone.pcap: No such file' run "$dir/replay.ini" -c Gone
check 2 'set synthetic.bytes, synthetic.time or run.time_limit' \
	run "$dir/replay.ini" --traffic.source=window
check 2 'needs no capture' replay "$real.pcap" --traffic.source=window \
	--run.time_limit=1ms
check 2 'a file that this run reads' run "$dir/replay.ini" \
	--json "$dir/tls.pcap"
check 2 'read by the same run' run "$dir/replay.ini" \
	--json "$dir/replay.ini"
check 2 'are of one run' run "$dir/replay.ini" -c Sweep \
	--annotate "$dir/file"
check 2 'are of one run' run "$dir/replay.ini" -c Sweep --trace "$dir/file"
check 2 'draw simulated time' run "$dir/replay.ini" -c Keys \
	--trace "$dir/file" --executor threads
check 2 'draw simulated time' run "$dir/replay.ini" -c Threads \
	--trace "$dir/file"
check 2 'a file that this run reads' run "$dir/replay.ini" \
	--annotate "$dir/tls.pcap"
require 'and no file is made' [ ! -e "$dir/file" ]
check 0 'discloses' run "$dir/replay.ini" -c Keys --nic.tls=on \
	--annotate "$dir/c.pcapng" --trace "$dir/v.json"
require 'a run writes the packets of a replay' \
	cmp "$dir/a.pcapng" "$dir/c.pcapng"
require 'and its trace' cmp "$dir/t.json" "$dir/v.json"
check 0 'no key log' run "$dir/replay.ini"
check 0 'keys found' run "$dir/replay.ini" -c Keys
require 'one run has one report' \
	[ "$(grep -c '^ktlsim ' "$dir/out")" = 1 ]
check 0 'Run 3 of Sweep: workers=2, size=16' run "$dir/replay.ini" \
	-c Sweep --json "$dir/runs.json" --records "$dir/runs.csv" \
	--plaintext "$dir/runs"
require 'a report per run' [ "$(grep -c '^ktlsim ' "$dir/out")" = 4 ]
require 'an array of documents' \
	sh -c "[ \$(grep -c '\"schema\": ' '$dir/runs.json') = 4 ] &&
		head -n 1 '$dir/runs.json' | grep -qx '\[' &&
		tail -n 1 '$dir/runs.json' | grep -qx ']'"
require 'which say which they are' \
	grep -q '"number": 3,' "$dir/runs.json"
require 'the run before each record' \
	awk -F, 'NR == 1 && $1 != "run" { exit 1 }
		NF != 21 { exit 1 }
		END { if ($1 != 3 || NR != 4 * 36 + 1) exit 1 }' \
	"$dir/runs.csv"
require 'the plaintext of each run' \
	cmp "$dir/runs/run-0003/flow-0001-s2c.bin" \
	"$dir/plain/flow-0001-s2c.bin"
check 0 '"configuration": "Sweep"' run "$dir/replay.ini" -c Sweep -r 2 \
	--json - --seed 9
require 'one run has one document' \
	sh -c "head -n 1 '$dir/out' | grep -qx '{'"
require 'the command line goes last' grep -q '"run.seed": "9"' "$dir/out"
check 0 '"app.read_size": "1KiB"' run "$dir/replay.ini" -c Sweep -r 2 --json -
"$ktlsim" run "$dir/replay.ini" -c Sweep -q >"$dir/out" 2>"$dir/err"
require 'quiet runs print nothing' cmp "$dir/out" /dev/null
# One run that fails does not keep the others from being made.
cat >"$dir/short.ini" <<EOF
[General]
replay.capture = \${short, tls}.pcap
EOF
check 1 'Run 1 of General' run "$dir/short.ini"

# The examples.
for config in Host Link Window; do
	check 0 'Segments, all accounted for: yes' \
		run "$examples/throughput.ini" -c $config
done
check 0 'All runs' run "$examples/workers.ini" -c Workers
require 'eight runs' [ "$(grep -c '^Run [0-7] of' "$dir/out")" = 8 ]
require 'more workers carry more' \
	awk '/^-- All runs/ { all = 1; next }
		all && $2 == "server" {
			if ($1 % 4 > 0 && $3 <= last) exit 1
			last = $3
			n++
		}
		END { if (n != 8) exit 1 }' "$dir/out"
check 0 'Run 2 of Bound' run "$examples/workers.ini" -c Bound -r 2..3

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
