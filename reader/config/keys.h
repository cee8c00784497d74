/* SPDX-License-Identifier: MIT */
#ifndef KYI_CONFIG_KEYS_H
#define KYI_CONFIG_KEYS_H

#include "reader/config/yaml_reader.h"

/* kyi_config_document reads the one document of yaml into config, which has
   its defaults. -1: yaml->error says where and what. */
KYMO_MUST_CHECK int kyi_config_document(struct kyi_yaml *yaml,
    struct kymo_config *config);

#endif
