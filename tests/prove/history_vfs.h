/* SPDX-License-Identifier: MIT */
/* A disk whose power is cut: what SQLite wrote and did not sync since is there,
   or not, or in part, each sector (512 bytes) for itself. */
#ifndef TESTS_PROVE_HISTORY_VFS_H
#define TESTS_PROVE_HISTORY_VFS_H

#include <stdint.h>

enum cut_how {
	CUT_POWER, /* the process ends, sectors as above */
	CUT_KILL,  /* it ends, all that was written is there */
	CUT_ERROR, /* this write or sync fails, the next ones do not */
	CUT_FULL   /* no room, for so many writes */
};

/* From now on SQLite writes to it, in this process. The at-th write, truncation
   or sync is the one (0: none); seed says which sectors. */
void cut_begin(enum cut_how how, uint64_t at, uint64_t seed);
uint64_t cut_ops(void);

#endif
