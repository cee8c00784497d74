/* SPDX-License-Identifier: MIT */
/* What detectors know, in a file: for this machine's next start, so bytes are as
   in memory, and the head says what that is. In order:

     head      kyi_saved_head
     incident  kyi_saved_incident, its texts          times incident_cnt
     series    kyi_saved_series, its texts, and for
               each signal kyi_saved_slot, a detector,
               and with changes kyi_saved_change,
               kyi_row times row_cnt                times series_cnt
     end       crc32c of all before

   Texts are the family's name, then keys and values, each with its NUL. */
#ifndef KYI_DETECTORS_FILE_H
#define KYI_DETECTORS_FILE_H

#include "reader/detect/detectors_private.h"

#define KYI_SAVED_MAGIC "KYMODET3"
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
	uint32_t changes; /* 1: they are there */
	uint32_t zero;
};

/* What is held of a signal; score 0: nothing. */
struct kyi_saved_slot {
	struct kymo_detect_result result;
	double value, low, high;
	uint64_t onset_ns;
	uint32_t incident; /* its number; 0: none */
	uint32_t is_root;
};

/* The search for changes itself is not in the file: it is made again of its last
   rows, so that nothing of it need be believed. */
struct kyi_saved_change {
	uint32_t row_cnt, kind;
	uint64_t found_ns; /* 0: nothing */
	uint64_t at_ns;
	double before, after, confidence;
};

/* All of a file; returns what is wrong with it, and detectors may know a part of
   it then; NULL: nothing. */
const char *kyi_detectors_read(struct kymo_detectors *detectors,
    const char *bytes, size_t len_bytes, uint64_t now_ns);

#endif
