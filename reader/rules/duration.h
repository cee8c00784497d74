/* SPDX-License-Identifier: MIT */
/* Durations as Prometheus writes them: 1w2d, 1h30m, 15s, 250ms; 0. */
#ifndef KYI_RULES_DURATION_H
#define KYI_RULES_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#include "reader/buffer.h"

/* kyi_prom_duration_parse: units y w d h m s ms, each at most once, from the
   largest down; false: text is none, or too long for nanoseconds. */
bool kyi_prom_duration_parse(int64_t *ms, const char *text);
/* kyi_prom_duration_print: as few units as give it exactly; ms >= 0. */
void kyi_prom_duration_print(struct kymo_buffer *out, int64_t ms);

#endif
