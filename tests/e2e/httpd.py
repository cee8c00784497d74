"""httpd.py PORT: talks to examples/httpd in ways that a server may get wrong;
prints how many answers it got."""
import re
import socket
import sys

port = int(sys.argv[1])
answered = 0
BODY = bytes(i * 7 % 256 for i in range(65536))


def dial():
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    return connection, connection.makefile("rb")


def read(file, head=False):
    """(code, body, whether the connection stays) of the next answer."""
    global answered
    code = int(file.readline().split()[1])
    headers = {}
    while (line := file.readline().strip()):
        name, value = line.split(b": ", 1)
        headers[name.lower()] = value
    length = int(headers[b"content-length"])
    body = b"" if head else file.read(length)
    assert head or len(body) == length, f"{len(body)} of {length} bytes"
    answered += 1
    return code, body, headers.get(b"connection") != b"close"


def ask(text, code, pattern=b"", stays=True, head=False):
    connection, file = dial()
    connection.sendall(text)
    got = read(file, head)
    assert got[0] == code and got[2] == stays, (text[:60], got)
    assert re.search(pattern, got[1], re.S), (text[:60], got)
    if not stays:
        assert file.read() == b"", "more than one answer"
    connection.close()


def get(path):
    return b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path


def post(body, version=b"1.1"):
    return (b"POST /echo HTTP/%s\r\nContent-Length: %d\r\n\r\n%s"
            % (version, len(body), body))


# Routes and methods.
ask(get(b"/"), 200, b"a small server")
ask(get(b"/items/42"), 200, b'^{"id": 42, ')
ask(get(b"/items/x"), 404)
ask(get(b"/items/1234567"), 404)
ask(get(b"/nothing"), 404)
ask(get(b"/slow"), 200)
ask(b"HEAD /items/42 HTTP/1.1\r\n\r\n", 200, head=True)
ask(get(b"/echo"), 405)
ask(b"MAKEUP / HTTP/1.1\r\n\r\n", 405)
ask(post(b"hello"), 200, b"^hello$")
ask(post(BODY), 200, re.escape(BODY))
ask(post(b"", b"1.0"), 200, b"^$", stays=False)
ask(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 200, stays=False)
ask(b"GET /items/7 HTTP/1.1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c"
    b"-b7ad6b7169203331-01\r\n\r\n", 200)

# What is no request is refused, and ends the connection.
for text, code in (
        (b"garbage\r\n\r\n", 400),
        (b"GET  HTTP/1.1\r\n\r\n", 400),
        (b"GET / SPDY/3\r\n\r\n", 505),
        (b"GET /\0 HTTP/1.1\r\n\r\n", 400),
        (b"POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /echo HTTP/1.1\r\nContent-Length: 1x\r\n\r\n", 400),
        (b"POST /echo HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413),
        (b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 8192, 431),
        (b"GET /" + b"x" * 300 + b" HTTP/1.1\r\n\r\n", 400)):
    ask(text, code, stays=False)

# Byte by byte.
connection, file = dial()
for byte in post(b"drop by drop"):
    connection.sendall(bytes([byte]))
assert read(file)[1] == b"drop by drop"
connection.close()

# A thousand at once, answered in their order.
connection, file = dial()
connection.sendall(b"".join(get(b"/items/%d" % i) for i in range(1000)))
for i in range(1000):
    assert read(file)[1].startswith(b'{"id": %d,' % i), i
connection.close()

# More answers than the client takes: the server must stop, and go on.
connection, file = dial()
connection.setblocking(False)
sent, all_of_it = 0, post(BODY) * 250
got, stops = bytearray(), 0
while sent < len(all_of_it):
    try:
        sent += connection.send(all_of_it[sent:sent + 1000000])
    except BlockingIOError:
        stops += 1
        connection.setblocking(True)
        got += connection.recv(1000000)
        connection.setblocking(False)
assert stops > 0
connection.setblocking(True)
connection.shutdown(socket.SHUT_WR)
while (part := connection.recv(1000000)):
    got += part
assert got.count(BODY) == 250, got.count(BODY)
answered += 250
print(answered)
