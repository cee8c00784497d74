/* SPDX-License-Identifier: MIT */
/* Detectors out of a file, which may be anybody's: all of it is checked before it
   is used, and what is wrong with it leaves detectors that know nothing. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader/detect/detectors_file.h"
#include "shm/crc32c.h"

#define FILE_BYTES_MAX (INT64_C(1) << 30)
#define TEXT_BYTES_MAX 65536u

struct in {
	const char *at;
	size_t left_bytes;
	const char *wrong; /* NULL: nothing yet */
	/* Newest first, so that numbers fall. */
	struct known {
		uint32_t number;
		struct kyi_detect_incident *incident;
	} *incidents;
	uint32_t incident_cnt;
};

/* False: it is not there. */
static bool
take(struct in *in, void *to, size_t bytes)
{
	if (in->wrong)
		return false;
	if (bytes > in->left_bytes) {
		in->wrong = "it ends too early";
		return false;
	}
	memcpy(to, in->at, bytes);
	in->at += bytes;
	in->left_bytes -= bytes;
	return true;
}

/* The name, and labels that point into the file. NULL: they are not sound. */
static const char *
take_texts(struct in *in, uint32_t bytes, uint32_t label_cnt,
    struct kymo_label *labels)
{
	const char *name = in->at, *at = name, *end = at + bytes;

	in->wrong = "texts that are none";
	if (bytes == 0 || bytes > TEXT_BYTES_MAX || bytes > in->left_bytes ||
	    label_cnt > KYI_DETECT_LABELS_MAX || end[-1] != '\0' || *name == 0)
		return NULL;
	at += strlen(at) + 1;
	for (uint32_t i = 0; i < label_cnt; i++) {
		if (at == end)
			return NULL;
		labels[i].key = at;
		at += strlen(at) + 1;
		if (at == end)
			return NULL;
		labels[i].value = at;
		at += strlen(at) + 1;
	}
	if (at != end)
		return NULL;
	in->wrong = NULL;
	in->at = end;
	in->left_bytes -= bytes;
	return name;
}

/* ---- rows ---------------------------------------------------------------------- */

/* In a file numbers only say what belongs together, and that they fall keeps a
   search of them short: here they are given anew, from 1 for the oldest. */
static bool
incident_sound(const struct in *in, const struct kyi_saved_incident *row)
{
	return row->number > 0 && (in->incident_cnt == 0 ||
	    row->number < in->incidents[in->incident_cnt - 1].number) &&
	    row->signal < KYMO_SIGNAL_CNT &&
	    kyi_signal_cnt((enum kymo_metric_kind)row->kind) > 0 &&
	    row->score >= 0 && isfinite(row->score);
}

/* Written newest first, as they are in memory: here the next goes last. */
static void
incident_load(struct kymo_detectors *detectors, struct in *in, uint32_t number,
    uint64_t now_ns)
{
	struct kymo_label labels[KYI_DETECT_LABELS_MAX];
	struct kyi_detect_incident *incident, *newest = detectors->incidents;
	struct kyi_saved_incident row;
	const char *name;

	if (!take(in, &row, sizeof(row)))
		return;
	name = take_texts(in, row.text_bytes, row.label_cnt, labels);
	if (!name)
		return;
	if (!incident_sound(in, &row)) {
		in->wrong = "an incident that is none";
		return;
	}
	incident = kyi_incident_make(detectors, name,
	    (enum kymo_metric_kind)row.kind, (enum kymo_signal)row.signal,
	    labels, row.label_cnt);
	if (!incident) {
		in->wrong = "out of memory";
		return;
	}
	incident->number = number;
	incident->begin_ns = row.begin_ns < now_ns ? row.begin_ns : now_ns;
	incident->score = row.score;
	incident->next = NULL;
	if (in->incident_cnt > 0) {
		in->incidents[in->incident_cnt - 1].incident->next = incident;
		detectors->incidents = newest;
	}
	in->incidents[in->incident_cnt++] =
	    (struct known){ row.number, incident };
}

static void
incidents_load(struct kymo_detectors *detectors, struct in *in, uint32_t cnt,
    uint64_t now_ns)
{
	/* A head that asks for more than there are bytes gets nothing. */
	if (cnt > in->left_bytes / sizeof(struct kyi_saved_incident)) {
		in->wrong = "it ends too early";
		return;
	}
	in->incidents = calloc(cnt + 1u, sizeof(in->incidents[0]));
	if (!in->incidents)
		in->wrong = "out of memory";
	detectors->incident_number = cnt;
	for (uint32_t i = 0; i < cnt && !in->wrong; i++)
		incident_load(detectors, in, cnt - i, now_ns);
}

static int
by_number(const void *key, const void *at)
{
	uint32_t number = *(const uint32_t *)key;
	const struct known *known = at;

	return (number < known->number) - (number > known->number);
}

