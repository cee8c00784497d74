/* SPDX-License-Identifier: MIT */
/* What is run (initfail_host.c), and what looks on (initfail.c). */
#ifndef TESTS_PROVE_INITFAIL_H
#define TESTS_PROVE_INITFAIL_H

#include <stdbool.h>

#define MARK 0x6b796d6fu /* getppid's first argument, which it ignores */
#define RESULT "result 3000\n"
#define STATUS 7

extern bool initfail_is_host;

int initfail_host(void);

#endif
