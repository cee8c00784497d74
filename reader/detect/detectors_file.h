/* SPDX-License-Identifier: MIT */
/* What detectors know, in a file: for this machine's next start, so bytes are as
   in memory, and the head says what that is. In order:

     head      kyi_saved_head
     incident  kyi_saved_incident, its texts          times incident_cnt
     series    kyi_saved_series, its texts, and for
               each signal kyi_saved_slot, a detector times series_cnt
     end       crc32c of all before

   Texts are the family's name, then keys and values, each with its NUL. */
#ifndef KYI_DETECTORS_FILE_H
#define KYI_DETECTORS_FILE_H

#include "reader/detect/detectors_private.h"

#define KYI_SAVED_MAGIC "KYMODET2"
#define KYI_SAVED_ENDIAN 0x01020304u

struct kyi_saved_head {
	char magic[8];
	uint32_t endian, detector_bytes;
	uint32_t series_cnt, incident_cnt;
	uint64_t file_bytes;
	uint64_t at_ns;
};

struct kyi_saved_incident {
	uint32_t number, text_bytes;
	uint32_t label_cnt, kind, signal, zero;
	uint64_t begin_ns;
	double score;
};

struct kyi_saved_series {
	uint32_t text_bytes, label_cnt, kind, slot_cnt;
};

/* What is held of a signal; score 0: nothing. */
struct kyi_saved_slot {
	struct kymo_detect_result result;
	double value, low, high;
	uint64_t onset_ns;
	uint32_t incident; /* its number; 0: none */
	uint32_t is_root;
};

/* All of a file; returns what is wrong with it, and detectors may know a part of
   it then; NULL: nothing. */
const char *kyi_detectors_read(struct kymo_detectors *detectors,
    const char *bytes, size_t len_bytes, uint64_t now_ns);

#endif
