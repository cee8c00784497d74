# shellcheck shell=bash
# Completion of kymod.

_kymod() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}

	case $prev in
	--config | -c | --state | -s)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	--dir | -d) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	--log-level)
		mapfile -t COMPREPLY < <(compgen -W 'debug info warn error' -- "$cur") ;;
	--listen | -l | --collection-interval | -i) ;;
	*)
		mapfile -t COMPREPLY < <(compgen -W '--config --listen --dir
			--collection-interval --state --log-level --check
			--version --help' -- "$cur") ;;
	esac
}

complete -o filenames -F _kymod kymod
