#!/usr/bin/python3
"""Clients of a scrape server, good and bad. Run by serve.sh."""

import asyncio
import gzip
import socket
import sys
import time

PORT = 0


def fail(text):
    sys.exit("FAILED: " + text)


def check(truth, text):
    if not truth:
        fail(text)


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body


def request(path="/metrics", method="GET", version="1.1", headers=None,
            host="localhost", close=True):
    lines = ["%s %s HTTP/%s" % (method, path, version)]
    if host is not None:
        lines.append("Host: " + host)
    if close:
        lines.append("Connection: close")
    lines += ["%s: %s" % item for item in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


async def read_answer(reader, head_only=False):
    status = await reader.readline()
    if not status:
        return None
    headers = {}
    while True:
        line = (await reader.readline()).decode("ascii").rstrip("\r\n")
        if line == "":
            break
        key, value = line.split(": ", 1)
        headers[key.lower()] = value
    body = b""
    if not head_only:
        body = await reader.readexactly(int(headers["content-length"]))
    return Answer(int(status.split()[1]), headers, body)


async def ask(data, head_only=False, seconds=10):
    """Sends bytes as they are; the first answer, None where it just closed."""
    async def talk():
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        try:
            writer.write(data)
            return await read_answer(reader, head_only)
        except (ConnectionError, asyncio.IncompleteReadError):
            return None
        finally:
            writer.close()
    return await asyncio.wait_for(talk(), seconds)


async def scrape(seconds=10, **more):
    start = time.monotonic()
    answer = await ask(request(**more), seconds=seconds)
    return answer, time.monotonic() - start


# ---- what each request is answered by ---------------------------------------

ROWS = [
    ("a page", request(), 200),
    ("health", request("/-/healthy"), 200),
    ("ready", request("/-/ready"), 200),
    ("front page", request("/"), 200),
    ("a query", request("/metrics?name=http_*&name=job&x=y"), 200),
    ("nothing there", request("/nope"), 404),
    ("case counts", request("/Metrics"), 404),
    ("a longer path", request("/metrics/"), 404),
    ("dots", request("/../../etc/passwd"), 404),
    ("escaped dots", request("/%2e%2e/etc/passwd"), 404),
    ("a NUL", request("/metrics%00"), 200),
    ("POST", request(method="POST", headers={"Content-Length": "0"}), 405),
    ("PUT", request(method="PUT", headers={"Content-Length": "0"}), 405),
    ("DELETE", request(method="DELETE"), 405),
    ("OPTIONS", request(method="OPTIONS"), 405),
    ("TRACE", request(method="TRACE"), 405),
    ("CONNECT", request(method="CONNECT"), 405),
    ("a method of its own", request(method="BREW"), 405),
    ("POST whose body never comes",
     request(method="POST", headers={"Content-Length": "1000000"}), 405),
    ("POST that waits for 100",
     request(method="POST", headers={"Content-Length": "10",
                                     "Expect": "100-continue"}), 405),
    ("GET whose body never comes",
     request(headers={"Content-Length": "1000000"}), 200),
    ("chunks that never come",
     request(method="POST", headers={"Transfer-Encoding": "chunked"}), 405),
    ("an address", request(host="127.0.0.1:%d" % 9779), 200),
    ("another address", request(host="192.0.2.1"), 200),
    ("an IPv6 address", request(host="[::1]:9779"), 200),
    ("localhost.", request(host="LocalHost.:80"), 200),
    ("this machine", request(host=socket.gethostname()), 200),
    ("a name of the configuration",
     request(host="metrics.example.org:9779"), 200),
    ("a stranger's name", request(host="evil.example"), 421),
    ("like ours", request(host="localhost.evil.example"), 421),
    ("like an address", request(host="127.0.0.1.evil.example"), 421),
    ("no port", request(host="localhost:x"), 421),
    ("an open bracket", request(host="[::1"), 421),
    ("an empty host", request(host=""), 421),
    ("two hosts", request(headers={"host": "evil.example"}), 421),
    ("HTTP/1.0 without a host", request(version="1.0", host=None), 200),
    ("HTTP/1.1 without a host", request(host=None), 400),
    ("33 names", request("/metrics?" + "name=a&" * 33), 400),
    ("a long name", request("/metrics?name=" + "a" * 257), 400),
    ("no HTTP", b"hello\r\n\r\n", None),
    ("HTTP/9", request(version="9.9"), None),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
     None),
    ("a huge header", request(headers={"X": "y" * 100000}), None),
    ("many headers",
     request(headers={"X-%d" % i: "y" for i in range(5000)}), None),
    ("a huge path", request("/" + "a" * 100000), None),
]


