/* SPDX-License-Identifier: MIT */
/* Processes, time, chance and waiting. */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "shm/os.h"

/* Of leaf 0x80000007: /proc/cpuinfo's constant_tsc and nonstop_tsc. */
#define CPUID_INVARIANT_TSC (1u << 8)

#ifndef GRND_INSECURE
#define GRND_INSECURE 0x0004
#endif

/* A file of /proc gives all it has in one read. Returns its length. */
static int
read_small(const char *path, char *to, size_t max_bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int64_t n;

	if (fd < 0)
		return -errno;
	n = kyi_os_pread(fd, to, max_bytes - 1, 0);
	close(fd);
	to[n < 0 ? 0 : n] = '\0';
	return (int)n;
}

bool
kyi_os_tsc_is_steady(void)
{
#if defined(__x86_64__)
	/* Clocks that are this counter and a factor. The kernel leaves them
	   when it finds that the counter cannot be trusted. */
	static const char *const by_tsc[] = {
		"tsc\n", "kvm-clock\n", "hyperv_clocksource_tsc_page\n",
	};
	unsigned eax, ebx, ecx, edx;
	char name[64];
	size_t i;

	if (!__get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) ||
	    (edx & CPUID_INVARIANT_TSC) == 0 || read_small(
	    "/sys/devices/system/clocksource/clocksource0/current_clocksource",
	    name, sizeof(name)) < 0)
		return false;
	for (i = 0; i < sizeof(by_tsc) / sizeof(*by_tsc); i++)
		if (strcmp(name, by_tsc[i]) == 0)
			return true;
#endif
	return false;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

void
kyi_os_boot_id(uint8_t boot_id[16])
{
	char text[64];
	const char *c = text;
	uint32_t digit_cnt = 0;

	memset(boot_id, 0, 16);
	if (read_small("/proc/sys/kernel/random/boot_id", text,
	    sizeof(text)) < 0)
		return;
	for (; *c != '\0' && digit_cnt < 32; c++) {
		int value = hex_value(*c);

		if (value < 0)
			continue;
		boot_id[digit_cnt / 2] |=
		    (uint8_t)(digit_cnt % 2 == 0 ? value << 4 : value);
		digit_cnt++;
	}
	if (digit_cnt != 32)
		memset(boot_id, 0, 16);
}

