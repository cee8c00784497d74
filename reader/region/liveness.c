/* SPDX-License-Identifier: MIT */
/* Is the process alive? Its lock on the file is what counts: the kernel gives
   it back at death, whatever the death was. A held lock alone is not life,
   since a child may hold it too; so the pid must not be gone either. */
#include <errno.h>
#include <string.h>

#include "reader/region/private.h"

static bool
is_process_gone(const struct kyi_header *header)
{
	uint64_t ticks = 0;

	/* Another namespace's numbers say nothing here; 0 has none (WASM). */
	if (header->pid == 0 || header->pidns_ino == 0 ||
	    header->pidns_ino != kyi_os_pidns_ino())
		return false;
	switch (kyi_os_starttime(header->pid, &ticks)) {
	case 0:
		return header->starttime_ticks != 0 &&
		    ticks != header->starttime_ticks;
	case -ESRCH:
		return true;
	default: /* nobody to ask */
		return false;
	}
}

bool
kyi_region_is_of_this_boot(const struct kymo_region *region)
{
	static const uint8_t unknown[16];
	uint8_t boot_id[16];

	kyi_os_boot_id(boot_id);
	return memcmp(boot_id, unknown, sizeof(boot_id)) == 0 ||
	    memcmp(region->header.boot_id, unknown, sizeof(boot_id)) == 0 ||
	    memcmp(boot_id, region->header.boot_id, sizeof(boot_id)) == 0;
}

bool
kyi_region_is_alive(const struct kymo_region *region)
{
	/* What was turned around is a copy: nothing will come after it. */
	if (region->info.liveness != KYMO_ALIVE || region->swapped != NULL)
		return false;
	return kyi_os_lock_is_free(region->fd) != 1 &&
	    !is_process_gone(&region->header) &&
	    kyi_region_is_of_this_boot(region);
}
