/* SPDX-License-Identifier: MIT */
/* Where regions live. Writer and reader look in the same places:

     $KYMO_DIR                  only it, if set (not in a setuid program)
     /run/kymo                  if it is there and may be written to
     $XDG_RUNTIME_DIR/kymo
     /dev/shm/kymo-<uid>

   The writer takes the first that works and makes the last two (0700); a
   reader watches all that exist. */
#ifndef KYI_PLACE_H
#define KYI_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#define KYI_PLACE_MAX 4u
#define KYI_PLACE_BYTES 240u

struct kyi_place {
	char path[KYI_PLACE_BYTES];
	bool create; /* the writer may mkdir it */
};

/* kyi_places fills places in order and returns how many. dir, if not NULL and
   not empty, is the only one. */
uint32_t kyi_places(struct kyi_place places[KYI_PLACE_MAX], const char *dir);

#endif
