/* SPDX-License-Identifier: MIT */
/* Names: of region files, and the grammar of metric names. */
#ifndef KYI_NAME_H
#define KYI_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KYI_FILE_SUFFIX ".kymo"
#define KYI_FILE_NAME_BYTES 128u /* with NUL */
#define KYI_SERVICE_BYTES_MAX 63u

/* kyi_file_name writes SERVICE.PID.16HEX.kymo; the hex digits are the first
   half of instance_id. service has gone through kyi_service_clean. */
void kyi_file_name(char name[KYI_FILE_NAME_BYTES], const char *service,
    uint32_t pid, const uint8_t instance_id[16]);

/* kyi_file_name_is tells whether name can be a region's: only [A-Za-z0-9_.-],
   no leading dot, the suffix, and short enough. */
bool kyi_file_name_is(const char *name);

/* kyi_service_clean copies name, other bytes than [A-Za-z0-9_.-] as '_', no
   leading dot or dash, cut to KYI_SERVICE_BYTES_MAX; "unknown" if nothing is
   left. Returns whether it is a faithful copy. */
bool kyi_service_clean(char service[KYI_SERVICE_BYTES_MAX + 1], const char *name);

/* kyi_metric_name_is: [a-zA-Z_][a-zA-Z0-9_]* of at most KYI_NAME_BYTES_MAX
   bytes (a colon is for recording rules). kyi_label_name_is: the same without
   a leading "__". kyi_unit_is: [a-zA-Z0-9_]*, what a name may end in, or
   empty. kyi_component_is: [a-zA-Z0-9_.-]*, may be empty. */
bool kyi_metric_name_is(const char *name, size_t len_bytes);
bool kyi_label_name_is(const char *name, size_t len_bytes);
bool kyi_unit_is(const char *name, size_t len_bytes);
bool kyi_component_is(const char *name, size_t len_bytes);

/* kyi_utf8_len returns how many of the first len_bytes bytes of text are
   whole, valid UTF-8 characters (RFC 3629: no surrogates, no overlong forms),
   NUL not among them. Equal to len_bytes: it is all sound. */
size_t kyi_utf8_len(const char *text, size_t len_bytes);

#endif
