/* SPDX-License-Identifier: MIT */
/* Words for what spans and logs say in numbers. */
#ifndef KYI_EXPORT_EVENTS_H
#define KYI_EXPORT_EVENTS_H

#include <stdint.h>

/* "debug" .. "fatal" for 1 to 5; "unset", "ok", "error" for 0 to 2. */
const char *kyi_severity_name(uint32_t severity);
const char *kyi_span_status_name(uint32_t status);

#endif
