/* SPDX-License-Identifier: MIT */
/* In the place of liburcu's header, for models: explore.c knows who is in a
   read section, and a grace period waits for those. What order that gives,
   reader/series/publish.c tells a sanitizer. */
#ifndef MODEL_FAKE_URCU_H
#define MODEL_FAKE_URCU_H

void urcu_memb_register_thread(void);
void urcu_memb_unregister_thread(void);
void urcu_memb_read_lock(void);
void urcu_memb_read_unlock(void);
void urcu_memb_synchronize_rcu(void);

#endif
