/* SPDX-License-Identifier: MIT */
/* CRC-32C (Castagnoli), RFC 3720 appendix B.4: "123456789" gives e3069283. */
#ifndef KYI_CRC32C_H
#define KYI_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* kyi_crc32c continues crc (0 to begin with) over len_bytes at data. */
uint32_t kyi_crc32c(uint32_t crc, const void *data, size_t len_bytes);

#endif
