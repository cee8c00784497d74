/* SPDX-License-Identifier: MIT */
/* What may go to a person's terminal or log. */
#ifndef KYI_PRINTABLE_H
#define KYI_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

/* kyi_printable returns the length of the first character of text (len_bytes
   > 0), 1 for a byte that is not UTF-8. *good: it is a character that moves no
   cursor, starts no escape sequence, is not invisible and turns no text
   around. */
size_t kyi_printable(const char *text, size_t len_bytes, bool *good);

#endif
