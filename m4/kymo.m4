dnl kymo's own probes. What they find goes to KYMO_CFLAGS, KYMO_CXXFLAGS and
dnl KYMO_LDFLAGS; CFLAGS and LDFLAGS belong to whoever builds.

dnl KYMO_TRY_FLAG(FLAG, VARIABLE): add FLAG to VARIABLE if the C compiler takes
dnl it. With -Werror, since clang only warns about a flag that it does not know.
AC_DEFUN([KYMO_TRY_FLAG], [
	AS_VAR_PUSHDEF([cache], [AS_TR_SH([kymo_cv_flag_$1])])
	AC_CACHE_CHECK([whether $CC takes $1], [cache], [
		kymo_saved_cflags="$CFLAGS"
		CFLAGS="$CFLAGS -Werror $1"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([[]], [[]])],
			[AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
		CFLAGS="$kymo_saved_cflags"
	])
	AS_VAR_IF([cache], [yes], [$2="$$2 $1"])
	AS_VAR_POPDEF([cache])
])

dnl KYMO_NEED_FLAG(FLAG, VARIABLE): the same, and stop without it.
AC_DEFUN([KYMO_NEED_FLAG], [
	kymo_before="$$2"
	KYMO_TRY_FLAG([$1], [$2])
	AS_IF([test "$kymo_before" = "$$2"], [AC_MSG_ERROR([$CC does not take $1])])
])

dnl AC_PROG_CC picks the newest dialect (gnu17 or gnu11); we ask for C11 atomics.
AC_DEFUN([KYMO_C11], [
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
		#if __STDC_VERSION__ < 201112L
		#error "C11 or later"
		#endif
		_Static_assert(sizeof(unsigned long long) == 8, "64 bits");
		]], [[]])], [],
		[AC_MSG_ERROR([kymo needs a C11 compiler])])
	KYMO_CFLAGS=
	KYMO_LDFLAGS=
	KYMO_TRY_FLAG([-std=gnu11], [KYMO_CFLAGS])
	dnl i386 computes in 80 bits by default: a sum, or a decimal, would not
	dnl be that of any other machine.
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
		#if __FLT_EVAL_METHOD__ > 1
		#error "more than a double"
		#endif
		]], [[]])], [],
		[KYMO_TRY_FLAG([-msse2 -mfpmath=sse], [KYMO_CFLAGS])])
	AC_SUBST([KYMO_CFLAGS])
	AC_SUBST([KYMO_LDFLAGS])
])

AC_DEFUN([KYMO_WARNINGS], [
	m4_foreach_w([flag], [
		-Wall -Wextra -Wshadow -Wundef -Wvla
		-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
		-Wmissing-declarations -Wredundant-decls -Wnested-externs
		-Wpointer-arith -Wwrite-strings -Wcast-qual
		-Wformat=2 -Wimplicit-fallthrough -Wduplicated-cond -Wlogical-op
		-Wno-unused-parameter -Wno-tsan
	], [KYMO_TRY_FLAG(flag, [KYMO_CFLAGS])])
	KYMO_TRY_FLAG([-fvisibility=hidden], [KYMO_CFLAGS])
	AS_IF([test "$enable_werror" = yes], [KYMO_CFLAGS="$KYMO_CFLAGS -Werror"])
])

dnl --with-sanitizer=address,undefined: compile and link everything with it.
AC_DEFUN([KYMO_SANITIZER], [
	AS_CASE([$with_sanitizer],
		[no], [],
		[yes], [AC_MSG_ERROR([--with-sanitizer wants a list, as address,undefined])],
		[
			KYMO_NEED_FLAG([-fsanitize=$with_sanitizer], [KYMO_CFLAGS])
			KYMO_LDFLAGS="$KYMO_LDFLAGS -fsanitize=$with_sanitizer"
			KYMO_TRY_FLAG([-fno-sanitize-recover=all], [KYMO_CFLAGS])
			KYMO_TRY_FLAG([-fno-omit-frame-pointer], [KYMO_CFLAGS])
		])
	AC_SUBST([KYMO_SANITIZER], [$with_sanitizer])
	AM_CONDITIONAL([SANITIZER], [test "$with_sanitizer" != no])
	AM_CONDITIONAL([TSAN], [test "$with_sanitizer" = thread])
])

dnl tests/model needs gcc's -fsanitize=thread for itself, and glibc's fibers.
AC_DEFUN([KYMO_MODELS], [
	AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#include <stddef.h>
#include <ucontext.h>
#if !defined(__x86_64__) || !defined(__GLIBC__) || defined(__clang__)
#error "no models"
#endif
]])], [kymo_models=yes], [kymo_models=no])
	AM_CONDITIONAL([MODELS],
		[test "$kymo_models" = yes && test "$with_sanitizer" = no])
])

dnl --enable-fuzz: coverage in all our code, the driver only in the fuzzers.
AC_DEFUN([KYMO_FUZZ], [
	AS_IF([test "$enable_fuzz" = yes], [
		KYMO_NEED_FLAG([-fsanitize=fuzzer-no-link], [KYMO_CFLAGS])
		KYMO_LDFLAGS="$KYMO_LDFLAGS -fsanitize=fuzzer-no-link"
	])
	AM_CONDITIONAL([FUZZ], [test "$enable_fuzz" = yes])
])
