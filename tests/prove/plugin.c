/* SPDX-License-Identifier: MIT */
/* An instrumented plug-in, for lives.c. */
#include <stdint.h>

#include "writer/kymo.h"

KYMO_COUNTER(plugin_counter, "plugin_total", "c");

KYMO_API void plugin_work(uint32_t n);

void
plugin_work(uint32_t n)
{
	while (n-- > 0)
		kymo_counter_inc(plugin_counter);
	KYMO_LOG(KYMO_INFO, "the plug-in worked %s", "well");
}

/* At dlclose, or at exit. */
__attribute__((destructor)) static void
unload(void)
{
	kymo_counter_inc(plugin_counter);
}
