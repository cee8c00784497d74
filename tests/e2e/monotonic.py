"""monotonic.py URL STOPFILE: scrapes URL every 50 ms until STOPFILE exists; ends
with 1 as soon as a total (counter, bucket, count, sum) is lower than before."""
import os
import re
import sys
import time
import urllib.error
import urllib.request

url, stop = sys.argv[1:]
seen = {}
scrapes = 0
total = re.compile(r"^([a-zA-Z_:][^ {]*)(\{.*\})? (\S+)$")
while not os.path.exists(stop):
    time.sleep(0.05)
    try:
        page = urllib.request.urlopen(url, timeout=5).read().decode()
    except (urllib.error.URLError, OSError):
        continue  # kymod is being killed and started again
    scrapes += 1
    totals = {line.split()[2] for line in page.splitlines()
              if line.startswith("# TYPE") and line.split()[3] in ("counter", "histogram")}
    for line in page.splitlines():
        match = total.match(line)
        if not match:
            continue
        name, labels, value = match.group(1), match.group(2) or "", match.group(3)
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        if name not in totals and base not in totals:
            continue
        # What kymod says of itself begins again with it; of the others nothing may.
        if 'service="kymod"' in labels or name.startswith("kymo_series_"):
            continue
        key = name + labels
        if float(value) < seen.get(key, 0):
            print(f"{key} was {seen[key]}, is {value} after {scrapes} scrapes")
            sys.exit(1)
        seen[key] = float(value)
    gone = [key for key in seen if key.split("{")[0] in page and key not in page]
    if gone:
        print(f"gone after {scrapes} scrapes: {gone[:3]}")
        sys.exit(1)
print(f"{scrapes} scrapes, {len(seen)} totals, none went down")
