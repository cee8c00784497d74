/* SPDX-License-Identifier: MIT */
/* What the environment asks for. Read once, when the library starts; a setuid
   program gets the defaults. */
#ifndef KYI_ENV_H
#define KYI_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/name.h"

#define KYI_RULE_MAX 64u
#define KYI_COMPONENTS_BYTES_MAX 4096u
#define KYI_SAMPLE_MAX 1000000u /* 1/n of records is the least kept */

/* One item of KYMO_COMPONENTS. */
struct kyi_rule {
	uint16_t at_off, len_bytes; /* its name, in env->components; "*" all */
	uint32_t sample_n;          /* 1 record in n is kept; 0: off */
};

struct kyi_env {
	bool off, quiet, allow_disk;
	bool clock_is_os; /* KYMO_CLOCK=monotonic */
	char service[KYI_SERVICE_BYTES_MAX + 1]; /* "": not given */
	char components[KYI_COMPONENTS_BYTES_MAX];
	struct kyi_rule rules[KYI_RULE_MAX];
	uint32_t rule_cnt;
	uint32_t malformed_cnt; /* items that were left out.. */
	uint16_t malformed_off, malformed_bytes; /* ..and the first of them */
};

/* kyi_env_read fills *env from the environment. */
void kyi_env_read(struct kyi_env *env);

/* kyi_env_components takes the items of text, separated by commas:

     NAME        on, where another item is -*
     NAME:RATE   a rate in (0, 1] of histogram records and spans: 1/n, rounded
     -NAME       off
     -*          off, all that no other item names; *:RATE likewise

   Blanks around an item do not matter, nor do empty items. Of two items about
   one name the last stands. Malformed ones are counted and left out. */
void kyi_env_components(struct kyi_env *env, const char *text);

/* kyi_env_sample_n tells what part of component's records is kept: 1 in n, 0:
   none. */
uint32_t kyi_env_sample_n(const struct kyi_env *env, const char *component,
    size_t len_bytes);

#endif
