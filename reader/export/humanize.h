/* SPDX-License-Identifier: MIT */
#ifndef KYI_EXPORT_HUMANIZE_H
#define KYI_EXPORT_HUMANIZE_H

#include "reader/buffer.h"

/* 12,345,678 */
void kyi_thousands(struct kymo_buffer *buffer, uint64_t n);

#endif
