#!/usr/bin/env bash
# kymo notify render: what each receiver of a routing file would get, of a message
# that is made up or given; own bodies, headers, how many alerts; and what is wrong
# with a file, with its place and what to write.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
need jq python3
built kymo
kymo=$built

cat >"$tmp/routes.yml" <<'END'
kymo: {}
route: {receiver: team}
receivers:
- name: team
  webhook_configs:
  - url: https://hook.example.org/
  - url: https://chat.example.org/
    max_alerts: 1
    http_config: {http_headers: {X-Team: {values: [a, b]}}}
    kymo:
      body: |
        {"text": "{{ .Status | toUpper }}: {{ .CommonLabels.alertname }}",
         "n": {{ len .Alerts }}, "more": {{ .truncatedAlerts }},
         "first": {{ with index .Alerts 0 }}{{ json .annotations }}{{ end }}}
- name: chat
  slack_configs: [{api_url: 'https://hooks.slack.com/services/x'}]
- name: mail
  email_configs:
  - to: ops@example.org
    from: kymo@example.org
    smarthost: mail.example.org:25
    headers: {Subject: '{{ .CommonLabels.alertname }} on {{ .CommonLabels.service }}', Reply-To: a@example.org}
END
render() { "$kymo" notify render "$@" "$tmp/routes.yml" >"$tmp/out" 2>"$tmp/said"; }
render || fail "$(<"$tmp/said")"
[ "$(grep -c '^# ' "$tmp/out")" = 4 ] || fail "$(<"$tmp/out")"
# json PLACE JQ IS: of the JSON after a line "# PLACE".
json() {
	local is
	is=$(awk -v place="# $1" 'index($0, "# ") == 1 { on = index($0, place) == 1; next } on' \
		"$tmp/out" | jq -r "$2") || fail "$1 is no JSON: $(<"$tmp/out")"
	[ "$is" = "$3" ] || fail "$1: $2 is $is, not $3"
}
json team/webhook/0 .alerts[0].labels.alertname QueueIsFull
json team/webhook/0 .alerts[0].threshold 400
json team/webhook/1 .text 'FIRING: QueueIsFull'
json team/webhook/1 .first.summary 'The queue of shard 3 is nearly full'
json chat '.blocks[0].text.text' '[FIRING:1] QueueIsFull'
json chat '[.blocks[].text.text // empty | select(test("▁.*█"))] | length' 1
grep -q '^value: 480 requests, threshold 400' "$tmp/out" || fail "$(<"$tmp/out")"
render --receiver chat || fail "$(<"$tmp/said")"
[ "$(grep -c '^# ' "$tmp/out")" = 1 ] || fail "$(<"$tmp/out")"

render --receiver mail --html "$tmp/page.html" --png "$tmp/chart.png" ||
	fail "$(<"$tmp/said")"
grep -q '<img alt="the last minutes"' "$tmp/page.html" || fail "$(<"$tmp/page.html")"
[ "$(head -c 4 "$tmp/chart.png" | tail -c 3)" = PNG ] || fail 'no picture'

# A message of one's own, from kymod or an Alertmanager.
cat >"$tmp/message.json" <<'END'
{"status": "firing", "commonLabels": {"alertname": "Mine"}, "groupLabels": {},
 "alerts": [{"status": "firing", "labels": {"alertname": "Mine", "x": "\"}"},
             "annotations": {"summary": "a \"b\"\nc"}},
            {"status": "resolved", "labels": {"alertname": "Mine"}}]}
END
render --alerts "$tmp/message.json" || fail "$(<"$tmp/said")"
json team/webhook/1 '[.text, .n, .more] | join(",")' 'FIRING: Mine,1,1'
json team/webhook/1 .first.summary $'a "b"\nc'
! render --alerts "$tmp/message.json" --receiver mail --png "$tmp/none" || fail 'a chart of nothing'
grep -q 'it has no points' "$tmp/said" || fail "$(<"$tmp/said")"
! render --receiver nobody || fail 'nobody was found'

