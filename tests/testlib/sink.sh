# shellcheck shell=bash
# A receiver of webhooks for scripts, after testlib_begin: sink.py says what it
# writes.

# sink_start LINE: at http://127.0.0.1:$sink, writes to $tmp; its URL is $sink_url.
sink_start() {
	: >"$tmp/heard"
	free_port
	# shellcheck disable=SC2034 # for the caller
	sink=$port sink_url=http://127.0.0.1:$port
	start sink python3 "$top_srcdir/tests/testlib/sink.py" "$port" "$tmp" "$1"
	wait_for 10 curl -s -o "$tmp/out" --max-time 2 "$sink_url/"
}
