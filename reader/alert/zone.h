/* SPDX-License-Identifier: MIT */
/* Time zones, from the system's files: what a clock on a wall there shows. The
   process' own zone is not touched, and the answer depends on nothing else. */
#ifndef KYI_ALERT_ZONE_H
#define KYI_ALERT_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "reader/error.h"

struct kyi_zone;

/* kyi_zone_new reads the zone of this name ("Europe/Berlin"; "Local": the
   machine's). NULL: error says why. */
struct kyi_zone *kyi_zone_new(const char *name, struct kymo_error *error);
/* The same of the bytes of a TZif file. */
struct kyi_zone *kyi_zone_parse(const unsigned char *bytes, size_t len_bytes,
    struct kymo_error *error);
void kyi_zone_delete(struct kyi_zone *zone);
/* Seconds east of UTC at a time. */
int32_t kyi_zone_offset_s(const struct kyi_zone *zone, int64_t at_s);

/* Zones of a file hang together by this. */
struct kyi_zone **kyi_zone_next(struct kyi_zone *zone);

#endif
