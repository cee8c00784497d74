/* SPDX-License-Identifier: MIT */
/* Texts, state sets, health: values of a whole process, set seldom. */
#include <string.h>

#include "shm/copy.h"
#include "writer/birth.h"
#include "writer/thread.h"

/* Whether off is a series' cell; says and counts what else it is. */
static bool
is_series(uint32_t off)
{
	const uint32_t line = sizeof(struct kyi_shared_cell);

	if (off >= KYI_SHARED_FIRST)
		return true;
	if (off == KYI_CELL_UNSET)
		kyi_bad(KYI_SAY_UNSET, NULL);
	if (off == KYI_CELL_LOST / 8 * line)
		kyi_count(KYI_ERR_FULL, 1);
	return false;
}

/* The place of a text that this process has used before; 0: it has not. No
   lock. */
static uint32_t
text_find(const struct kyi_registry *registry, const char *text,
    size_t len_bytes)
{
	uint64_t hash = kyi_hash(0, text, len_bytes);
	/* pairs(text-cnt), finder: texts below it are there */
	uint32_t cnt = kyi_load_u32_acquire(&registry->text_cnt), i;

	for (i = 0; i < cnt; i++)
		if (registry->texts[i].hash == hash &&
		    kyi_text_is(kyi_text_at(registry, registry->texts[i].pos),
		    text, len_bytes))
			return registry->texts[i].pos;
	return 0;
}

/* The same, made if need be, or "overflow": nobody can fill the region with
   texts. KYI_POS_FULL: no room for it. */
static uint32_t
text_need(struct kyi_registry *registry, const char *text, size_t len_bytes)
{
	uint32_t pos = text_find(registry, text, len_bytes);
	uint32_t cnt = registry->text_cnt;

	if (pos != 0)
		return pos;
	if (cnt == KYI_TEXT_MAX)
		return kyi_intern(registry, "overflow", strlen("overflow"));
	pos = kyi_intern(registry, text, len_bytes);
	if (pos == KYI_POS_FULL)
		return pos;
	registry->texts[cnt].hash = kyi_hash(0, text, len_bytes);
	registry->texts[cnt].pos = pos;
	/* pairs(text-cnt): who counts it finds it whole. */
	kyi_store_u32_release(&registry->text_cnt, cnt + 1);
	return pos;
}

/* The ref of text in this region; false: no room. An empty text has none of
   its own to point to: 0 would be "no value". */
static bool
text_ref(struct kyi_process *process, const char *text, uint32_t *ref)
{
	bool cut = false;
	size_t len_bytes = kyi_cut(text, KYI_VALUE_BYTES_MAX, &cut);
	uint32_t pos = len_bytes == 0 ? 0 :
	    text_need(&kyi_registry, text, len_bytes);

	if (cut)
		kyi_bad(KYI_SAY_LONG, text);
	if (pos == KYI_POS_FULL || !kyi_publish_strings(process)) {
		kyi_count(KYI_ERR_FULL, 1);
		kyi_say(KYI_SAY_FULL, "a text");
		return false;
	}
	*ref = kyi_ref_of(&process->region, pos);
	return true;
}

void
kymo_text_set(struct kymo_text t, const char *text)
{
	struct kyi_process *process = kyi_process();
	struct kyi_guard guard;
	uint64_t *cell;
	uint32_t ref, pos;

	if (!is_series(t.off_))
		return;
	if (text == NULL)
		text = "";
	cell = kyi_shared_cell(t.off_);
	pos = text_find(&kyi_registry, text,
	    strnlen(text, KYI_VALUE_BYTES_MAX + 1));
	/* pairs(str-done), user: the string is in this region */
	if (cell != NULL && pos != 0 && (pos - 1) * 8 <
	    kyi_load_u32_acquire(&process->str_done_bytes)) {
		/* pairs(text-ref): who sees the ref finds the string. */
		kyi_store_u64_release(cell, kyi_ref_of(&process->region, pos));
		return;
	}
	if (cell == NULL || !kyi_enter(&guard)) {
		kyi_count(KYI_ERR_FULL, 1);
		return;
	}
	if (text_ref(guard.process, text, &ref))
		/* pairs(text-ref), of a new one */
		kyi_store_u64_release(cell, ref);
	kyi_leave(&guard);
}

void
kymo_health_report(struct kymo_health h, enum kymo_health_state state,
    const char *reason, uint64_t ttl_ms)
{
	struct kyi_health *health;
	struct kyi_guard guard;
	uint64_t now_ns;
	uint32_t ref = 0;

	if (!is_series(h.off_))
		return;
	if ((unsigned)state > KYI_HEALTH_FAILING) {
		kyi_bad(KYI_SAY_HEALTH, NULL);
		return;
	}
	health = (struct kyi_health *)(void *)kyi_shared_cell(h.off_);
	if (health == NULL || !kyi_enter(&guard)) {
		kyi_count(KYI_ERR_FULL, 1);
		return;
	}
	if (reason != NULL)
		text_ref(guard.process, reason, &ref);
	now_ns = kyi_clock_ns(CLOCK_MONOTONIC);
	kyi_health_begin(health);
	if (kyi_load_u32_relaxed(&health->state) != (uint32_t)state)
		kyi_store_u64_relaxed(&health->since_ns, now_ns);
	kyi_store_u32_relaxed(&health->state, (uint32_t)state);
	kyi_store_u32_relaxed(&health->reason_ref, ref);
	kyi_store_u64_relaxed(&health->expires_ns, ttl_ms == 0 ? 0 :
	    ttl_ms > (UINT64_MAX - now_ns) / 1000000u ? UINT64_MAX :
	    now_ns + ttl_ms * 1000000u);
	kyi_health_end(health);
	kyi_leave(&guard);
}

/* The cell of a state set, if state is one of its states; NULL: say so. */
static uint64_t *
states_cell(struct kymo_state_set s, uint32_t state)
{
	uint64_t *cell;

	if (state >= s.cnt_) {
		kyi_bad(s.cnt_ == 0 ? KYI_SAY_UNSET : KYI_SAY_STATE_IDX, NULL);
		return NULL;
	}
	cell = kyi_shared_cell(s.off_);
	if (cell == NULL)
		kyi_count(KYI_ERR_FULL, 1);
	return cell;
}

void
kymo_state_set_on(struct kymo_state_set s, uint32_t state)
{
	uint64_t *cell = states_cell(s, state);

	if (cell != NULL)
		kyi_or_u64_relaxed(cell, 1ull << state);
}

void
kymo_state_set_off(struct kymo_state_set s, uint32_t state)
{
	uint64_t *cell = states_cell(s, state);

	if (cell != NULL)
		kyi_and_u64_relaxed(cell, ~(1ull << state));
}

void
kymo_state_set_be(struct kymo_state_set s, uint32_t state)
{
	uint64_t *cell = states_cell(s, state);

	if (cell != NULL)
		kyi_store_u64_relaxed(cell, 1ull << state);
}
