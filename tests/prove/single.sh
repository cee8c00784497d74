#!/usr/bin/env bash
# ./dev prove single [--json]: the proofs of records (steps, nested, readers, no
# system call) once more, their programs built with kymo_single.h: all of kymo
# inside, no libkymo.
set -eu
. "${top_srcdir:=.}/tests/testlib/sh.sh"
export KYMO_MODE=single
proofs='nested syscalls'
[ -n "${KYMO_QUICK:-}" ] || proofs="$proofs readers steps" # they take long
for proof in $proofs; do
	bash "$top_srcdir/tests/prove/$proof.sh" "$@"
done
