/* SPDX-License-Identifier: MIT */
/* A service with faults to be injected:

     health_main SERVICE DIR

   beats, reports itself, and counts 200 requests of about 5 ms each 10 ms.
   DIR/SERVICE.slow: they take 5 % longer; .hang: its loop stands still; .leak: a
   MiB each time; .bad: it says that it is failing; .lie: that "owned", a
   component of somebody else, is; .die: it dies when it starts.
   It ends when DIR is gone. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KYMO_COMPONENT "reporter"
#include "writer/kymo.h"

KYMO_HEALTH(report, "reporter_health", "What it says of itself");
#undef KYMO_COMPONENT
#define KYMO_COMPONENT "owned"
KYMO_HEALTH(lie, "owned_health", "What it says of another one");
#undef KYMO_COMPONENT
#define KYMO_COMPONENT "reporter"
KYMO_TIMER(took, "work_seconds", "Time that requests take");

static const char *service, *dir;

static bool
told_to(const char *what)
{
	char path[500];

	snprintf(path, sizeof(path), "%s/%s.%s", dir, service, what);
	return access(path, F_OK) == 0;
}

static uint32_t
random_below(uint32_t n)
{
	static uint64_t seed = 1;

	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % n);
}

static void
work(void)
{
	uint64_t base_ns = told_to("slow") ? 5250000 : 5000000;

	for (int i = 0; i < 200; i++)
		kymo_timer_record(took, base_ns - 1000000 +
		    random_below(2000000));
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	service = argv[1];
	dir = argv[2];
	if (told_to("die") || kymo_init(service) != 0)
		return 1;
	while (access(dir, F_OK) == 0) {
		while (told_to("hang"))
			usleep(10000);
		if (told_to("leak")) {
			char *lost = malloc(1 << 20);

			if (lost)
				memset(lost, 1, 1 << 20);
		}
		kymo_heartbeat();
		kymo_health_report(report, told_to("bad") ?
		    KYMO_HEALTH_FAILING : KYMO_HEALTH_OK, told_to("bad") ?
		    "its disk is full" : NULL, 5000);
		if (told_to("lie"))
			kymo_health_report(lie, KYMO_HEALTH_FAILING,
			    "so it says", 5000);
		work();
		usleep(10000);
	}
	return 0;
}
