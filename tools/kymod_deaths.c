/* SPDX-License-Identifier: MIT */
#include "tools/kymod.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

struct kyi_death {
	uint8_t instance_id[16];
	bool used;
	int fd;            /* -1: none (any more) */
	uint32_t round;    /* last seen in */
	uint64_t alive_ns; /* realtime of the last scan that found it alive */
	uint64_t died_ns;  /* when its end was told; 0: not */
};

void
kyi_deaths_init(struct kyi_deaths *deaths, int epoll_fd)
{
	struct rlimit limit;

	memset(deaths, 0, sizeof(*deaths));
	deaths->epoll_fd = epoll_fd;
	/* Hints only: regions and clients come first. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
		deaths->fd_max = limit.rlim_cur > 100000 ? 25000 :
		    (uint32_t)(limit.rlim_cur / 4);
}

static void
death_close(struct kyi_deaths *deaths, struct kyi_death *death)
{
	if (death->fd < 0)
		return;
	close(death->fd); /* epoll forgets it by that */
	death->fd = -1;
	deaths->fd_cnt--;
}

void
kyi_deaths_free(struct kyi_deaths *deaths)
{
	for (uint32_t i = 0; i < deaths->slot_cnt; i++)
		if (deaths->slots[i].used)
			death_close(deaths, &deaths->slots[i]);
	free(deaths->slots);
	memset(deaths, 0, sizeof(*deaths));
}

/* Instance ids are random already. */
static uint32_t
home_of(const struct kyi_deaths *deaths, const uint8_t instance_id[16])
{
	uint32_t bits;

	memcpy(&bits, instance_id, sizeof(bits));
	return bits & (deaths->slot_cnt - 1);
}

/* The entry, or the free one where it would go. The table is never full. */
static struct kyi_death *
death_at(const struct kyi_deaths *deaths, const uint8_t instance_id[16])
{
	uint32_t i = home_of(deaths, instance_id);

	while (deaths->slots[i].used && memcmp(deaths->slots[i].instance_id,
		instance_id, sizeof(deaths->slots[i].instance_id)) != 0)
		i = (i + 1) & (deaths->slot_cnt - 1);
	return &deaths->slots[i];
}

static struct kyi_death *
death_find(const struct kyi_deaths *deaths, const struct kymo_region_info *info)
{
	struct kyi_death *death;

	if (!deaths->slot_cnt)
		return NULL;
	death = death_at(deaths, info->instance_id);
	return death->used ? death : NULL;
}

bool
kyi_deaths_known(const struct kyi_deaths *deaths,
    const struct kymo_region_info *info)
{
	return death_find(deaths, info) != NULL;
}

/* Moves all that is in use to a table of slot_cnt. False: no memory, nothing
   has changed. */
static bool
table_resize(struct kyi_deaths *deaths, uint32_t slot_cnt, uint32_t round_min)
{
	struct kyi_deaths old = *deaths;

	deaths->slots = calloc(slot_cnt, sizeof(deaths->slots[0]));
	if (!deaths->slots) {
		*deaths = old;
		return false;
	}
	deaths->slot_cnt = slot_cnt;
	deaths->used_cnt = 0;
	for (uint32_t i = 0; i < old.slot_cnt; i++) {
		if (!old.slots[i].used)
			continue;
		if (old.slots[i].round < round_min) {
			death_close(deaths, &old.slots[i]);
			continue;
		}
		*death_at(deaths, old.slots[i].instance_id) = old.slots[i];
		deaths->used_cnt++;
	}
	free(old.slots);
	return true;
}

void
kyi_deaths_begin(struct kyi_deaths *deaths)
{
	deaths->round++;
}

static void
fd_open(struct kyi_deaths *deaths, struct kyi_death *death, uint32_t pid)
{
#ifdef SYS_pidfd_open
	struct epoll_event event = {.events = EPOLLIN};
	int fd;

	if (deaths->fd_cnt >= deaths->fd_max || pid == 0 || pid > INT32_MAX)
		return;
	fd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
	if (fd < 0)
		return;
	/* The first half of the id: the table may move. */
	memcpy(&event.data.u64, death->instance_id, sizeof(event.data.u64));
	if (epoll_ctl(deaths->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
		close(fd);
		return;
	}
	death->fd = fd;
	deaths->fd_cnt++;
#endif
}

void
kyi_deaths_see(struct kyi_deaths *deaths, const struct kymo_region_info *info,
    uint64_t now_ns)
{
	bool alive = info->liveness == KYMO_ALIVE;
	struct kyi_death *death;

	if (deaths->used_cnt * 2 >= deaths->slot_cnt && !table_resize(deaths,
		deaths->slot_cnt ? deaths->slot_cnt * 2 : 64, 0))
		return;
	death = death_at(deaths, info->instance_id);
	if (!death->used) {
		memset(death, 0, sizeof(*death));
		memcpy(death->instance_id, info->instance_id,
		    sizeof(death->instance_id));
		death->used = true;
		death->fd = -1;
		deaths->used_cnt++;
		/* Once: if it then ends while the region lives on, it was
		   another process (of another namespace). */
		if (alive)
			fd_open(deaths, death, info->pid);
	}
	death->round = deaths->round;
	if (alive) {
		death->alive_ns = now_ns;
	} else {
		death_close(deaths, death);
		if (!death->died_ns && death->alive_ns)
			death->died_ns = now_ns;
	}
}

void
kyi_deaths_end(struct kyi_deaths *deaths)
{
	uint32_t gone_cnt = 0;

	for (uint32_t i = 0; i < deaths->slot_cnt; i++)
		gone_cnt += deaths->slots[i].used &&
		    deaths->slots[i].round != deaths->round;
	if (gone_cnt)
		(void)table_resize(deaths, deaths->slot_cnt, deaths->round);
}

void
kyi_deaths_happened(struct kyi_deaths *deaths, uint64_t data, uint64_t now_ns)
{
	uint8_t half_id[16] = {0};
	struct kyi_death *death;
	uint32_t i;

	memcpy(half_id, &data, sizeof(data));
	if (!deaths->slot_cnt)
		return;
	for (i = home_of(deaths, half_id); deaths->slots[i].used;
	    i = (i + 1) & (deaths->slot_cnt - 1)) {
		death = &deaths->slots[i];
		if (death->fd < 0 ||
		    memcmp(death->instance_id, &data, sizeof(data)) != 0)
			continue;
		death->died_ns = now_ns;
		death_close(deaths, death);
	}
}

uint64_t
kyi_deaths_when(const struct kyi_deaths *deaths,
    const struct kymo_region_info *info)
{
	const struct kyi_death *death = death_find(deaths, info);

	if (info->died_ns)
		return info->died_ns;
	if (death && death->died_ns)
		return death->died_ns;
	return info->last_sign_ns;
}
