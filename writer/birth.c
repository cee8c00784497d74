/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shm/copy.h"
#include "shm/os.h"
#include "shm/shape.h"
#include "writer/birth.h"
#include "writer/sweep.h"

#define TEXT_(number) #number
#define TEXT(number) TEXT_(number)

const char *
kyi_service(void)
{
	if (kyi_registry.service[0] == '\0')
		kyi_service_clean(kyi_registry.service,
		    kyi_registry.env.service[0] != '\0' ?
		    kyi_registry.env.service : program_invocation_short_name);
	return kyi_registry.service;
}

/* ---- copying the registry ---------------------------------------------- */

/* A place in the arena, as a ref of this region: the arena is copied whole and
   in order, so that only where it begins differs. */
uint32_t
kyi_ref_of(const struct kyi_region *region, uint32_t pos)
{
	if (pos == 0)
		return 0;
	return (uint32_t)((region->str_off + sizeof(struct kyi_block)) / 8) +
	    pos - 1;
}

/* One string of the arena at off, to at; returns its bytes with the padding. */
static uint32_t
string_copy(const struct kyi_region *region, uint8_t *at, uint32_t off)
{
	const struct kyi_registry *registry = &kyi_registry;
	struct kyi_text text = kyi_text_at(registry, off / 8 + 1);
	uint32_t whole, head, i;

	memcpy(&head, registry->strings + off, sizeof(head));
	whole = ((uint32_t)sizeof(head) + text.len_bytes + 7) / 8 * 8;
	memcpy(at, registry->strings + off, whole);
	if ((head & KYI_STRING_IS_LIST) == 0)
		return whole;
	memcpy(at, &text.len_bytes, sizeof(text.len_bytes));
	for (i = 0; i < text.len_bytes / sizeof(uint32_t); i++) {
		uint32_t ref = kyi_ref_of(region, kyi_list_ref(text, i));

		memcpy(at + sizeof(head) + i * sizeof(ref), &ref, sizeof(ref));
	}
	return whole;
}

bool
kyi_publish_strings(struct kyi_process *process)
{
	struct kyi_region *region = &process->region;
	uint32_t end = kyi_registry.str_bytes;
	uint32_t at = process->str_done_bytes;
	uint64_t off;

	if (at == end)
		return true;
	off = kyi_region_append(region, region->str_off, region->str_len,
	    end - at);
	if (off == 0)
		return false;
	while (at < end)
		at += string_copy(region, (uint8_t *)kyi_region_at(region,
		    off + at - process->str_done_bytes), at);
	kyi_region_appended(region, region->str_off,
	    off + end - process->str_done_bytes);
	/* pairs(str-done): who sees it may refer to them. */
	kyi_store_u32_release(&process->str_done_bytes, end);
	return true;
}

static bool
resource_append(struct kyi_region *region, uint32_t key_pos, uint32_t value_pos)
{
	struct kyi_resource *resource;
	uint64_t off = kyi_region_append(region, region->res_off,
	    region->res_len, sizeof(*resource));

	if (off == 0)
		return false;
	resource = kyi_region_at(region, off);
	resource->key_ref = kyi_ref_of(region, key_pos);
	resource->value_ref = kyi_ref_of(region, value_pos);
	kyi_region_appended(region, region->res_off, off + sizeof(*resource));
	return true;
}

static bool
publish_resources(struct kyi_process *process)
{
	const struct kyi_registry *registry = &kyi_registry;

	while (process->resource_done_cnt < registry->resource_cnt) {
		const struct kyi_resource *resource =
		    &registry->resources[process->resource_done_cnt];

		if (!resource_append(&process->region, resource->key_ref,
		    resource->value_ref))
			return false;
		process->resource_done_cnt++;
	}
	return true;
}

