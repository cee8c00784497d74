/* SPDX-License-Identifier: MIT */
/* All of kymo, inside a proof's program; the proof's own files see the
   declarations of the same header. */
#define KYMO_IMPLEMENTATION
#include "writer/kymo_single.h"
