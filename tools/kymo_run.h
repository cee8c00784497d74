/* SPDX-License-Identifier: MIT */
/* A command, and what its metrics say while it runs, into a file. */
#ifndef KYI_RUN_H
#define KYI_RUN_H

#include "tools/kymo_cli.h"

struct kyi_run {
	char *const *command;   /* ends with NULL; NULL: chosen is watched */
	struct kyi_list words;  /* regions of others: as kymo dump takes them */
	struct kyi_list dirs;
	const char *phase;      /* the first one; NULL: none */
	const char *marks_path; /* where others tell of phases; NULL: our own */
	uint64_t interval_ns;
	uint64_t for_ns;        /* 0: until it ends */
	int to_fd;              /* the file */
	uint64_t keep_bytes;    /* of what is in it; the rest goes */
	bool silent;            /* its stdout goes nowhere */
	/* what came of it */
	bool begun;             /* else the file is as it was */
	int status;             /* the command's, as a shell has it */
	int signal;             /* that was sent to us and ended it; 0: none */
	bool interrupted;       /* by a signal to us */
};

/* kyi_run writes a run to to_fd, from its first look to its end. Returns an exit
   code of kymo: the command's own status is in run. */
int kyi_run(struct kyi_run *run);
/* kyi_run_die: as the command did of a signal that was for both, so that a
   shell's loop around us ends too; returns where there was none. */
void kyi_run_die(const struct kyi_run *run);

#endif
