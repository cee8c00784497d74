"""alert.py KYMO KYMOD DIRECTORY CROSSINGS: see alert.sh.

A program has as many series as crossings, and each crosses once. The time is
from the write that tells the program to the last byte of the webhook's body.
"""
import asyncio
import json
import os
import random
import shutil
import signal
import socket
import sys
import time

PROMISE_MS = 100
RULES = """groups:
- name: g
  rules:
  - {alert: Trial, expr: level > 5}
"""


def free_port():
    with socket.socket() as one:
        one.bind(('127.0.0.1', 0))
        return one.getsockname()[1]


class Sink:
    """Who heard of which number first, and when."""

    def __init__(self):
        self.heard = {}  # (path, number) -> time

    async def start(self):
        server = await asyncio.start_server(self.serve, '127.0.0.1', 0,
                                            limit=1 << 22)
        self.port = server.sockets[0].getsockname()[1]

    def url(self, path):
        return 'http://127.0.0.1:%d/%s' % (self.port, path)

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b'\r\n\r\n')).decode('latin1')
                length = next(int(line.split(':')[1])
                              for line in head.split('\r\n')
                              if line.lower().startswith('content-length:'))
                body = await reader.readexactly(length)
                now = time.monotonic()
                writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
                path = head.split(' ')[1].strip('/')
                for alert in json.loads(body)['alerts']:
                    key = path, int(alert['labels']['number'])
                    self.heard.setdefault(key, now)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()


def write(name, text):
    with open(DIRECTORY + '/' + name, 'w') as to:
        to.write(text)


async def start(log, *command, **more):
    return await asyncio.create_subprocess_exec(
        *command, stdout=open(DIRECTORY + '/' + log, 'a'),
        stderr=asyncio.subprocess.STDOUT, **more)


async def kymod_start(sink, port):
    os.mkdir(DIRECTORY + '/run', 0o700)
    write('rules.yml', RULES)
    write('routes.yml', 'kymo: {}\nroute: {receiver: team, group_by: [number]}'
          '\nreceivers:\n- name: team\n  webhook_configs: [{url: "%s"}]\n' %
          sink.url('kymo'))
    write('kymod.yaml', 'collection_interval: 50ms\nevaluation_interval: 50ms\n'
          'directories: ["%s/run"]\nstate: "%s/control.db"\n'
          'listen: 127.0.0.1:%d\nrule_files: rules.yml\n'
          'alerting: {routes: routes.yml}\n' % (DIRECTORY, DIRECTORY, port))
    return await start('kymod.log', KYMOD, '--config',
                       DIRECTORY + '/kymod.yaml')


async def prometheus_start(sink, name, interval, target):
    """Prometheus and Alertmanager, as fast as they can be asked to be."""
    port, am_port = free_port(), free_port()
    write(name + '-am.yml', 'route: {receiver: r, group_by: ["..."], '
          'group_wait: 0s, group_interval: 1s, repeat_interval: 1h}\n'
          'receivers:\n- name: r\n  webhook_configs: '
          '[{url: "%s", send_resolved: false}]\n' % sink.url(name))
    write(name + '.yml', 'global: {scrape_interval: %s, '
          'scrape_timeout: %s, evaluation_interval: %s}\n'
          'rule_files: [rules.yml]\n'
          'alerting: {alertmanagers: [{static_configs: '
          '[{targets: ["127.0.0.1:%d"]}]}]}\n'
          'scrape_configs: [{job_name: k, static_configs: '
          '[{targets: ["127.0.0.1:%d"]}]}]\n' %
          (interval, interval, interval, am_port, target))
    return [
        await start(name + '-am.log', 'prometheus-alertmanager',
                    '--config.file=%s/%s-am.yml' % (DIRECTORY, name),
                    '--storage.path=%s/%s-am' % (DIRECTORY, name),
                    '--cluster.listen-address=',
                    '--web.listen-address=127.0.0.1:%d' % am_port),
        await start(name + '.log', 'prometheus',
                    '--config.file=%s/%s.yml' % (DIRECTORY, name),
                    '--storage.tsdb.path=%s/%s-tsdb' % (DIRECTORY, name),
                    '--web.listen-address=127.0.0.1:%d' % port)]


def row(name, sink, crossed, interval_ms):
    took = sorted((sink.heard[name, number] - at) * 1000
                  for number, at in crossed.items()
                  if (name, number) in sink.heard)
    if not took:
        return '%s crossings=%d heard=0 ok=0' % (name, len(crossed))
    p50, p99 = (took[min(len(took) - 1, int(len(took) * q))]
                for q in (0.5, 0.99))
    good = len(took) == len(crossed) and (name != 'kymo' or p99 <= PROMISE_MS)
    return ('%s interval_ms=%d crossings=%d heard=%d p50_ms=%.1f p99_ms=%.1f '
            'max_ms=%.1f ok=%d' % (name, interval_ms, len(crossed), len(took),
                                   p50, p99, took[-1], good))


async def until(so, seconds):
    end = time.monotonic() + seconds
    while not so() and time.monotonic() < end:
        await asyncio.sleep(0.001)
    return so()


async def cross(sink, program):
    """Each series crosses, at any time between two scans."""
    draw, crossed = random.Random(1), {}
    for number in range(CROSSINGS):
        await asyncio.sleep(draw.uniform(0.06, 0.16))
        crossed[number] = time.monotonic()
        program.stdin.write(b'level{number="%d"} = 9\n' % number)
        await program.stdin.drain()
        await until(lambda: ('kymo', number) in sink.heard, 5)
    return crossed


async def main():
    sink = Sink()
    await sink.start()
    port = free_port()
    others = [await kymod_start(sink, port)]
    program = await asyncio.create_subprocess_exec(
        KYMO, 'emit', '--service', 'trial', '--dir', DIRECTORY + '/run',
        stdin=asyncio.subprocess.PIPE)
    program.stdin.write(b'declare gauge level "What may be too high"\n' +
                        b''.join(b'level{number="%d"} = 1\n' % number
                                 for number in range(CROSSINGS)))
    peers = {}
    if shutil.which('prometheus') and shutil.which('prometheus-alertmanager'):
        peers = {'prometheus_1s': 1000, 'prometheus_50ms': 50}
    for name, interval_ms in peers.items():
        others += await prometheus_start(sink, name, '%dms' % interval_ms, port)
    await asyncio.sleep(5 if peers else 1)  # all are up and have a first scrape
    crossed = await cross(sink, program)
    await until(lambda: all((name, number) in sink.heard for name in peers
                            for number in crossed), 20)
    print(row('kymo', sink, crossed, 50))
    for name, interval_ms in peers.items():
        print(row(name, sink, crossed, interval_ms))
    for process in others + [program]:
        process.send_signal(signal.SIGTERM)
        await process.wait()


KYMO, KYMOD, DIRECTORY = sys.argv[1:4]
CROSSINGS = int(sys.argv[4])
asyncio.run(main())
