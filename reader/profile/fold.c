/* SPDX-License-Identifier: MIT */
/* perf script -F comm,pid,tid,ip,sym,dso prints for each sample a line "COMM
   PID/TID", then frames, the innermost first, "\tHEX SYMBOL (FILE)", then an empty
   line. COMM, SYMBOL and FILE are what programs call themselves and theirs. */
#include "reader/profile/fold.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/profile/tally.h"

#define LINE_BYTES_MAX 2048u
#define NAME_BYTES_MAX 200u
#define DEPTH_MAX 128u
#define FRAME_MAX 20000u /* different ones; and stacks */
#define FRAME_BYTES_MAX ((size_t)2 << 20)
#define STACK_BYTES_MAX ((size_t)3 << 20)
#define REPORT_FRAME_MAX 40u
#define REPORT_STACK_MAX 5u
#define OTHERS "[others]"

enum where { AT_HEAD, IN_SAMPLE };

struct kyi_fold {
	struct kymo_profile_process processes[KYMO_PROFILE_PROCESS_MAX];
	uint32_t process_cnt;
	char line[LINE_BYTES_MAX]; /* what is longer is cut */
	size_t line_bytes;
	enum where where;
	/* The sample that is being read. */
	uint32_t process; /* process_cnt: of none of ours */
	char comm[NAME_BYTES_MAX];
	uint32_t depth, frames[DEPTH_MAX];
	/* What there is: a stack's name is "P COMM;OUTER;..;INNER", P the
	   process. */
	struct kyi_tally frame_names, stacks;
	uint64_t sample_cnt[KYMO_PROFILE_PROCESS_MAX], strange_cnt;
	struct kymo_buffer text; /* of a stack */
	bool failed;
};

struct kyi_fold *
kyi_fold_new(const struct kymo_profile_process *processes,
    uint32_t process_cnt)
{
	struct kyi_fold *fold = calloc(1, sizeof(*fold));

	if (fold == NULL)
		return NULL;
	fold->process_cnt = process_cnt > KYMO_PROFILE_PROCESS_MAX ?
	    KYMO_PROFILE_PROCESS_MAX : process_cnt;
	memcpy(fold->processes, processes, fold->process_cnt *
	    sizeof(processes[0]));
	kyi_tally_init(&fold->frame_names, FRAME_MAX, FRAME_BYTES_MAX);
	kyi_tally_init(&fold->stacks, FRAME_MAX, STACK_BYTES_MAX);
	return fold;
}

void
kyi_fold_free(struct kyi_fold *fold)
{
	if (fold == NULL)
		return;
	kyi_tally_free(&fold->frame_names);
	kyi_tally_free(&fold->stacks);
	kymo_buffer_free(&fold->text);
	free(fold);
}

/* ---- names ------------------------------------------------------------------------- */

/* The one function by which text of perf comes in: printable ASCII without ";",
   which separates frames; what is too long is cut. */
static void
name_copy(char *to, const char *from, size_t len_bytes)
{
	size_t i;

	if (len_bytes >= NAME_BYTES_MAX)
		len_bytes = NAME_BYTES_MAX - 1;
	for (i = 0; i < len_bytes; i++)
		to[i] = from[i] == ';' ? ':' :
		    from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[i] = '\0';
}

/* Where " (FILE)" begins, by its own parentheses; len_bytes: there is none. */
static size_t
file_at(const char *text, size_t len_bytes)
{
	size_t i = len_bytes;
	int open = 0;

	if (len_bytes == 0 || text[len_bytes - 1] != ')')
		return len_bytes;
	while (i-- > 0) {
		open += text[i] == ')';
		open -= text[i] == '(';
		if (open == 0)
			return i > 0 && text[i - 1] == ' ' ? i - 1 : len_bytes;
	}
	return len_bytes;
}