uint64_t
kyi_os_pidns_ino(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

/* Field 22 of a line whose second field is a name in parentheses that may
   itself hold parentheses and spaces. */
static int
parse_starttime(const char *line, uint64_t *starttime_ticks)
{
	const char *at = strrchr(line, ')');
	uint64_t ticks = 0;
	int field;

	for (field = 2; at != NULL && field < 22; field++) {
		at = strchr(at, ' ');
		if (at != NULL)
			at++;
	}
	if (at == NULL || *at < '0' || *at > '9')
		return -ENOENT;
	for (; *at >= '0' && *at <= '9'; at++)
		ticks = ticks * 10 + (uint64_t)(*at - '0');
	*starttime_ticks = ticks;
	return 0;
}

/* Of this process, by whatever number the mounted /proc knows it. */
static uint64_t
own_starttime(void)
{
	char line[1024];
	uint64_t ticks = 0;

	if (read_small("/proc/self/stat", line, sizeof(line)) > 0)
		(void)parse_starttime(line, &ticks);
	return ticks;
}

int
kyi_os_starttime(uint32_t pid, uint64_t *starttime_ticks)
{
	char path[40], line[1024];
	int n;

	*starttime_ticks = 0;
	if (pid == 0 || pid > INT32_MAX)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%u/stat", (unsigned)pid);
	n = read_small(path, line, sizeof(line));
	if (n > 0)
		return parse_starttime(line, starttime_ticks);
	if (access("/proc/self/stat", F_OK) != 0)
		return -ENOENT;
	/* With hidepid it is not shown though it is there. */
	if (kill((pid_t)pid, 0) == 0 || errno != ESRCH)
		return -EACCES;
	return -ESRCH;
}

void
kyi_os_identity(struct kyi_identity *identity)
{
	memset(identity, 0, sizeof(*identity));
	identity->pid = (uint32_t)getpid();
	identity->uid = (uint32_t)geteuid();
	kyi_os_boot_id(identity->boot_id);
	identity->pidns_ino = kyi_os_pidns_ino();
	identity->starttime_ticks = own_starttime();
}

int
kyi_os_random(void *to, size_t len_bytes)
{
	ssize_t n = getrandom(to, len_bytes, GRND_NONBLOCK);

	/* Never equal by chance is enough here; secret it need not be. */
	if (n < 0 && errno == EAGAIN)
		n = getrandom(to, len_bytes, GRND_INSECURE);
	if (n < 0)
		return -errno;
	return (size_t)n == len_bytes ? 0 : -EAGAIN;
}

/* ---- memory ------------------------------------------------------------ */

#define CGROUP_PATH_BYTES 512u
#define CGROUP_STAT_BYTES 4096u

static bool
number_after(const char *text, const char *before, uint64_t *number)
{
	const char *at = strstr(text, before);

	if (at == NULL || at[strlen(before)] < '0' || at[strlen(before)] > '9')
		return false;
	*number = 0;
	for (at += strlen(before); *at >= '0' && *at <= '9'; at++)
		*number = *number * 10 + (uint64_t)(*at - '0');
	return true;
}

/* A file of version 2, or that of version 1, which is one number. */
static bool
cgroup_number(const char *dir, const char *name, const char *name_1,
    uint64_t *number)
{
	char path[CGROUP_PATH_BYTES + 40], text[32];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (read_small(path, text, sizeof(text)) < 0) {
		snprintf(path, sizeof(path), "%s/%s", dir, name_1);
		if (read_small(path, text, sizeof(text)) < 0)
			return false;
	}
	return number_after(text, "", number); /* not "max" */
}

/* File pages that are not tmpfs: the kernel takes them back first. */
static uint64_t
cgroup_caches(const char *dir)
{
	/* Static: a handler's stack may be small, and the lock is held. */
	static char text[CGROUP_STAT_BYTES];
	char path[CGROUP_PATH_BYTES + 40];
	uint64_t active = 0, inactive = 0;

	snprintf(path, sizeof(path), "%s/memory.stat", dir);
	if (read_small(path, text, sizeof(text)) < 0)
		return 0;
	if (!number_after(text, "\ntotal_inactive_file ", &inactive))
		(void)number_after(text, "\ninactive_file ", &inactive);
	if (!number_after(text, "\ntotal_active_file ", &active))
		(void)number_after(text, "\nactive_file ", &active);
	return inactive + active;
}

uint64_t
kyi_os_cgroup_left(const char *dir, uint64_t *limit_bytes)
{
	uint64_t used, caches;

	if (!cgroup_number(dir, "memory.max", "memory.limit_in_bytes",
	    limit_bytes) || *limit_bytes > INT64_MAX / 2 ||
	    !cgroup_number(dir, "memory.current", "memory.usage_in_bytes",
	    &used))
		return UINT64_MAX;
	caches = cgroup_caches(dir);
	used -= caches < used ? caches : used;
	return used < *limit_bytes ? *limit_bytes - used : 0;
}

/* The directory of our memory cgroup; a container may not show it under its
   whole name, but then its mount begins with it. Returns the mount's length,
   0: there is none. */
static size_t
cgroup_dir(char dir[CGROUP_PATH_BYTES])
{
	static char text[CGROUP_STAT_BYTES];
	const char *mount = "/sys/fs/cgroup/memory", *at;

	if (read_small("/proc/self/cgroup", text, sizeof(text)) < 0)
		return 0;
	at = strstr(text, ":memory:");
	if (at != NULL) {
		at += strlen(":memory:");
	} else {
		mount = "/sys/fs/cgroup";
		at = strstr(text, "0::");
		if (at == NULL)
			return 0;
		at += strlen("0::");
	}
	if (snprintf(dir, CGROUP_PATH_BYTES, "%s%.*s", mount,
	    (int)strcspn(at, "\n"), at) >= (int)CGROUP_PATH_BYTES ||
	    access(dir, F_OK) != 0)
		strcpy(dir, mount);
	return strlen(mount);
}

uint64_t
kyi_os_memory_left(uint64_t *limit_bytes)
{
	uint64_t least = UINT64_MAX, left, limit;
	char dir[CGROUP_PATH_BYTES];
	size_t mount_bytes = cgroup_dir(dir);
	char *slash;

	while (mount_bytes != 0) {
		left = kyi_os_cgroup_left(dir, &limit);
		if (left < least) {
			least = left;
			*limit_bytes = limit;
		}
		slash = strrchr(dir, '/');
		if (slash == NULL || slash < dir + mount_bytes)
			break;
		*slash = '\0';
	}
	return least;
}

/* ---- time and waiting -------------------------------------------------- */

static uint64_t
clock_ns(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t) != 0)
		return 0;
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t
kyi_os_mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t
kyi_os_realtime_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

void
kyi_os_times(struct kyi_times *times)
{
	times->realtime_ns = clock_ns(CLOCK_REALTIME);
	times->mono_ns = clock_ns(CLOCK_MONOTONIC);
	times->boot_ns = clock_ns(CLOCK_BOOTTIME);
}

void
kyi_os_futex_wait(uint32_t *word, uint32_t value)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

void
kyi_os_futex_wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
