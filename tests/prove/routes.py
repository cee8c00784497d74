# Random trees of routes and sets of labels, asked of amtool and of ours. Also
# files that something is wrong with: taken or refused by both.
# routes.py OURS FOLDER CONFIGS SETS SEED
import random
import subprocess
import sys

ours, folder, configs, sets, seed = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
rand = random.Random(seed)
keys = ["alertname", "severity", "team", "env", "instance"]
values = ["a", "b", "c", "prod", "db-1", "db-2", "x y", 'q"q', "b\\s", "", "1.5", "a,b"]
regexes = ["a|b", "db-.*", ".*", ".+", "", "[a-c]", "(prod|x y)", "db-[0-9]+", "b?", "q.q", "^a$"]


def yaml(text):
    return "'" + text.replace("'", "''") + "'"


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def matcher():
    key, op = rand.choice(keys), rand.choice(["=", "!=", "=~", "!~"])
    value = rand.choice(regexes if "~" in op else values)
    # Bare, with escapes that are none, with spaces, and what is no matcher.
    form = rand.random()
    if form < 0.15 and not set(value) & set('",{}'):
        return f"{key}{op}{value}"
    if form < 0.25:
        return f" {key} {op}  {quoted(value)} "
    if form < 0.3:
        return f'{key}{op}"a\\d{rand.choice(["", ",", "}"])}"'
    return f"{key}{op}{quoted(value)}"


def bad_matcher():
    return rand.choice(["a", "a=", '="b"', 'a="b', 'a=b"', "a=~(", 'a="b"c', "{a=b", "a=b}", "a=b,,c=d", "a=b,", ",", "",
                        "{}", "1a=b", "a==b", "a=~b,c!~d", '{a="b",c="d",}', "a= b", 'a="b\\"', 'a="b\\\\"', "a-b=c", "a:b=c"])


def matchers():
    lines = []
    if rand.random() < 0.25:
        lines.append("match: {%s: %s}" % (rand.choice(keys), yaml(rand.choice(values))))
    if rand.random() < 0.25:
        lines.append("match_re: {%s: %s}" % (rand.choice(keys), yaml(rand.choice(regexes))))
    if rand.random() < 0.7:
        texts = [matcher() for _ in range(rand.randint(1, 2))]
        if rand.random() < 0.2:
            texts = ["{" + ",".join(texts) + "}"]
        lines.append("matchers: [%s]" % ", ".join(map(yaml, texts)))
    return lines


def route(out, depth, indent):
    pad = "  " * indent
    lines = matchers()
    if rand.random() < 0.8:
        lines.append("receiver: r%d" % rand.randrange(8))
    if rand.random() < 0.4:
        lines.append("continue: true")
    if rand.random() < 0.2:
        lines.append("group_by: [%s]" % rand.choice(["a, b", "'...'", "", "alertname"]))
    lines = lines or ["continue: false"]
    out.append(pad + "- " + lines[0])
    out.extend(pad + "  " + line for line in lines[1:])
    if depth < 3 and rand.random() < 0.6:
        out.append(pad + "  routes:")
        for _ in range(rand.randint(1, 3)):
            route(out, depth + 1, indent + 2)


faults = [
    ("receiver: r0", "receiver: r99"), ("receiver: r0", "receivr: r0"), ("route:", "rout:"),
    ("route:\n", "route:\n  continue: true\n"), ("route:\n", "route:\n  match: {a: b}\n"),
    ("route:\n", "route:\n  group_by: ['...', a]\n"), ("route:\n", "route:\n  group_by: [a, a]\n"),
    ("route:\n", "route:\n  group_interval: 0s\n"), ("route:\n", "route:\n  repeat_interval: 0s\n"),
    ("route:\n", "route:\n  group_wait: 0s\n"), ("route:\n", "route:\n  group_wait: 5\n"),
    ("route:\n", "route:\n  mute_time_intervals: [off]\n"), ("- name: r1\n", "- name: r0\n"), ("- name: r1\n", "- {}\n"),
    ("  routes:\n", "  routes:\n  - mute_time_intervals: [none]\n"), ("  routes:\n", "  routes:\n  - active_time_intervals: [t]\n"),
]
# Not months 0 and 13: amtool takes them, and no time ever is in them.
times = ["{times: [{start_time: '09:00', end_time: '17:00'}]}", "{times: [{start_time: '17:00', end_time: '09:00'}]}",
         "{times: [{start_time: '09:00'}]}", "{times: [{start_time: '9:00', end_time: '17:00'}]}",
         "{times: [{start_time: '00:00', end_time: '24:00'}]}", "{times: [{start_time: '00:00', end_time: '24:01'}]}",
         "{weekdays: ['monday:friday', Saturday]}", "{weekdays: ['friday:monday']}", "{weekdays: [mon]}", "{weekdays: ['1:3']}",
         "{days_of_month: ['1:5', '-3:-1', '31']}", "{days_of_month: ['0:5']}", "{days_of_month: ['-1:5']}",
         "{days_of_month: ['5:-1']}", "{days_of_month: ['-1:-5']}", "{days_of_month: ['32']}", "{months: ['may:August', '12']}",
         "{months: ['december:january']}", "{years: ['2020:2030', '2021']}",
         "{years: ['2030:2020']}", "{years: [x]}", "{location: Europe/Berlin}", "{location: Mars/Base}", "{}", "{day: [x]}"]


def config(number):
    out = ["route:", "  receiver: r0", "  routes:"]
    for _ in range(rand.randint(1, 4)):
        route(out, 0, 1)
    out.append("receivers:")
    out.extend("- name: r%d" % i for i in range(8))
    text = "\n".join(out) + "\n"
    kind = number % 3
    if kind == 1:
        text = text.replace(*rand.choice(faults), 1)
        if rand.random() < 0.4:
            text = text.replace("  routes:\n", "  routes:\n  - matchers: [%s]\n" % yaml(bad_matcher()), 1)
    if kind == 1 or rand.random() < 0.3:
        text += "time_intervals: [{name: t, time_intervals: [%s]}]\n" % rand.choice(times)
    return text


def run(command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    return done.returncode, done.stdout


taken = refused = asked = differ = 0
for number in range(configs):
    path = "%s/%d.yml" % (folder, number)
    text = config(number)
    with open(path, "w") as file:
        file.write(text)
    lists = [[(key, rand.choice(values)) for key in rand.sample(keys, rand.randint(0, 4))] for _ in range(sets)]
    # An argument of amtool's is a matcher itself, and an empty label is none.
    lists = [[(k, v) for k, v in labels if v] for labels in lists]
    status, said = run([ours, path], "".join("\t".join(k + "=" + v for k, v in labels) + "\n" for labels in lists))
    theirs, their_said = run(["amtool", "check-config", path])
    if (status != 0) != (theirs != 0):
        differ += 1
        print("ours %s, amtool %s: %s\n%s%s" % (status, theirs, path, text, their_said), file=sys.stderr)
        continue
    if status:
        refused += 1
        continue
    taken += 1
    for labels, mine in zip(lists, said.split("\n")):
        arguments = ["%s=%s" % (k, quoted(v)) for k, v in labels]
        _, want = run(["amtool", "config", "routes", "test", "--config.file=" + path] + arguments)
        asked += 1
        if want.strip() != mine:
            differ += 1
            print("%s: %s: ours %s, amtool %s\n%s" % (path, labels, mine, want.strip(), text), file=sys.stderr)
print(taken, "taken", refused, "refused", asked, "asked", differ, "differ")
