/* SPDX-License-Identifier: MIT */
/* The metrics of kymo emit: what a line says becomes a record of libkymo. */
#ifndef KYI_EMIT_FAMILIES_H
#define KYI_EMIT_FAMILIES_H

#include "tools/emit_line.h"

/* kyi_emit_apply does what line says. Returns 0, or -1 and what is wrong. */
int kyi_emit_apply(const struct kyi_emit_line *line,
    struct kyi_emit_fault *fault);

void kyi_emit_families_free(void);

/* ---- between the two files of this ----------------------------------------- */

struct kyi_emit_family {
	char *name;
	struct kymo_desc desc; /* its texts are ours */
	bool has_labels, registered;
	char *keys[KYMO_LABEL_MAX], *states[KYMO_STATE_MAX];
	struct kymo_family handle;
};

/* kyi_emit_may: does the operator of line suit the kind of family? */
bool kyi_emit_may(const struct kyi_emit_family *family,
    const struct kyi_emit_line *line, struct kyi_emit_fault *fault);

/* kyi_emit_record makes the record. values are in the family's order. */
int kyi_emit_record(const struct kyi_emit_family *family,
    const struct kyi_emit_line *line, const char *const *values,
    struct kyi_emit_fault *fault);

#endif
