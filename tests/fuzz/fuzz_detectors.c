/* SPDX-License-Identifier: MIT */
/* Any bytes are what detectors learned, or are refused; what was believed can be
   stepped, listed and forgotten. The fuzzer cannot make the head's size and the
   checksum: they are made right here. */
#include <stdlib.h>
#include <string.h>

#include "reader/detect/detectors_file.h"
#include "shm/crc32c.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

#define NOW_NS UINT64_C(1700438400000000000)

/* A series that is among those of the seed, in a few readings. */
static void
live(struct kymo_detectors *detectors)
{
	static const double readings[] = { 1000, 1e300, -5, 0, 1003 };
	static const struct kymo_label labels[] = { { "service", "shop" } };
	struct kymo_series series = { .labels = labels, .label_cnt = 1 };
	const struct kymo_family_scan family = { .name = "queue",
		.kind = KYMO_METRIC_FLOAT_GAUGE, .series = &series,
		.series_cnt = 1 };
	struct kymo_scan scan = { .families = &family, .family_cnt = 1 };
	struct kymo_anomalies anomalies;

	for (unsigned i = 0; i < 5; i++) {
		series.value.is.f = readings[i];
		scan.at_ns = NOW_NS + i * UINT64_C(15000000000);
		scan.at_mono_ns = (i + 1) * UINT64_C(15000000000);
		kymo_detectors_step(detectors, &scan);
		if (kymo_detectors_list(detectors, &anomalies) != 0)
			return;
		for (uint32_t k = 0; k < anomalies.incident_cnt; k++)
			if (anomalies.incidents[k].member_cnt > anomalies.cnt)
				abort();
		kymo_anomalies_free(&anomalies);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
	const struct kymo_detectors_options options = { .detector_max = 1000,
		.change_max = 10 };
	struct kymo_detectors *detectors = kymo_detectors_new(&options);
	char *copy = malloc(len_bytes + 1);
	struct kyi_saved_head head;
	uint32_t crc;

	if (detectors && copy && len_bytes >= sizeof(head) + sizeof(crc)) {
		memcpy(copy, bytes, len_bytes);
		memcpy(&head, copy, sizeof(head));
		memcpy(head.magic, KYI_SAVED_MAGIC, sizeof(head.magic));
		head.endian = KYI_SAVED_ENDIAN;
		head.detector_bytes = sizeof(struct kymo_detect);
		head.file_bytes = len_bytes;
		memcpy(copy, &head, sizeof(head));
		crc = kyi_crc32c(0, copy, len_bytes - sizeof(crc));
		memcpy(copy + len_bytes - sizeof(crc), &crc, sizeof(crc));
		if (!kyi_detectors_read(detectors, copy, len_bytes, NOW_NS))
			live(detectors);
	}
	free(copy);
	kymo_detectors_delete(detectors);
	return 0;
}
