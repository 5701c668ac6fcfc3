# tables.jq - the tables of docs/nic.md, from the figures of all runs.
#
# usage: jq -n -r --arg table NAME --slurpfile all RUNS.json -f tools/tables.jq
#
# RUNS.json is one object: configuration -> array of what figures.jq prints.
# Out comes TSV with a line of headings; without a table's name, their names.

$all[0] as $runs

# --- numbers as text ---

| def fix($digits):
	if . == null then "-" else
		pow(10; $digits) as $m
		| (. * $m | round) as $n
		| (if $n < 0 then -$n else $n end) as $a
		| ($a % $m | tostring) as $behind
		| (if $n < 0 then "-" else "" end) + ($a / $m | floor | tostring)
		+ (if $digits == 0 then "" else
			"." + "000000"[:$digits - ($behind | length)] + $behind
		end)
	end;
def cost: fix(3);
def rate: fix(1);
def percent: if . == null then "-" else . * 100 | fix(1) end;
def times: if . == null then "-" else fix(2) end;

# --- runs by their variables ---

# The run of a configuration that has these values.
def run($config; $want):
	first($runs[$config][] | select(.v as $v
		| all($want | to_entries[]; .value == $v[.key])));

# The values of a variable, in order.
def values($config; $name):
	reduce $runs[$config][].v[$name] as $value ([];
		if index([$value]) then . else . + [$value] end);

# How many times dearer software is.
def gain($config; $want):
	run($config; $want + {tls: "off"}).cost
	/ run($config; $want + {tls: "on"}).cost;

# --- 1: traffic ---

def records:
	["bytes"] + [("cdn", "modern") | ("software", "NIC") as $who
		| "\(.): \($who) ns/B"] + [("cdn", "modern")
		| ("software", "NIC") as $who | "\(.): \($who) Gb/s"]
	+ ["cdn: gain", "modern: gain"],
	(values("Records"; "record")[] as $record
	| ["freebsd-cdn", "modern-server"] as $prices
	| [$record]
	+ [$prices[] as $p | ("off", "on")
		| run("Records"; {prices: $p, record: $record, tls: .})]
	| [.[0]] + (.[1:] | map(.cost | cost)) + (.[1:] | map(.gbps | rate))
	+ [$prices[] | gain("Records"; {prices: ., record: $record}) | times]);

def suites:
	["suite"] + [("cdn", "modern") | "\(.): software ns/B",
		"\(.): NIC ns/B", "\(.): gain"],
	(values("Suites"; "suite")[] as $suite
	| [$suite] + [("freebsd-cdn", "modern-server") as $p
		| {prices: $p, suite: $suite}
		| (run("Suites"; . + {tls: ("off", "on")}).cost | cost),
		(gain("Suites"; .) | times)]);

def lives:
	values("Lives"; "every") as $every
	| ["bytes"] + ($every | map("every \(.): by the NIC %"))
	+ ($every | map("every \(.): gain")),
	(values("Lives"; "bytes")[] as $bytes
	| [$bytes]
	+ [$every[] | 1 - run("Lives";
		{bytes: $bytes, every: ., tls: "on"}).left | percent]
	+ [$every[] | gain("Lives"; {bytes: $bytes, every: .}) | times]);

def load:
	["link Gb/s", "software cores", "NIC cores", "software p50 us",
	"NIC p50 us", "software p99 us", "NIC p99 us", "merged frames %"],
	(values("Load"; "rate")[] as $rate
	| [run("Load"; {rate: $rate, tls: ("off", "on")})] as $both
	| [$rate] + ($both | map(.cores | times) + map(.p50 | rate)
		+ map(.p99 | rate)) + [$both[1].merged | percent]);

# --- 2: loss ---

def loss($kind):
	["loss %"] + [("TCP", "software", "NIC") | "\(.) ns/B"]
	+ [("TCP", "software", "NIC") | "\(.) Gb/s"],
	(values("Offload" + $kind; "loss")[] as $loss
	| [("Tcp", "Software", "Offload")
		| run(. + $kind; {loss: $loss})] as $three
	| [$loss | tonumber * 100 | fix(2)]
	+ ($three | map(.cost | cost) + map(.gbps | rate)));