async def rows():
    for what, data, status in ROWS:
        answer = await ask(data)
        got = answer.status if answer is not None else None
        if status is None:
            # A refusal of any kind, but no hanging and no success.
            check(got is None or got >= 400, "%s: %s" % (what, got))
        else:
            check(got == status, "%s: %s, not %s" % (what, got, status))
    print("%d requests, good and bad" % len(ROWS))


async def formats(text_path, om_path):
    with open(text_path, "rb") as file:
        text = file.read()
    with open(om_path, "rb") as file:
        openmetrics = file.read()
    answer, _ = await scrape()
    check(answer.body == text, "the page is not the golden one")
    check(answer.headers["content-type"] ==
          "text/plain; version=0.0.4; charset=utf-8", "type of text")
    check(answer.headers["cache-control"] == "no-store", "no-store")
    check(answer.headers["x-content-type-options"] == "nosniff", "nosniff")
    check(answer.headers["vary"] == "Accept, Accept-Encoding", "Vary")
    check("content-encoding" not in answer.headers, "gzip unasked")
    answer, _ = await scrape(headers={
        "Accept": "application/openmetrics-text;version=1.0.0,*/*;q=0.1",
        "Accept-Encoding": "gzip"})
    check(answer.headers["content-type"] == "application/openmetrics-text; "
          "version=1.0.0; charset=utf-8", "type of OpenMetrics")
    check(answer.headers["content-encoding"] == "gzip", "no gzip")
    check(gzip.decompress(answer.body) == openmetrics, "gzip or OpenMetrics")
    answer, _ = await scrape(headers={"Accept-Encoding": "gzip;q=0"})
    check("content-encoding" not in answer.headers, "gzip refused")
    head = await ask(request(method="HEAD"), head_only=True)
    check(head.status == 200 and
          int(head.headers["content-length"]) == len(text), "HEAD")
    answer, _ = await scrape(path="/metrics?name=job")
    check(answer.body.startswith(b"# HELP job ") and
          answer.body.count(b"# TYPE") == 1, "name=job")
    answer, _ = await scrape(path="/")
    check("default-src 'none'" in answer.headers["content-security-policy"],
          "policy")
    answer, _ = await scrape(path="/x", method="PATCH")
    check(answer.headers["allow"] == "GET, HEAD", "Allow")
    print("formats, gzip, headers")


async def pipeline():
    """Three at once on one connection, answered in order; then a fourth."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    paths = ["/-/healthy", "/nope", "/metrics"]
    writer.write(b"".join(request(path, close=False) for path in paths))
    got = [(await read_answer(reader)).status for _ in paths]
    check(got == [200, 404, 200], "pipelined: %s" % got)
    writer.write(request("/-/ready", close=False))
    check((await read_answer(reader)).status == 200, "kept alive")
    writer.close()
    print("pipelined, kept alive")


async def health():
    try:
        answer = await ask(request("/-/healthy"), seconds=5)
    except OSError as error:
        fail(str(error))
    check(answer is not None and answer.status == 200, "not healthy")


async def empty():
    """Before the first scan there is health, but neither page nor readiness."""
    for path, status in (("/metrics", 503), ("/-/ready", 503),
                         ("/-/healthy", 200)):
        answer = await ask(request(path))
        check(answer.status == status, "%s: %d" % (path, answer.status))
    print("without a scan")


# ---- bad company ---------------------------------------------------------------

async def drip(stop, data=b"GET /metrics HTTP/1.1\r\n", seconds=0.3):
    """Sends a head that never ends, and comes back when it is cut off."""
    while not stop.is_set():
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        except OSError:
            await asyncio.sleep(0.1)
            continue
        try:
            writer.write(data)
            while not stop.is_set():
                await asyncio.sleep(seconds)
                writer.write(b"X-a: b\r\n")
                await writer.drain()
                if reader.at_eof():
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def hoard(stop):
    """Asks for a page and never reads it."""
    while not stop.is_set():
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_connect(sock, ("127.0.0.1", PORT))
            await loop.sock_sendall(sock, request())
            await asyncio.sleep(1)
            if stop.is_set():
                break
            await asyncio.sleep(1)
        except OSError:
            await asyncio.sleep(0.1)
        finally:
            sock.close()


async def crowd(kind, cnt):
    """A crowd for as long as it is let."""
    stop = asyncio.Event()
    members = [asyncio.create_task(kind(stop)) for _ in range(cnt)]
    await asyncio.sleep(2)
    print("gathered", flush=True)
    await asyncio.gather(*members)


def once():
    """One scrape by a plain socket; None where it was closed."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=20) as sock:
        got = b""
        try:
            sock.sendall(request())
            while True:
                part = sock.recv(1 << 20)
                if part == b"":
                    break
                got += part
        except ConnectionError:
            return None
    return got if got.startswith(b"HTTP/1.1 200 ") else None


