/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "shm/copy.h"
#include "shm/crc32c.h"
#include "shm/name.h"
#include "shm/os.h"
#include "shm/region.h"
#include "shm/shape.h"

#define RING_PLACE_CNT_DEFAULT 1024u
#define DISK_WHY "it is on a disk, where a store can wait; set KYMO_DIR to a " \
	"directory on tmpfs, or KYMO_ALLOW_DISK=1"

/* The longest that kyi_file_name makes, so that every path fits. */
#define PATH_NAME_BYTES (int)(KYI_SERVICE_BYTES_MAX + \
	sizeof(".4294967295.0123456789abcdef" KYI_FILE_SUFFIX) - 1)
KYI_STATIC_ASSERT(KYI_PLACE_BYTES + PATH_NAME_BYTES + 1 <=
    KYI_REGION_PATH_BYTES, "every file's path fits");

static struct kyi_block *
block_at(const struct kyi_region *region, uint64_t off)
{
	return kyi_region_at(region, off);
}

static uint64_t
pages(uint64_t bytes)
{
	return (bytes + KYI_PAGE_BYTES - 1) / KYI_PAGE_BYTES * KYI_PAGE_BYTES;
}

/* A share of what the cgroup has left at the region's birth, and a part of its
   limit that growth leaves free. */
#define MEMORY_SHARE 16
#define MEMORY_FREE 8
#define MEMORY_STEP (64u << 10) /* taken without another look */

static void
memory_look(struct kyi_region *region)
{
	uint64_t limit_bytes, left_bytes = kyi_os_memory_left(&limit_bytes);

	region->memory_max = left_bytes == UINT64_MAX ? UINT64_MAX :
	    left_bytes / MEMORY_SHARE;
}

bool
kyi_region_afford(struct kyi_region *region, uint64_t len_bytes)
{
	uint64_t left_bytes, limit_bytes, spare_bytes;

	/* No limit then: not asked again, a sandbox may have closed by now. */
	if (region->memory_max == UINT64_MAX)
		return true;
	if (region->memory_taken + len_bytes > region->memory_max)
		return false;
	if (len_bytes > region->memory_granted) {
		left_bytes = kyi_os_memory_left(&limit_bytes);
		if (left_bytes == UINT64_MAX)
			limit_bytes = left_bytes;
		if (left_bytes < limit_bytes / MEMORY_FREE + len_bytes)
			return false;
		spare_bytes = left_bytes - limit_bytes / MEMORY_FREE - len_bytes;
		region->memory_granted = len_bytes + (spare_bytes < MEMORY_STEP ?
		    spare_bytes : MEMORY_STEP);
	}
	region->memory_granted -= len_bytes;
	region->memory_taken += len_bytes;
	return true;
}

static bool
populate(struct kyi_region *region, uint64_t off, uint64_t len_bytes)
{
	int rc = kyi_os_populate(region->base + off, len_bytes);

	if (rc != -ENOSYS)
		return rc == 0;
	/* A kernel before 5.14. Private memory is there when it is touched. */
	if (region->fd >= 0)
		rc = kyi_os_file_allocate(region->fd, off, len_bytes);
	else if (region->visible)
		rc = kyi_os_populate_by_path(region->path, region->instance_id,
		    region->base + off, off, len_bytes);
	else
		rc = 0;
	return rc == 0;
}

bool
kyi_region_populate(struct kyi_region *region, uint64_t off,
    uint64_t len_bytes)
{
	if (off > region->max_bytes || len_bytes > region->max_bytes - off ||
	    !kyi_region_afford(region, len_bytes))
		return false;
	if (populate(region, off, len_bytes))
		return true;
	region->memory_taken -= len_bytes;
	return false;
}

/* Strides; what has no records has the size of its unit. */
static uint16_t
rec_bytes_of(uint32_t type)
{
	switch (type) {
	case KYI_BLK_SLOTS: return sizeof(struct kyi_slot);
	case KYI_BLK_DIR: return sizeof(struct kyi_family);
	case KYI_BLK_RING: return sizeof(struct kyi_event);
	case KYI_BLK_SHARED: return sizeof(struct kyi_shared_cell);
	case KYI_BLK_SPANS: return sizeof(struct kyi_span_frame);
	default: return 8; /* strings are aligned to it, the rest are words */
	}
}

