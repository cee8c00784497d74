/* SPDX-License-Identifier: MIT */
/* kymo rules backtest: kept history played again through the same engines that
   kymod has, in no time. */
#ifndef KYI_BACKTEST_H
#define KYI_BACKTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "reader/alert/alerts.h"
#include "reader/alert/routing.h"
#include "reader/error.h"
#include "reader/rules/rules.h"

/* What is wished; NULL, 0: as the configuration has it. */
struct kyi_backtest_options {
	const char *config_path, *history_path, *routes_path;
	const char *const *rule_paths;
	uint32_t rule_path_cnt;
	const char *const *silences; /* matchers; each over all of it */
	uint32_t silence_cnt;
	int64_t from_ms, to_ms;
	/* Lines of faults in files. */
	void (*fault)(void *of, const char *text);
};

enum kyi_backtest_what {
	KYI_BACKTEST_FIRES,
	KYI_BACKTEST_ENDS,
	KYI_BACKTEST_GOES_ON, /* it fired when all was played */
	KYI_BACKTEST_SAYS
};

struct kyi_backtest_event {
	enum kyi_backtest_what what;
	int64_t at_ms;
	/* FIRES, ENDS, GOES_ON: the alert, and for how long it fired. */
	const struct kymo_rule *rule;
	const struct kymo_labels *labels;
	int64_t for_ms;
	double value;
	/* SAYS */
	const struct kymo_notice *notice;
};

struct kyi_backtest_done {
	int64_t from_ms, to_ms; /* what was evaluated */
	uint64_t pass_cnt;
	uint32_t rule_cnt;
	uint32_t still_cnt; /* of GOES_ON */
	/* Rules that failed, the first of them, and why. */
	uint64_t failed_cnt;
	char failed_rule[200], failed_why[400];
};

/* Calls event in the order of time. -1: error says why, or faults were told and
   it is "". */
int kyi_backtest_run(const struct kyi_backtest_options *options,
    void (*event)(void *of, const struct kyi_backtest_event *event), void *of,
    struct kyi_backtest_done *done, struct kymo_error *error);

/* The verb's part: its options are behind "backtest". */
int kyi_rules_backtest(int argc, char **argv);

#endif
