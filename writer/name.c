/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "shm/name.h"
#include "writer/birth.h"
#include "writer/name.h"
#include "writer/process.h"

struct list {
	struct kyi_name *names;
	uint32_t cnt, max;
	uint16_t rec_type;
};

static struct list
list_of(struct kyi_registry *registry, bool is_format)
{
	struct list spans = { registry->span_names, registry->span_name_cnt,
		KYI_SPAN_NAME_MAX, KYI_REC_SPAN_NAME };
	struct list formats = { registry->log_formats, registry->log_format_cnt,
		KYI_LOG_FORMAT_MAX, KYI_REC_LOG_FORMAT };

	return is_format ? formats : spans;
}

static uint32_t
add(struct kyi_process *process, const struct list *list,
    const struct kyi_name *wanted)
{
	struct kyi_name *name;
	uint32_t i;

	if (wanted->name_ref == KYI_POS_FULL ||
	    wanted->component_ref == KYI_POS_FULL ||
	    wanted->types_ref == KYI_POS_FULL)
		return KYI_ID_LOST;
	/* Interned: equal texts have equal places. */
	for (i = 0; i < list->cnt; i++) {
		name = &list->names[i];
		if (name->name_ref == wanted->name_ref &&
		    name->component_ref == wanted->component_ref &&
		    name->severity == wanted->severity)
			return name->id;
	}
	if (list->cnt == list->max)
		return KYI_ID_LOST;
	name = &list->names[list->cnt];
	*name = *wanted;
	name->rec_type = list->rec_type;
	name->id = list->cnt + 1;
	name->born_ns = kyi_clock_ns(CLOCK_MONOTONIC);
	if (!kyi_registry_add(&kyi_registry, list->rec_type))
		return KYI_ID_LOST;
	if (process->epoch != 0)
		kyi_publish(process);
	return list->cnt + 1;
}

uint32_t
kyi_name_need(const char *component, const char *text, struct kyi_text types,
    uint8_t severity, uint32_t *sample_n)
{
	struct kyi_registry *registry = &kyi_registry;
	size_t component_bytes = strlen(component);
	struct kyi_name wanted;
	struct kyi_guard guard;
	struct list list;
	uint32_t id;

	if (!kyi_enter(&guard))
		return KYI_ID_LOST;
	*sample_n = kyi_env_sample_n(&registry->env, component,
	    component_bytes);
	if (registry->env.off || *sample_n == 0) {
		kyi_leave(&guard);
		return KYI_ID_OFF;
	}
	memset(&wanted, 0, sizeof(wanted));
	wanted.name_ref = kyi_intern(registry, text, strlen(text));
	wanted.component_ref = kyi_intern(registry, component,
	    component_bytes);
	wanted.types_ref = kyi_intern(registry, types.at == NULL ? "" :
	    types.at, types.len_bytes);
	wanted.severity = severity;
	list = list_of(registry, severity != 0);
	id = add(guard.process, &list, &wanted);
	kyi_leave(&guard);
	if (id == KYI_ID_LOST) {
		kyi_count(KYI_ERR_FULL, 1);
		kyi_say(KYI_SAY_FULL, text);
	}
	return id;
}

struct kymo_span_name
kymo_span_name(const char *component, const char *name)
{
	struct kymo_span_name handle = { 0, 1 };
	const struct kyi_text none = { NULL, 0 };

	if (component == NULL)
		component = "";
	if (!kyi_component_is(component, strnlen(component,
	    KYI_NAME_BYTES_MAX + 1))) {
		kyi_bad(KYI_SAY_COMPONENT, component);
		return handle;
	}
	if (name == NULL || *name == '\0' || strnlen(name,
	    KYI_NAME_BYTES_MAX + 1) > KYI_NAME_BYTES_MAX) {
		kyi_bad(KYI_SAY_SPAN_NAME, name);
		return handle;
	}
	handle.id_ = kyi_name_need(component, name, none, 0,
	    &handle.sample_n_);
	return handle;
}
