/* SPDX-License-Identifier: MIT */
/* What values of a configuration may be: each reads what is looked at, and says
   what is wrong with it, where. All return -1 then. */
#ifndef KYI_CONFIG_VALUES_H
#define KYI_CONFIG_VALUES_H

#include "reader/config/yaml_reader.h"

/* An integer as plain digits. */
KYMO_MUST_CHECK int kyi_config_number(struct kyi_yaml *yaml, uint32_t *to,
    uint32_t min, uint32_t max);
KYMO_MUST_CHECK int kyi_config_u64(struct kyi_yaml *yaml, uint64_t *to,
    uint64_t min, uint64_t max);
/* min and max as people write them; _ms takes whole milliseconds only. */
KYMO_MUST_CHECK int kyi_config_duration_ns(struct kyi_yaml *yaml, uint64_t *ns,
    const char *min, const char *max);
KYMO_MUST_CHECK int kyi_config_duration_ms(struct kyi_yaml *yaml, uint64_t *ms,
    const char *min, const char *max);
KYMO_MUST_CHECK int kyi_config_size(struct kyi_yaml *yaml, uint64_t *bytes,
    const char *min, const char *max);
KYMO_MUST_CHECK int kyi_config_bool(struct kyi_yaml *yaml, bool *to);
/* A copy of the text; what for messages. */
KYMO_MUST_CHECK int kyi_config_text(struct kyi_yaml *yaml, char **to,
    const char *what);
/* An absolute path, without slashes at its end; "memory" is "". */
KYMO_MUST_CHECK int kyi_config_path(struct kyi_yaml *yaml, char **to);
KYMO_MUST_CHECK int kyi_config_path_or_memory(struct kyi_yaml *yaml, char **to);

typedef int kyi_config_read(struct kyi_yaml *yaml, void *to);

/* One value, or a list of at most max. */
KYMO_MUST_CHECK int kyi_config_list(struct kyi_yaml *yaml, void *to,
    kyi_config_read *item, uint32_t max);
/* array with room for one more element, which is zeros; NULL: no memory. */
void *kyi_config_longer(struct kyi_yaml *yaml, void *array, uint32_t cnt,
    size_t bytes);
/* A list of texts that grows by one. */
KYMO_MUST_CHECK int kyi_config_text_add(struct kyi_yaml *yaml, char ***texts,
    uint32_t *cnt, const char *what);

struct kyi_config_key {
	const char *name;
	kyi_config_read *read;
	bool old; /* understood, not recommended */
};

/* Keys and values up to the end; example is for who wrote something else. */
KYMO_MUST_CHECK int kyi_config_mapping(struct kyi_yaml *yaml, void *to,
    const struct kyi_config_key *keys, size_t key_cnt, const char *example);
/* Keys that the file chooses, each read by item; the key is looked at then. */
KYMO_MUST_CHECK int kyi_config_free_mapping(struct kyi_yaml *yaml, void *to,
    kyi_config_read *item, uint32_t max, const char *example);

#endif
