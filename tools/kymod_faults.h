/* SPDX-License-Identifier: MIT */
/* What is wrong with files that a configuration names: all of it goes to the
   log, the first to who asked. */
#ifndef KYI_KYMOD_FAULTS_H
#define KYI_KYMOD_FAULTS_H

#include <stdint.h>

#include "reader/error.h"

struct kyi_faults {
	const char *of; /* "rules": what lines of the log begin with */
	struct kymo_error first;
	uint32_t cnt;
};

/* For who loads; faults is a struct kyi_faults. */
void kyi_faults_note(void *faults, const char *text);
void kyi_faults_warn(void *faults, const char *text);
/* Into error, if there are any; else it stays. */
void kyi_faults_tell(const struct kyi_faults *faults,
    struct kymo_error *error);

#endif