/* NULL: there is none of that number. */
static struct kyi_detect_incident *
incident_of(const struct in *in, uint32_t number)
{
	const struct known *known = bsearch(&number, in->incidents,
	    in->incident_cnt, sizeof(in->incidents[0]), by_number);

	return known ? known->incident : NULL;
}

static bool
held_sound(const struct kyi_saved_slot *row)
{
	return row->result.score > 0 && isfinite(row->result.score) &&
	    row->result.raw >= 0 && isfinite(row->result.raw) &&
	    isfinite(row->value) &&
	    (unsigned)row->result.cause < KYMO_DETECT_CAUSE_CNT &&
	    (unsigned)row->result.side <= KYMO_DETECT_BETWEEN;
}

static void
held_load(struct kymo_detectors *detectors, const struct in *in,
    struct kyi_watched *watched, uint32_t slot_idx,
    const struct kyi_saved_slot *row, uint64_t now_ns)
{
	struct kyi_detect_incident *incident = incident_of(in, row->incident);
	struct kyi_held *held = kyi_held_make(detectors, watched, slot_idx);

	if (!held)
		return;
	held->result = row->result;
	if (held->result.at_ns > now_ns)
		held->result.at_ns = now_ns;
	held->value = row->value;
	held->low = row->low;
	held->high = row->high;
	held->onset_ns = row->onset_ns < now_ns ? row->onset_ns : now_ns;
	if (!incident)
		return;
	held->incident = incident;
	held->is_root = row->is_root == 1;
	incident->member_cnt++;
}

static void
slot_load(struct kymo_detectors *detectors, struct in *in,
    struct kyi_watched *watched, uint32_t slot_idx, uint64_t now_ns)
{
	struct kyi_saved_slot row;
	struct kymo_detect detect;

	if (!take(in, &row, sizeof(row)) || !take(in, &detect, sizeof(detect)))
		return;
	/* One that has seen nothing is as it was made. */
	if (detect.row_cnt == 0)
		return;
	if (!kyi_detect_sound(&detect) || !(row.result.score >= 0)) {
		in->wrong = "a detector that is none";
		return;
	}
	kyi_detect_rewind(&detect, now_ns);
	watched->slots[slot_idx] = detect;
	if (row.result.score > 0) {
		if (held_sound(&row))
			held_load(detectors, in, watched, slot_idx, &row,
			    now_ns);
		else
			in->wrong = "an anomaly that is none";
	}
}

static bool
change_sound(const struct kyi_saved_change *row)
{
	return row->row_cnt <= KYI_CHANGE_ROWS && (row->found_ns == 0 ||
	    (row->kind <= KYMO_CHANGE_SLOPE && isfinite(row->before) &&
	    isfinite(row->after) && row->confidence >= 0 &&
	    row->confidence <= 1));
}

/* slot NULL: there is no room for it. */
static void
change_load(struct in *in, struct kyi_changing_slot *slot, uint64_t now_ns)
{
	struct kyi_saved_change row;
	struct kyi_row one;

	if (!take(in, &row, sizeof(row)))
		return;
	if (!change_sound(&row)) {
		in->wrong = "a change that is none";
		return;
	}
	for (uint32_t i = 0; i < row.row_cnt && take(in, &one, sizeof(one));
	    i++) {
		if (!(fabs(one.value) <= KYI_CHANGE_VALUE_MAX)) {
			in->wrong = "a change that is none";
			return;
		}
		if (one.at_ns > now_ns)
			one.at_ns = now_ns;
		if (slot)
			kyi_changing_again(slot, &one);
	}
	if (!slot || row.found_ns == 0)
		return;
	slot->found_ns = row.found_ns < now_ns ? row.found_ns : now_ns;
	slot->found = (struct kymo_change_point){
		.kind = (enum kymo_change_kind)row.kind,
		.at_ns = row.at_ns < now_ns ? row.at_ns : now_ns,
		.before = row.before, .after = row.after,
		.confidence = row.confidence
	};
}

/* One signal of a series; watched NULL: a lower limit than when it was written,
   so what is beyond is new. */
static void
signal_load(struct kymo_detectors *detectors, struct in *in,
    struct kyi_watched *watched, uint32_t slot_idx, bool changes,
    uint64_t now_ns)
{
	size_t bytes = sizeof(struct kyi_saved_slot) +
	    sizeof(struct kymo_detect);

	if (watched) {
		slot_load(detectors, in, watched, slot_idx, now_ns);
	} else if (in->left_bytes < bytes) {
		in->wrong = "it ends too early";
	} else {
		in->at += bytes;
		in->left_bytes -= bytes;
	}
	if (changes && !in->wrong)
		change_load(in, watched && watched->changing ?
		    &watched->changing->slots[slot_idx] : NULL, now_ns);
}

