#!/usr/bin/python3
"""api.py OURS THEIRS [quick]: the same questions to two servers of Prometheus'
API that have the same series; each answer that is not equal is told. Numbers
are equal to 1e-12 of each other. Run by api.sh."""

import json
import math
import sys
import urllib.error
import urllib.parse
import urllib.request

OURS, THEIRS = sys.argv[1:3]
QUICK = "quick" in sys.argv[3:]

# Between samples (they are at multiples of 15 s from 1699996400): Prometheus 2
# has a sample on the left end of a window in it, Prometheus 3 and we have not.
TIMES = ["1699996462", "1699997207.5", "1699998411.25", "1699999987"]
# The last step is before the end.
RANGES = [("1699996807", "1699999927", "45"),
          ("1699996462", "1699997067", "7.5")]

R, S, D = "requests_total", "size_bytes", "delay_seconds_bucket"
QUERIES = """
1
-1.5e-7
1e300 * 1e300
0 / 0
"text"
time()
vector(1)
up
up{job="api"}
up{job!="api"}
up{instance=~"a.*|c:80"}
up{instance!~"a.*"}
{__name__=~"up|build_info"}
{job="web",__name__!="up"}
build_info{version="grün"}
build_info{version=~".*\\"b.*"}
nothing
odd
-odd
odd * 0
queue_length
queue_length offset 20m
requests_total offset 7m
requests_total @ 1699998000.5
requests_total @ start()
requests_total @ end()
requests_total[2m]
odd[10m]
requests_total[2m] offset 3m
requests_total[5m:1m]
rate(requests_total[5m])
rate(requests_total[50s])
irate(requests_total[5m])
increase(requests_total[10m])
delta(size_bytes[5m])
idelta(size_bytes[5m])
deriv(size_bytes[10m])
predict_linear(size_bytes[10m], 3600)
resets(requests_total[30m])
changes(size_bytes[5m])
avg_over_time(size_bytes[5m])
min_over_time(size_bytes[5m])
max_over_time(odd[5m])
sum_over_time(size_bytes[5m])
count_over_time(queue_length[10m])
stddev_over_time(size_bytes[5m])
stdvar_over_time(size_bytes[5m])
quantile_over_time(0.9, size_bytes[5m])
last_over_time(queue_length[30m])
present_over_time(up[5m])
absent(nothing{a="b"})
absent_over_time(nothing[5m])
absent(up)
sum(requests_total)
sum by (job) (requests_total)
sum without (instance, code) (requests_total)
avg by (job) (size_bytes)
min(size_bytes)
max by (code) (requests_total)
count by (job, code) (requests_total)
group by (job) (requests_total)
stddev(size_bytes)
stdvar by (job) (requests_total)
quantile(0.3, size_bytes)
quantile by (job) (1.5, size_bytes)
topk(2, requests_total)
bottomk(3, requests_total)
topk by (job) (1, requests_total)
count_values("v", up)
sort(requests_total)
sort_desc(requests_total)
histogram_quantile(0.9, rate(delay_seconds_bucket[5m]))
histogram_quantile(0.5, sum by (le) (delay_seconds_bucket))
histogram_quantile(2, delay_seconds_bucket)
up == 1
up == bool 1
up > bool 0.5
requests_total > 100
requests_total % 7
requests_total ^ 0.5
2 ^ 3 ^ 2
-2 ^ 2
1 + 2 * 3 - 4 / 5 % 3 atan2 2
requests_total + size_bytes
requests_total / on (job, instance) group_left () size_bytes
sum by (job) (requests_total) / on (job) group_right () build_info
up and on (job) build_info
up or build_info
up unless on (instance) requests_total{code="500"}
requests_total * on (job) group_left (version) build_info
label_replace(up, "host", "$1", "instance", "(.*):.*")
label_join(up, "both", "-", "job", "instance")
abs(size_bytes)
ceil(size_bytes)
floor(size_bytes)
round(size_bytes, 0.25)
clamp(size_bytes, -1, 2)
clamp_min(size_bytes, 0)
clamp_max(size_bytes, 0)
exp(up)
ln(size_bytes)
log2(size_bytes)
log10(size_bytes)
sqrt(size_bytes)
sgn(size_bytes)
sin(size_bytes)
deg(atan(up))
pi()
scalar(up{instance="a:80"})
scalar(up)
timestamp(queue_length)
minute(timestamp(up))
day_of_week()
days_in_month(vector(1582934400))
hour()
max_over_time(rate(requests_total[5m])[10m:30s])
sum(rate(requests_total{code=~"5.."}[5m])) / sum(rate(requests_total[5m]))
avg_over_time(up[1h:5m] offset 1m)
""".strip().split("\n")

