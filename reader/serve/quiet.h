/* SPDX-License-Identifier: MIT */
/* Threads made between begin and end take no signals: those are for the
   program's own threads. */
#ifndef KYI_SERVE_QUIET_H
#define KYI_SERVE_QUIET_H

#include <pthread.h>
#include <signal.h>

struct kyi_quiet {
	sigset_t before;
};

static inline void
kyi_quiet_begin(struct kyi_quiet *quiet)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &quiet->before);
}

static inline void
kyi_quiet_end(struct kyi_quiet *quiet)
{
	pthread_sigmask(SIG_SETMASK, &quiet->before, NULL);
}

#endif
