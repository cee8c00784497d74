/* SPDX-License-Identifier: MIT */
/* Detection's word about components: which are worse than they were, and why. */
#ifndef KYI_KYMOD_WORSE_H
#define KYI_KYMOD_WORSE_H

#include "tools/kymod.h"

#include "reader/detect/detectors.h"

struct kyi_health;
struct kyi_worse;

/* NULL: no memory. */
struct kyi_worse *kyi_worse_new(void);
void kyi_worse_delete(struct kyi_worse *worse);
/* Whose latency and errors a configuration names (degradation:). */
void kyi_worse_take(struct kyi_worse *worse, const struct kymo_config *config);
/* Whom to tell; NULL: nobody from now on. */
void kyi_worse_health(struct kyi_worse *worse, struct kyi_health *health);
/* What was found in a look, of which there is one each look_ns. */
void kyi_worse_tell(struct kyi_worse *worse,
    const struct kymo_anomalies *found, uint64_t look_ns);
/* Why this component is worse than it was, in words; false: it is not. */
bool kyi_worse_reason(const struct kyi_worse *worse, const char *component,
    const struct kymo_anomalies *found, char *reason, size_t bytes);

#endif
