/* SPDX-License-Identifier: MIT */
/* Goal: the bytes of a region are what schema/layout-1.txt says, for as long
   as its version is 1. Method: the same lines printed from the structures. A
   wanted change goes to CHANGELOG.md under Layout, and here:

	tests/unit/test_layout print >schema/layout-1.txt

   tests/abi/layout.sh compiles that file's numbers for other machines, and sees
   that no name of shm/layout.h is missing below. */
#include <inttypes.h>

#include "tests/testlib/testlib.h"

#include "shm/layout.h"

#define GOLDEN "schema/layout-1.txt"

struct item {
	const char *of, *member; /* NULL: the structure itself */
	size_t off, bytes;
};
#define S(type) { #type, NULL, 0, sizeof(struct type) }
#define M(type, member) { #type, #member, offsetof(struct type, member), \
	sizeof(((struct type *)0)->member) }

/* In the order of the file; padding is a member. */
static const struct item items[] = {
	S(kyi_header),
	M(kyi_header, magic), M(kyi_header, endian), M(kyi_header, abi_major),
	M(kyi_header, abi_minor), M(kyi_header, header_bytes),
	M(kyi_header, block_align_bytes), M(kyi_header, feat_compat),
	M(kyi_header, feat_ro), M(kyi_header, feat_incompat),
	M(kyi_header, boot_id), M(kyi_header, instance_id),
	M(kyi_header, pidns_ino), M(kyi_header, starttime_ticks),
	M(kyi_header, pid), M(kyi_header, uid), M(kyi_header, t0_realtime_ns),
	M(kyi_header, t0_mono_ns), M(kyi_header, t0_boot_ns),
	M(kyi_header, max_bytes), M(kyi_header, clock_id),
	M(kyi_header, tick_shift), M(kyi_header, window_bytes),
	M(kyi_header, slot_max), M(kyi_header, ring_slots),
	M(kyi_header, ring_slot_bytes), M(kyi_header, parent_pid),
	M(kyi_header, fork_seq), M(kyi_header, service),
	M(kyi_header, schema_hash), M(kyi_header, windows_off),
	M(kyi_header, hist_max), M(kyi_header, crc32c),
	S(kyi_control),
	M(kyi_control, file_used), M(kyi_control, block_cnt),
	M(kyi_control, state), M(kyi_control, dir_gen),
	M(kyi_control, slot_high), M(kyi_control, window_used),
	M(kyi_control, pad1), M(kyi_control, heartbeat_ns),
	M(kyi_control, heartbeat_cnt), M(kyi_control, pad2),
	M(kyi_control, err_full), M(kyi_control, err_cardinality),
	M(kyi_control, err_slots), M(kyi_control, err_ring),
	M(kyi_control, err_badcall), M(kyi_control, slow_calls),
	M(kyi_control, swept_cnt), M(kyi_control, exit_ns),
	M(kyi_control, crash_sig), M(kyi_control, crash_code),
	M(kyi_control, crash_tid), M(kyi_control, crash_valid),
	M(kyi_control, crash_addr), M(kyi_control, crash_ns),
	M(kyi_control, pad4),
	S(kyi_block),
	M(kyi_block, magic), M(kyi_block, type), M(kyi_block, rec_bytes),
	M(kyi_block, index), M(kyi_block, owner_slot),
	M(kyi_block, len_bytes), M(kyi_block, used_bytes), M(kyi_block, tag),
	M(kyi_block, flags), M(kyi_block, ready), M(kyi_block, crc32c),
	M(kyi_block, pad),
	S(kyi_slot),
	M(kyi_slot, state), M(kyi_slot, gen), M(kyi_slot, tid),
	M(kyi_slot, pad0), M(kyi_slot, claimed_ns), M(kyi_slot, name),
	M(kyi_slot, ring_off), M(kyi_slot, spans_off),
	M(kyi_slot, sampled_out), M(kyi_slot, pad1),
	S(kyi_string),
	M(kyi_string, len_bytes),
	S(kyi_family),
	M(kyi_family, rec_type), M(kyi_family, flags), M(kyi_family, id),
	M(kyi_family, name_ref), M(kyi_family, help_ref),
	M(kyi_family, unit_ref), M(kyi_family, component_ref),
	M(kyi_family, label_keys_ref), M(kyi_family, states_ref),
	M(kyi_family, kind), M(kyi_family, agg), M(kyi_family, exponent),
	M(kyi_family, scale), M(kyi_family, lo_idx),
	M(kyi_family, bucket_cnt), M(kyi_family, series_max),
	M(kyi_family, peak_window_s), M(kyi_family, sample_n),
	M(kyi_family, born_ns),
	S(kyi_series),
	M(kyi_series, rec_type), M(kyi_series, flags), M(kyi_series, id),
	M(kyi_series, family_id), M(kyi_series, label_values_ref),
	M(kyi_series, at), M(kyi_series, pad0), M(kyi_series, born_ns),
	M(kyi_series, pad1),
	S(kyi_name),
	M(kyi_name, rec_type), M(kyi_name, flags), M(kyi_name, id),
	M(kyi_name, name_ref), M(kyi_name, component_ref),
	M(kyi_name, types_ref), M(kyi_name, severity), M(kyi_name, pad0),
	M(kyi_name, born_ns), M(kyi_name, pad1),
	S(kyi_shared_cell),
	M(kyi_shared_cell, value), M(kyi_shared_cell, pad),
	S(kyi_health),
	M(kyi_health, seq), M(kyi_health, state), M(kyi_health, reason_ref),
	M(kyi_health, pad0), M(kyi_health, since_ns),
	M(kyi_health, expires_ns), M(kyi_health, pad1),
	S(kyi_resource),
	M(kyi_resource, key_ref), M(kyi_resource, value_ref),
	S(kyi_span_frame),
	M(kyi_span_frame, trace_hi), M(kyi_span_frame, trace_lo),
	M(kyi_span_frame, span_id), M(kyi_span_frame, parent_id),
	M(kyi_span_frame, start_ns), M(kyi_span_frame, name_id),
	M(kyi_span_frame, flags), M(kyi_span_frame, pad),
	S(kyi_spans),
	M(kyi_spans, depth), M(kyi_spans, pad0), M(kyi_spans, pad1),
	M(kyi_spans, frame),
	S(kyi_ring_section),
	M(kyi_ring_section, reserve), M(kyi_ring_section, first),
	M(kyi_ring_section, cnt), M(kyi_ring_section, dropped),
	M(kyi_ring_section, pad),
	S(kyi_event),
	M(kyi_event, seq), M(kyi_event, ts_ns), M(kyi_event, name_id),
	M(kyi_event, type), M(kyi_event, places), M(kyi_event, code),
	M(kyi_event, arg_cnt), M(kyi_event, u), M(kyi_event, u.span.trace_hi),
	M(kyi_event, u.span.trace_lo), M(kyi_event, u.span.span_id),
	M(kyi_event, u.span.parent_id), M(kyi_event, u.span.dur_ns),
	M(kyi_event, u.exemplar.trace_hi), M(kyi_event, u.exemplar.trace_lo),
	M(kyi_event, u.exemplar.span_id), M(kyi_event, u.exemplar.value),
	M(kyi_event, u.exemplar.hist_idx), M(kyi_event, u.exemplar.pad),
	M(kyi_event, u.bytes),
};

