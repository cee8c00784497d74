/* SPDX-License-Identifier: MIT */
/* A service that does something, or nothing:

     busy_main SERVICE DIR

   burns a processor in busy_burn while DIR/SERVICE.burn is there, and says so by
   the gauge burning. It ends when DIR is gone. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define KYMO_COMPONENT "busy"
#include "writer/kymo.h"

KYMO_GAUGE(burning, "burning", "Whether it burns");

static volatile double sink;

/* Some milliseconds. */
static void __attribute__((noinline))
busy_burn(void)
{
	for (int i = 0; i < 2000000; i++)
		sink = sink * 1.0000001 + 1e-9;
	__asm__ volatile("" ::: "memory"); /* no tail call: it is on the stack */
}

int
main(int argc, char **argv)
{
	const struct timespec pause_a_bit = {.tv_nsec = 5000000};
	struct kymo_options options = {.size_bytes = sizeof(options)};
	char path[500];

	if (argc != 3)
		return 2;
	options.service = argv[1];
	if (kymo_init_with(&options) != 0)
		return 1;
	snprintf(path, sizeof(path), "%s/%s.burn", argv[2], argv[1]);
	while (access(argv[2], F_OK) == 0) {
		if (access(path, F_OK) == 0) {
			kymo_gauge_set(burning, 1);
			busy_burn();
		} else {
			kymo_gauge_set(burning, 0);
			nanosleep(&pause_a_bit, NULL);
		}
	}
	return 0;
}
