/* SPDX-License-Identifier: MIT */
/* Which samples a family of a scan gives: their names, labels and values, as on
   its page. */
#ifndef KYI_HISTORY_SCAN_FAMILY_H
#define KYI_HISTORY_SCAN_FAMILY_H

#include "reader/history/history.h"

#define KYI_SLOTS_MAX 160u
#define KYI_LABELS_MAX 36u
#define KYI_NAME_BYTES 272u
#define KYI_NO_SLOT UINT32_MAX

/* Each series of the family gives up to slot_cnt samples; the slot's number
   tells which. */
struct kyi_scan_family {
	char *name, *help, *unit;
	enum kymo_metric_kind kind;
	int exponent;
	int32_t le_first;
	uint32_t le_cnt;
	char **states;
	uint32_t state_cnt;
	uint32_t slot_cnt, native_slot;
	bool sound; /* false: no page may show it */
};

KYMO_MUST_CHECK int kyi_scan_family_init(struct kyi_scan_family *family,
    const struct kymo_family_scan *scan);
void kyi_scan_family_free(struct kyi_scan_family *family);
bool kyi_scan_family_same(const struct kyi_scan_family *family,
    const struct kymo_family_scan *scan);

/* This series can be shown. */
bool kyi_scan_family_sound(const struct kyi_scan_family *family,
    const struct kymo_series *series);
/* labels: of the series, for TEXT with its text. The sample's own, with its
   name, into label; returns how many, 0: these cannot be. name is room for the
   name and for le. */
uint32_t kyi_scan_family_labels(const struct kyi_scan_family *family,
    const struct kymo_label *labels, uint32_t cnt, uint32_t slot,
    struct kymo_label label[KYI_LABELS_MAX], char name[KYI_NAME_BYTES]);
void kyi_scan_family_values(const struct kyi_scan_family *family,
    const struct kymo_series *series, double *value, bool *present);

/* Bytes of its texts; and it, with these at *at, returning the end. */
size_t kyi_scan_family_text_bytes(const struct kyi_scan_family *family);
char *kyi_scan_family_tell(const struct kyi_scan_family *family,
    struct kymo_history_family *told, char *at);

#endif
