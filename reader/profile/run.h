/* SPDX-License-Identifier: MIT */
/* A program of ours: started without a shell, bounded, ended with all it began. */
#ifndef KYI_PROFILE_RUN_H
#define KYI_PROFILE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kyi_ran {
	KYI_RAN_ENDED,   /* by itself: status is waitpid's */
	KYI_RAN_LATE,    /* it was killed at its time */
	KYI_RAN_TOO_LONG, /* .. for what it said */
	KYI_RAN_CANCELLED,
	KYI_RAN_NOT      /* it did not start: status is an errno */
};

struct kyi_profile_run {
	char *const *argv; /* argv[0] is an absolute path; ends in NULL */
	uint64_t timeout_ms;
	uint64_t file_bytes_max; /* a file it writes grows no longer */
	size_t said_bytes_max;
	/* What it says on its standard output, as it comes. NULL: it goes where
	   errors do. */
	void (*said)(void *to, const char *bytes, size_t len_bytes);
	void *to;
	bool (*cancelled)(void *of); /* NULL: never */
	void *of;
	/* What comes of it. */
	int status;
	char errors[512]; /* the end of what it said on standard error */
};

enum kyi_ran kyi_profile_run(struct kyi_profile_run *run);

#endif
