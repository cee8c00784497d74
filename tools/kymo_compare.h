/* SPDX-License-Identifier: MIT */
/* Two runs compared, for people and for programs: kymo diff and kymo bench. */
#ifndef KYI_COMPARE_H
#define KYI_COMPARE_H

#include <regex.h>

#include "reader/export/run.h"
#include "tools/kymo_cli.h"

enum kyi_compare_format {
	KYI_COMPARE_TEXT, KYI_COMPARE_JSON, KYI_COMPARE_MARKDOWN
};

struct kyi_compare {
	struct kymo_run_question question;
	enum kyi_compare_format format;
	bool all;
	const char *phase; /* that these are of, for a heading; NULL: none */
	regex_t *lower, *higher; /* what is better; NULL: as names say */
};

/* kyi_compare_regex: an option's; returns an exit code. */
int kyi_compare_regex(regex_t **to, const char *option, const char *text);
/* kyi_compare_threshold: "1%" or "0.01". */
int kyi_compare_threshold(double *to, const char *text);
/* kyi_compare_format: text, json or markdown. */
int kyi_compare_format(enum kyi_compare_format *to, const char *text);
void kyi_compare_free(struct kyi_compare *compare);

/* kyi_compare prints; KYI_EXIT_NO if anything is worse. */
int kyi_compare(const struct kyi_compare *compare,
    const struct kymo_runs *before, const struct kymo_run_part *before_part,
    const struct kymo_runs *after, const struct kymo_run_part *after_part);

#endif