/* "SYMBOL (FILE)" with FILE's last part alone. */
static void
frame_name(char name[2 * NAME_BYTES_MAX + 4], const char *text,
    size_t len_bytes)
{
	static const char unknown[] = "[unknown]";
	size_t at = file_at(text, len_bytes), from = at + 2;
	char symbol[NAME_BYTES_MAX], file[NAME_BYTES_MAX] = "";

	name_copy(symbol, text, at);
	if (at < len_bytes) {
		const char *end = text + len_bytes - 1;

		for (const char *c = text + from; c < end; c++)
			if (*c == '/' && c + 1 < end)
				from = (size_t)(c + 1 - text);
		name_copy(file, text + from, (size_t)(end - (text + from)));
	}
	/* Of what has no name the file says most. */
	if ((*symbol == '\0' || strcmp(symbol, unknown) == 0) && *file != '\0')
		snprintf(name, 2 * NAME_BYTES_MAX + 4, "[%s]", file);
	else if (*file == '\0')
		snprintf(name, 2 * NAME_BYTES_MAX + 4, "%s",
		    *symbol != '\0' ? symbol : unknown);
	else
		snprintf(name, 2 * NAME_BYTES_MAX + 4, "%s (%s)", symbol, file);
}

/* ---- lines ------------------------------------------------------------------------- */

/* "COMM PID/TID": which of ours. */
static void
head_read(struct kyi_fold *fold, const char *line, size_t len_bytes)
{
	size_t at;
	uint64_t pid = 0;

	fold->process = fold->process_cnt;
	fold->depth = 0;
	while (len_bytes > 0 && line[len_bytes - 1] == ' ')
		len_bytes--;
	for (at = len_bytes; at > 0 && isdigit((unsigned char)line[at - 1]);)
		at--;
	if (at == 0 || at == len_bytes || line[at - 1] != '/')
		return;
	len_bytes = --at;
	while (at > 0 && isdigit((unsigned char)line[at - 1]))
		at--;
	if (at == 0 || line[at - 1] != ' ' || len_bytes - at > 10)
		return;
	for (size_t i = at; i < len_bytes; i++)
		pid = pid * 10 + (uint64_t)(line[i] - '0');
	for (uint32_t i = 0; i < fold->process_cnt; i++)
		if (fold->processes[i].pid == pid)
			fold->process = i;
	while (at > 0 && line[at - 1] == ' ')
		at--;
	while (at > 0 && *line == ' ') {
		line++;
		at--;
	}
	name_copy(fold->comm, line, at);
}

static void
frame_read(struct kyi_fold *fold, const char *line, size_t len_bytes)
{
	char name[2 * NAME_BYTES_MAX + 4];
	size_t at = 0;

	if (fold->process == fold->process_cnt || fold->depth == DEPTH_MAX)
		return;
	while (at < len_bytes && (line[at] == ' ' || line[at] == '\t'))
		at++;
	while (at < len_bytes && isxdigit((unsigned char)line[at]))
		at++;
	if (at < len_bytes && line[at] != ' ')
		return;
	at += at < len_bytes;
	frame_name(name, line + at, len_bytes - at);
	fold->frames[fold->depth++] = kyi_tally_add(&fold->frame_names, name, 0);
}

static void
sample_end(struct kyi_fold *fold)
{
	struct kymo_buffer *text = &fold->text;

	if (fold->process == fold->process_cnt) {
		fold->strange_cnt++;
		return;
	}
	fold->sample_cnt[fold->process]++;
	text->len_bytes = 0;
	kymo_buffer_char(text, (char)('A' + fold->process));
	kymo_buffer_str(text, fold->comm);
	for (uint32_t i = fold->depth; i-- > 0;) {
		kymo_buffer_char(text, ';');
		kymo_buffer_str(text, kyi_tally_at(&fold->frame_names,
		    fold->frames[i]));
	}
	if (text->failed) {
		fold->failed = true;
		return;
	}
	if (kyi_tally_add(&fold->stacks, text->at, 1) != KYI_TALLY_NONE)
		return;
	/* Too many different ones: it is in no stack, but it was seen. */
	text->len_bytes = 1;
	kymo_buffer_str(text, OTHERS);
	(void)kyi_tally_add_always(&fold->stacks, text->at, 1);
}

