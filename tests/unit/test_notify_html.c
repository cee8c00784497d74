/* SPDX-License-Identifier: MIT */
/* Goal: in a page of a template a value is escaped for where it stands: none ends
   an attribute or a tag, none is a program, by whatever name its attribute goes.
   Method: rows; what is expected is what Go's html/template writes, or that it is
   refused. */
#include "tests/testlib/testlib.h"

#include "reader/notify/notify.h"

/* Values of the message: a program's URL, what ends things, two lines. */
static const char body[] = "{\"receiver\":\"r\",\"status\":\"firing\","
    "\"alerts\":[],\"groupLabels\":{},\"commonAnnotations\":{},"
    "\"externalURL\":\"http://x.example/\",\"commonLabels\":{"
    "\"j\":\"JavaScript:alert(1)\",\"q\":\"\\\" x=1 <b>`=&amp;\","
    "\"css\":\"red;x:url(a)\",\"nl\":\"a\\nb\",\"half\":\":alert(1)\"}}";

#define J "{{ .CommonLabels.j }}"
#define Q "{{ .CommonLabels.q }}"
#define CSS "{{ .CommonLabels.css }}"

static const struct {
	const char *text, *page; /* NULL: it is refused */
} rows[] = {
	{ "<p title=\"" Q "\">" Q, "<p title=\"&#34; x=1 &lt;b&gt;`=&amp;amp;"
	    "\">&#34; x=1 &lt;b&gt;`=&amp;amp;" },
	{ "<p title=" Q ">", "<p title=&#34;&#32;x&#61;1&#32;&lt;b&gt;&#96;"
	    "&#61;&amp;amp;>" },
	{ "<a href=\"" J "\">", "<a href=\"#ZgotmplZ\">" },
	{ "<a href=\"{{ .CommonLabels.half }}\">", "<a href=\"#ZgotmplZ\">" },
	{ "<a HREF = '" J "'>", "<a HREF = '#ZgotmplZ'>" },
	{ "<a href=\"{{ .CommonLabels.nl }}\">", "<a href=\"a%0ab\">" },
	{ "<a xlink:href=\"" J "\">", "<a xlink:href=\"#ZgotmplZ\">" },
	{ "<a data-href=\"" J "\">", "<a data-href=\"#ZgotmplZ\">" },
	{ "<a xmlns:q=\"" J "\">", "<a xmlns:q=\"#ZgotmplZ\">" },
	{ "<a x:y=\"" J "\">", "<a x:y=\"JavaScript:alert(1)\">" },
	{ "<p style=\"color:" CSS "\">", "<p style=\"color:ZgotmplZ\">" },
	{ "<p my:style=\"" CSS "\">", "<p my:style=\"ZgotmplZ\">" },
	{ "<style>a{b:" CSS "}</style>", "<style>a{b:ZgotmplZ}</style>" },
	{ "<!-- " Q " -->x", "x" },
	{ "<a onclick=\"" J "\">", NULL },
	{ "<a my:onclick=\"" J "\">", NULL },
	{ "<img srcset=\"" J "\">", NULL },
	{ "<script>" J "</script>", NULL },
	{ "<a " J "=\"x\">", NULL },
};

static void
test_a_value_is_escaped_for_where_it_stands(void **state)
{
	struct kymo_templates *templates;
	struct kymo_error error = { "" };
	struct kymo_buffer out = { 0 };

	(void)state;
	assert_int_equal(kymo_templates_new(&templates, &error), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int status;

		out.len_bytes = 0;
		status = kymo_templates_expand(templates, rows[i].text,
		    KYMO_TEMPLATE_HTML, body, &out, &error);
		if (rows[i].page == NULL ? status == 0 : status != 0 ||
		    strcmp(out.at, rows[i].page) != 0)
			fail_msg("%s: %s", rows[i].text, status != 0 ?
			    error.text : out.at);
	}
	kymo_buffer_free(&out);
	kymo_templates_delete(templates);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_value_is_escaped_for_where_it_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