WRONG = ["", "sum(", "up[", "up{", "rate(up)", "up{a=\"", "foo(up)", "{}",
         "up * on () build_info", "up[5m] + 1", "1 and 2",
         "up{instance=~\"(\"}", "label_replace(up, \"a\", \"\", \"job\", \"(\")"]

failures = []
asked = 0


def get(base, path, params):
    url = base + "/api/v1/" + path + "?" + urllib.parse.urlencode(
        params, doseq=True)
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def same_number(a, b):
    if a == b:
        return True
    try:
        x, y = float(a), float(b)
    except ValueError:
        return False
    if math.isnan(x) or math.isnan(y):
        return math.isnan(x) and math.isnan(y)
    if math.isinf(x) or math.isinf(y):
        return x == y
    return abs(x - y) <= 1e-12 * max(abs(x), abs(y))


def same(a, b):
    """Values are texts in the second place of a pair; times are equal."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        if len(a) == 2 and isinstance(a[1], str) and not isinstance(a[0], str):
            return len(b) == 2 and a[0] == b[0] and same_number(a[1], b[1])
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    return a == b


def compare(what, path, params, ordered=True):
    global asked
    asked += 1
    ours, theirs = get(OURS, path, params), get(THEIRS, path, params)
    if ours[0] != 200 or theirs[0] != 200:
        if (ours[0], ours[1].get("errorType")) != (
                theirs[0], theirs[1].get("errorType")):
            failures.append((what, params, ours, theirs))
        return
    data = [answer[1]["data"] for answer in (ours, theirs)]
    if not ordered and isinstance(data[0], dict) and \
            data[0].get("resultType") == "vector":
        for one in data:
            one["result"].sort(key=lambda s: sorted(s["metric"].items()))
    if not same(data[0], data[1]):
        failures.append((what, params, data[0], data[1]))


def in_order(query):
    return query.startswith(("sort", "topk(", "bottomk("))


queries = QUERIES[::3] if QUICK else QUERIES
for query in queries:
    for time in TIMES[2:3] if QUICK else TIMES:
        compare("query", "query", {"query": query, "time": time},
                in_order(query))
    for start, end, step in RANGES[:1] if QUICK else RANGES:
        compare("query_range", "query_range", {
            "query": query, "start": start, "end": end, "step": step})
for query in WRONG:
    compare("wrong", "query", {"query": query, "time": TIMES[2]})
    compare("wrong", "query_range", {"query": query, "start": TIMES[1],
                                     "end": TIMES[2], "step": "60"})

SPAN = {"start": "1699996000", "end": "1699999999"}
for match in (["up"], ["up", 'build_info{job="web"}'], ['{job=~".+"}'],
              ["nothing"], ["queue_length"], [], ["up["], ["rate(up[5m])"]):
    compare("series", "series", {"match[]": match, **SPAN})
    compare("labels", "labels", {"match[]": match, **SPAN})
    for label in ("job", "__name__", "version", "nothing"):
        compare("values", "label/%s/values" % label, {"match[]": match,
                                                      **SPAN})
for params in ({"time": "x"}, {"time": "2023-11-14T22:00:11Z"},
               {"time": "2023-11-14T22:00:11.5+01:00"}, {"timeout": "x"},
               {"time": "1699998411", "timeout": "30s"}):
    compare("parameters", "query", {"query": "count(up)",
                                    "time": TIMES[1], **params})
for params in ({"step": "0"}, {"step": "-1"}, {"step": "x"}, {"step": "1m"},
               {"end": "1"}, {"start": "x"}, {"step": "0.1"},
               {"step": "0.28", "start": "1699996807",
                "end": "1699999887"}):
    compare("parameters", "query_range", {
        "query": "up", "start": TIMES[1], "end": TIMES[2], "step": "60",
        **params})
for query in ("sum(up)by(job)", "rate(up[5m])>0", "a+on(b)c"):
    compare("format_query", "format_query", {"query": query})

for what, params, ours, theirs in failures[:20]:
    print("%s %s\n   ours: %s\n theirs: %s" % (
        what, params, json.dumps(ours)[:400], json.dumps(theirs)[:400]))
print("asked %d differ %d" % (asked, len(failures)))
sys.exit(1 if failures else 0)
