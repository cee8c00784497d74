/* SPDX-License-Identifier: MIT */
/* Logs: the arguments are kept, the reader makes text of them. */
#include <stdarg.h>
#include <string.h>

#include "shm/name.h"
#include "writer/event.h"
#include "writer/name.h"

/* A site that was looked at, but is no format: its calls are bad calls. */
#define SITE_BAD (KYI_ID_LOST - 1)

/* Numbers that fit into one place. */
#define NUMBERS_MAX (sizeof(((struct kyi_event *)0)->u.bytes) / 8)

/* One argument as it was taken from the call. */
struct arg {
	uint64_t word;
	const char *text; /* NULL: a number */
	uint32_t len_bytes;
};

static bool
is_number(unsigned char type)
{
	return type == 'i' || type == 'u' || type == 'f' || type == 'I' ||
	    type == 'U';
}

static bool
is_short(const struct kyi_format *format)
{
	uint32_t i;

	for (i = 0; i < format->arg_cnt; i++)
		if (!is_number((unsigned char)format->take[i]))
			return false;
	return format->arg_cnt <= NUMBERS_MAX;
}

/* Registers what the macro made; the site has its id last. Two threads may do
   it at once, and the second stores the same again while the first goes on: so
   what follows the id is atomic, too. */
static uint32_t
site_register(struct kymo_log_site *site, const char *component,
    const char *text)
{
	struct kyi_format format;
	struct kyi_text types;
	uint32_t id, sample_n = 1, i;

	if (component == NULL)
		component = "";
	if (!kyi_component_is(component, strnlen(component,
	    KYI_NAME_BYTES_MAX + 1))) {
		kyi_say(KYI_SAY_COMPONENT, component);
		id = SITE_BAD;
	} else if (site->severity_ < KYMO_DEBUG ||
	    site->severity_ > KYMO_FATAL) {
		kyi_say(KYI_SAY_SEVERITY, text);
		id = SITE_BAD;
	} else if (!kyi_format_parse(&format, text)) {
		kyi_say(KYI_SAY_FORMAT, text);
		id = SITE_BAD;
	} else {
		types.at = format.types;
		types.len_bytes = format.arg_cnt;
		id = kyi_name_need(component, text, types, site->severity_,
		    &sample_n);
		for (i = 0; i < format.arg_cnt; i++)
			kyi_store_u8_relaxed((uint8_t *)&site->types_[i],
			    (uint8_t)format.take[i]);
		kyi_store_u8_relaxed(&site->arg_cnt_, (uint8_t)format.arg_cnt);
		kyi_store_u8_relaxed(&site->is_short_, is_short(&format));
	}
	/* pairs(log-site): who sees the id sees the types. */
	kyi_store_u32_release(&site->id_, id);
	return id;
}

static inline uint32_t
arg_cnt_of(const struct kymo_log_site *site)
{
	return kyi_load_u8_relaxed(&site->arg_cnt_);
}

static inline unsigned char
type_of(const struct kymo_log_site *site, uint32_t i)
{
	return kyi_load_u8_relaxed((const uint8_t *)&site->types_[i]);
}

/* The next argument, of a type that is a number. */
static inline uint64_t
number_take(unsigned char type, va_list *list)
{
	uint64_t word;
	double d;

	switch (type) {
	case 'i':
		return (uint64_t)(int64_t)va_arg(*list, int);
	case 'u':
		return va_arg(*list, unsigned int);
	case 'f':
		d = va_arg(*list, double);
		memcpy(&word, &d, sizeof(d));
		return word;
	default: /* I, U */
		return va_arg(*list, uint64_t);
	}
}

static void
args_take(const struct kymo_log_site *site, struct arg *args, va_list *list)
{
	uint32_t arg_cnt = arg_cnt_of(site), i;

	for (i = 0; i < arg_cnt; i++) {
		unsigned char type = type_of(site, i);

		args[i].text = NULL;
		if (is_number(type)) {
			args[i].word = number_take(type, list);
			continue;
		}
		args[i].text = va_arg(*list, const char *);
		if (args[i].text == NULL)
			args[i].text = "(null)";
		args[i].len_bytes = (uint32_t)strnlen(args[i].text,
		    type == 's' ? KYI_EVENT_BYTES_MAX : type & 0x7f);
	}
}

/* Packs them; strings share what numbers leave, the first ones first. Returns
   the bytes used. */
static uint32_t
args_pack(const struct kymo_log_site *site, const struct arg *args,
    uint8_t bytes[KYI_EVENT_BYTES_MAX])
{
	uint32_t left = KYI_EVENT_BYTES_MAX, used = 0, i;
	uint32_t arg_cnt = arg_cnt_of(site);
	uint16_t len_bytes;

	for (i = 0; i < arg_cnt; i++)
		left -= args[i].text == NULL ? 8 : (uint32_t)sizeof(len_bytes);
	for (i = 0; i < arg_cnt; i++) {
		if (args[i].text == NULL) {
			memcpy(bytes + used, &args[i].word, 8);
			used += 8;
			continue;
		}
		len_bytes = (uint16_t)(args[i].len_bytes < left ?
		    args[i].len_bytes : left);
		memcpy(bytes + used, &len_bytes, sizeof(len_bytes));
		used += (uint32_t)sizeof(len_bytes);
		memcpy(bytes + used, args[i].text, len_bytes);
		used += len_bytes;
		left -= len_bytes;
	}
	return used;
}

/* Texts, or more than fits into one place. */
static __attribute__((noinline)) void
log_long(const struct kymo_log_site *site, struct kyi_event *event,
    va_list *list)
{
	const uint32_t first_bytes = sizeof(event->u.bytes);
	uint8_t bytes[KYI_EVENT_BYTES_MAX];
	struct arg args[KYI_ARG_MAX];
	uint32_t used;

	args_take(site, args, list);
	used = args_pack(site, args, bytes);
	memset(event->u.bytes, 0, first_bytes);
	memcpy(event->u.bytes, bytes, used < first_bytes ? used : first_bytes);
	kyi_event_add(KYI_RING_LOG, event, bytes + first_bytes,
	    used > first_bytes ? used - first_bytes : 0);
}

void
kymo_log_(struct kymo_log_site *site, const char *component,
    const char *format, ...)
{
	struct kyi_event event;
	uint64_t words[NUMBERS_MAX] = { 0 };
	uint32_t arg_cnt, i;
	va_list list;
	/* pairs(log-site), user: the types are there */
	uint32_t id = kyi_load_u32_acquire(&site->id_);

	if (id == 0)
		id = site_register(site, component, format);
	if (id == KYI_ID_OFF)
		return;
	if (id == SITE_BAD || id == KYI_ID_LOST) {
		kyi_count(id == SITE_BAD ? KYI_ERR_BADCALL : KYI_ERR_FULL, 1);
		return;
	}
	arg_cnt = arg_cnt_of(site);
	kyi_event_head(&event, id, KYI_EVENT_LOG, site->severity_,
	    (uint8_t)arg_cnt);
	event.ts_ns = kymo_now_ns();
	va_start(list, format);
	if (kyi_load_u8_relaxed(&site->is_short_)) {
		for (i = 0; i < arg_cnt; i++)
			words[i] = number_take(type_of(site, i), &list);
		memcpy(event.u.bytes, words, sizeof(words));
		kyi_event_add(KYI_RING_LOG, &event, NULL, 0);
	} else {
		log_long(site, &event, &list);
	}
	va_end(list);
}
