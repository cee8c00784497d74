/* SPDX-License-Identifier: MIT */
#ifndef KYI_ANOMALIES_H
#define KYI_ANOMALIES_H

#include "reader/buffer.h"

/* kyi_anomalies_print appends kymod's answer as lines for a terminal; *cnt is of
   how many anomalies. Returns an exit code; what is wrong was said. */
int kyi_anomalies_print(struct kymo_buffer *out, const char *bytes,
    size_t len_bytes, bool changes, uint32_t *cnt);

#endif