# wrong TEXT SED: what is said of the file.
cp "$tmp/routes.yml" "$tmp/sound.yml"
wrong() {
	sed "$2" "$tmp/sound.yml" >"$tmp/routes.yml"
	! render || fail "sound: $2"
	grep -qF -- "$1" "$tmp/said" || fail "not told: $1: $(<"$tmp/said")"
}
wrong 'routes.yml:11:13: the template, byte ' 's/| toUpper/| toUpperr/'
wrong 'it gives no JSON' 's/^         "n"/         n/'
wrong 'routes.yml:8:5: max_alerts of receiver team' 's/max_alerts: 1/max_alerts: all/'
wrong 'the header Host: kymo writes it itself' 's/X-Team/Host/'
wrong 'the header Message-ID: kymo writes it itself' 's/Reply-To/Message-ID/'
wrong 'routes.yml:9:43: http_config.http_headers.X-Team.files' 's/{values: \[a, b\]}/{files: [a]}/'
# What does nothing is said, too, and where.
sed 's/^    max_alerts: 1/    timeout: 1s\n    kymo2: 1/' "$tmp/sound.yml" >"$tmp/routes.yml"
! render || fail 'a key that is none'
# chat KEYS: the sound file, its Slack with these keys.
chat() {
	sed "s,^  slack_configs: .*,  slack_configs:\n  - api_url: 'https://h.example.org'\n    $1," \
		"$tmp/sound.yml" >"$tmp/routes.yml"
}
chat 'link_names: true'
render || fail "$(<"$tmp/said")"
grep -qF 'routes.yml:18:5: link_names of receiver chat does nothing here' "$tmp/said" ||
	fail "not told: $(<"$tmp/said")"

chat "actions: [{type: button\\, text: Look\\, url: 'http://x/'\\, confirm: {text: Sure?}}]"
render || fail "$(<"$tmp/said")"
grep -qF 'confirm of an action of receiver chat is left out' "$tmp/said" ||
	fail "not told: $(<"$tmp/said")"

# --- templates of Alertmanager's kind ----------------------------------------------------------

mkdir "$tmp/more"
cat >"$tmp/more/team.tmpl" <<'END'
{{ define "team.title" }}{{ .Status }} <!here> {{ .CommonAnnotations.summary }}{{ end }}
{{ define "team.page" }}<p title="{{ .CommonAnnotations.summary }}">{{ template "team.title" . }}</p>{{ end }}
END
with_templates() {
	sed -i "s,^kymo: {},&\ntemplates: ['more/*.tmpl']," "$tmp/routes.yml"
	sed -i "s,^    smarthost: .*,&\n    html: '{{ template \"team.page\" . }}'\n    text: 'text: {{ .CommonLabels.alertname }}'," \
		"$tmp/routes.yml"
}
chat "title: '{{ template \"team.title\" . }}'\n    short_fields: true\n    fields: [{title: a\, value: '{{ len .Alerts }}'}]"
with_templates
cat >"$tmp/message.json" <<'END'
{"status": "firing", "commonLabels": {"alertname": "Mine"}, "groupLabels": {}, "truncatedAlerts": 0,
 "commonAnnotations": {"summary": "<!channel> \"a\" & b"},
 "alerts": [{"status": "firing", "labels": {"alertname": "Mine"}, "annotations": {}}]}
END
render --alerts "$tmp/message.json" --html "$tmp/page.html" || fail "$(<"$tmp/said")"
[ ! -s "$tmp/said" ] || fail "said: $(<"$tmp/said")"
json chat '.attachments[0].title' 'firing <!here> &lt;!channel&gt; "a" &amp; b'
json chat '.attachments[0].color' danger
json chat '.attachments[0].fields | tojson' '[{"title":"a","value":"1","short":true}]'
grep -q '^text: Mine$' "$tmp/out" || fail "$(<"$tmp/out")"
grep -qF '<p title="&lt;!channel&gt; &#34;a&#34; &amp; b">firing <!here> &lt;' "$tmp/page.html" ||
	fail "$(<"$tmp/page.html")"
"$kymo" notify render --alerts "$tmp/message.json" --as slack \
	--template '{{ .CommonAnnotations.summary }} {{ "<!here>" }}' "$tmp/routes.yml" >"$tmp/out"
[ "$(<"$tmp/out")" = '&lt;!channel&gt; "a" &amp; b <!here>' ] || fail "$(<"$tmp/out")"

# wrong: a template that fails now and then is said; one that is none is refused.
fails() {
	chat "$2"
	with_templates
	! render || fail "sound: $2"
	grep -qF -- "$1" "$tmp/said" || fail "not told: $1: $(<"$tmp/said")"
}
fails 'routes.yml:19:5: title of receiver chat: 1:4: no template is called "nothing"' \
	"title: '{{ template \"nothing\" . }}'"
fails 'routes.yml:19:12: the template, byte 12: unclosed action; mend it, or leave title out' \
	"title: '{{ .Status '"
chat "title: '{{ (index .Alerts.Firing 0).Status }}'"
render || fail "$(<"$tmp/said")"
grep -q "routes.yml:18:5: title of receiver chat fails with some messages (.*); kymo's own words" \
	"$tmp/said" || fail "$(<"$tmp/said")"
echo '{{ define "x" }}' >"$tmp/more/team.tmpl"
fails 'more/team.tmpl:1:15: an {{end}} is missing for the template "x"' 'title: x'
echo '{{ template "x" . }}' >"$tmp/more/team.tmpl"
fails 'team.tmpl:1:4: no template is called "x"' 'title: x'
echo "all held"