def scrapes(cnt):
    """Scrapes, one after the other. A client that is not let run between
    its connect and its send may lose its place to those who are: it tries
    again, as scrapers do."""
    took, again = [], 0
    for _ in range(cnt):
        start = time.monotonic()
        tries = 1
        while once() is None:
            tries += 1
            check(tries <= 3, "three scrapes in a row were cut off")
        again += tries - 1
        took.append(time.monotonic() - start)
    took.sort()
    print("%d scrapes (%d again): median %.1f ms, worst %.1f ms" % (
        cnt, again, took[cnt // 2] * 1000, took[-1] * 1000))
    # Far above what it takes: this shows starving, it does not measure.
    check(took[cnt // 2] < 2, "the median scrape took two seconds")


async def unread():
    """What the kernel keeps for those who do not read is bounded: an answer of
    some megabytes waits in the server, which has one for all."""
    queued = []
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            fields = line.split()
            if int(fields[1].split(":")[1], 16) == PORT:
                queued.append(int(fields[4].split(":")[0], 16))
    print("%d connections, %d bytes unread at most" % (
        len(queued), max(queued)))
    check(max(queued) > 10000, "nobody has left anything unread")
    check(max(queued) < 1 << 19, "the kernel keeps megabytes of an answer")


async def deadline():
    """A head that drips is cut off in all, not per byte; so is silence."""
    async def life(dripping):
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        start = time.monotonic()
        writer.write(b"GET /metrics HTTP/1.1\r\n")
        while True:
            try:
                if dripping:
                    writer.write(b"X: y\r\n")
                got = await asyncio.wait_for(reader.read(1), 0.2)
                if got == b"":
                    break
            except asyncio.TimeoutError:
                pass
            except OSError:
                break
            check(time.monotonic() - start < 20, "not cut off")
        writer.close()
        return time.monotonic() - start
    for seconds in await asyncio.gather(life(True), life(False)):
        check(seconds > 1.5, "cut off too early: %.1f s" % seconds)
    print("heads that do not end are cut off")


async def shared(cnt):
    """Many at once, all of the same scan."""
    answers = await asyncio.gather(*(scrape() for _ in range(cnt)))
    check(len({answer.body for answer, _ in answers}) == 1, "different pages")
    print("%d clients at once" % cnt)


async def ending(pid):
    """The server is told to end while an answer is under way."""
    import os
    import signal
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT,
                                                   limit=4096)
    writer.write(request())
    first = await reader.readexactly(100)
    os.kill(pid, signal.SIGTERM)
    await asyncio.sleep(0.3)
    rest = await reader.read(-1)
    head, body = (first + rest).split(b"\r\n\r\n", 1)
    want = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    check(len(body) == want, "%d of %d bytes" % (len(body), want))
    writer.close()
    print("an answer under way is whole, %d bytes" % want)


def main():
    global PORT
    PORT = int(sys.argv[1])
    name = sys.argv[2]
    arguments = [int(a) if a.isdigit() else a for a in sys.argv[3:]]
    if name in ("drip", "hoard"):
        asyncio.run(crowd(globals()[name], *arguments))
    elif name == "scrapes":
        scrapes(*arguments)
    else:
        asyncio.run(globals()[name](*arguments))


main()
