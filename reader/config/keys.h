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
int kyi_config_alertmanagers(struct kyi_yaml *yaml, void *to);
void kyi_config_alertmanagers_free(struct kymo_config *config);
int kyi_config_detection(struct kyi_yaml *yaml, void *to);
int kyi_config_profiles(struct kyi_yaml *yaml, void *to);
int kyi_config_query(struct kyi_yaml *yaml, void *to);
int kyi_config_components(struct kyi_yaml *yaml, void *to);

/* Keys of a component, which to is: its health. */
int kyi_config_checks(struct kyi_yaml *yaml, void *to);
int kyi_config_depends_on(struct kyi_yaml *yaml, void *to);
int kyi_config_degradation(struct kyi_yaml *yaml, void *to);
int kyi_config_recovery(struct kyi_yaml *yaml, void *to);
int kyi_config_users(struct kyi_yaml *yaml, void *to);
/* component's plan, made when it is first asked for. NULL: an error. */
struct kymo_care_plan *kyi_config_care_of(struct kyi_yaml *yaml,
    struct kymo_config_component *component);
/* A user's name or number, as one more of an array. */
KYMO_MUST_CHECK int kyi_config_uid_add(struct kyi_yaml *yaml, uint32_t **uids,
    uint32_t *cnt);
/* argv of a program that is started without a shell. */
KYMO_MUST_CHECK int kyi_config_argv(struct kyi_yaml *yaml, char ***argv,
    uint32_t *cnt);
/* HOST:PORT and an http URL, as texts. */
KYMO_MUST_CHECK int kyi_config_host_port(struct kyi_yaml *yaml, char **to);
KYMO_MUST_CHECK int kyi_config_url(struct kyi_yaml *yaml, char **to);
/* Who depends on whom, what takes how long. */
KYMO_MUST_CHECK int kyi_config_care_conflicts(struct kyi_yaml *yaml,
    struct kymo_config *config);
/* text, put behind the folder of the file that is read; to be freed. */
char *kyi_config_beside(const char *file, const char *text);

/* What is fine by itself and not together. */
KYMO_MUST_CHECK int kyi_config_conflicts(struct kyi_yaml *yaml,
    const struct kymo_config *config);

#endif
