"""monotonic.py URL: scrapes URL ten times a second until SIGTERM, then once
more. Ends with 1 as soon as a total (counter, bucket, count, sum) is lower than
at the scrape before, or is missing.

What kymod says of itself may begin again with it: service="kymod" is left out.
"""
import re
import signal
import sys
import threading
import urllib.error
import urllib.request

SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$")
PART = re.compile(r"_(bucket|sum|count)$")


def totals(page):
    """The samples that may only grow."""
    kinds, found = {}, {}
    for line in page.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            kinds[name] = kind
            continue
        match = SAMPLE.match(line)
        if not match or 'service="kymod"' in (match[2] or ""):
            continue
        name = match[1]
        if (kinds.get(name) == "counter"
                or kinds.get(PART.sub("", name)) == "histogram"):
            found[name + (match[2] or "")] = float(match[3])
    return found


def scrape(url):
    """A page, or None while kymod is not there."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return totals(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return None


def main(url):
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    before, scrapes, last = {}, 0, False
    while not last:
        last = stop.wait(0.1)
        now = scrape(url)
        if now is None:
            continue
        scrapes += 1
        for name, value in before.items():
            if name not in now:
                sys.exit(f"scrape {scrapes}: {name} is gone")
            if now[name] < value:
                sys.exit(f"scrape {scrapes}: {name} was {value}, is {now[name]}")
        before = now
    print(f"{scrapes} scrapes of {len(before)} totals")


main(sys.argv[1])
