#!/usr/bin/env bash
# A lint that cannot fail is not a lint: each rule is shown one tree that
# breaks it, and must name the file; and one tree that is sound.
set -eu
. "${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}/tests/testlib/sh.sh"
testlib_begin
lints=$(cd "$(dirname "$0")" && pwd)
rule_cnt=0

# A small tree in which every lint is content.
sound_tree() {
	rm -rf "$tmp/tree"
	mkdir -p "$tmp/tree"/{shm,writer,reader/{region,series,detect,serve,config},tools,tests/unit,docs,build/.libs}
	cd "$tmp/tree"
	cat >shm/ring.h <<-'END'
		static inline void
		put(unsigned *p)
		{
			/* pairs(ring-done): who sees it sees the record. */
			kyi_store_release(p, 1);
		}

		static inline unsigned
		get(const unsigned *p)
		{
			return kyi_load_acquire(p); /* pairs(ring-done), reader */
		}
	END
	printf '#include "shm/ring.h"\n#include <stdint.h>\n' >writer/slot.c
	printf 'int kymo_add(int);\n' >writer/kymo.h
	printf '#include "shm/ring.h"\n' >reader/region/region.h
	printf '#include "reader/region/region.h"\n#include <sqlite3.h>\n' \
		>reader/series/series.c
	printf '#include "writer/kymo.h"\n' >tools/kymo.c
	printf '#include <kymo.h>\nint unit;\n' >tests/unit/test_slot.c
	cat >writer/Makemodule.am <<-'END'
		include_HEADERS += writer/kymo.h
		x_SOURCES = \
			writer/slot.c shm/ring.h shm/layout.h \
			reader/region/region.h reader/series/series.c \
			tools/kymo.c
		UNIT_TESTS += tests/unit/test_slot
	END
	echo 'EXTRA_DIST = README.md ARCHITECTURE.md docs/region-format.md' >Makefile.am
	# shellcheck disable=SC2016
	printf '## Memory ordering\n`shm/ring.h`\n| ring-done | a | b |\n' >ARCHITECTURE.md
	printf '# Top\n[a](docs/region-format.md#struct-kyi_ring-8-bytes)\n' >README.md
	cat >docs/region-format.md <<-'END'
		[up](../README.md) [down](#struct-kyi_ring-8-bytes)
		### struct kyi_ring: 8 bytes
		| 0x00 | u32 | seq | |
		| 0x04 | u32 | cnt | |
	END
	cat >shm/layout.h <<-'END'
		#include <stddef.h>
		#include <stdint.h>
		struct kyi_ring { uint32_t seq, cnt; };
		#define KYI_OFF(type, member, off) _Static_assert(1, "")
		KYI_OFF(struct kyi_ring, cnt, 4);
	END
	printf 'KYMO_0.1 { global: kymo_add; local: *; };\n' >writer/libkymo.map
	printf 'R { global: kymo_read; local: *; };\n' >reader/libkymo-reader.map
}

# library NAME MAP FLAGS: builds NAME.so of what stands on standard input.
library() {
	local name=$1 map=$2
	shift 2
	"${cc[@]}" -shared -fPIC -o "build/.libs/$name.so" -x c - \
		-Wl,--version-script="$map" "$@"
}

sound_libraries() {
	printf 'int kymo_add(int x) { return x; }\n' |
		library libkymo writer/libkymo.map -Wl,-z,nodelete
	printf 'int kymo_read(int x) { return x; }\n' |
		library libkymo-reader reader/libkymo-reader.map
}

# finds LINT TEXT: the lint fails on the tree as it is now, and says TEXT.
finds() {
	rule_cnt=$((rule_cnt + 1))
	if bash "$lints/$1.sh" "$tmp/tree" "$tmp/tree/build" >"$tmp/out" 2>&1; then
		fail "$1 did not see: $2"
	fi
	grep -qF -e "$2" "$tmp/out" || {
		cat "$tmp/out"
		fail "$1 did not say: $2"
	}
	sound_tree
}

content() {
	bash "$lints/$1.sh" "$tmp/tree" "$tmp/tree/build" >"$tmp/out" 2>&1 || {
		cat "$tmp/out"
		fail "$1 complains about a sound tree"
	}
}

read -ra cc <<<"${CC:-gcc}"
sound_tree
sound_libraries
for lint in exports format headers layers links listed pairs style tour; do
	content $lint
done
sound_tree

# layers
include() { printf '#include %s\n' "$2" >>"$1"; }
include shm/ring.h '"writer/kymo.h"'
finds layers 'shm/ring.h:13: shm knows only shm'
include writer/slot.c '"reader/region/region.h"'
finds layers 'writer/slot.c:3: writer knows only shm'
include reader/region/region.h '"reader/series/series.h"'
finds layers 'reader/region/region.h:2: a stage knows only stages before it'
include reader/config/config.h '"reader/region/region.h"'
finds layers 'reader/config/config.h:1: a stage knows only stages before it'
include reader/series/series.c '"writer/kymo.h"'
finds layers 'reader/series/series.c:3: reader knows only shm'
include tools/kymo.c '"shm/ring.h"'
finds layers 'tools/kymo.c:2: tools know only installed headers'
include writer/slot.c '"slot.h"'
finds layers 'writer/slot.c:3: an include names its folder'
include writer/slot.c '<shm/ring.h>'
finds layers 'writer/slot.c:3: files of the tree go in quotes'
include writer/slot.c '"tests/testlib/testlib.h"'
finds layers 'writer/slot.c:3: only tests know tests'
for header in urcu.h urcu/urcu-memb.h sqlite3.h microhttpd.h yaml.h jansson.h \
	msgpack.h cmocka.h curl/curl.h openssl/hmac.h cairo.h; do
	include reader/region/region.c "<$header>"
	finds layers "reader/region/region.c:1: <$header> is only for"
done
mkdir examples
include examples/first.c '"writer/kymo.h"'
finds layers 'examples/first.c:1: an example includes <kymo.h> alone'

# style
printf 'int x; \n' >>shm/ring.h
finds style 'shm/ring.h:13: space at the end of the line'
printf 'int\nf(void)\n{\n        return 0;\n}\n' >shm/a.c
finds style 'shm/a.c:4: indented by spaces'
printf 'int\nf(void)\n{\n  \treturn 0;\n}\n' >shm/a.c
finds style 'shm/a.c:4: a space before a tab'
printf 'char *a = "http://x"; // why\n' >shm/a.c
finds style 'shm/a.c:1: a // comment'
printf 'int %0101d;\n' 0 | tr 0 x >shm/a.c
finds style 'shm/a.c:1: 106 columns'
{ printf 'int\nf(void)\n{\n'; yes '	g();' | head -n 78; printf '}\n'; } >shm/a.c
finds style 'shm/a.c:82: a function of 81 lines'
yes 'int x;' | head -n 501 >shm/a.c
finds style 'shm/a.c:501: a file of more than 500 lines'

# pairs
printf 'void f(int *p) { kyi_store_release(p, 1); }\n' >writer/slot.c
finds pairs 'writer/slot.c:1: no pairs(NAME)'
printf '/* pairs(lost) */\nvoid f(int *p) { kyi_fence_release(); }\n' >writer/slot.c
finds pairs 'writer/slot.c:2: pairs(lost) has no acquire side'
printf '/* pairs(lost) */\nvoid f(int *p) { kyi_load_u64_acquire(p); }\n' >writer/slot.c
finds pairs 'writer/slot.c:2: pairs(lost) has no release side'
printf '/* pairs(ring-done)\n   pairs(lost) */\nvoid f(int *p) { kyi_load_u64_acquire(p); }\n' >writer/slot.c
finds pairs 'writer/slot.c:3: pairs(lost) has no release side'
printf '/* pairs(ring-done) */\n\n\n\nint a = kyi_load_acquire(p);\n' >writer/slot.c
finds pairs 'writer/slot.c:5: no pairs(NAME)'
printf '#define f(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)\n' >writer/kymo.h
finds pairs 'writer/kymo.h:1: no pairs(NAME)'
printf 'int a = __atomic_load_n(p, 0);\n' >reader/region/a.c
finds pairs 'reader/region/a.c:1: atomics are spelled in shm/atomic.h'
printf '#include <stdatomic.h>\n' >reader/region/a.c
finds pairs 'reader/region/a.c:1: atomics are spelled in shm/atomic.h'
printf 'int a = kyi_load_seq_cst(p);\n' >reader/region/a.c
finds pairs 'reader/region/a.c:1: there is no seq_cst here'

# exports
printf 'int kymo_add(int x) { return x; } int kyi_slot(void) { return 0; }\n' |
	library libkymo <(printf 'KYMO_0.1 { global: *; };') -Wl,-z,nodelete
finds exports 'libkymo.so exports kyi_slot'
sound_libraries
printf 'int kymo_x(int x) { return x; }\n' |
	library libkymo writer/libkymo.map -Wl,-z,nodelete
finds exports 'writer/libkymo.map lists kymo_add, which'
sound_libraries
printf 'int kymo_add(int x) { return x; }\n' | library libkymo writer/libkymo.map
finds exports 'libkymo.so can be unloaded'
sound_libraries
printf '#include <math.h>\nint kymo_add(double x) { return (int)sin(x); }\n' |
	library libkymo writer/libkymo.map -Wl,-z,nodelete -Wl,--no-as-needed -lm
finds exports 'libkymo.so needs libm.so'
sound_libraries
printf 'KYMO_0.1 { global: kymo_*; local: *; };\n' >writer/libkymo.map
finds exports 'writer/libkymo.map: names, not patterns'

# headers
printf 'size_t kymo_add(int);\n' >writer/kymo.h
finds headers 'kymo.h: not clean as c11 with gcc'
printf 'int kymo_add(int class);\n' >writer/kymo.h
finds headers 'kymo.h: not clean as c++11 with g++'
printf '#include "shm/ring.h"\n' >writer/kymo.h
finds headers 'kymo.h: not clean as c11 with gcc'

# listed
: >writer/lost.c
finds listed 'writer/lost.c: in no Makemodule.am'
: >tests/unit/test_lost.c
finds listed 'tests/unit/test_lost.c: in no Makemodule.am'
: >tests/lost.sh
finds listed 'tests/lost.sh: in no Makemodule.am'

# links
printf '[a](docs/gone.md)\n' >>README.md
finds links 'README.md:3: there is no docs/gone.md'
printf '[a](#gone)\n' >>README.md
finds links 'README.md:3: README.md has no heading #gone'
: >docs/lost.md
finds links 'docs/lost.md: in no Makemodule.am'

# tour
# shellcheck disable=SC2016
echo '`shm/gone.h`' >>ARCHITECTURE.md
finds tour 'ARCHITECTURE.md: there is no shm/gone.h'
echo '| gone | a | b |' >>ARCHITECTURE.md
finds tour 'ARCHITECTURE.md: pairs(gone) is nowhere in the code'
sed -i '/ring-done/d' ARCHITECTURE.md
finds tour 'ARCHITECTURE.md: no row for pairs(ring-done)'

# api
cp "$lints"/../../docs/api.* docs/
mkdir -p reader/{alert,detect,export,notify}
touch reader/alert/{alerts,routing}.h
touch reader/{error,buffer}.h reader/region/watch.h reader/series/series.h \
	reader/detect/detect.h reader/notify/notify.h \
	reader/export/export.h reader/config/config.h reader/serve/serve.h
