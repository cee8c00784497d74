/* SPDX-License-Identifier: MIT */
/* What is around a command that is recorded: signals to us, and a directory for its
   regions, that is gone afterwards whatever we are sent. */
#ifndef KYI_RUN_AROUND_H
#define KYI_RUN_AROUND_H

#include <signal.h>
#include <stdbool.h>

#define KYI_RUN_DIR_BYTES 64u

struct kyi_run_signals {
	int fd;     /* a signalfd */
	bool taken;
	sigset_t old;
	struct sigaction old_pipe, old_size;
};

/* kyi_run_signals_take: what would end us comes by fd now. Returns an exit code.
   _back: as it was, in a child too. */
int kyi_run_signals_take(struct kyi_run_signals *signals);
void kyi_run_signals_back(struct kyi_run_signals *signals);

struct kyi_run_dir {
	char path[KYI_RUN_DIR_BYTES]; /* "": there is none */
	int fd;                       /* locked while we live */
};

/* kyi_run_dir_make: on tmpfs, if there is one; those that dead ones of ours left
   go. Returns an exit code. */
int kyi_run_dir_make(struct kyi_run_dir *dir);
void kyi_run_dir_remove(const struct kyi_run_dir *dir);

#endif
