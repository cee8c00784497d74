/* SPDX-License-Identifier: MIT */
/* Where regions live. Writer and reader look in the same places:

     $KYMO_DIR                  only it, if set (not in a setuid program)
     /run/kymo                  if it is there and may be written to
     $XDG_RUNTIME_DIR/kymo
     /dev/shm/kymo-<uid>

   The writer takes the first that works and makes all but /run/kymo where they
   are missing (the last part of their path, mode 0700); a reader watches all
   that exist. */
#ifndef KYI_PLACE_H
#define KYI_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#define KYI_PLACE_MAX 4u
#define KYI_PLACE_BYTES 220u /* with NUL; a path of a file fits 320 */

struct kyi_place {
	char path[KYI_PLACE_BYTES];
	bool create; /* the writer may mkdir it */
};

/* kyi_places fills places in order and returns how many. dir, if not NULL and
   not empty, is the only one, before the environment. A path that is too long
   is left out, so that 0 is possible. */
uint32_t kyi_places(struct kyi_place places[KYI_PLACE_MAX], const char *dir);

#endif
