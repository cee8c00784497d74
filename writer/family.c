/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "writer/birth.h"
#include "writer/family.h"
#include "writer/process.h"

/* The family of this name; NULL: none. */
static struct kyi_reg_family *
find(struct kyi_registry *registry, const struct kyi_plan *plan)
{
	uint32_t i;

	for (i = 0; i < registry->family_cnt; i++)
		if (kyi_text_is(kyi_text_at(registry,
		    registry->families[i].rec.name_ref), plan->name,
		    plan->name_bytes))
			return &registry->families[i];
	return NULL;
}

static bool
list_is(const struct kyi_registry *registry, uint32_t list_pos,
    const char *const *texts, uint32_t cnt)
{
	struct kyi_text list = kyi_text_at(registry, list_pos);
	uint32_t i;

	if (list.len_bytes != cnt * sizeof(uint32_t))
		return false;
	for (i = 0; i < cnt; i++)
		if (!kyi_text_is(kyi_text_at(registry, kyi_list_ref(list, i)),
		    texts[i], strlen(texts[i])))
			return false;
	return true;
}

/* Help may differ: it is for people, and programs are made of parts of
   different ages. */
static bool
is_equal(const struct kyi_registry *registry,
    const struct kyi_reg_family *family, const struct kyi_plan *plan)
{
	const struct kyi_family *a = &family->rec, *b = &plan->rec;

	return a->kind == b->kind && a->agg == b->agg &&
	    a->exponent == b->exponent && a->scale == b->scale &&
	    a->lo_idx == b->lo_idx && a->bucket_cnt == b->bucket_cnt &&
	    a->series_max == b->series_max &&
	    a->peak_window_s == b->peak_window_s &&
	    a->sample_n == b->sample_n &&
	    kyi_text_is(kyi_text_at(registry, a->unit_ref), plan->unit.at,
	    plan->unit.len_bytes) &&
	    kyi_text_is(kyi_text_at(registry, a->component_ref),
	    plan->component.at, plan->component.len_bytes) &&
	    list_is(registry, a->label_keys_ref, plan->desc.label_keys,
	    plan->desc.label_cnt) &&
	    list_is(registry, a->states_ref, plan->desc.states,
	    plan->desc.state_cnt);
}

static uint32_t
list_of(struct kyi_registry *registry, const char *const *texts, uint32_t cnt)
{
	uint32_t pos[KYI_STATE_MAX], i;

	for (i = 0; i < cnt; i++) {
		pos[i] = kyi_intern(registry, texts[i], strlen(texts[i]));
		if (pos[i] == KYI_POS_FULL)
			return KYI_POS_FULL;
	}
	return kyi_list(registry, pos, cnt);
}

/* A new one; NULL: no room. */
static struct kyi_reg_family *
add(struct kyi_registry *registry, const struct kyi_plan *plan)
{
	struct kyi_reg_family *family = &registry->families[
	    registry->family_cnt];
	struct kyi_family *rec = &family->rec;

	if (registry->family_cnt == KYI_FAMILY_MAX)
		return NULL;
	memset(family, 0, sizeof(*family));
	*rec = plan->rec;
	rec->rec_type = KYI_REC_FAMILY;
	rec->id = registry->family_cnt + 1;
	rec->name_ref = kyi_intern(registry, plan->name, plan->name_bytes);
	rec->help_ref = kyi_intern(registry, plan->help.at,
	    plan->help.len_bytes);
	rec->unit_ref = kyi_intern(registry, plan->unit.at,
	    plan->unit.len_bytes);
	rec->component_ref = kyi_intern(registry, plan->component.at,
	    plan->component.len_bytes);
	rec->label_keys_ref = list_of(registry, plan->desc.label_keys,
	    plan->desc.label_cnt);
	rec->states_ref = list_of(registry, plan->desc.states,
	    plan->desc.state_cnt);
	if (rec->name_ref == KYI_POS_FULL || rec->help_ref == KYI_POS_FULL ||
	    rec->unit_ref == KYI_POS_FULL ||
	    rec->component_ref == KYI_POS_FULL ||
	    rec->label_keys_ref == KYI_POS_FULL ||
	    rec->states_ref == KYI_POS_FULL)
		return NULL;
	family->label_cnt = plan->desc.label_cnt;
	family->state_cnt = plan->desc.state_cnt;
	rec->born_ns = kyi_clock_ns(CLOCK_MONOTONIC);
	return kyi_registry_add(registry, KYI_REC_FAMILY) ? family : NULL;
}

/* Of what the program keeps, the environment may keep one in env_n. */
static void
sample(struct kyi_family *rec, uint32_t env_n)
{
	uint64_t n = (uint64_t)rec->sample_n * env_n;

	/* Only their records have a weight. */
	if (kyi_cell_of(rec->kind) == KYI_CELL_IN_HIST)
		rec->sample_n = n > KYI_SAMPLE_MAX ? KYI_SAMPLE_MAX :
		    (uint32_t)n;
}

static struct kymo_family
family_need(struct kyi_process *process, struct kyi_plan *plan)
{
	struct kyi_registry *registry = &kyi_registry;
	struct kymo_family handle = { 0 };
	struct kyi_reg_family *family;
	uint32_t sample_n;

	sample_n = kyi_env_sample_n(&registry->env, plan->component.at,
	    plan->component.len_bytes);
	if (registry->env.off || sample_n == 0) {
		handle.id_ = KYI_ID_OFF;
		return handle;
	}
	sample(&plan->rec, sample_n);
	family = find(registry, plan);
	if (family != NULL && !is_equal(registry, family, plan)) {
		kyi_bad(KYI_SAY_CONFLICT, plan->desc.name);
		return handle;
	}
	if (family == NULL) {
		family = add(registry, plan);
		if (family != NULL && process->epoch != 0)
			kyi_publish(process);
	}
	if (family == NULL) {
		kyi_count(KYI_ERR_FULL, 1);
		kyi_say(KYI_SAY_FULL, plan->desc.name);
		handle.id_ = KYI_ID_LOST;
		return handle;
	}
	handle.id_ = family->rec.id;
	return handle;
}

struct kymo_family
kymo_family(const struct kymo_desc *desc)
{
	struct kymo_family handle = { 0 };
	struct kyi_plan plan;
	struct kyi_guard guard;
	enum kyi_mistake mistake = kyi_plan_make(&plan, desc);

	if (mistake != KYI_SAY_CNT) {
		kyi_bad(mistake, mistake == KYI_SAY_SIZE ? "kymo_desc" :
		    mistake == KYI_SAY_COMPONENT ? plan.desc.component :
		    plan.desc.name);
		return handle;
	}
	if (plan.cut)
		kyi_bad(KYI_SAY_LONG, plan.help.at);
	if (!kyi_enter(&guard)) {
		kyi_count(KYI_ERR_FULL, 1);
		handle.id_ = KYI_ID_LOST;
		return handle;
	}
	handle = family_need(guard.process, &plan);
	kyi_leave(&guard);
	return handle;
}
