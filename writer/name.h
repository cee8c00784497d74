/* SPDX-License-Identifier: MIT */
/* Span names and log formats. */
#ifndef KYI_WRITER_NAME_H
#define KYI_WRITER_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/ref.h"

/* A log format's arguments: what to take from the call, and what goes to the
   region (KYI_ARG_*). A string's byte is 0x80 plus how much of it may be read
   at most (its precision), or 's'. */
struct kyi_format {
	char take[KYI_ARG_MAX];  /* i u f s, I U: eight bytes */
	char types[KYI_ARG_MAX];
	uint32_t arg_cnt;
};

/* kyi_format_parse reads a printf format, whose length is bounded. False: it
   has a conversion that is not kept, too many of them, or is too long. */
bool kyi_format_parse(struct kyi_format *format, const char *text);

/* kyi_name_need returns the id of a span name (types.at NULL) or of a log
   format, registered if it is new; KYI_ID_OFF, KYI_ID_LOST. Names are equal if
   text, component and severity are; severity 0 for span names. sample_n is the
   component's. */
uint32_t kyi_name_need(const char *component, const char *text,
    struct kyi_text types, uint8_t severity, uint32_t *sample_n);

#endif
