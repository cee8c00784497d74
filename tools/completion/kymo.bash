# shellcheck shell=bash
# Completion of kymo; static but for services and process ids, which a glance
# at the directories gives.

_kymo_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

_kymo_regions() {
	kymo ls --json 2>/dev/null |
		sed -n 's/^{"service":"\([A-Za-z0-9_.-]*\)","pid":\([0-9]*\),.*/\1 \2/p'
}

_kymo() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}

	if [ "$COMP_CWORD" = 1 ]; then
		_kymo_words 'ls dump check emit query rules routes alerts silence notify
			detect anomalies health record diff bench help version'
		return
	fi
	case $prev in
	--dir | -d)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return ;;
	--format | -f)
		_kymo_words 'table json prometheus openmetrics msgpack'
		return ;;
	--name | -n | --label | -l | --service | -s | --run | \
		--at | --from | --to | --step | --timeout | --url | \
		--against | --receiver | --by | --comment | --until | --duration | \
		--to | --silence) return ;;
	esac
	case ${COMP_WORDS[1]}:$cur in
	help:*) _kymo_words 'ls dump check emit query rules routes alerts silence
		notify detect anomalies health record diff bench' ;;
	ls:*) _kymo_words '--dir --json --help' ;;
	dump:-*) _kymo_words '--format --sum --name --label --all --events
		--no-events --last --rates --dir --help' ;;
	dump:*/*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	dump:*) _kymo_words "$(_kymo_regions)" ;;
	check:-*) _kymo_words '--quiet --help' ;;
	check:*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	query:-*) _kymo_words '--at --from --to --step --table --json --chart
		--timeout --url --help' ;;
	rules:-*) _kymo_words '--quiet --no-lint --lint-fatal --against --run
		--from --to --config --history --routes --silence --json --help' ;;
	rules:*)
		if [ "$COMP_CWORD" = 2 ]; then
			_kymo_words 'check test explain export backtest'
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi ;;
	routes:-*) _kymo_words '--quiet --help' ;;
	routes:*)
		if [ "$COMP_CWORD" = 2 ]; then
			_kymo_words 'check test'
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi ;;
	alerts:-*) _kymo_words '--all --receiver --by --comment --until --undo
		--json --url --help' ;;
	alerts:*)
		[ "$COMP_CWORD" != 2 ] || _kymo_words 'ls show why ack' ;;
	silence:-*) _kymo_words '--comment --by --duration --until --from --all
		--quiet --json --url --help' ;;
	silence:*)
		[ "$COMP_CWORD" != 2 ] || _kymo_words 'add ls expire' ;;
	notify:-*) _kymo_words '--to --all --by --timeout --json --url --help
		--receiver --alerts --html --png --template --as' ;;
	notify:*)
		[ "$COMP_CWORD" != 2 ] || _kymo_words 'queue dead retry test render' ;;
	detect:-*) _kymo_words '--alarms --changes --squash --help' ;;
	anomalies:*) _kymo_words '--changes --json --url --help' ;;
	record:-*) _kymo_words '--output --append --interval --phase --pid --instance
		--for --marks --dir --help' ;;
	diff:-*) _kymo_words '--phase --phases --threshold --lower-is-better
		--higher-is-better --all --format --json --help' ;;
	bench:-*) _kymo_words '--runs --warmup --baseline --save --threshold
		--lower-is-better --higher-is-better --any-status --output
		--all --format --json --help' ;;
	record:* | diff:* | bench:*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	detect:*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	health:-*) _kymo_words '--url --nagios --json --verbose --help' ;;
	emit:*) _kymo_words '--service --dir --keep --help' ;;
	esac
}

complete -o filenames -F _kymo kymo
