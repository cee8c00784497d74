/* SPDX-License-Identifier: MIT */
/* Secrets: read when they are used, wiped after it. */
#ifndef KYI_NOTIFY_SECRET_H
#define KYI_NOTIFY_SECRET_H

#include "reader/notify/notify.h"

#define KYI_SECRET_BYTES_MAX 16384u

/* kyi_secret_read stores the secret, without spaces at its end, to *text
   (kyi_secret_wipe it); NULL where none is configured. -1: error says what is
   wrong with the file or the variable, never what is in it. A secret is not
   empty and has no control characters. */
KYMO_MUST_CHECK int kyi_secret_read(char **text,
    const struct kymo_secret *secret, const char *what,
    struct kymo_error *error);
void kyi_secret_wipe(char *text);

static inline bool
kyi_secret_is(const struct kymo_secret *secret)
{
	return secret->file != NULL || secret->env != NULL;
}

#endif