# A record of 16413 bytes touches 12.33 segments of 1448 on the average.
def shares:
	["loss %"] + [("packets", "units")
		| "\(.): full %", "\(.): partial %", "\(.): none %"]
	+ ["untouched by lost packets %"],
	(values("OffloadPacket"; "loss")[] as $loss
	| [$loss | tonumber * 100 | fix(2)]
	+ [("Packet", "Super") | run("Offload" + .; {loss: $loss})
		| (.full, .partial, .none) | percent]
	+ [pow(1 - ($loss | tonumber); 12.33) | percent]);

def freebsd($kind):
	["loss %"] + [("cdn", "modern") as $p | "\($p): software ns/B",
		"\($p): NIC ns/B", "\($p): full %", "\($p): partial %",
		"\($p): none %"],
	(values("FreeBSD" + $kind; "loss")[] as $loss
	| [$loss | tonumber * 100 | fix(2)]
	+ [("freebsd-cdn", "modern-server") as $p
		| {prices: $p, loss: $loss}
		| run("FreeBSD" + $kind; . + {tls: "on"}) as $nic
		| (run("FreeBSD" + $kind; . + {tls: "off"}).cost | cost),
		($nic.cost | cost), ($nic.full, $nic.partial, $nic.none | percent)]);

# Rows [loss, cost of NIC / cost of software] of one receiver.
def ratios($stack; $kind):
	if $stack == "linux" then
		[values("Offload" + $kind; "loss")[]
		| [tonumber, run("Offload" + $kind; {loss: .}).cost
			/ run("Software" + $kind; {loss: .}).cost]]
		+ if $kind == "Packet" then [] else
			[values("BeyondSuper"; "loss")[]
			| [tonumber, 1 / gain("BeyondSuper"; {loss: .})]] end
	else
		[values("FreeBSD" + $kind; "loss")[]
		| [tonumber, 1 / gain("FreeBSD" + $kind;
			{prices: $stack, loss: .})]]
	end;

# Where the line through two neighbours reaches 1, in per cent.
def crossing:
	. as $row
	| first((range(1; length) | select($row[.][1] >= 1)
		| $row[. - 1] as $a | $row[.] as $b
		| $a[0] + ($b[0] - $a[0]) * (1 - $a[1]) / ($b[1] - $a[1])
		| . * 100 | fix(1)),
		"none up to \(last[0] * 100 | fix(0))");

def stacks: ["linux", "Linux, E5-2660 v4"],
	["freebsd-cdn", "FreeBSD, freebsd-cdn"],
	["modern-server", "FreeBSD, modern-server"];

def breakeven:
	["receiver", "gain without loss", "gain at 1 % of packets",
	"gain at 1 % of units", "packets: break-even %",
	"units: break-even %"],
	(stacks as [$stack, $name]
	| [ratios($stack; "Packet", "Super")] as [$packet, $super]
	| [$name, (1 / $packet[0][1] | times)]
	+ [($packet, $super) | 1 / (.[] | select(.[0] == 0.01))[1] | times]
	+ [($packet, $super) | crossing]);