static void
line_end(struct kyi_fold *fold)
{
	size_t len_bytes = fold->line_bytes;

	fold->line_bytes = 0;
	if (len_bytes > 0 && fold->where == AT_HEAD) {
		head_read(fold, fold->line, len_bytes);
		fold->where = IN_SAMPLE;
	} else if (len_bytes > 0) {
		frame_read(fold, fold->line, len_bytes);
	} else if (fold->where == IN_SAMPLE) {
		sample_end(fold);
		fold->where = AT_HEAD;
	}
}

void
kyi_fold_add(struct kyi_fold *fold, const char *bytes, size_t len_bytes)
{
	for (size_t i = 0; i < len_bytes; i++) {
		if (bytes[i] == '\n')
			line_end(fold);
		else if (fold->line_bytes < LINE_BYTES_MAX)
			fold->line[fold->line_bytes++] = bytes[i];
	}
}

/* ---- what comes of it --------------------------------------------------------------- */

/* A frame's share: alone, and with what it calls. */
struct share {
	uint64_t self, total, last; /* last: the stack that it was counted for */
	uint32_t name;
};

static int
by_self(const void *a, const void *b)
{
	const struct share *x = a, *y = b;

	if (x->self != y->self)
		return x->self < y->self ? 1 : -1;
	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return x->name < y->name ? -1 : x->name > y->name;
}

static int
by_cnt(const void *a, const void *b)
{
	const struct kyi_tallied *const *x = a, *const *y = b;

	if ((*x)->cnt != (*y)->cnt)
		return (*x)->cnt < (*y)->cnt ? 1 : -1;
	return (*x)->text_at < (*y)->text_at ? -1 : 1;
}

/* Each frame of a stack once, however often it calls itself. */
static void
stack_share(struct kyi_fold *fold, const struct kyi_tallied *stack,
    uint64_t number, struct share *shares)
{
	const char *at = strchr(kyi_tally_text(&fold->stacks, stack), ';');
	char name[2 * NAME_BYTES_MAX + 4];
	uint32_t frame = KYI_TALLY_NONE;

	while (at != NULL) {
		const char *from = at + 1;

		at = strchr(from, ';');
		snprintf(name, sizeof(name), "%.*s", at == NULL ?
		    (int)strlen(from) : (int)(at - from), from);
		frame = kyi_tally_find(&fold->frame_names, name);
		if (frame == KYI_TALLY_NONE)
			continue;
		if (shares[frame].last != number)
			shares[frame].total += stack->cnt;
		shares[frame].last = number;
	}
	if (frame != KYI_TALLY_NONE)
		shares[frame].self += stack->cnt;
}

static void
percent(struct kymo_buffer *out, uint64_t part, uint64_t all)
{
	kymo_buffer_printf(out, "%5.1f%%", 100.0 * (double)part / (double)all);
}

static void
frames_put(struct kyi_fold *fold, struct share *shares, uint32_t cnt,
    struct kymo_profile *profile)
{
	struct kymo_buffer *out = &profile->report;
	size_t len = 0;

	qsort(shares, cnt, sizeof(shares[0]), by_self);
	kymo_buffer_str(out, "\n  self  total  function (file)\n");
	for (uint32_t i = 0; i < cnt && i < REPORT_FRAME_MAX; i++) {
		const char *name = kyi_tally_at(&fold->frame_names,
		    shares[i].name);

		if (shares[i].total == 0)
			break;
		percent(out, shares[i].self, profile->sample_cnt);
		kymo_buffer_char(out, ' ');
		percent(out, shares[i].total, profile->sample_cnt);
		kymo_buffer_printf(out, "  %s\n", name);
		if (i < 3 && shares[i].self > 0 &&
		    len + 8 < sizeof(profile->hottest))
			len += (size_t)snprintf(profile->hottest + len,
			    sizeof(profile->hottest) - len, "%s%.0f%% %.70s",
			    i > 0 ? ", " : "", 100.0 * (double)shares[i].self /
			    (double)profile->sample_cnt, name);
	}
}

