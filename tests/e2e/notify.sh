#!/usr/bin/env bash
# Messages to real servers: a webhook over TLS knows us by our certificate, and
# we it by its own; Alertmanager takes our alerts, and amtool sees them;
# an SMTP server (aiosmtpd) takes mails over STARTTLS and TLS with a login, and
# Python's parser finds them sound; without TLS nothing is sent, unless so
# configured; what a server says is what happens.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
testlib_begin
built tests/e2e/notify_main; send=$built
absent=()
need openssl jq curl /usr/bin/python3

openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost \
	-addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' \
	-keyout "$tmp/key.pem" -out "$tmp/cert.pem" 2>/dev/null

# Webhooks over TLS: the server wants our certificate, we want its own.
cat >"$tmp/https.py" <<'END'
import http.server
import ssl
import sys


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        print('taken', self.headers['Authorization'], flush=True)
        self.send_response(200)
        self.end_headers()


server = http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Hook)
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=sys.argv[2])
context.load_cert_chain(sys.argv[2], sys.argv[3])
context.verify_mode = ssl.CERT_REQUIRED
server.socket = context.wrap_socket(server.socket, server_side=True)
print('up', flush=True)
server.serve_forever()
END
free_port
start https /usr/bin/python3 "$tmp/https.py" "$port" "$tmp/cert.pem" "$tmp/key.pem"
wait_for 20 grep -q up "$tmp/https.log"
echo token >"$tmp/bearer"
# hook STATUS WORD..: how two messages end.
hook() {
	local want=$1 status=0
	shift
	rm -f "$tmp/box.db"*
	"$send" "$tmp/box.db" webhook "https://localhost:$port/hook" \
		bearer_file="$tmp/bearer" "$@" >"$tmp/sent" 2>&1 || status=$?
	[ "$status" = "$want" ] || fail "hook $*: $status: $(<"$tmp/sent")"
}
ours=(cert="$tmp/cert.pem" key="$tmp/key.pem")
hook 0 ca="$tmp/cert.pem" "${ours[@]}"
[ "$(grep -c '^taken Bearer token$' "$tmp/https.log")" = 2 ] ||
	fail "the server had: $(<"$tmp/https.log")"
hook 4 ca="$tmp/cert.pem" seconds=0.4
hook 4 "${ours[@]}" seconds=0.4
! grep -q token "$tmp/sent" || fail 'the token is in what is said'
[ "$(grep -c '^taken' "$tmp/https.log")" = 2 ] || fail 'taken without a certificate'

# mail MODE WORD..: a server of that mode, and two mails to it; what is sent is
# in $tmp/sent, its status in $status.
mail() {
	local mode=$1
	shift
	rm -f "$tmp/mails" "$tmp/box.db"*
	free_port
	start smtp /usr/bin/python3 "$top_srcdir/tests/e2e/notify_smtp.py" "$port" \
		"$mode" "$tmp/mails" "$tmp/cert.pem" "$tmp/key.pem"
	wait_for 20 grep -q up "$tmp/smtp.log"
	status=0
	"$send" "$tmp/box.db" email "localhost:$port" 'from=kÿmo <kymo@example.com>' \
		ca="$tmp/cert.pem" "$@" >"$tmp/sent" 2>&1 || status=$?
	stop "$started"
}
# mails STATUS TEXT: what came of it.
mails() {
	local is
	[ "$status" = "$1" ] || fail "ended with $status: $(<"$tmp/sent")"
	is=$(/usr/bin/python3 "$top_srcdir/tests/e2e/notify_mail.py" "$tmp/mails") ||
		fail 'a mail is not sound'
	[ "$is" = "$2" ] || fail "$is, not $2"
}
# unsent TEXT: it was tried, and nothing came.
unsent() {
	[ "$status" = 4 ] || fail "sent $1: $(<"$tmp/sent")"
	[ ! -e "$tmp/mails" ] || fail "taken $1: $(<"$tmp/mails")"
}

