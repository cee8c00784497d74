"""interval.py ROW: reads pairs of figures, without and with; prints the geometric
mean of their ratios and its 95 % confidence interval (Student's t), and the median
of those without, as a JSON row."""
import json
import math
import statistics
import sys

T95 = {1: 12.71, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365,
       8: 2.306, 9: 2.262, 10: 2.228, 11: 2.201, 12: 2.179, 15: 2.131, 20: 2.086}

logs, withouts = [], []
for line in sys.stdin:
    without, with_kymo = map(float, line.split())
    logs.append(math.log(with_kymo / without))
    withouts.append(without)
free = len(logs) - 1
t = T95.get(free) or T95[max((n for n in T95 if n <= free), default=1)]
mean = statistics.fmean(logs)
row = {"suite": "memcached", "row": sys.argv[1], "pairs": len(logs),
       "without": round(statistics.median(withouts)),
       "ratio": round(math.exp(mean), 4)}
if free > 0:
    half = t * statistics.stdev(logs) / math.sqrt(len(logs))
    row["ratio_low"] = round(math.exp(mean - half), 4)
    row["ratio_high"] = round(math.exp(mean + half), 4)
print(json.dumps(row))
