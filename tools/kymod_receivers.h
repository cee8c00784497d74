/* SPDX-License-Identifier: MIT */
/* What a routing file says of ways to receivers, for who sends and who shows. */
#ifndef KYI_KYMOD_RECEIVERS_H
#define KYI_KYMOD_RECEIVERS_H

#include "reader/alert/routing.h"
#include "reader/config/config.h"
#include "reader/notify/notify.h"

/* The ways of a routing as a notifier wants them. */
struct kyi_receivers {
	struct kymo_receiver *at;
	uint32_t cnt;
	/* What they point to besides the routing. */
	void **kept;
	uint32_t kept_cnt;
	struct kymo_templates *templates;
	/* Secrets that stand in the file itself: files in memory. */
	int *fds;
	uint32_t fd_cnt;
	bool failed; /* no memory */
};

/* kyi_receivers_make: path is the routing's, files are beside it. warn hears of
   what is read and does nothing here. -1: error says why; to be freed then,
   too. What it makes lives as long as routing at most. */
int kyi_receivers_make(struct kyi_receivers *receivers,
    const struct kymo_routing *routing, const char *path,
    const struct kymo_routing_faults *faults, struct kymo_error *error);
/* kyi_receivers_templates: those of the files that the routing names. */
int kyi_receivers_templates(struct kymo_templates **templates,
    const struct kymo_routing *routing, const char *path,
    const struct kymo_routing_faults *faults, struct kymo_error *error);
void kyi_receivers_free(struct kyi_receivers *receivers);
/* memory (NULL: there was none) is freed with receivers; returned. */
void *kyi_receivers_keep(struct kyi_receivers *receivers, void *memory);
/* The path of a file in memory with this text: a notifier reads secrets from
   files. */
const char *kyi_receivers_memory_file(struct kyi_receivers *receivers,
    const char *text);

#endif