if ! /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null; then
	absent+=('python3-aiosmtpd')
else
	echo p >"$tmp/password"
	login=(user=u password_file="$tmp/password")
	mail starttls "${login[@]}" to=ops@example.com
	mails 0 "2 mails 2 ids ['ops@example.com'] tls login"
	mail smtps "${login[@]}" tls=only to=ops@example.com to=b@example.com
	mails 0 "2 mails 2 ids ['ops@example.com', 'b@example.com'] tls login"
	mail plain tls=plain to=ops@example.com
	mails 0 "2 mails 2 ids ['ops@example.com'] plain anonymous"
	# One of two is refused, the other hears of it; an address that is put
	# off gets it later.
	mail plain tls=plain to=reject@example.com to=ops@example.com
	mails 0 "2 mails 2 ids ['ops@example.com'] plain anonymous"
	mail plain tls=plain to=defer@example.com
	mails 0 "2 mails 2 ids ['defer@example.com'] plain anonymous"
	grep -q '^failed' "$tmp/sent" || fail "not put off: $(<"$tmp/sent")"
	# Cut after the mail was taken: twice, under one id.
	mail plain tls=plain to=lost@example.com
	mails 0 "3 mails 2 ids ['lost@example.com'] plain anonymous"
	mail plain tls=plain to=reject@example.com
	[ "$status" = 3 ] || fail "a refused mail did not die: $(<"$tmp/sent")"
	# Nothing goes to a server without TLS, or with somebody's certificate.
	mail plain to=ops@example.com seconds=0.4
	unsent "without TLS"
	mail smtps "${login[@]}" tls=only to=ops@example.com ca=/etc/ssl/certs/none \
		seconds=0.4
	unsent "to anybody"
fi

if ! command -v prometheus-alertmanager amtool >/dev/null; then
	absent+=('prometheus-alertmanager')
else
	cat >"$tmp/am.yml" <<-END
	route: {receiver: none}
	receivers: [{name: none}]
	END
	free_port
	start alertmanager prometheus-alertmanager --config.file="$tmp/am.yml" \
		--storage.path="$tmp/am" --cluster.listen-address= \
		--web.listen-address="127.0.0.1:$port"
	url=http://127.0.0.1:$port
	wait_for 20 curl -sf "$url/-/ready"
	"$send" "$tmp/am.db" alertmanager "$url" name=Resolved >"$tmp/sent" ||
		fail "alertmanager: $(<"$tmp/sent")"
	[ "$(grep -c '^delivered' "$tmp/sent")" = 2 ] || fail "$(<"$tmp/sent")"
	amtool --alertmanager.url="$url" alert query -o json >"$tmp/alerts"
	[ "$(jq length "$tmp/alerts")" = 0 ] || fail 'resolved, and still there'
	"$send" "$tmp/am2.db" webhook "$url/api/v2/alerts" seconds=3 >"$tmp/sent" &&
		fail 'no array, and taken'
	grep -q '^died .* answered 400' "$tmp/sent" || fail "$(<"$tmp/sent")"
	"$send" "$tmp/am3.db" alertmanager "$url" fires=only >"$tmp/sent" ||
		fail "alertmanager: $(<"$tmp/sent")"
	amtool --alertmanager.url="$url" alert query -o json >"$tmp/alerts"
	is=$(jq -c '[.[] | [.labels.alertname, .labels.path, .labels.service,
		.annotations.summary, .generatorURL, .fingerprint]]' "$tmp/alerts")
	fingerprint=$(sed -n 's/^fingerprint //p' "$tmp/sent")
	[ "$is" = "[[\"Slöw\",\"/a<b>&\\\"c\\\"\",\"shöp\",\"requests are slow\\r\\nBcc: evil@example.com\",\"http://localhost:9464/\",\"$fingerprint\"]]" ] ||
		fail "amtool sees $is"
fi
[ ${#absent[@]} = 0 ] || skip "without ${absent[*]}"
