/* SPDX-License-Identifier: MIT */
/* One process truncates, replaces and removes a region, about every
   millisecond; another watches and scans all the while: hostile SCANS. The
   sound region beside it is right in every scan, and so is the attacked one
   once it is left alone. Prints scans, refusals and failed scans. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader/region/watch.h"
#include "tests/testlib/make_region.h"

#define FILE_BYTES (512 * 1024)
#define S 1000000000ull

static const char *const no_values[] = { NULL };
static char dir_path[] = "/dev/shm/kymo-test-XXXXXX";
static char victim[400], spare[400];
static uint8_t sound[FILE_BYTES];
static uint64_t refused_cnt;

static void
refused(void *to, const char *path, const char *why)
{
	MAKE_NEED(*path != '\0' && *why != '\0');
	refused_cnt++;
}

static void
write_whole(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	MAKE_NEED(fd >= 0);
	MAKE_NEED(write(fd, sound, FILE_BYTES) == FILE_BYTES);
	close(fd);
}

static void
attack(void)
{
	uint32_t i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0;; i++) {
		unlink(spare);
		switch (i % 5) {
		case 0: /* another file in its place */
			write_whole(spare);
			MAKE_NEED(rename(spare, victim) == 0);
			break;
		case 1:
			MAKE_NEED(truncate(victim,
			    i * 4096 % FILE_BYTES) == 0);
			break;
		case 2: /* a FIFO, then a link */
			MAKE_NEED(mkfifo(spare, 0600) == 0);
			MAKE_NEED(rename(spare, victim) == 0);
			break;
		case 3:
			MAKE_NEED(symlink("/dev/zero", spare) == 0);
			MAKE_NEED(rename(spare, victim) == 0);
			break;
		default:
			unlink(victim);
			break;
		}
		usleep(1000);
	}
}

static void
make_all(struct make_region *m, uint32_t *at)
{
	int fd;

	MAKE_NEED(mkdtemp(dir_path) != NULL);
	make_region(m, dir_path, "victim");
	make_series(m, make_family(m, &(struct make_family){
		.kind = KYI_KIND_COUNTER, .name = "c" }), no_values);
	snprintf(victim, sizeof(victim), "%s", m->region.path);
	snprintf(spare, sizeof(spare), "%s/spare", dir_path);
	kyi_region_forget(&m->region);
	fd = open(victim, O_RDONLY | O_CLOEXEC);
	MAKE_NEED(read(fd, sound, FILE_BYTES) == FILE_BYTES);
	close(fd);
	make_region(m, dir_path, "sound");
	*at = make_series(m, make_family(m, &(struct make_family){
		.kind = KYI_KIND_COUNTER, .name = "c" }), no_values);
}

/* Scans what is there; whether a region of this service was, and right. */
static bool
scan_all(struct kymo_watch *watch, const char *service, uint64_t want,
    uint64_t *failed_cnt)
{
	struct kymo_error error = { "" };
	bool found = false;
	uint32_t i = 0, cnt;

	while (i < kymo_watch_cnt(watch)) {
		struct kymo_region *region = kymo_watch_at(watch, i);

		if (kymo_region_scan(region, KYMO_SCAN_VALUES, &error) != 0) {
			(*failed_cnt)++;
			kymo_watch_drop(watch, region, error.text);
			continue; /* another is in its place now */
		}
		if (strcmp(kymo_region_info(region)->service, service) == 0)
			found = kymo_region_series(region,
			    &cnt)->value.is.u == want;
		i++;
	}
	return found;
}

int
main(int argc, char **argv)
{
	uint64_t scan_cnt = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000, i;
	const char *dirs[] = { dir_path };
	struct kymo_watch_options options = { .dirs = dirs, .dir_cnt = 1,
		.refused = refused };
	struct kymo_watch *watch;
	struct make_region m;
	uint64_t failed_cnt = 0;
	uint32_t at;
	pid_t pid;

	make_all(&m, &at);
	pid = fork();
	MAKE_NEED(pid >= 0);
	if (pid == 0)
		attack();
	watch = kymo_watch_new(&options, NULL);
	MAKE_NEED(watch != NULL);
	for (i = 1; i <= scan_cnt; i++) {
		*make_cell(&m, 1, at) = i;
		kymo_watch_step(watch, i * S); /* every fifth reads all again */
		MAKE_NEED(scan_all(watch, "sound", i, &failed_cnt));
	}
	kill(pid, SIGKILL);
	MAKE_NEED(waitpid(pid, NULL, 0) == pid);
	unlink(victim);
	write_whole(victim);
	kymo_watch_step(watch, (i + 10) * S);
	MAKE_NEED(scan_all(watch, "victim", 0, &failed_cnt));
	printf("%llu %llu %llu\n", (unsigned long long)scan_cnt,
	    (unsigned long long)refused_cnt, (unsigned long long)failed_cnt);
	kymo_watch_delete(watch);
	unlink(victim);
	unlink(spare);
	unlink(m.region.path);
	kyi_region_forget(&m.region);
	return rmdir(dir_path);
}
