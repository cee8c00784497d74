/* SPDX-License-Identifier: MIT */
/* Logs: the arguments are kept, the reader makes text of them. */
#include <stdarg.h>
#include <string.h>

#include "shm/name.h"
#include "writer/event.h"
#include "writer/name.h"

/* A site that was looked at, but is no format: its calls are bad calls. */
#define SITE_BAD (KYI_ID_LOST - 1)

/* One argument as it was taken from the call. */
struct arg {
	uint64_t word;
	const char *text; /* NULL: a number */
	uint32_t len_bytes;
};

/* Registers what the macro made; the site has its id last. Two threads may do
   it at once, and store the same. */
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
	}
	/* pairs(log-site): who sees the id sees the types. */
	kyi_store_u32_release(&site->id_, id);
	return id;
}

static void
args_take(const struct kymo_log_site *site, struct arg *args, va_list list)
{
	uint32_t i;

	for (i = 0; i < site->arg_cnt_; i++) {
		unsigned char type = (unsigned char)site->types_[i];
		double d;

		args[i].text = NULL;
		switch (type) {
		case 'i':
			args[i].word = (uint64_t)(int64_t)va_arg(list, int);
			break;
		case 'u':
			args[i].word = va_arg(list, unsigned int);
			break;
		case 'I':
		case 'U':
			args[i].word = va_arg(list, uint64_t);
			break;
		case 'f':
			d = va_arg(list, double);
			memcpy(&args[i].word, &d, sizeof(d));
			break;
		default:
			args[i].text = va_arg(list, const char *);
			if (args[i].text == NULL)
				args[i].text = "(null)";
			args[i].len_bytes = (uint32_t)strnlen(args[i].text,
			    type == 's' ? KYI_EVENT_BYTES_MAX : type & 0x7f);
			break;
		}
	}
}

/* Packs them; strings share what numbers leave, the first ones first. Returns
   the bytes used. */
static uint32_t
args_pack(const struct kymo_log_site *site, const struct arg *args,
    uint8_t bytes[KYI_EVENT_BYTES_MAX])
{
	uint32_t left = KYI_EVENT_BYTES_MAX, used = 0, i;
	uint16_t len_bytes;

	for (i = 0; i < site->arg_cnt_; i++)
		left -= args[i].text == NULL ? 8 : (uint32_t)sizeof(len_bytes);
	for (i = 0; i < site->arg_cnt_; i++) {
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

void
kymo_log_(struct kymo_log_site *site, const char *component,
    const char *format, ...)
{
	uint8_t bytes[KYI_EVENT_BYTES_MAX];
	struct arg args[KYI_ARG_MAX];
	struct kyi_event event;
	const uint32_t first_bytes = sizeof(event.u.bytes);
	uint32_t used;
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
	va_start(list, format);
	args_take(site, args, list);
	va_end(list);
	used = args_pack(site, args, bytes);
	memset(&event, 0, sizeof(event));
	event.ts_ns = kymo_now_ns();
	event.name_id = id;
	event.type = KYI_EVENT_LOG;
	event.code = site->severity_;
	event.arg_cnt = site->arg_cnt_;
	memcpy(event.u.bytes, bytes, used < first_bytes ? used : first_bytes);
	kyi_event_add(KYI_RING_LOG, &event, bytes + first_bytes,
	    used > first_bytes ? used - first_bytes : 0);
}