struct constant {
	const char *name;
	int64_t value;
};
#define C(name) { #name, (int64_t)(name) }

static const struct constant constants[] = {
	C(KYI_MAGIC_BYTES), C(KYI_ENDIAN), C(KYI_ENDIAN_SWAPPED),
	C(KYI_ABI_MAJOR), C(KYI_ABI_MINOR), C(KYI_PAGE_BYTES),
	C(KYI_BLOCK_MAGIC), C(KYI_HEADER_OFF), C(KYI_CONTROL_OFF),
	C(KYI_BLOCKS_OFF), C(KYI_REGION_BYTES_MIN), C(KYI_REGION_BYTES_MAX),
	C(KYI_SLOT_MAX), C(KYI_NAME_BYTES_MAX), C(KYI_HELP_BYTES_MAX),
	C(KYI_VALUE_BYTES_MAX), C(KYI_STRING_BYTES_MAX), C(KYI_RECORD_MAX),
	C(KYI_ARG_MAX), C(KYI_LABEL_MAX), C(KYI_STATE_MAX), C(KYI_HIST_MAX),
	C(KYI_BUCKET_MAX), C(KYI_SCALE_MAX), C(KYI_SPAN_DEPTH_MAX),
	C(KYI_EVENT_SLOTS_MAX), C(KYI_FEAT_COMPAT_KNOWN),
	C(KYI_FEAT_RO_KNOWN), C(KYI_FEAT_INCOMPAT_KNOWN), C(KYI_STATE_LIVE),
	C(KYI_STATE_EXITED), C(KYI_CLOCK_MONOTONIC), C(KYI_BLK_SLOTS),
	C(KYI_BLK_DIR), C(KYI_BLK_STR), C(KYI_BLK_WINDOWS), C(KYI_BLK_RING),
	C(KYI_BLK_SHARED), C(KYI_BLK_RES), C(KYI_BLK_HIST), C(KYI_BLK_SPANS),
	C(KYI_REC_FAMILY), C(KYI_REC_SERIES), C(KYI_REC_SPAN_NAME),
	C(KYI_REC_LOG_FORMAT), C(KYI_KIND_COUNTER), C(KYI_KIND_UPDOWN),
	C(KYI_KIND_FLOAT_COUNTER), C(KYI_KIND_GAUGE), C(KYI_KIND_FLOAT_GAUGE),
	C(KYI_KIND_MAX), C(KYI_KIND_MIN), C(KYI_KIND_HISTOGRAM),
	C(KYI_KIND_SUMMARY), C(KYI_KIND_INFO), C(KYI_KIND_TEXT),
	C(KYI_KIND_STATE_SET), C(KYI_KIND_HEALTH), C(KYI_KIND_LAST),
	C(KYI_AGG_LAST), C(KYI_AGG_SUM), C(KYI_AGG_MAX), C(KYI_AGG_MIN),
	C(KYI_AGG_EACH), C(KYI_GAUGE_UNSET), C(KYI_FLOAT_UNSET_BITS),
	C(KYI_CELL_UNSET), C(KYI_CELL_LOST), C(KYI_CELL_OFF),
	C(KYI_CELL_FIRST), C(KYI_SHARED_FIRST), C(KYI_HIST_FIRST),
	C(KYI_HIST_UNSET), C(KYI_HIST_LOST), C(KYI_HIST_OFF),
	C(KYI_SERIES_OVERFLOW), C(KYI_HEALTH_UNKNOWN), C(KYI_HEALTH_OK),
	C(KYI_HEALTH_STARTING), C(KYI_HEALTH_DEGRADED), C(KYI_HEALTH_FAILING),
	C(KYI_HIST_SUM), C(KYI_HIST_ZERO), C(KYI_HIST_UNDER),
	C(KYI_HIST_BUCKETS), C(KYI_HIST_EXTRA_CELLS), C(KYI_PEAK_ID_SHIFT),
	C(KYI_PEAK_ID_MASK), C(KYI_PEAK_VALUE_SHIFT), C(KYI_RING_SPAN),
	C(KYI_RING_LOG), C(KYI_RING_EXEMPLAR), C(KYI_RING_SECTIONS),
	C(KYI_EVENT_SPAN), C(KYI_EVENT_LOG), C(KYI_EVENT_EXEMPLAR),
	C(KYI_EVENT_MORE), C(KYI_ARG_I64), C(KYI_ARG_U64), C(KYI_ARG_F64),
	C(KYI_ARG_STR),
};

