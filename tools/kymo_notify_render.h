/* SPDX-License-Identifier: MIT */
#ifndef KYI_NOTIFY_RENDER_H
#define KYI_NOTIFY_RENDER_H

/* kymo notify render; argv[0] is "render". Returns an exit code. */
int kyi_notify_render(int argc, char **argv);

#endif
