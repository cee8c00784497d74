/* SPDX-License-Identifier: MIT */
/* The life of a process: what it says of itself, and its end. */
#include <string.h>
#include <unistd.h>

#include "shm/copy.h"
#include "shm/os.h"
#include "writer/birth.h"
#include "writer/event.h"
#include "writer/hist.h"
#include "writer/thread.h"

static void
options_take(struct kyi_registry *registry, const struct kymo_options *options)
{
	size_t bytes = options->size_bytes < sizeof(*options) ?
	    options->size_bytes : sizeof(*options);
	struct kymo_options all;

	memset(&all, 0, sizeof(all));
	memcpy(&all, options, bytes);
	if (all.service != NULL)
		kyi_service_clean(registry->service, all.service);
	if (all.dir != NULL && strlen(all.dir) < sizeof(registry->dir))
		strcpy(registry->dir, all.dir);
	else if (all.dir != NULL)
		kyi_bad(KYI_SAY_LONG, all.dir);
	registry->thread_cnt_max = all.thread_cnt_max;
	registry->region_bytes_max = all.region_bytes_max;
}

/* What comes too late to have an effect. */
static void
options_late(struct kyi_process *process, const struct kymo_options *options)
{
	char service[KYI_SERVICE_BYTES_MAX + 1];

	if (options->service != NULL) {
		kyi_service_clean(service, options->service);
		if (strcmp(service, kyi_service()) != 0)
			kyi_bad(KYI_SAY_SERVICE, kyi_service());
	}
	if (options->thread_cnt_max != 0 || options->dir != NULL ||
	    options->region_bytes_max != 0)
		kyi_bad(KYI_SAY_LATE, process->region.path);
}

int
kymo_init_with(const struct kymo_options *options)
{
	struct kyi_guard guard;
	bool visible;

	if (options->size_bytes < sizeof(options->size_bytes)) {
		kyi_bad(KYI_SAY_SIZE, "kymo_options");
		return -1;
	}
	if (!kyi_enter(&guard))
		return -1;
	if (guard.process->epoch == 0)
		options_take(&kyi_registry, options);
	else
		options_late(guard.process, options);
	visible = kyi_region_need(guard.process) &&
	    guard.process->region.visible;
	kyi_leave(&guard);
	return visible ? 0 : -1;
}

int
kymo_init(const char *service)
{
	struct kymo_options options;

	memset(&options, 0, sizeof(options));
	options.size_bytes = sizeof(options);
	options.service = service;
	return kymo_init_with(&options);
}

int
kymo_thread_prepare(void)
{
	struct kyi_thread *thread;
	struct kyi_guard guard;
	bool all = true;
	uint32_t idx;

	if (!kyi_enter(&guard))
		return -1;
	if (kyi_thread_claim(guard.process) != KYI_OWN) {
		kyi_leave(&guard);
		return -1;
	}
	thread = kyi_thread_own();
	if (thread != NULL) {
		for (idx = KYI_HIST_FIRST; idx < kyi_registry.hist_cnt; idx++)
			all &= kyi_hist_prepare(guard.process, thread, idx);
		all &= kyi_events_prepare(guard.process, thread);
	}
	kyi_leave(&guard);
	return all ? 0 : -1;
}

void
kymo_heartbeat(void)
{
	struct kyi_process *process = kyi_process();
	struct kyi_control *control;

	if (kyi_epoch(process) == 0 && (kyi_thread_place() == KYI_NOWHERE ||
	    kyi_epoch(process) == 0))
		return;
	control = kyi_region_control(&process->region);
	kyi_store_u64_relaxed(&control->heartbeat_ns,
	    kyi_clock_ns(CLOCK_MONOTONIC));
	kyi_add_u64_relaxed(&control->heartbeat_cnt, 1);
}

void
kymo_resource_set(const char *key, const char *value)
{
	struct kyi_registry *registry = &kyi_registry;
	struct kyi_guard guard;
	uint32_t key_pos, value_pos;
	size_t key_bytes;
	bool cut = false;

	if (key == NULL || *key == '\0') {
		kyi_bad(KYI_SAY_RESOURCE, NULL);
		return;
	}
	if (value == NULL)
		value = "";
	if (!kyi_enter(&guard))
		return;
	key_bytes = kyi_cut(key, KYI_NAME_BYTES_MAX, &cut);
	key_pos = kyi_intern(registry, key, key_bytes);
	value_pos = kyi_intern(registry, value,
	    kyi_cut(value, KYI_VALUE_BYTES_MAX, &cut));
	if (registry->env.off) {
		/* Nothing is kept. */
	} else if (key_pos == KYI_POS_FULL || value_pos == KYI_POS_FULL ||
	    registry->resource_cnt == KYI_RESOURCE_MAX) {
		kyi_count(KYI_ERR_FULL, 1);
		kyi_say(KYI_SAY_FULL, key);
	} else {
		registry->resources[registry->resource_cnt].key_ref = key_pos;
		registry->resources[registry->resource_cnt].value_ref =
		    value_pos;
		/* pairs(registry-grow): whole in a child, or not there. */
		kyi_store_u32_release(&registry->resource_cnt,
		    registry->resource_cnt + 1);
		if (guard.process->epoch != 0)
			kyi_publish(guard.process);
	}
	kyi_leave(&guard);
	if (cut)
		kyi_bad(KYI_SAY_LONG, key);
}

/* ---- the end ------------------------------------------------------------- */

static void finish(void) __attribute__((destructor));

/* A clean exit: nothing else, so that nothing can go wrong. What is recorded
   after it (in other destructors) counts all the same. */
static void
finish(void)
{
	struct kyi_process *process = kyi_process();

	if (kyi_epoch(process) == 0 || process->pid != (uint32_t)getpid())
		return;
	kyi_publish_exit(kyi_region_control(&process->region),
	    kyi_clock_ns(CLOCK_MONOTONIC));
}
