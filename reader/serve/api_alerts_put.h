/* SPDX-License-Identifier: MIT */
/* An alert as JSON. */
#ifndef KYI_SERVE_API_ALERTS_PUT_H
#define KYI_SERVE_API_ALERTS_PUT_H

#include "reader/serve/api.h"
#include "reader/serve/api_mail.h"

/* During a look. mail NULL: without decisions and messages. */
void kyi_api_alert_put(struct kymo_buffer *out,
    const struct kyi_alerting *alerting, const struct kyi_mail *mail,
    const struct kymo_alert_view *view);
/* ,"KEY":{"a":"b",..} */
void kyi_api_pairs_put(struct kymo_buffer *out, const char *key,
    const struct kymo_label *pairs, uint32_t cnt);

#endif