static void
record_fill(const struct kyi_region *region, void *at,
    const struct kyi_reg_order *order)
{
	const struct kyi_registry *registry = &kyi_registry;
	struct kyi_family *family = at;
	struct kyi_series *series = at;
	struct kyi_name *name = at;

	switch (order->rec_type) {
	case KYI_REC_FAMILY:
		*family = registry->families[order->idx].rec;
		family->name_ref = kyi_ref_of(region, family->name_ref);
		family->help_ref = kyi_ref_of(region, family->help_ref);
		family->unit_ref = kyi_ref_of(region, family->unit_ref);
		family->component_ref =
		    kyi_ref_of(region, family->component_ref);
		family->label_keys_ref =
		    kyi_ref_of(region, family->label_keys_ref);
		family->states_ref = kyi_ref_of(region, family->states_ref);
		break;
	case KYI_REC_SERIES:
		*series = registry->series[order->idx].rec;
		series->label_values_ref =
		    kyi_ref_of(region, series->label_values_ref);
		break;
	default:
		*name = order->rec_type == KYI_REC_SPAN_NAME ?
		    registry->span_names[order->idx] :
		    registry->log_formats[order->idx];
		name->name_ref = kyi_ref_of(region, name->name_ref);
		name->component_ref = kyi_ref_of(region, name->component_ref);
		name->types_ref = kyi_ref_of(region, name->types_ref);
		break;
	}
}

/* The cell of a series in this region. */
static bool
place(struct kyi_process *process, const struct kyi_series *series)
{
	struct kyi_registry *registry = &kyi_registry;
	uint8_t kind = registry->families[series->family_id - 1].rec.kind;
	uint32_t end_off = series->at + kyi_cell_bytes(kind);

	switch (kyi_cell_of(kind)) {
	case KYI_CELL_IN_WINDOW:
		if (!kyi_window_reach(process, end_off))
			return false;
		if (end_off > registry->window_given) {
			registry->window_given = end_off;
			kyi_publish_window_used(kyi_region_control(
			    &process->region), end_off);
		}
		return true;
	case KYI_CELL_IN_SHARED:
		if (!kyi_shared_reach(process, end_off))
			return false;
		if (end_off > registry->shared_given)
			registry->shared_given = end_off;
		return true;
	default:
		return true;
	}
}

static bool
publish_records(struct kyi_process *process)
{
	struct kyi_registry *registry = &kyi_registry;
	struct kyi_region *region = &process->region;
	const uint32_t bytes = sizeof(struct kyi_family);
	uint64_t off;

	for (; process->order_done_cnt < registry->record_cnt;
	    process->order_done_cnt++) {
		const struct kyi_reg_order *order =
		    &registry->order[process->order_done_cnt];
		struct kyi_reg_series *series =
		    order->rec_type == KYI_REC_SERIES ?
		    &registry->series[order->idx] : NULL;

		if (series != NULL && !place(process, &series->rec))
			return false;
		off = kyi_region_append(region, region->dir_off,
		    region->dir_len, bytes);
		if (off == 0)
			return false;
		record_fill(region, kyi_region_at(region, off), order);
		kyi_region_appended(region, region->dir_off, off + bytes);
		if (series != NULL)
			/* pairs(series-ready): who sees it may store there. */
			kyi_store_u32_release(&series->ready, 1);
	}
	kyi_store_u64_relaxed(&kyi_region_control(region)->dir_gen,
	    process->order_done_cnt);
	return true;
}

bool
kyi_publish(struct kyi_process *process)
{
	if (process->is_behind && kyi_coarse_ns() < process->publish_ns)
		return false;
	process->is_behind = !kyi_publish_strings(process) ||
	    !publish_resources(process) || !publish_records(process);
	if (process->is_behind)
		process->publish_ns = kyi_coarse_ns() + KYI_RETRY_NS;
	return !process->is_behind;
}

bool
kyi_region_mend(struct kyi_process *process)
{
	const struct kyi_registry *registry = &kyi_registry;

	if (process->window0 == NULL) {
		if (!kyi_may_grow(process))
			return false;
		if (!kyi_window_reach(process, registry->window_given) ||
		    !kyi_shared_reach(process, registry->shared_given)) {
			kyi_grow_later(process);
			return false;
		}
		kyi_publish_window_used(kyi_region_control(&process->region),
		    registry->window_given);
		/* pairs(window0): who sees it may add to it. */
		kyi_store_ptr_release(&process->window0, kyi_region_at(
		    &process->region, process->region.windows_off));
	}
	return kyi_publish(process);
}

/* ---- making one -------------------------------------------------------- */

/* Enough for what handles point to already, whatever kymo_init_with says: it
   may come after the constructors. */
