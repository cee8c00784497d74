/* SPDX-License-Identifier: MIT */
/* A plug-in that counts with kymo, for a program that knows nothing of kymo. */
#include <kymo.h>

KYMO_COUNTER(calls, "plugin_calls_total", "Calls of the plug-in");
KYMO_TIMER(took, "plugin_call_duration_seconds", "Time a call takes");

__attribute__((visibility("default"))) void plugin_call(int n);

void
plugin_call(int n)
{
	KYMO_TIME_SCOPE(took);
	kymo_counter_add(calls, 1);
	KYMO_LOG(KYMO_INFO, "call %d of the plug-in", n);
}
