/* SPDX-License-Identifier: MIT */
#include <stdbool.h>

#include "kymo_memcached.h"

KYMO_COUNTER_FAMILY(commands, "memcached_commands_total",
    "Commands of clients", "command");
KYMO_TIMER_FAMILY(took, "memcached_command_duration_seconds",
    "Time to carry out a command", "command");
KYMO_UPDOWN(connections, "memcached_connections", "Open connections");
KYMO_SPAN_NAME(span, "command");

struct mc_metrics mc_metrics;
struct kymo_updown mc_connections;
__thread unsigned mc_turn;

static void __attribute__((constructor))
begin(void)
{
	static const char *const names[MC_COMMANDS] = {"get", "set", "other"};
	int i;

	for (i = 0; i < MC_COMMANDS; i++) {
		mc_metrics.commands[i] = KYMO_AT(counter, commands, names[i]);
		mc_metrics.took[i] = KYMO_AT(timer, took, names[i]);
	}
	mc_metrics.span = span;
	mc_connections = connections;
}
