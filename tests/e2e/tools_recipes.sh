#!/usr/bin/env bash
# The bodies of docs/notifications.md for PagerDuty, Teams, Discord, Telegram and
# VictorOps: JSON with what each wants, whatever labels hold, firing and resolved.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need jq
built kymo

# The recipes as they stand there, as receivers of a routing file.
{
	printf 'kymo: {}\nroute: {receiver: pagerduty}\nreceivers:\n'
	awk '/^# recipe: / { print "- name: " $3; on = 1; next } /^```/ { on = 0 }
		on { print "  " $0 }' "$top_srcdir/docs/notifications.md"
} >"$tmp/routes.yml"
[ "$(grep -c '^- name' "$tmp/routes.yml")" = 5 ] || fail "not five: $(<"$tmp/routes.yml")"
"$built" routes check "$tmp/routes.yml" >"$tmp/out" 2>&1 || fail "$(<"$tmp/out")"

# What labels may hold; a plain message; and 30 alerts with long texts.
jq -n '{status: "firing", receiver: "r", groupKey: "{}:{a=\"b\\\"\"}", groupLabels: {}, externalURL: "",
	commonLabels: {alertname: "a \"b\" \\ \u0001 </x> é😀", severity: "page"}, commonAnnotations: {}, kymo: {},
	alerts: [{status: "firing", labels: {alertname: "a \"b\" \\ é😀"}, annotations: {summary: "x\n\"y\"\t{{ .z }}"}},
		{status: "firing", labels: {alertname: "b"}, annotations: {}}]}' >"$tmp/nasty.json"
jq '.status = "resolved" | .alerts[].status = "resolved" | .commonLabels.severity = "ticket"' \
	"$tmp/nasty.json" >"$tmp/over.json"
jq '.groupKey = ("é" * 400) | .commonLabels.alertname = ("é\"" * 3000) | .alerts = [range(30) | {status: "firing", labels:
	{alertname: "long", a: ("é\"" * 3000)}, annotations: {summary: ("é\"" * 3000)}}]' "$tmp/nasty.json" >"$tmp/long.json"

# is MESSAGE RECIPE JQ: holds of the body.
is() {
	"$built" notify render --receiver "$2" --alerts "$tmp/$1.json" "$tmp/routes.yml" \
		>"$tmp/out" 2>&1 || fail "$2 of $1: $(<"$tmp/out")"
	sed 1d "$tmp/out" | jq -e "$3" >"$tmp/said" 2>&1 ||
		fail "$2 of $1: not $3: $(head -c 500 "$tmp/said" "$tmp/out")"
}
for message in nasty over long; do
	is $message pagerduty '.payload | (.summary | length > 0 and length <= 1024) and
		(.severity | IN("critical", "error", "warning", "info")) and (.source | length > 0)'
	is $message pagerduty '.dedup_key | length > 0 and length <= 255'
	is $message teams 'tojson | utf8bytelength < 28000'
	is $message teams '.attachments[0].content | .type == "AdaptiveCard" and (.body | length > 2)'
	is $message discord '.embeds[0] | (.title | length <= 256) and (.description | length <= 4096)'
	is $message discord '.allowed_mentions.parse == []'
	is $message telegram '(.chat_id | type == "number") and (.text | length > 0 and length <= 4096)'
	is $message victorops '.entity_id | length > 0'
done
is nasty pagerduty '.event_action == "trigger" and .payload.severity == "critical"'
is over pagerduty '.event_action == "resolve" and .payload.severity == "warning"'
is nasty pagerduty '.payload.custom_details.labels.alertname == "a \"b\" \\ \u0001 </x> é😀"'
is nasty teams '.attachments[0].content.body[1].text == "firing: x\n\"y\"\t{{ .z }}"'
is nasty teams '.attachments[0].content.body[3].text == "firing: b"'
is nasty telegram '.text == "FIRING a \"b\" \\ \u0001 </x> é😀\n\n- firing: x\n\"y\"\t{{ .z }}\n- firing: b"'
is over discord '.embeds[0].color == 3050327'
is nasty victorops '.message_type == "CRITICAL"'
is over victorops '.message_type == "RECOVERY"'
is long teams '.attachments[0].content.body | length == 41'
echo "all held"
