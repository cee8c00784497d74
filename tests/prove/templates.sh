#!/usr/bin/env bash
# ./dev prove templates [--json]: notification templates, as people write them and
# as Alertmanager brings them, are expanded by amtool and by kymo notify render to
# the same bytes, as text and as pages; what fails for one fails for the other.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
. "$top_srcdir/tests/testlib/sink.sh"
. "$top_srcdir/tests/prove/rows.sh"
need amtool jq
testlib_begin
rows_begin "$@"
built kymo
corpus=$top_srcdir/tests/prove/templates

# --- messages: several, one that is over, one with what is hard to write ---------------------

# alert STATUS INSTANCE STARTS ENDS
alert() {
	jq -n --arg status "$1" --arg instance "$2" --arg starts "$3" --arg ends "$4" '{$status,
	  labels: {alertname: "queueIsFull", severity: "page", env: "live & well", instance: $instance},
	  annotations: {summary: "it'\''s \"full\" <now> + 1", runbook_url: "https://r.example.org/a?b=c&d=e f"},
	  startsAt: $starts, endsAt: $ends, generatorURL: "http://k.example.org/g?g0.expr=up%7B%7D&x=\(1)",
	  fingerprint: "0011223344556677"}'
}
never=0001-01-01T00:00:00Z
message() {
	jq -s --arg status "$1" '{receiver: "team/ops", $status, alerts: ., groupLabels: {alertname: "queueIsFull"},
	  commonLabels: {alertname: "queueIsFull", severity: "page", env: "live & well"},
	  commonAnnotations: .[0].annotations, externalURL: "http://am.example.org:9093/x"}'
}
{
	alert firing a:1 2026-01-02T03:04:05.678Z $never
	alert firing 'b:2 <x>' 2026-11-30T23:59:59.000001Z $never
	alert resolved c:3 2026-01-02T01:04:05Z 2026-01-02T02:34:06.5Z
} | message firing >"$tmp/several.json"
alert resolved c:3 2026-02-28T01:04:05Z 2026-03-01T13:34:06.25Z |
	message resolved >"$tmp/over.json"
jq '.alerts = [.alerts[0]] | .commonLabels.severity = "warning" |
	.alerts[0].annotations = {"summary": "a\nb\tc `d` é😀\u0001 %zz"} |
	.alerts[0].labels.instance = "javascript:alert(1)" |
	.alerts[0].generatorURL = "" | .commonAnnotations = .alerts[0].annotations |
	.groupLabels = {}' "$tmp/several.json" >"$tmp/nasty.json"
messages=(several over nasty)
[ -z "$KYMO_QUICK" ] || messages=(several)

# --- both ------------------------------------------------------------------------------------

theirs=/usr/share/prometheus/alertmanager
mkdir "$tmp/files"
cp "$corpus/team.tmpl" "$tmp/files"
with_theirs=no
if [ -r $theirs/default.tmpl ] && [ -r $theirs/email.tmpl ]; then
	with_theirs=yes
	cp $theirs/default.tmpl $theirs/email.tmpl "$tmp/files"
fi
cat >"$tmp/routes.yml" <<'END'
templates: ['files/*.tmpl']
route: {receiver: team}
receivers: [{name: team}]
END

# both KIND TEXT MESSAGE: in $tmp/am and $tmp/us, exit in $am and $us.
both() {
	am=0 us=0
	amtool template render --template.glob="$tmp/files/*.tmpl" --template.type="$1" \
		--template.data="$tmp/$3.json" --template.text="$2" >"$tmp/am" 2>"$tmp/am.said" || am=$?
	"$built" notify render --template "$2" --as "$1" --alerts "$tmp/$3.json" \
		"$tmp/routes.yml" >"$tmp/us" 2>"$tmp/us.said" || us=$?
}

# tried KIND TEXT: of all messages.
equal=0 failed=0 differ=0
tried() {
	local kind=$1 message
	[ "$kind" != fails ] || kind=text
	for message in "${messages[@]}"; do
		both "$kind" "$2" "$message"
		if [ "$1" = fails ]; then
			if [ $am != 0 ] && [ $us = 1 ] && [ -s "$tmp/us.said" ]; then
				failed=$((failed + 1))
				continue
			fi
		elif [ $am = 0 ] && [ $us = 0 ] && cmp -s "$tmp/am" "$tmp/us"; then
			equal=$((equal + 1))
			continue
		fi
		differ=$((differ + 1))
		printf '%s of %s: %s\n' "$1" "$message" "$2" >&2
		diff -u "$tmp/am" "$tmp/us" >&2 || true
		cat "$tmp/am.said" "$tmp/us.said" >&2
	done
}