/* Outer frames first, a line each. */
static void
stacks_put(struct kyi_fold *fold, struct kyi_tallied **stacks, uint32_t cnt,
    struct kymo_profile *profile)
{
	struct kymo_buffer *out = &profile->report;

	kymo_buffer_str(out, "\nhottest stacks, the outermost function first\n");
	for (uint32_t i = 0; i < cnt && i < REPORT_STACK_MAX; i++) {
		const char *at = kyi_tally_text(&fold->stacks, stacks[i]) + 1;

		kymo_buffer_char(out, '\n');
		percent(out, stacks[i]->cnt, profile->sample_cnt);
		kymo_buffer_str(out, "  ");
		for (; *at != '\0'; at++) {
			if (*at == ';')
				kymo_buffer_str(out, "\n        ");
			else
				kymo_buffer_char(out, *at);
		}
		kymo_buffer_char(out, '\n');
	}
}

/* Of several processes each has its number behind its name. */
static void
folded_put(struct kyi_fold *fold, struct kyi_tallied **stacks, uint32_t cnt,
    struct kymo_buffer *out)
{
	for (uint32_t i = 0; i < cnt; i++) {
		const char *text = kyi_tally_text(&fold->stacks, stacks[i]);
		size_t comm_bytes = strcspn(text + 1, ";");

		kymo_buffer_add(out, text + 1, comm_bytes);
		if (fold->process_cnt > 1)
			kymo_buffer_printf(out, "-%u",
			    fold->processes[text[0] - 'A'].pid);
		kymo_buffer_str(out, text + 1 + comm_bytes);
		kymo_buffer_char(out, ' ');
		kymo_buffer_u64(out, stacks[i]->cnt);
		kymo_buffer_char(out, '\n');
	}
}

int
kyi_fold_end(struct kyi_fold *fold, const bool *keep,
    struct kymo_profile *profile)
{
	uint32_t frame_cnt = fold->frame_names.cnt, cnt = 0, i;
	struct share *shares = calloc(frame_cnt + 1u, sizeof(*shares));
	struct kyi_tallied **stacks = calloc(fold->stacks.cnt + 1u,
	    sizeof(*stacks));

	/* The last has no empty line where it was cut off. */
	if (fold->line_bytes > 0)
		line_end(fold);
	line_end(fold);
	profile->left_out_cnt = fold->strange_cnt;
	for (i = 0; i < fold->process_cnt; i++)
		*(keep[i] ? &profile->sample_cnt : &profile->left_out_cnt) +=
		    fold->sample_cnt[i];
	if (shares == NULL || stacks == NULL || fold->failed) {
		free(shares);
		free(stacks);
		return -1;
	}
	for (i = 0; i < frame_cnt; i++)
		shares[i].name = i;
	for (i = 0; i < fold->stacks.cnt; i++) {
		struct kyi_tallied *stack = &fold->stacks.at[i];

		if (stack->cnt == 0 ||
		    !keep[kyi_tally_text(&fold->stacks, stack)[0] - 'A'])
			continue;
		stacks[cnt++] = stack;
		stack_share(fold, stack, i + 1u, shares);
	}
	qsort(stacks, cnt, sizeof(stacks[0]), by_cnt);
	if (profile->sample_cnt > 0) {
		frames_put(fold, shares, frame_cnt, profile);
		stacks_put(fold, stacks, cnt, profile);
		folded_put(fold, stacks, cnt, &profile->folded);
	}
	free(shares);
	free(stacks);
	return profile->report.failed || profile->folded.failed ? -1 : 0;
}
