/* SPDX-License-Identifier: MIT */
#ifndef KYI_CONFIG_KEYS_H
#define KYI_CONFIG_KEYS_H

#include "reader/config/yaml_reader.h"

/* Where that stands which may contradict something else. */
struct kyi_config_places {
	struct kymo_config_place interval, evaluation, history_path;
	struct kymo_config_place step[KYMO_CONFIG_TIER_MAX];
	struct kymo_config_place keep[KYMO_CONFIG_TIER_MAX];
};

/* kyi_config_document reads the one document of yaml into config, which has
   its defaults. -1: yaml->error says where and what. */
KYMO_MUST_CHECK int kyi_config_document(struct kyi_yaml *yaml,
    struct kymo_config *config);

/* Keys that have a file of their own; to is the configuration. */
int kyi_config_history(struct kyi_yaml *yaml, void *to);
int kyi_config_retention(struct kyi_yaml *yaml, void *to);
int kyi_config_rule_files(struct kyi_yaml *yaml, void *to);
int kyi_config_evaluation(struct kyi_yaml *yaml, void *to);
int kyi_config_external_labels(struct kyi_yaml *yaml, void *to);
int kyi_config_external_url(struct kyi_yaml *yaml, void *to);
int kyi_config_alerting(struct kyi_yaml *yaml, void *to);
int kyi_config_detection(struct kyi_yaml *yaml, void *to);
int kyi_config_query(struct kyi_yaml *yaml, void *to);
int kyi_config_components(struct kyi_yaml *yaml, void *to);

/* What is fine by itself and not together. */
KYMO_MUST_CHECK int kyi_config_conflicts(struct kyi_yaml *yaml,
    const struct kymo_config *config);

#endif
