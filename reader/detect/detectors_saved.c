/* SPDX-License-Identifier: MIT */
/* Detectors into a file, by way of another that takes its name when it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/detect/detectors_file.h"
#include "shm/crc32c.h"

#define PIECE_BYTES 65536u
#define PATH_BYTES 4096u

/* ---- writing ------------------------------------------------------------------ */

struct out {
	int fd;
	int wrong; /* errno */
	uint32_t crc;
	size_t cnt_bytes;
	uint64_t all_bytes;
	char piece[PIECE_BYTES];
};

static void
out_flush(struct out *out)
{
	size_t done = 0;

	while (!out->wrong && done < out->cnt_bytes) {
		ssize_t n = write(out->fd, out->piece + done,
		    out->cnt_bytes - done);

		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno != EINTR)
			out->wrong = errno;
	}
	out->cnt_bytes = 0;
}

static void
put(struct out *out, const void *bytes, size_t len_bytes)
{
	const char *at = bytes;

	out->all_bytes += len_bytes;
	if (out->fd < 0)
		return; /* only counted */
	out->crc = kyi_crc32c(out->crc, bytes, len_bytes);
	while (len_bytes > 0) {
		size_t n = PIECE_BYTES - out->cnt_bytes;

		if (n > len_bytes)
			n = len_bytes;
		memcpy(out->piece + out->cnt_bytes, at, n);
		out->cnt_bytes += n;
		at += n;
		len_bytes -= n;
		if (out->cnt_bytes == PIECE_BYTES)
			out_flush(out);
	}
}

static uint32_t
texts_bytes(const char *name, const struct kymo_label *labels, uint32_t cnt)
{
	size_t bytes = strlen(name) + 1;

	for (uint32_t i = 0; i < cnt; i++)
		bytes += strlen(labels[i].key) + strlen(labels[i].value) + 2;
	return (uint32_t)bytes;
}

static void
put_texts(struct out *out, const char *name, const struct kymo_label *labels,
    uint32_t cnt)
{
	put(out, name, strlen(name) + 1);
	for (uint32_t i = 0; i < cnt; i++) {
		put(out, labels[i].key, strlen(labels[i].key) + 1);
		put(out, labels[i].value, strlen(labels[i].value) + 1);
	}
}

static void
put_incident(struct out *out, const struct kyi_detect_incident *incident)
{
	struct kyi_saved_incident row = {
		.number = incident->number, .label_cnt = incident->label_cnt,
		.text_bytes = texts_bytes(incident->metric, incident->labels,
		    incident->label_cnt),
		.kind = (uint32_t)incident->kind,
		.signal = (uint32_t)incident->signal,
		.begin_ns = incident->begin_ns, .score = incident->score
	};

	put(out, &row, sizeof(row));
	put_texts(out, incident->metric, incident->labels, incident->label_cnt);
}

static void
put_slot(struct out *out, const struct kyi_watched *watched, uint32_t slot_idx)
{
	const struct kyi_held *held = kyi_held_of(watched, slot_idx);
	struct kyi_saved_slot row;

	memset(&row, 0, sizeof(row));
	if (held) {
		row.result = held->result;
		row.value = held->value;
		row.low = held->low;
		row.high = held->high;
		row.onset_ns = held->onset_ns;
		row.incident = held->incident ? held->incident->number : 0;
		row.is_root = held->is_root;
	}
	put(out, &row, sizeof(row));
	put(out, &watched->slots[slot_idx], sizeof(watched->slots[0]));
}

static void
put_change(struct out *out, const struct kyi_changing_slot *slot)
{
	uint64_t cnt = slot->row_cnt < KYI_CHANGE_ROWS ? slot->row_cnt :
	    KYI_CHANGE_ROWS;
	struct kyi_saved_change row = {
		.row_cnt = (uint32_t)cnt, .kind = (uint32_t)slot->found.kind,
		.found_ns = slot->found_ns, .at_ns = slot->found.at_ns,
		.before = slot->found.before, .after = slot->found.after,
		.confidence = slot->found.confidence
	};

	put(out, &row, sizeof(row));
	for (uint64_t i = slot->row_cnt - cnt; i < slot->row_cnt; i++)
		put(out, &slot->rows[i % KYI_CHANGE_ROWS],
		    sizeof(slot->rows[0]));
}

static void
put_series(struct out *out, const struct kyi_watched *watched)
{
	struct kyi_saved_series row = {
		.text_bytes = texts_bytes(watched->name, watched->labels,
		    watched->label_cnt),
		.label_cnt = watched->label_cnt,
		.kind = (uint32_t)watched->kind, .slot_cnt = watched->slot_cnt,
		.changes = watched->changing != NULL
	};

	put(out, &row, sizeof(row));
	put_texts(out, watched->name, watched->labels, watched->label_cnt);
	for (uint32_t i = 0; i < watched->slot_cnt; i++) {
		put_slot(out, watched, i);
		if (watched->changing)
			put_change(out, &watched->changing->slots[i]);
	}
}

static void
put_all(struct out *out, const struct kymo_detectors *detectors,
    uint64_t file_bytes)
{
	struct kyi_saved_head head = {
		.magic = KYI_SAVED_MAGIC, .endian = KYI_SAVED_ENDIAN,
		.detector_bytes = sizeof(struct kymo_detect),
		.series_cnt = detectors->watched_cnt,
		.file_bytes = file_bytes, .at_ns = detectors->at_ns
	};
	const struct kyi_detect_incident *incident = detectors->incidents;
	uint32_t crc;

	for (; incident; incident = incident->next)
		head.incident_cnt++;
	put(out, &head, sizeof(head));
	for (incident = detectors->incidents; incident;
	    incident = incident->next)
		put_incident(out, incident);
	for (uint32_t i = 0; i < detectors->table_room; i++)
		for (const struct kyi_watched *watched = detectors->table[i];
		    watched; watched = watched->next)
			put_series(out, watched);
	crc = out->crc;
	put(out, &crc, sizeof(crc));
}

int
kymo_detectors_save(const struct kymo_detectors *detectors, const char *path,
    struct kymo_error *error)
{
	struct out *out = calloc(1, sizeof(*out));
	char next[PATH_BYTES];
	int wrong = 0;

	if (!out)
		return kymo_error_set(error, "out of memory");
	snprintf(next, sizeof(next), "%s.new", path);
	out->fd = -1;
	put_all(out, detectors, 0);
	out->fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW | O_NONBLOCK, 0600);
	if (out->fd < 0)
		wrong = errno;
	if (!wrong) {
		uint64_t all_bytes = out->all_bytes;

		out->all_bytes = 0;
		put_all(out, detectors, all_bytes);
		out_flush(out);
		wrong = out->wrong;
		if (!wrong && fsync(out->fd) != 0)
			wrong = errno;
		close(out->fd);
		if (!wrong && rename(next, path) != 0)
			wrong = errno;
		if (wrong)
			(void)unlink(next);
	}
	free(out);
	return wrong ? kymo_error_set(error, "%s: %s", next, strerror(wrong)) :
	    0;
}
