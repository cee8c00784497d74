/* SPDX-License-Identifier: MIT */
/* What the pieces of a page share. Private to reader/export/text*.c. */
#ifndef KYI_EXPORT_TEXT_H
#define KYI_EXPORT_TEXT_H

#include "reader/export/export.h"

#define KYI_PAGE_LABEL_MAX 32u  /* service, 16 of the family, pid, and some */
#define KYI_PAGE_NAME_MAX 256u  /* with a suffix */
#define KYI_PAGE_LE_MAX 128u

/* The label keys of a family seldom change from series to series: they are
   checked and written once, and then only compared by address. */
struct kyi_page_labels {
	const char *reserved; /* a key that the value has for itself; NULL */
	const char *keys[KYI_PAGE_LABEL_MAX];
	uint32_t key_cnt;
	uint32_t piece_off[KYI_PAGE_LABEL_MAX + 1];
	bool known, sound, overflow_said;
	struct kymo_buffer pieces; /* key=" and ",key=" */
	struct kymo_buffer text;   /* key="value",key="value" */
};

/* A new family: its keys are not known yet. A label that the family itself
   calls reserved is shown as exported_reserved. */
void kyi_page_labels_begin(struct kyi_page_labels *labels,
    const char *reserved);
/* Makes labels->text; false: this series has labels that no page may have. */
bool kyi_page_labels_set(struct kyi_page_labels *labels,
    const struct kymo_series *series);
void kyi_page_labels_free(struct kyi_page_labels *labels);

/* Label values, and help in one of the two formats. */
void kyi_page_value(struct kymo_buffer *buffer, const char *text);
void kyi_page_help(struct kymo_buffer *buffer, const char *text,
    enum kymo_text_format format);

/* Bounds of classic buckets, as texts. */
struct kyi_page_bounds {
	int32_t first;
	uint32_t cnt;
	int exponent;
	uint32_t text_off[KYI_PAGE_LE_MAX + 1];
	struct kymo_buffer text; /* each ends with its NUL */
	bool made;
};

/* Bounds 2^(first+i) * 10^exponent, i < cnt, as OpenMetrics' clients write
   floats ("1.024e-06", "4096.0"): the same in both formats, so that a series
   does not change when a scraper's Accept header does. */
void kyi_page_bounds_make(struct kyi_page_bounds *bounds, int32_t first,
    uint32_t cnt, int exponent);

struct kyi_page {
	struct kymo_buffer *to;
	const struct kymo_scan *scan;
	const struct kymo_filter *filter;
	enum kymo_text_format format;
	struct kyi_page_labels labels;
	struct kyi_page_bounds bounds;
	char name[KYI_PAGE_NAME_MAX]; /* the family's, without a suffix */
	size_t name_bytes;
};

/* Begins a line: NAMEsuffix{labels,more} and a space. more has its comma only
   where it is needed; NULL: none. */
void kyi_page_line(struct kyi_page *page, const char *suffix,
    const char *more, size_t more_bytes);
/* SUFFIX{..} n * 10^exponent; a whole line. */
void kyi_page_u64(struct kyi_page *page, const char *suffix, uint64_t n,
    int exponent);
void kyi_page_created(struct kyi_page *page, const struct kymo_series *series);
void kyi_page_histogram(struct kyi_page *page,
    const struct kymo_family_scan *family, const struct kymo_series *series);

#endif