/* Adds a block of which only the first populate_bytes are there. */
static uint64_t
block_add(struct kyi_region *region, struct kyi_block head,
    uint64_t populate_bytes)
{
	uint64_t off = region->file_used;
	struct kyi_block *block = block_at(region, off);

	if (head.len_bytes > region->max_bytes - off ||
	    !kyi_region_populate(region, off, populate_bytes))
		return 0;
	head.magic = KYI_BLOCK_MAGIC;
	head.rec_bytes = rec_bytes_of(head.type);
	head.index = region->block_cnt;
	head.crc32c = kyi_crc32c(0, &head,
	    offsetof(struct kyi_block, used_bytes));
	*block = head;
	region->file_used += head.len_bytes;
	region->block_cnt++;
	kyi_publish_block(block, kyi_region_control(region), region->file_used);
	return off;
}

uint64_t
kyi_region_block(struct kyi_region *region, uint32_t type, uint32_t owner_slot,
    uint32_t tag, uint64_t len_bytes, uint64_t used_bytes)
{
	struct kyi_block head = {
		.type = (uint16_t)type,
		.owner_slot = owner_slot,
		.tag = tag,
		.used_bytes = used_bytes,
	};

	if (len_bytes > region->max_bytes)
		return 0;
	head.len_bytes = pages(len_bytes);
	return block_add(region, head, head.len_bytes);
}

void
kyi_region_used(struct kyi_region *region, uint64_t block_off,
    uint64_t used_bytes)
{
	kyi_publish_used(block_at(region, block_off), used_bytes);
}

/* Our own copy of a fixed block's used_bytes. */
static uint64_t *
used_of(struct kyi_region *region, uint64_t block_off)
{
	if (block_off == region->dir_off)
		return &region->dir_used;
	if (block_off == region->str_off)
		return &region->str_used;
	if (block_off == region->shared_off)
		return &region->shared_used;
	return &region->res_used;
}

uint64_t
kyi_region_append(struct kyi_region *region, uint64_t block_off,
    uint64_t block_len, uint64_t len_bytes)
{
	uint64_t used = *used_of(region, block_off);
	uint64_t there; /* appends before this one have populated it */

	if (len_bytes > block_len - used)
		return 0;
	there = pages(used);
	if (used + len_bytes > there && !kyi_region_populate(region,
	    block_off + there, pages(used + len_bytes) - there))
		return 0;
	return block_off + used;
}

void
kyi_region_appended(struct kyi_region *region, uint64_t block_off,
    uint64_t end_off)
{
	uint64_t *used = used_of(region, block_off);

	*used = end_off - block_off;
	kyi_region_used(region, block_off, *used);
}

void
kyi_region_forget(struct kyi_region *region)
{
	if (region->base != NULL)
		kyi_os_unmap(region->base, region->max_bytes);
	region->base = NULL;
}

/* ---- making one -------------------------------------------------------- */

/* Why there is no region in place, for a person; code as os.h gives it. */
static int
refuse(struct kyi_region *region, const char *path, int code, const char *why)
{
	if (why == NULL)
		switch (-code) {
		case ENOENT: why = "there is no such directory"; break;
		case ENOTDIR: why = "it is a link, or no directory"; break;
		case EPERM: why = "it belongs to another user"; break;
		case EACCES: why = "this user may not write there"; break;
		case EROFS: why = "it is mounted read-only"; break;
		case EMFILE:
		case ENFILE: why = "there is no file descriptor left"; break;
		case ENOMEM: why = "there is no address space left"; break;
		case EDQUOT:
		case ENOSPC: why = "it is full"; break;
		case EFBIG: why = "the limit of file sizes (ulimit -f) is below"
			" what a region needs"; break;
		}
	if (why == NULL)
		snprintf(region->why, sizeof(region->why),
		    "no region in %.120s: error %d", path, -code);
	else /* the reason is whole, whatever becomes of the path */
		snprintf(region->why, sizeof(region->why),
		    "no region in %.*s: %s",
		    (int)(sizeof(region->why) - sizeof("no region in : ") -
		    strlen(why)), path, why);
	return -1;
}

