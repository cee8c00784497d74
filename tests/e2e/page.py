#!/usr/bin/python3
"""Reads what kymo exports by parsers that are not kymo's, and compares."""

import decimal
import json
import math
import struct
import sys


def fail(text):
    sys.exit("FAILED: " + text)


def check(truth, text):
    if not truth:
        fail(text)


def json_lines(path):
    """Lines, numbers as decimals: exact."""
    lines = []
    with open(path, encoding="ascii") as file:
        for line in file:
            lines.append(json.loads(line, parse_float=decimal.Decimal))
    check(len(lines) > 30, "%d lines" % len(lines))
    return lines


def find(lines, name, **labels):
    for line in lines:
        if line["name"] == name and all(
                line["labels"].get(k) == v for k, v in labels.items()):
            return line
    return fail("no %s %s" % (name, labels))


# ---- JSON ----------------------------------------------------------------------

def run_json(path):
    lines = json_lines(path)
    line = find(lines, "busy_seconds", method="other")
    check(line["value"] == decimal.Decimal("18446744073.709551615"), "exact")
    nasty = find(lines, "http_requests",
                 method="quote\" back\\slash new\nline \u2713 }{,=# \x1b[1m")
    check(nasty["value"] == 18446744073709551615, "64 bits")
    hist = find(lines, "http_request_seconds", method="GET")
    check(sum(bucket[2] for bucket in hist["buckets"]) == hist["count"] == 100,
          "buckets")
    print("%d JSON lines" % len(lines))


# ---- msgpack: enough of a decoder ------------------------------------------------

class Msgpack:
    FIXED = {0xca: ">f", 0xcb: ">d", 0xcc: ">B", 0xcd: ">H", 0xce: ">I",
             0xcf: ">Q", 0xd0: ">b", 0xd1: ">h", 0xd2: ">i", 0xd3: ">q"}
    SIZES = {0xd9: ">B", 0xda: ">H", 0xdb: ">I", 0xdc: ">H", 0xdd: ">I",
             0xde: ">H", 0xdf: ">I"}

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, form):
        size = struct.calcsize(form)
        value, = struct.unpack_from(form, self.data, self.at)
        self.at += size
        return value

    def text(self, size):
        self.at += size
        return self.data[self.at - size:self.at].decode("utf-8", "replace")

    def array(self, size):
        return [self.value() for _ in range(size)]

    def map(self, size):
        made = {}
        for _ in range(size):
            key = self.value()
            made[key] = self.value()
        return made

    def value(self):
        first = self.take(">B")
        if first < 0x80:
            return first
        if first < 0x90:
            return self.map(first & 15)
        if first < 0xa0:
            return self.array(first & 15)
        if first < 0xc0:
            return self.text(first & 31)
        if first >= 0xe0:
            return first - 256
        if first in (0xc0, 0xc2, 0xc3):
            return {0xc0: None, 0xc2: False, 0xc3: True}[first]
        if first in self.FIXED:
            return self.take(self.FIXED[first])
        size = self.take(self.SIZES[first])
        if first < 0xdc:
            return self.text(size)
        return self.array(size) if first < 0xde else self.map(size)


def run_msgpack(path, json_path):
    with open(path, "rb") as file:
        decoder = Msgpack(file.read())
    scan = decoder.value()
    check(decoder.at == len(decoder.data), "bytes left over")
    check(scan["kymo"] == 1 and scan["at_ns"] == 1700000000123456789, "head")
    lines = iter(json_lines(json_path))
    for family in scan["families"]:
        for series in family["series"]:
            line = next(lines)
            check(line["name"] == family["name"], "order")
            check(line["kind"] == family["kind"], "kind")
            value = series["value"]
            if family["kind"] in ("counter", "updown", "gauge"):
                scaled = decimal.Decimal(value).scaleb(
                    family["exponent"], decimal.Context(prec=40))
                check(scaled == line["value"], "%s: %s, %s" % (
                    family["name"], scaled, line["value"]))
            elif "buckets" in line:
                check(sum(value["buckets"]) + value["zero"] + value["under"] +
                      value["over"] == line["count"], "count")
    check(next(lines, None) is None, "JSON has more")
    print("msgpack says what JSON says")


# ---- OpenMetrics -----------------------------------------------------------------

def run_openmetrics(path, text_path, json_path):
    from prometheus_client.openmetrics import parser as openmetrics
    from prometheus_client import parser as text

    with open(path, encoding="utf-8", newline="\n") as file:
        families = {family.name: family for family in
                    openmetrics.text_string_to_metric_families(file.read())}
    check(families["http_requests"].type == "counter", "counter")
    check(families["http_request_seconds"].unit == "seconds", "unit")
    check(families["app_build"].type == "info", "info")
    check(families["job"].type == families["mode"].type == "stateset",
          "state sets")
    check(families["http_requests"].documentation ==
          "A \"help\" of\ntwo lines, back\\slash and caf\u00e9.", "help")
    exemplars = [sample.exemplar for sample in
                 families["http_request_seconds"].samples if sample.exemplar]
    check(len(exemplars) == 1 and exemplars[0].value == 1.5e-06 and
          exemplars[0].labels["span_id"] == "00000000000000ff", "exemplar")

    # The same numbers in both formats, but for _created.
    both = []
    with open(text_path, encoding="utf-8", newline="\n") as file:
        old = text.text_string_to_metric_families(file.read())
        for source in (families.values(), old):
            both.append({(sample.name, tuple(sorted(sample.labels.items()))):
                         sample.value for family in source
                         for sample in family.samples
                         if not sample.name.endswith("_created")})
    check(both[0].keys() == both[1].keys(), "other series: %s" %
          (both[0].keys() ^ both[1].keys()))
    for key, value in both[0].items():
        check(float(value) == both[1][key] or
              (math.isnan(value) and math.isnan(both[1][key])), str(key))
    line = find(json_lines(json_path), "http_requests", method="GET")
    check(both[0]["http_requests_total",
                  (("method", "GET"), ("service", "shop"))] == line["value"],
          "JSON")
    print("%d samples in both formats" % len(both[0]))


globals()["run_" + sys.argv[1]](*sys.argv[2:])
