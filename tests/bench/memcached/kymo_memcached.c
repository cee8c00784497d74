/* SPDX-License-Identifier: MIT */
#include "kymo_memcached.h"

KYMO_COUNTER_FAMILY(commands, "memcached_commands_total",
    "Commands of clients", "command");
#if PARTS == 4
KYMO_TIMER_FAMILY(took, "memcached_command_each_seconds",
    "Time to carry out a command", "command");
#else
KYMO_TIMER_SAMPLED_FAMILY(took, "memcached_command_duration_seconds",
    "Time to carry out a command, of one in 64", 64, "command");
#endif
KYMO_UPDOWN(connections, "memcached_connections", "Open connections");
KYMO_SPAN_NAME(span_name, "command");

struct mc_metrics mc_get, mc_set, mc_other;
struct kymo_updown mc_connections;
static __thread unsigned turn;

static void __attribute__((constructor))
begin(void)
{
	static const struct {
		const char *name;
		struct mc_metrics *metrics;
	} kinds[] = { {"get", &mc_get}, {"set", &mc_set}, {"other", &mc_other} };
	int i;

	for (i = 0; i < 3; i++) {
		kinds[i].metrics->commands = KYMO_AT(counter, commands,
		    kinds[i].name);
		kinds[i].metrics->took = KYMO_AT(timer, took, kinds[i].name);
	}
	mc_connections = connections;
}

bool
mc_span_begin(struct kymo_span *span)
{
	if (++turn % MC_SPAN_TURNS != 0)
		return false;
	kymo_span_begin(span, span_name, NULL);
	return true;
}

void
mc_span_end(struct kymo_span *span)
{
	kymo_span_end(span, KYMO_SPAN_OK);
}