static uint64_t
max_bytes_wished(const struct kyi_registry *registry, uint32_t slot_max)
{
	const uint32_t head = sizeof(struct kyi_block);
	uint64_t max_bytes = registry->region_bytes_max;
	struct kyi_shape shape;

	for (;; max_bytes = shape.max_bytes * 2) {
		memset(&shape, 0, sizeof(shape));
		shape.max_bytes = max_bytes;
		shape.slot_max = slot_max;
		kyi_shape_fit(&shape);
		if (shape.max_bytes > KYI_REGION_BYTES_MAX / 2 ||
		    (shape.window_bytes >= registry->window_given &&
		    shape.shared_bytes >= head + registry->shared_given &&
		    shape.str_bytes >= head + registry->str_bytes &&
		    shape.dir_bytes / sizeof(struct kyi_family) >
		    registry->record_cnt))
			return shape.max_bytes;
	}
}

static bool
create(struct kyi_process *process)
{
	struct kyi_registry *registry = &kyi_registry;
	struct kyi_region_options options = {
		.dir = registry->dir,
		.service = kyi_service(),
		.allow_disk = registry->env.allow_disk,
	};

	if (registry->thread_cnt_max >= KYI_SLOT_MAX)
		options.slot_max = KYI_SLOT_MAX;
	else if (registry->thread_cnt_max != 0)
		options.slot_max = registry->thread_cnt_max + 1;
	options.max_bytes = max_bytes_wished(registry, options.slot_max);
	if (registry->region_pid != 0) {
		options.parent_pid = registry->region_pid;
		options.fork_seq = registry->fork_seq + 1;
	}
	if (kyi_region_create(&process->region, &options) != 0)
		return false;
	registry->region_pid = process->pid;
	registry->fork_seq = options.fork_seq;
	registry->taken_bytes = 0;
	registry->taken_max = process->region.memory_max == UINT64_MAX ? 0 :
	    process->region.memory_max / 2;
	return true;
}

/* Attributes that each process has of itself. */
static void
own_resources(struct kyi_process *process)
{
	char pid[16], exe[256], host[256];
	const char *name = program_invocation_short_name;
	ssize_t len_bytes = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	const char *pairs[][2] = {
		{ "service.name", kyi_service() },
		{ "process.pid", pid },
		{ "process.executable.name", name },
		{ "host.name", host },
		{ "telemetry.sdk.name", "kymo" },
		{ "telemetry.sdk.language", "c" },
		{ "telemetry.sdk.version", TEXT(KYMO_VERSION_MAJOR) "."
		    TEXT(KYMO_VERSION_MINOR) "." TEXT(KYMO_VERSION_PATCH) },
	};
	uint32_t pos[sizeof(pairs) / sizeof(*pairs)][2], i, j;
	const char *slash;

	snprintf(pid, sizeof(pid), "%u", (unsigned)process->pid);
	host[sizeof(host) - 1] = '\0';
	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	if (len_bytes > 0) {
		exe[len_bytes] = '\0';
		slash = strrchr(exe, '/');
		pairs[2][1] = slash == NULL ? exe : slash + 1;
	}
	for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		for (j = 0; j < 2; j++)
			pos[i][j] = kyi_intern(&kyi_registry, pairs[i][j],
			    strlen(pairs[i][j]));
	if (!kyi_publish_strings(process))
		return;
	for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (pos[i][0] != KYI_POS_FULL && pos[i][1] != KYI_POS_FULL &&
		    pos[i][1] != 0)
			resource_append(&process->region, pos[i][0],
			    pos[i][1]);
}

bool
kyi_region_birth(struct kyi_process *process)
{
	if (!create(process))
		return false;
	process->shared = (char *)kyi_region_at(&process->region,
	    process->region.shared_off) + sizeof(struct kyi_block);
	process->slot_high = 1;
	kyi_clock_start(process);
	kyi_publish_slot_high(kyi_region_control(&process->region), 1);
	own_resources(process);
	if (!kyi_region_mend(process)) {
		kyi_count(KYI_ERR_FULL, 1);
		kyi_say(KYI_SAY_FULL, "what is registered already");
	}
	if (!process->region.visible)
		kyi_say(KYI_SAY_NO_REGION, process->region.why);
	kyi_sweep(process);
	return true;
}