kind='' text=''
while IFS= read -r line; do
	case $line in
	'== '*)
		[ -z "$kind" ] || tried "$kind" "${text%$'\n'}"
		kind=${line#== } text=''
		;;
	*) text+=$line$'\n' ;;
	esac
done < <(sed '/^# /d' "$corpus/corpus.txt"; echo '== end')
version=$(amtool --version 2>&1 | grep -oE 'version [0-9.]+' | head -n 1)
if [ $equal = 0 ] || [ $failed = 0 ]; then fail 'nothing was compared'; fi
rows_show corpus "amtool=${version#version }" "equal=$equal" "failed=$failed" \
	"differ=$differ" "ok=$([ $differ = 0 ] && echo 1 || echo 0)"

# Alertmanager's own files, by each name in them that takes a message.
if [ $with_theirs = yes ]; then
	equal=0 differ=0
	while read -r name; do
		case $name in *.html) kind=html ;; *) kind=text ;; esac
		tried $kind "{{ template \"$name\" . }}"
	done < <(grep -ohE 'define "[a-z0-9_.A-Z]+"' "$tmp"/files/default.tmpl "$tmp"/files/email.tmpl |
		cut -d'"' -f2 | grep -vE '_list|instances' | sort -u |
		if [ -n "$KYMO_QUICK" ]; then grep -E 'email.*html|__subject|slack'; else cat; fi)
	rows_show alertmanagers_own "equal=$equal" "differ=$differ" \
		"ok=$([ $equal != 0 ] && [ $differ = 0 ] && echo 1 || echo 0)"
	rm "$tmp"/files/default.tmpl "$tmp"/files/email.tmpl
fi

# Those that are there without files: subjects as Alertmanager's.
both text '{{ template "__subject" . }}' several
[ "$(<"$tmp/us")" = '[FIRING:2] queueIsFull (live & well page)' ] || fail "$(<"$tmp/us")"
both html '{{ template "email.default.html" . }}' nasty
grep -q '<b>firing queueIsFull</b>' "$tmp/us" || fail "$(<"$tmp/us")"
rows_show without_files ok=1

# What an Alertmanager really sends to Slack, and what kymo would of the same.
if [ -z "$KYMO_QUICK" ]; then
	need prometheus-alertmanager curl python3
	sink_start '{path}'
	mkdir "$tmp/slack"
	cp "$corpus/team.tmpl" "$tmp/slack"
	cat >"$tmp/slack/routes.yml" <<-END
		templates: ['team.tmpl']
		route: {receiver: chat, group_by: [alertname], group_wait: 0s}
		receivers:
		- name: chat
		  slack_configs:
		  - api_url: $sink_url/slack
		    channel: '#{{ .CommonLabels.env }}'
		    username: am
		    icon_emoji: ':bell:'
		    title: '{{ template "team.title" . }}'
		    pretext: '{{ template "team.severity" . }}'
		    text: '{{ template "team.text" . }}'
		    short_fields: true
		    fields: [{title: a, value: '{{ len .Alerts }}'}, {title: b, value: x, short: false}]
		    actions: [{type: button, text: go, url: 'https://example.org/{{ .Status }}'}]
	END
	free_port
	start alertmanager prometheus-alertmanager --config.file="$tmp/slack/routes.yml" --storage.path="$tmp/am.data" \
		--cluster.listen-address= --web.listen-address="127.0.0.1:$port" \
		--web.external-url=http://am.example.org:9093/x --web.route-prefix=/
	wait_for 20 curl -sf -o "$tmp/out" "http://127.0.0.1:$port/-/ready"
	jq '.alerts = [.alerts[0]] | .alerts[0].annotations = {summary: "is full"} | .receiver = "chat"
		| .alerts[0].labels.env = "live" | .commonLabels = .alerts[0].labels
		| .commonAnnotations = .alerts[0].annotations' "$tmp/several.json" >"$tmp/plain.json"
	jq '.alerts | map(del(.status, .fingerprint, .endsAt))' "$tmp/plain.json" |
		curl -sSf -H 'content-type: application/json' "http://127.0.0.1:$port/api/v2/alerts" -d @-
	wait_for 20 test -s "$tmp/slack.body"
	"$built" notify render --alerts "$tmp/plain.json" "$tmp/slack/routes.yml" | sed 1d >"$tmp/us"
	# Ours has its id in the footer, and no empty texts.
	same='.attachments[0] |= (del(.footer) | with_entries(select(.value != "")))'
	jq -S "$same" "$tmp/slack.body" >"$tmp/am.json"
	jq -S "$same" "$tmp/us" >"$tmp/us.json"
	diff -u "$tmp/am.json" "$tmp/us.json" >&2 || true
	rows_show slack "ok=$(cmp -s "$tmp/am.json" "$tmp/us.json" && echo 1 || echo 0)"
fi
rows_end
