/* SPDX-License-Identifier: MIT */
/* Alerts as people read them, out of what the API tells of them. */
#ifndef KYI_ALERT_VIEW_H
#define KYI_ALERT_VIEW_H

#include "tools/kymo_alert_ask.h"

struct kyi_alert_told {
	const json_t *json, *kymo, *labels;
	const char *name, *state; /* state: one word */
	int64_t since_ms;
	int rank; /* in a list: what needs somebody comes first */
};

/* Those of a list, what needs somebody first; to be freed. */
struct kyi_alert_told *kyi_alerts_told(const json_t *list, uint32_t *cnt);
/* As a table; an exit code. */
int kyi_alerts_put_list(const json_t *list);
/* All of one: what was decided (why), or its labels and annotations; its
   messages, and what comes next. */
void kyi_alert_put(struct kymo_buffer *out, const struct kyi_alert_told *alert,
    bool why);

#endif
