/* SPDX-License-Identifier: MIT */
/* Processes that recovery may send a signal to: of the services that its actions
   name, by a descriptor that was opened before the process was seen to be the
   region's. A number that is another process' meanwhile is never signalled; nor
   is a process of somebody else than the region's owner, unless that is root or
   us: who is trusted to be read is not trusted to choose whom we end. */
#include "tools/kymod_health.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TARGET_MAX 1000u

struct kyi_target {
	uint8_t instance_id[16];
	char service[64];
	uint32_t pid, round;
	int fd;
};

static bool
is_wanted(const struct kyi_targets *targets, const char *service)
{
	for (uint32_t i = 0; i < targets->service_cnt; i++)
		if (strcmp(targets->services[i], service) == 0)
			return true;
	return false;
}

static void
services_free(struct kyi_targets *targets)
{
	for (uint32_t i = 0; i < targets->service_cnt; i++)
		free(targets->services[i]);
	free(targets->services);
	targets->services = NULL;
	targets->service_cnt = 0;
}

/* Those that the last two rounds did not see, or nobody wants. */
static void
sweep(struct kyi_targets *targets)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < targets->cnt; i++) {
		struct kyi_target *target = &targets->at[i];

		if (is_wanted(targets, target->service) &&
		    targets->round - target->round <= 1)
			targets->at[kept++] = *target;
		else
			close(target->fd);
	}
	targets->cnt = kept;
}

int
kyi_targets_set(struct kyi_targets *targets,
    struct kymo_care_plan *const *plans, uint32_t plan_cnt)
{
	struct kyi_targets made = {.cnt = 0};
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < plan_cnt; i++)
		cnt += plans[i]->recovery.action_cnt;
	made.services = calloc(cnt + 1u, sizeof(*made.services));
	if (!made.services)
		return -1;
	for (uint32_t i = 0; i < plan_cnt; i++) {
		const struct kymo_recovery *recovery = &plans[i]->recovery;

		for (uint32_t k = 0; k < recovery->action_cnt; k++) {
			const struct kymo_action *action =
			    &recovery->actions[k];
			char *copy;

			if (action->kind != KYMO_ACTION_SIGNAL ||
			    is_wanted(&made, action->what))
				continue;
			copy = strdup(action->what);
			if (!copy) {
				services_free(&made);
				return -1;
			}
			made.services[made.service_cnt++] = copy;
		}
	}
	services_free(targets);
	targets->services = made.services;
	targets->service_cnt = made.service_cnt;
	sweep(targets);
	return 0;
}

void
kyi_targets_free(struct kyi_targets *targets)
{
	for (uint32_t i = 0; i < targets->cnt; i++)
		close(targets->at[i].fd);
	free(targets->at);
	services_free(targets);
}

void
kyi_targets_begin(struct kyi_targets *targets)
{
	targets->round++;
	sweep(targets);
}

static bool
may_name(const struct kymo_region_info *info)
{
	struct stat status;
	char path[32];

	if (info->uid == 0 || info->uid == geteuid())
		return true;
	snprintf(path, sizeof(path), "/proc/%u", info->pid);
	return stat(path, &status) == 0 && status.st_uid == info->uid;
}

/* The descriptor first: the process that is the region's after that was the
   one with this number when it was opened. */
static void
target_add(struct kyi_targets *targets, struct kymo_region *region,
    const struct kymo_region_info *info)
{
	struct kymo_process_stats stats;
	struct kymo_error error = {""};
	struct kyi_target *target;
	int fd;

	if (targets->cnt == TARGET_MAX || info->pid <= 1 ||
	    info->pid > INT32_MAX)
		return;
	if (targets->cnt == targets->room) {
		struct kyi_target *more = reallocarray(targets->at,
		    targets->room * 2u + 16, sizeof(more[0]));

		if (!more)
			return;
		targets->at = more;
		targets->room = targets->room * 2 + 16;
	}
	fd = (int)syscall(SYS_pidfd_open, (pid_t)info->pid, 0);
	if (fd < 0)
		return;
	if (!may_name(info) ||
	    kymo_region_process(region, &stats, &error) != 0) {
		close(fd);
		return;
	}
	target = &targets->at[targets->cnt++];
	memcpy(target->instance_id, info->instance_id,
	    sizeof(target->instance_id));
	memcpy(target->service, info->service, sizeof(target->service));
	target->pid = info->pid;
	target->round = targets->round;
	target->fd = fd;
}

void
kyi_targets_see(struct kyi_targets *targets, struct kymo_region *region)
{
	const struct kymo_region_info *info = kymo_region_info(region);

	if (info->liveness != KYMO_ALIVE || !is_wanted(targets, info->service))
		return;
	for (uint32_t i = 0; i < targets->cnt; i++)
		if (memcmp(targets->at[i].instance_id, info->instance_id,
			sizeof(info->instance_id)) == 0) {
			targets->at[i].round = targets->round;
			return;
		}
	target_add(targets, region, info);
}

void
kyi_targets_signal(struct kyi_targets *targets, const char *service,
    int number, struct kymo_looked *now)
{
	uint32_t sent_cnt = 0, refused_cnt = 0;

	for (uint32_t i = 0; i < targets->cnt; i++) {
		const struct kyi_target *target = &targets->at[i];

		if (strcmp(target->service, service) != 0)
			continue;
		if (syscall(SYS_pidfd_send_signal, target->fd, number, NULL,
			0) == 0)
			sent_cnt++;
		else if (errno != ESRCH)
			refused_cnt++;
	}
	now->result = KYMO_LOOK_GOOD;
	if (sent_cnt > 0)
		return;
	/* Another action may help where there is nobody; none where it may not
	   be done. */
	now->result = refused_cnt > 0 ? KYMO_LOOK_UNKNOWN : KYMO_LOOK_BAD;
	snprintf(now->reason, sizeof(now->reason), refused_cnt > 0 ?
	    "kymod may not send signals to processes of '%.100s'" :
	    "there is no process of '%.100s' to send a signal to", service);
}