static void
series_load(struct kymo_detectors *detectors, struct in *in, uint64_t now_ns)
{
	struct kymo_label labels[KYI_DETECT_LABELS_MAX];
	enum kymo_metric_kind kind;
	struct kyi_watched *watched;
	struct kyi_saved_series row;
	const char *name;
	uint64_t hash;

	if (!take(in, &row, sizeof(row)))
		return;
	name = take_texts(in, row.text_bytes, row.label_cnt, labels);
	if (!name)
		return;
	kind = (enum kymo_metric_kind)row.kind;
	if (row.slot_cnt == 0 || row.slot_cnt != kyi_signal_cnt(kind)) {
		in->wrong = "a series that is none";
		return;
	}
	hash = kyi_watched_hash(name, kind, labels, row.label_cnt);
	if (kyi_watched_find(detectors, hash, name, kind, labels,
	    row.label_cnt)) {
		in->wrong = "a series is there twice";
		return;
	}
	watched = kyi_watched_make(detectors, hash, name, kind, labels,
	    row.label_cnt);
	/* Room is for those of which changes were found until now. */
	if (watched && row.changes != 1)
		kyi_changing_end(detectors, watched);
	for (uint32_t i = 0; i < row.slot_cnt && !in->wrong; i++)
		signal_load(detectors, in, watched, i, row.changes == 1,
		    now_ns);
}

/* ---- the file -------------------------------------------------------------------- */

static const char *
head_wrong(const struct kyi_saved_head *head, const char *bytes,
    size_t len_bytes)
{
	uint32_t crc;

	if (head->endian != KYI_SAVED_ENDIAN ||
	    head->detector_bytes != sizeof(struct kymo_detect))
		return "another machine, or another kymod, wrote it";
	if (head->file_bytes != len_bytes)
		return "it is not whole";
	memcpy(&crc, bytes + len_bytes - sizeof(crc), sizeof(crc));
	if (kyi_crc32c(0, bytes, len_bytes - sizeof(crc)) != crc)
		return "its checksum is wrong";
	return NULL;
}

const char *
kyi_detectors_read(struct kymo_detectors *detectors, const char *bytes,
    size_t len_bytes, uint64_t now_ns)
{
	struct in in = { .at = bytes, .left_bytes = len_bytes };
	struct kyi_saved_head head;

	if (len_bytes < sizeof(head) + sizeof(uint32_t) ||
	    memcmp(bytes, KYI_SAVED_MAGIC, 7) != 0)
		return "it is no file of detectors";
	take(&in, &head, sizeof(head));
	if (head.magic[7] != KYI_SAVED_MAGIC[7])
		return "another kymod wrote it";
	in.wrong = head_wrong(&head, bytes, len_bytes);
	if (in.wrong)
		return in.wrong;
	in.left_bytes -= sizeof(uint32_t);
	detectors->at_ns = head.at_ns < now_ns ? head.at_ns : now_ns;
	incidents_load(detectors, &in, head.incident_cnt, now_ns);
	for (uint32_t i = 0; i < head.series_cnt && !in.wrong; i++)
		series_load(detectors, &in, now_ns);
	free(in.incidents);
	if (!in.wrong && in.left_bytes > 0)
		return "it goes on where it should end";
	/* Whose members found no room here, or never were. */
	kyi_incidents_end(detectors);
	kyi_changing_fit(detectors);
	return in.wrong;
}

static const char *
file_read(int fd, char **bytes, size_t *len_bytes)
{
	struct stat stat;
	size_t done = 0;

	if (fstat(fd, &stat) != 0)
		return strerror(errno);
	if (!S_ISREG(stat.st_mode) || stat.st_size > FILE_BYTES_MAX)
		return "it is no file, or one of more than 1 GiB";
	*len_bytes = (size_t)stat.st_size;
	*bytes = malloc(*len_bytes + 1);
	if (!*bytes)
		return "out of memory";
	while (done < *len_bytes) {
		ssize_t n = read(fd, *bytes + done, *len_bytes - done);

		if (n == 0)
			return "it became shorter";
		if (n < 0 && errno != EINTR)
			return strerror(errno);
		done += n > 0 ? (size_t)n : 0;
	}
	return NULL;
}

int
kymo_detectors_load(struct kymo_detectors *detectors, const char *path,
    uint64_t now_ns, struct kymo_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY);
	size_t len_bytes = 0;
	char *bytes = NULL;
	const char *wrong;

	if (fd < 0)
		return errno == ENOENT ? 1 : kymo_error_set(error, "%s: %s",
		    path, strerror(errno));
	wrong = file_read(fd, &bytes, &len_bytes);
	close(fd);
	if (!wrong)
		wrong = kyi_detectors_read(detectors, bytes, len_bytes, now_ns);
	free(bytes);
	detectors->refused_cnt = 0;
	if (!wrong)
		return 0;
	kyi_detectors_forget(detectors);
	return kymo_error_set(error, "%s: %s", path, wrong);
}