static void
fill_header(struct kyi_region *region, const struct kyi_region_options *options,
    const struct kyi_shape *shape, const char *service)
{
	struct kyi_header header = {
		.endian = KYI_ENDIAN,
		.abi_major = KYI_ABI_MAJOR,
		.abi_minor = KYI_ABI_MINOR,
		.header_bytes = sizeof(header),
		.block_align_bytes = KYI_PAGE_BYTES,
		.max_bytes = shape->max_bytes,
		.clock_id = KYI_CLOCK_MONOTONIC,
		.window_bytes = shape->window_bytes,
		.slot_max = shape->slot_max,
		.ring_slots = RING_PLACE_CNT_DEFAULT,
		.ring_slot_bytes = sizeof(struct kyi_event),
		.parent_pid = options->parent_pid,
		.fork_seq = options->fork_seq,
		.windows_off = region->windows_off,
		.hist_max = KYI_HIST_MAX,
	};
	struct kyi_identity identity;
	struct kyi_times times;

	kyi_os_identity(&identity);
	kyi_os_times(&times);
	memcpy(header.magic, KYI_MAGIC, KYI_MAGIC_BYTES);
	memcpy(header.boot_id, identity.boot_id, sizeof(header.boot_id));
	memcpy(header.instance_id, region->instance_id,
	    sizeof(header.instance_id));
	header.pidns_ino = identity.pidns_ino;
	header.starttime_ticks = identity.starttime_ticks;
	header.pid = identity.pid;
	header.uid = identity.uid;
	header.t0_realtime_ns = times.realtime_ns;
	header.t0_mono_ns = times.mono_ns;
	header.t0_boot_ns = times.boot_ns;
	memcpy(header.service, service, strlen(service) + 1);
	header.crc32c = kyi_crc32c(0, &header,
	    offsetof(struct kyi_header, crc32c));
	memcpy(region->base + KYI_HEADER_OFF, &header, sizeof(header));
}

static uint64_t
fixed_add(struct kyi_region *region, uint16_t type, uint64_t len_bytes,
    uint64_t used_bytes, uint64_t populate_bytes)
{
	struct kyi_block head = {
		.type = type,
		.len_bytes = len_bytes,
		.used_bytes = used_bytes,
	};

	return block_add(region, head, populate_bytes);
}

/* The order matters to readers: shm/copy.h. */
static bool
fill_blocks(struct kyi_region *region, const struct kyi_shape *shape)
{
	const uint64_t head = sizeof(struct kyi_block);
	uint64_t windows_off;

	region->slot_max = shape->slot_max;
	region->window_bytes = shape->window_bytes;
	region->dir_len = shape->dir_bytes;
	region->str_len = shape->str_bytes;
	region->shared_len = shape->shared_bytes;
	region->res_len = shape->res_bytes;
	region->dir_used = region->str_used = region->res_used = head;
	region->shared_used = head + KYI_SHARED_FIRST; /* the sinks */

	region->slots_off = fixed_add(region, KYI_BLK_SLOTS, shape->slots_bytes,
	    head + shape->slot_max * sizeof(struct kyi_slot), KYI_PAGE_BYTES);
	region->dir_off = fixed_add(region, KYI_BLK_DIR, shape->dir_bytes, head,
	    KYI_PAGE_BYTES);
	region->str_off = fixed_add(region, KYI_BLK_STR, shape->str_bytes, head,
	    KYI_PAGE_BYTES);
	region->shared_off = fixed_add(region, KYI_BLK_SHARED,
	    shape->shared_bytes, region->shared_used, KYI_PAGE_BYTES);
	region->res_off = fixed_add(region, KYI_BLK_RES, shape->res_bytes, head,
	    KYI_PAGE_BYTES);
	windows_off = fixed_add(region, KYI_BLK_WINDOWS, shape->windows_bytes,
	    shape->windows_bytes, 2 * KYI_PAGE_BYTES);
	region->windows_off = windows_off + KYI_PAGE_BYTES;
	return region->slots_off != 0 && region->dir_off != 0 &&
	    region->str_off != 0 && region->shared_off != 0 &&
	    region->res_off != 0 && windows_off != 0;
}

/* Maps and fills; fd -1 is private memory. Returns 0 or -errno. */
static int
fill(struct kyi_region *region, const struct kyi_region_options *options,
    const struct kyi_shape *shape, const char *service, int fd)
{
	region->fd = fd;
	region->max_bytes = shape->max_bytes;
	region->file_used = KYI_BLOCKS_OFF;
	region->block_cnt = 0;
	region->memory_taken = 0;
	region->base = kyi_os_map(fd, shape->max_bytes);
	if (region->base == NULL)
		return -ENOMEM;
	if (!kyi_region_populate(region, KYI_HEADER_OFF, KYI_BLOCKS_OFF))
		return -ENOSPC;
	kyi_region_control(region)->state = KYI_STATE_LIVE;
	kyi_region_control(region)->window_used = KYI_CELL_FIRST;
	if (!fill_blocks(region, shape))
		return -ENOSPC;
	fill_header(region, options, shape, service);
	return kyi_os_protect_readonly(region->base + KYI_HEADER_OFF,
	    KYI_PAGE_BYTES);
}

