"""Servers that misbehave for a while, for delivery.py: what they took counts.

A sink's fault lasts the first seconds after its first request. What it took is
(id, [(number, status)..], fingerprints..): a message's id, and what it says of
which alert.
"""
import asyncio
import collections
import email
import email.policy
import json
import math
import re
import socket
import struct
import time

LINE = re.compile(r'(firing|resolved) Trial\{[^}]*number="(\d+)"')


class Sink:
    def __init__(self, fault, seconds):
        self.fault, self.seconds = fault, seconds
        self.began = None
        self.tries = 0
        self.taken = []  # (id, [(alert, status)])

    async def start(self):
        self.server = await asyncio.start_server(self.serve, '127.0.0.1', 0,
                                                 limit=1 << 22)
        self.port = self.server.sockets[0].getsockname()[1]

    def left(self):
        if self.began is None:
            self.began = time.monotonic()
        return self.began + self.seconds - time.monotonic()

    def fault_now(self):
        self.tries += 1
        return self.fault if self.left() > 0 else None

    async def serve(self, reader, writer):
        try:
            await self.talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        writer.close()

    def doubts(self):
        """Messages that came twice under one id, what was said under two, and
        alerts that were resolved before they fired."""
        ids = collections.Counter(id for id, _ in self.taken)
        said = collections.defaultdict(set)
        heard, disorder = set(), 0
        for id, alerts in self.taken:
            for alert, status in alerts:
                said[alert, status].add(id)
                if status == 'firing':
                    heard.add(alert)
                else:
                    disorder += alert not in heard
        other = sum(len(of) - 1 for of in said.values())
        return sum(ids.values()) - len(ids), other, disorder

    def count(self, status):
        return len({alert for _, alerts in self.taken
                    for alert, said in alerts if said == status})


class Webhook(Sink):
    """HTTP; a webhook's body says fingerprints."""

    def take(self, headers, body):
        self.taken.append((headers['webhook-id'], [
            (alert['fingerprint'], alert['status'])
            for alert in json.loads(body)['alerts']]))

    async def talk(self, reader, writer):
        while await self.request(reader, writer):
            pass

    async def request(self, reader, writer):
        head = (await reader.readuntil(b'\r\n\r\n')).decode('latin1')
        headers = {}
        for line in head.split('\r\n')[1:]:
            if ':' in line:
                key, value = line.split(':', 1)
                headers[key.lower()] = value.strip()
        body = await reader.readexactly(int(headers['content-length']))
        fault = self.fault_now()
        if fault in (None, 'reset', 'cut'):
            self.take(headers, body)
        if fault == 'reset':
            writer.get_extra_info('socket').setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            return False
        if fault == 'cut':
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok')
            return False
        if fault is None:
            answer = '200 OK'
        elif fault == '429':
            answer = '429 Too Many\r\nRetry-After: %d' % math.ceil(self.left())
        else:
            answer = '503 Away'
        writer.write(('HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\nok' %
                      answer).encode())
        return True


class Slack(Webhook):
    """The id is in the last block, what is said of alerts in sections."""

    def take(self, headers, body):
        blocks = json.loads(body)['blocks']
        self.taken.append((blocks[-1]['elements'][0]['text'], [
            (number, status) for block in blocks
            if block['type'] == 'section'
            for status, number in LINE.findall(block['text']['text'])]))


class Mail(Sink):
    """SMTP without TLS. Faults: 4xx and 5xx to the mail itself; greeting, 554
    before anything was said; and lost, the mail is taken and the connection
    ends without an answer."""

    def take(self, bytes_):
        mail = email.message_from_bytes(bytes_, policy=email.policy.default)
        text = mail.get_body(('plain',)).get_content()
        self.taken.append((mail['Message-ID'], [
            (number, status) for status, number in LINE.findall(text)]))

    async def talk(self, reader, writer):
        if self.fault == 'greeting' and self.fault_now():
            writer.write(b'554 not now\r\n')
            return
        writer.write(b'220 sink\r\n')
        while True:
            line = (await reader.readuntil(b'\r\n')).upper()
            if line.startswith(b'EHLO'):
                writer.write(b'250 sink\r\n')
            elif line.startswith(b'DATA'):
                writer.write(b'354 go on\r\n')
                bytes_ = await reader.readuntil(b'\r\n.\r\n')
                if not self.mail(writer, bytes_.replace(b'\r\n..', b'\r\n.')):
                    return
            elif line.startswith(b'QUIT'):
                writer.write(b'221 bye\r\n')
                return
            else:
                writer.write(b'250 ok\r\n')

    def mail(self, writer, bytes_):
        fault = self.fault_now()
        if fault == '4xx':
            writer.write(b'451 later\r\n')
        elif fault == '5xx':
            writer.write(b'554 never\r\n')
        else:
            self.take(bytes_[:-3])
            if fault == 'lost':
                return False
            writer.write(b'250 taken\r\n')
        return True
