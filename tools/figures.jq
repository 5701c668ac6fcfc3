# figures.jq - one line of figures for each run of a result of `ktlsim run`.
#
# usage: jq -c -f tools/figures.jq RESULT.json
#
# Only what tables.jq needs is kept: results of thousands of connections are
# large.  Times are in microseconds, costs in nanoseconds per application byte.

def busy($class): [.cpus[].utilization[$class]] | add;

def share($part; $all): if $all > 0 then $part / $all else 0 end;

def stage($name): .stages[] | select(.name == $name);

# Mean time between two instants of episodes that have both.
def step($from; $to): [.[] | .[$to] - .[$from]]
	| if length > 0 then add / length / 1e6 else null end;

# Of those that ended full, as in the mean length.
def phases: [.flows[].client_to_server.offload.episodes[]?
	| select(.end == "full" and .answer_ps != null)]
	| {answer: step("lost_ps"; "answer_ps"),
	   full: step("answer_ps"; "full_ps")};

def cache($tls): {
	misses: share(.ctx_cache_misses; $tls.accesses),
	wait: (share(.ctx_cache_wait_ns; .ctx_cache_waits) / 1e3),
	pcie: share(.pcie_ctx_fetch_bytes + .pcie_ctx_writeback_bytes;
		.pcie_packet_bytes + .pcie_cqe_bytes + .pcie_descriptor_bytes
		+ .pcie_msix_bytes),
	predicted: ([$tls.misses_without_feedback[]
		| {key: (.entries | tostring),
		   value: share(.misses; $tls.accesses)}] | from_entries)};

def split: (.records_full + .records_partial + .records_none) as $all
	| (.bytes_full + .bytes_partial + .bytes_none) as $bytes
	| {full: (.records_full / $all), partial: (.records_partial / $all),
	   none: (.records_none / $all), left: (1 - share(.bytes_marked; $bytes)),
	   episodes, again: .episodes_lost_again,
	   episode_us: (if .episodes_closed > 0 then .episode_mean_ns / 1e3
		else null end)};

(if type == "array" then .[] else . end)
| .hosts[0] as $host
| (.run.end_ps / 1e12) as $seconds
| ($host.totals.goodput_gbps * $seconds / 8) as $gb
| {v: .run.variables, gbps: $host.totals.goodput_gbps,
   cores: $host.totals.cores_busy,
   cost: (8 / $host.totals.gbps_per_core),
   worker_cost: (($host | busy("worker")) * $seconds / $gb),
   p50: ($host | stage("total").p50_ns / 1e3),
   p99: ($host | stage("total").p99_ns / 1e3),
   merged: (($host.nic.rx_lro_packets // 0) / $host.nic.rx_packets_phy),
   queue_us: ($host.workqueues[0].mean_wait_ns / 1e3)}
+ (if $host.tls.episodes then ($host.tls | split) + {phases: phases}
	+ {cache: ($host.nic | cache($host.tls.cache))} else {} end)