static void
shape_of(struct kyi_shape *shape, const struct kyi_region_options *options,
    uint64_t file_bytes_max)
{
	memset(shape, 0, sizeof(*shape));
	shape->max_bytes = options->max_bytes;
	shape->slot_max = options->slot_max;
	shape->window_bytes = options->window_bytes;
	shape->dir_bytes = options->dir_bytes;
	shape->str_bytes = options->str_bytes;
	shape->shared_bytes = options->shared_bytes;
	kyi_shape_fit(shape);
	if (shape->max_bytes > file_bytes_max) {
		shape->max_bytes = file_bytes_max;
		kyi_shape_fit(shape);
	}
}

/* Unique without a wait, also where the kernel has no chance to give yet. */
static void
choose_instance(struct kyi_region *region,
    const struct kyi_region_options *options)
{
	struct kyi_identity identity;
	uint64_t now_ns;

	if (kyi_os_random(region->instance_id,
	    sizeof(region->instance_id)) == 0)
		return;
	kyi_os_identity(&identity);
	now_ns = kyi_os_realtime_ns() + options->fork_seq;
	memcpy(region->instance_id, &now_ns, 8);
	memcpy(region->instance_id + 8, &identity.pid, 4);
	memcpy(region->instance_id + 12, &options->fork_seq, 4);
}

/* The file, from nothing to its name. Returns 0 or -errno. */
static int
create_file(struct kyi_region *region, const struct kyi_region_options *options,
    const char *service, int dir_fd, const char *name)
{
	struct kyi_shape shape;
	int fd, rc;

	shape_of(&shape, options, kyi_os_file_bytes_max());
	fd = kyi_os_file_create(dir_fd, name, shape.max_bytes,
	    kyi_os_file_mode(dir_fd));
	if (fd < 0)
		return fd;
	rc = kyi_os_lock(fd);
	if (rc == 0)
		rc = fill(region, options, &shape, service, fd);
	if (rc == 0) {
		kyi_publish_name_fence();
		rc = kyi_os_file_link(fd, dir_fd, name);
	}
	region->fd = -1;
	if (rc != 0) {
		kyi_region_forget(region);
		kyi_os_file_drop(fd, dir_fd, name);
		return rc;
	}
	/* The lock stays: it is of the open file, which the mapping keeps. */
	kyi_os_close(fd);
	return 0;
}

static int
create_in(struct kyi_region *region, const struct kyi_region_options *options,
    const char *service, const struct kyi_place *place)
{
	char name[KYI_FILE_NAME_BYTES];
	int dir_fd = kyi_os_dir_open(place->path, place->create);
	struct kyi_identity identity;
	int rc;

	if (dir_fd < 0)
		return refuse(region, place->path, dir_fd, NULL);
	rc = options->allow_disk ? 1 : kyi_os_is_memory_fs(dir_fd);
	if (rc > 0) {
		kyi_os_identity(&identity);
		kyi_file_name(name, service, identity.pid, region->instance_id);
		snprintf(region->path, sizeof(region->path), "%.*s/%.*s",
		    (int)KYI_PLACE_BYTES, place->path, PATH_NAME_BYTES, name);
		rc = create_file(region, options, service, dir_fd, name);
		region->visible = rc == 0;
	} else if (rc == 0) {
		refuse(region, place->path, 0, DISK_WHY);
		rc = 1;
	}
	kyi_os_close(dir_fd);
	if (rc < 0)
		refuse(region, place->path, rc, NULL);
	return rc == 0 ? 0 : -1;
}

int
kyi_region_create(struct kyi_region *region,
    const struct kyi_region_options *options)
{
	char service[KYI_SERVICE_BYTES_MAX + 1];
	struct kyi_place places[KYI_PLACE_MAX];
	struct kyi_shape shape;
	uint32_t place_cnt, i;

	memset(region, 0, sizeof(*region));
	choose_instance(region, options);
	memory_look(region);
	kyi_service_clean(service,
	    options->service == NULL ? "" : options->service);
	place_cnt = kyi_places(places, options->dir);
	if (place_cnt == 0)
		snprintf(region->why, sizeof(region->why),
		    "no region: the directory's name is longer than %u bytes",
		    KYI_PLACE_BYTES - 1);
	for (i = 0; i < place_cnt; i++)
		if (create_in(region, options, service, &places[i]) == 0) {
			region->why[0] = '\0';
			return 0;
		}
	region->path[0] = '\0';
	shape_of(&shape, options, UINT64_MAX);
	if (fill(region, options, &shape, service, -1) == 0)
		return 0;
	kyi_region_forget(region);
	return -1;
}
