/* SPDX-License-Identifier: MIT */
/* A pool, since a thousand regions are scanned one after another and none
   needs its copy once it is parsed. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "reader/region/private.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(at, bytes) ASAN_POISON_MEMORY_REGION(at, bytes)
#define UNPOISON(at, bytes) ASAN_UNPOISON_MEMORY_REGION(at, bytes)
#else
#define POISON(at, bytes) ((void)0)
#define UNPOISON(at, bytes) ((void)0)
#endif

#define KEPT_MAX 4u
/* More than this, and the pages go back to the kernel after the scan. */
#define KEPT_BYTES_MAX (16u * 1024u * 1024u)

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kyi_image *pool;
static uint32_t pool_cnt, hold_cnt;

static void
delete_image(struct kyi_image *image)
{
	UNPOISON(image->base, image->map_bytes);
	munmap(image->base, image->map_bytes);
	free(image->scratch);
	free(image);
}

static struct kyi_image *
new_image(uint64_t file_bytes)
{
	struct kyi_image *image = calloc(1, sizeof(*image));
	void *base;

	if (image == NULL)
		return NULL;
	/* A little more, so that neighbours of other lengths share one. */
	image->map_bytes = (file_bytes | (1024 * 1024 - 1)) + 1;
	base = mmap(NULL, image->map_bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED) {
		free(image);
		return NULL;
	}
	image->base = base;
	POISON(image->base, image->map_bytes);
	return image;
}

struct kyi_image *
kyi_image_take(uint64_t file_bytes)
{
	struct kyi_image **at, *image;

	pthread_mutex_lock(&pool_lock);
	for (at = &pool; *at != NULL; at = &(*at)->next)
		if ((*at)->map_bytes >= file_bytes)
			break;
	image = *at;
	if (image != NULL) {
		*at = image->next;
		pool_cnt--;
	}
	pthread_mutex_unlock(&pool_lock);
	if (image == NULL)
		return new_image(file_bytes);
	image->next = NULL;
	return image;
}

void
kyi_image_give(struct kyi_image *image)
{
	if (image == NULL)
		return;
	POISON(image->base, image->map_bytes);
	if (image->touched_bytes > KEPT_BYTES_MAX)
		madvise(image->base, image->map_bytes, MADV_DONTNEED);
	image->touched_bytes = 0;
	pthread_mutex_lock(&pool_lock);
	if (pool_cnt < KEPT_MAX) {
		image->next = pool;
		pool = image;
		pool_cnt++;
		image = NULL;
	}
	pthread_mutex_unlock(&pool_lock);
	if (image != NULL)
		delete_image(image);
}

void
kyi_image_touch(struct kyi_image *image, uint64_t off, uint64_t len_bytes)
{
	UNPOISON(image->base + off, len_bytes);
	image->touched_bytes += len_bytes;
}

uint8_t *
kyi_image_scratch(struct kyi_image *image, uint64_t bytes)
{
	if (bytes > image->scratch_bytes) {
		free(image->scratch);
		image->scratch_bytes = 0;
		image->scratch = malloc(bytes);
		if (image->scratch == NULL)
			return NULL;
		image->scratch_bytes = bytes;
	}
	return image->scratch;
}

void
kyi_image_pool_hold(void)
{
	pthread_mutex_lock(&pool_lock);
	hold_cnt++;
	pthread_mutex_unlock(&pool_lock);
}

void
kyi_image_pool_drop(void)
{
	struct kyi_image *gone = NULL, *next;

	pthread_mutex_lock(&pool_lock);
	if (--hold_cnt == 0) {
		gone = pool;
		pool = NULL;
		pool_cnt = 0;
	}
	pthread_mutex_unlock(&pool_lock);
	for (; gone != NULL; gone = next) {
		next = gone->next;
		delete_image(gone);
	}
}
