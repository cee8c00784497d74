# The JSON lines of hot.sh as the tables of docs/benchmarks.md.
function field(line, key,    at) {
	at = index(line, "\"" key "\":")
	if (at == 0)
		return ""
	line = substr(line, at + length(key) + 3)
	sub(/[,}].*/, "", line)
	gsub(/"/, "", line)
	return line
}

{
	row = field($0, "row")
	min[row] = field($0, "ns_min")
	median[row] = field($0, "ns_median")
	instr[row] = field($0, "instructions")
	bytes[row] = field($0, "bytes")
	ns[row] = field($0, "ns")
	yes[row] = field($0, "yes")
	line[row] = $0
	if (row ~ /^quantiles_/)
		distributions = distributions " " row
	if (row ~ /^memory_/)
		memories = memories " " row
	# The rows of the first build, in the order of the first place.
	if (min[row] != "" && instr[row] != "" && row !~ /_(so|dl|gcc_lto|clang|clang_lto)$/)
		rows = rows " " row
	if (row ~ /^work_/ && row !~ /_(t2|gcc_lto|clang|clang_lto)$/)
		works = works " " row
}

function two(x) { return x == "" ? "-" : sprintf("%.2f", x) }
function one(x) { return x == "" ? "-" : sprintf("%.1f", x) }
function holds(is, what) { return (is ? "holds" : "MISSES") ": " what }

function target(row,    x) {
	x = min[row]
	if (row == "counter_add" || row == "updown_add")
		return holds(x <= 1.5 * min["floor"] + 0.15 && instr[row] <= 7.1, "1.5x the floor + 0.15 ns, 7 instructions")
	if (row ~ /^histogram_record(_scale.)?$/)
		return holds(x <= 1.5 && instr[row] <= 24.1, "1.5 ns, 24 instructions")
	if (row == "timer")
		return holds(x <= 2 * 1.2 * min["clock"], "1.2x two looks at its clock")
	if (row == "timer_sampled")
		return holds(x <= 2, "2 ns")
	if (row == "timer_lap")
		return holds(x <= 1.5 * min["clock"], "one look")
	if (row == "counter_labels_lookup")
		return holds(x <= 35, "35 ns")
	if (row == "counter_labels_fixed")
		return holds(x <= 3 * min["counter_add"] + 0.15, "3x a static one + 0.15 ns")
	if (row == "event")
		return holds(x <= min["clock"] + 5.15, "5 ns over its clock")
	if (row == "span")
		return holds(x <= 2 * (min["clock"] + 5.15), "5 ns over its clock, twice")
	return ""
}

function work_target(row, x) {
	if (row == "work_counter_add")
		return holds(x <= 0.1 + 0.05, "0.1 ns")
	if (row == "work_histogram_record")
		return holds(x <= 0.2 + 0.05, "0.2 ns")
	return ""
}

END {
	n = split(rows, name, " ")
	print "### One thread, gcc -O2\n"
	print "| row | ns, least | ns, median | x floor | instructions | |"
	print "|---|---|---|---|---|---|"
	for (i = 1; i <= n; i++)
		printf "| %s | %s | %s | %s | %s | %s |\n", name[i], two(min[name[i]]), two(median[name[i]]),
			one(min[name[i]] / min["floor"]), one(instr[name[i]]), target(name[i])
	print "\nBy `clock_gettime` alone (`KYMO_CLOCK=monotonic`):\n"
	print "| row | ns, least | ns, median |"
	print "|---|---|---|"
	m = split("clock timer timer_lap event span", os, " ")
	for (i = 1; i <= m; i++)
		printf "| %s | %s | %s |\n", os[i], two(min[os[i] "_os"]), two(median[os[i] "_os"])
	print "\n### Compilers: ns, least (instructions)\n"
	print "| row | gcc -O2 | gcc -O3 -flto | clang -O2 | clang -O3 -flto |"
	print "|---|---|---|---|---|"
	for (i = 1; i <= n; i++) {
		printf "| %s", name[i]
		m = split("@ _gcc_lto _clang _clang_lto", group, " ")
		for (k = 1; k <= m; k++) {
			sub(/@/, "", group[k])
			printf " | %s (%s)", two(min[name[i] group[k]]), one(instr[name[i] group[k]])
		}
		print " |"
	}
	print "\n### Places and threads, gcc -O2: ns, least\n"
	print "Threads record into the same series; ns of processor time a record.\n"
	print "| row | program | linked library | opened library | 2 threads | 4 | 16 |"
	print "|---|---|---|---|---|---|---|"
	for (i = 1; i <= n; i++) {
		printf "| %s", name[i]
		m = split("@ _so _dl _t2 _t4 _t16", group, " ")
		for (k = 1; k <= m; k++) {
			sub(/@/, "", group[k])
			printf " | %s", two(min[name[i] group[k]])
		}
		print " |"
	}
	print "\n### What it adds to a loop of real work\n"
	printf "The loop: %s ns a turn of memory-parallel work (%s with two threads). Median of rounds, each beside the bare loop:\n\n",
		two(median["work"]), two(median["work_t2"])
	print "| record | one thread, ns | two threads on one series, ns | |"
	print "|---|---|---|---|"
	n = split(works, name, " ")
	for (i = 1; i <= n; i++)
		printf "| %s | %s | %s | %s |\n", substr(name[i], 6), two(median[name[i]]), two(median[name[i] "_t2"]),
			work_target(name[i], median[name[i]])
	print "\n### Bytes\n"
	print "| | bytes |"
	print "|---|---|"
	n = split(memories, name, " ")
	for (i = 1; i <= n; i++) {
		label = substr(name[i], 8)
		gsub(/_/, " ", label)
		printf "| %s | %d |\n", label, bytes[name[i]]
	}
	printf "\n### Clocks\n\nThe least step seen between two looks, their own cost included: `clock_gettime` %d ns, `kymo_now_ns` %d ns (%s).\n",
		ns["clock_os_step"], ns["clock_step"],
		yes["clock_is_counter"] ? "the time stamp counter" : "clock_gettime: the kernel has another clock"
	print "\n### Quantiles at the default scale: error in % of the value\n"
	print "| distribution | p50 | p90 | p95 | p99 |"
	print "|---|---|---|---|---|"
	n = split(distributions, name, " ")
	for (i = 1; i <= n; i++)
		printf "| %s | %s | %s | %s | %s |\n", substr(name[i], 11), two(field(line[name[i]], "p50_percent")),
			two(field(line[name[i]], "p90_percent")), two(field(line[name[i]], "p95_percent")),
			two(field(line[name[i]], "p99_percent"))
}
