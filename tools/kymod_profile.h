/* SPDX-License-Identifier: MIT */
/* Profiles in kymod: an alert that begins to fire has its service's processes
   looked at, one profile at a time, by a thread of its own. */
#ifndef KYI_KYMOD_PROFILE_H
#define KYI_KYMOD_PROFILE_H

#include "tools/kymod.h"

#include "reader/profile/profile.h"

/* Where perf is, if nobody says. */
#define KYI_PERF "/usr/bin/perf"

struct kyi_profiles;

/* state_path: the folder is beside it; "": there is none, and no profiles. NULL:
   error has why. */
struct kyi_profiles *kyi_profiles_open(const struct kyi_settings *settings,
    const char *state_path, struct kymo_error *error);
void kyi_profiles_close(struct kyi_profiles *profiles);
/* A reload. */
void kyi_profiles_take(struct kyi_profiles *profiles,
    const struct kyi_settings *settings);
/* What only we can tell of a configuration: matchers, and whose perf is. */
int kyi_profiles_check(const struct kymo_config *config,
    struct kymo_error *error);

/* The loop's: a scan begins; each region of it; it is over. */
void kyi_profiles_begin(struct kyi_profiles *profiles);
void kyi_profiles_see(struct kyi_profiles *profiles,
    const struct kymo_region *region);
void kyi_profiles_end(struct kyi_profiles *profiles);

/* A pass of rules: by their thread. */
void kyi_profiles_pass(struct kyi_profiles *profiles,
    struct kymo_rule_engine *engine);

/* What there is to say of an alert with these labels that fires since then, as
   two annotations: where its profile is, or why there is none; and the hottest
   functions. "": nothing. profiles NULL: nothing. Any thread. */
void kyi_profiles_say(struct kyi_profiles *profiles,
    const struct kymo_labels *labels, int64_t starts_ms,
    const char *external_url, struct kymo_serve_profile *said);

/* For the server: a text, or the list (id ""). -1: there is none. Any thread. */
int kyi_profiles_read(struct kyi_profiles *profiles, const char *id,
    bool folded, struct kymo_buffer *out);

/* Whether path, each folder up to the root and each link on the way is root's or
   ours alone to change; else what is not is in who (kymod_health_check.c). */
bool kyi_way_is_ours(const char *path, char *who, size_t who_bytes);

#endif
