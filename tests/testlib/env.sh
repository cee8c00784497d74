# shellcheck shell=sh
# What every test runs under; read by make check and by hand:
#	. tests/testlib/env.sh

# A report ends the test at once, with a code of its own.
ASAN_OPTIONS=exitcode=99:detect_stack_use_after_return=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}
UBSAN_OPTIONS=print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}
TSAN_OPTIONS=exitcode=99:halt_on_error=1${TSAN_OPTIONS:+:$TSAN_OPTIONS}
export ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS

# Nothing of the user's kymo, no proxy, no words in other languages.
unset KYMO KYMO_DIR KYMO_SERVICE KYMO_COMPONENTS KYMO_QUIET KYMO_TRACE KYMO_READ
unset KYMO_ALLOW_DISK
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY
LC_ALL=C.UTF-8 TZ=UTC
export LC_ALL TZ
