/* SPDX-License-Identifier: MIT */
#ifndef KYI_CONFIG_PLACE_H
#define KYI_CONFIG_PLACE_H

/* kyi_state_path returns where control.db is if nobody says otherwise: in
   $STATE_DIRECTORY (systemd), for root in /var/lib/kymo, else in
   $XDG_STATE_HOME/kymo or ~/.local/state/kymo; "" (in memory) without a home.
   malloc'ed; NULL: out of memory. */
char *kyi_state_path(void);

#endif