def ratio($kind):
	["loss %"] + [stacks[1]],
	([stacks | ratios(.[0]; $kind)] as $all
	| ($all | map(.[] | .[0]) | unique)[] as $loss
	| [$loss * 100 | fix(2)]
	+ [$all[] | (first(.[] | select(.[0] == $loss)) // [0, null])[1]
		| times]);

# --- 3: cache ---

def sizes:
	["contexts cached"] + [("single packets", "64 KiB")
		| "\(.): predicted miss %", "\(.): miss %"]
	+ [("single packets", "64 KiB") | "\(.): Gb/s"]
	+ ["single packets: PCIe more %"],
	(values("Sizes"; "cache")[] as $cache
	| [("1448", "65536") | run("Sizes"; {burst: ., cache: "2048"})] as $far
	| [("1448", "65536") | run("Sizes"; {burst: ., cache: $cache})] as $here
	| [$cache]
	+ [(0, 1) | ($far[.].cache.predicted[$cache] | percent),
		($here[.].cache.misses | percent)]
	+ ($here | map(.gbps | rate)) + [$here[0].cache.pcie | percent]);

def connections:
	["connections"] + [("packet by packet", "bursts of 64 KiB")
		| "\(.): miss %", "\(.): Gb/s", "\(.): Gb/s if all fit",
		"\(.): PCIe more %"],
	(values("Connections"; "flows")[] as $flows
	| [$flows] + [("1448", "65536") as $burst
		| [run("Connections"; {flows: $flows, burst: $burst,
			cache: ("1024", "4096")})]
		| (.[0].cache.misses | percent), (.[].gbps | rate),
			(.[0].cache.pcie | percent)]);

def fetches:
	["fetches at a time", "Gb/s", "mean wait us", "miss %"],
	($runs.Fetches[]
	| [.v.fetches, (.gbps | rate), (.cache.wait | fix(1)),
	(.cache.misses | percent)]);

# --- 4: resync ---

def protocols: ["freebsd", "linux-async", "linux-sync", "linux-hint"];

def delay:
	["delay"] + (protocols | map("\(.): left %"))
	+ (protocols | map("\(.): mean ms")),
	(values("Delay"; "delay")[] as $delay
	| [protocols[] | run("Delay"; {protocol: ., delay: $delay})] as $four
	| [$delay] + ($four | map(.left | percent))
	+ ($four | map(if .episode_us > 0 then .episode_us / 1e3 | fix(1)
		else "-" end)));

def phases:
	["protocol", "delay", "episodes", "lost again", "until the answer ms",
	"then until a full record ms", "worker ns/B"],
	($runs.Delay[] | select(.v.delay == ("1us", "1ms", "10ms"))
	| [.v.protocol, .v.delay, (.episodes, .again | tostring),
	(.phases.answer, .phases.full
		| if . == null then null else . / 1e3 end | fix(1)),
	(.worker_cost | cost)]);

def hint:
	["delay"] + [("single packets", "64 KiB")
		| "\(.): left %", "\(.): episodes", "\(.): lost again"],
	(values("Hint"; "delay")[] as $delay
	| [$delay] + [("1448", "65536") as $burst
		| run("Hint"; {burst: $burst, delay: $delay})
		| (.left | percent), (.episodes, .again | tostring)]);

def backlog:
	["sent records/s", "software Gb/s", "NIC Gb/s", "NIC: wait in queue us",
	"mean episode ms", "left %"],
	(values("Backlog"; "load")[] as $load
	| run("Backlog"; {load: $load, tls: "off"}) as $off
	| run("Backlog"; {load: $load, tls: "on"})
	| [$load, ($off.gbps | rate), (.gbps | rate), (.queue_us | rate),
	(.episode_us / 1e3 | rate), (.left | percent)]);

def buffer:
	["buffer KiB"] + [("freebsd", "linux-async")
		| "\(.): none %", "\(.): mean ms", "\(.): ns/B"]
	+ [("freebsd", "linux-async") | "\(.), large ring: none %",
		"\(.), large ring: mean ms"],
	(values("Buffer"; "buffer")[] as $buffer
	| [$buffer] + [("freebsd", "linux-async")
		| run("Buffer"; {protocol: ., buffer: $buffer, ring: "1024"})
		| (.none | percent), (.episode_us / 1e3 | rate),
		(.cost | cost)]
	+ [("freebsd", "linux-async")
		| run("Buffer"; {protocol: ., buffer: $buffer, ring: "8192"})
		| (.none | percent), (.episode_us / 1e3 | rate)]);

{records: [records], suites: [suites], lives: [lives], load: [load],
"loss-packet": [loss("Packet")], "loss-super": [loss("Super")],
shares: [shares], "freebsd-packet": [freebsd("Packet")],
"freebsd-super": [freebsd("Super")], breakeven: [breakeven],
"ratio-packet": [ratio("Packet")], "ratio-super": [ratio("Super")],
sizes: [sizes], connections: [connections], fetches: [fetches],
delay: [delay], phases: [phases], hint: [hint],
backlog: [backlog], buffer: [buffer]}
| if $table == "" then keys_unsorted[] else .[$table][] | @tsv end
