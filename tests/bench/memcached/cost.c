/* SPDX-License-Identifier: MIT */
/* What the records of one command take by themselves, in ns: MC_COMMAND around
   a call that does nothing, less the call. Lines of NAME ns=VALUE, the least of
   many rounds in turn. A server pays less: its own work goes on meanwhile. */
#include "kymo_memcached.h"

#include <stdio.h>
#include <time.h>

KYMO_TIMER(took_each, "cost_each_seconds", "Time of each");

#define ROUND_CNT 400u
#define LOOP_N 8192u

static struct mc_metrics mc_each;

static __attribute__((noinline)) void
work(void)
{
	__asm__ volatile("" : : : "memory");
}

#define LOOP(name, command)                                                 \
	static void                                                         \
	name(void)                                                          \
	{                                                                   \
		unsigned i;                                                 \
		for (i = 0; i < LOOP_N; i++)                                \
			command;                                            \
	}
LOOP(none, work())
#undef PARTS
#define PARTS 1
LOOP(counter, MC_COMMAND(get, work()))
#undef PARTS
#define PARTS 2
LOOP(timer, MC_COMMAND(get, work()))
#undef PARTS
#define PARTS 3
LOOP(all, MC_COMMAND(get, work()))
#undef PARTS
#define PARTS 4
LOOP(each, MC_COMMAND(each, work()))
#undef PARTS
#define PARTS 5
LOOP(alone, MC_COMMAND(get, work()))

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int
main(void)
{
	static const struct {
		const char *name;
		void (*loop)(void);
	} loops[] = {
		{"none", none}, {"counter", counter}, {"timer", timer},
		{"all", all}, {"each", each}, {"alone", alone},
	};
	enum { CNT = sizeof(loops) / sizeof(*loops) };
	double least[CNT], start, ns;
	unsigned round, i;

	mc_each.commands = mc_get.commands;
	mc_each.took = took_each;
	for (round = 0; round < ROUND_CNT; round++)
		for (i = 0; i < CNT; i++) {
			start = now_ns();
			loops[i].loop();
			ns = (now_ns() - start) / LOOP_N;
			if (round == 0 || ns < least[i])
				least[i] = ns;
		}
	for (i = 1; i < CNT; i++)
		printf("%s ns=%.2f\n", loops[i].name, least[i] - least[0]);
	return 0;
}
