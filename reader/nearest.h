/* SPDX-License-Identifier: MIT */
/* What a person may have meant. */
#ifndef KYI_NEAREST_H
#define KYI_NEAREST_H

#include <stddef.h>

/* The nearest of cnt words to text, if it is near; else NULL. */
const char *kyi_nearest(const char *text, const char *const *words,
    size_t cnt);

#endif