static const char intro[] =
	"# The bytes of a region, version 1: shm/layout.h in numbers, for\n"
	"# programs in other languages. All integers have the byte order of the\n"
	"# machine that wrote the file. docs/region-format.md tells their meaning.\n"
	"#\n"
	"#	struct NAME BYTES\n"
	"#	OFFSET BYTES STRUCT.MEMBER\n"
	"#	constant NAME VALUE\n";

static void
print_layout(FILE *to)
{
	size_t i;

	fputs(intro, to);
	for (i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		if (items[i].member == NULL)
			fprintf(to, "\nstruct %s %zu\n", items[i].of,
			    items[i].bytes);
		else
			fprintf(to, "%zu %zu %s.%s\n", items[i].off,
			    items[i].bytes, items[i].of, items[i].member);
	fputs("\n", to);
	for (i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		fprintf(to, "constant %s %" PRId64 "\n", constants[i].name,
		    constants[i].value);
}

static void
test_the_layout_is_the_golden_one(void **state)
{
	char *text = NULL, line[256];
	size_t bytes = 0, number = 0;
	const char *at;
	FILE *file = open_memstream(&text, &bytes);
	FILE *golden = fopen(testlib_srcfile(GOLDEN), "r");

	assert_non_null(file);
	assert_non_null(golden);
	print_layout(file);
	assert_int_equal(fclose(file), 0);
	for (at = text; fgets(line, sizeof(line), golden) != NULL;
	    at += strlen(line)) {
		number++;
		if (strncmp(at, line, strlen(line)) != 0)
			fail_msg("line %zu is %.*s, and in " GOLDEN " %s",
			    number, (int)strcspn(at, "\n"), at, line);
	}
	assert_string_equal(at, "");
	fclose(golden);
	free(text);
}

/* So that a member that is not listed, or implicit padding, is a hole. */
static void
test_members_leave_no_hole(void **state)
{
	size_t i, end = 0, bytes = 0;

	for (i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		if (items[i].member == NULL) {
			assert_int_equal(end, bytes);
			end = 0;
			bytes = items[i].bytes;
		} else if (strncmp(items[i].member, "u.", 2) != 0) {
			if (items[i].off != end)
				fail_msg("a hole before %s.%s", items[i].of,
				    items[i].member);
			end += items[i].bytes;
		}
	}
	assert_int_equal(end, bytes);
}

static void
test_the_magic_is_eight_bytes(void **state)
{
	assert_int_equal(sizeof(KYI_MAGIC) - 1, KYI_MAGIC_BYTES);
	assert_memory_equal(KYI_MAGIC, "KYMOSHM\n", 8);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_layout_is_the_golden_one),
		cmocka_unit_test(test_members_leave_no_hole),
		cmocka_unit_test(test_the_magic_is_eight_bytes),
	};

	if (argc > 1 && strcmp(argv[1], "print") == 0) {
		print_layout(stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
