/* SPDX-License-Identifier: MIT */
#ifndef KYI_NOTIFY_OUTBOX_SQL_H
#define KYI_NOTIFY_OUTBOX_SQL_H

#include "reader/notify/outbox.h"

extern const char kyi_outbox_schema[];
extern const char *const kyi_outbox_sql[KYI_SQL_CNT];

#endif
