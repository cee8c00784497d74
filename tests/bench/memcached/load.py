"""load.py PORT COUNT: COUNT commands, nine gets and a set in ten, one after the
other on 16 connections, the same each time. Prints how many were of each kind."""
import socket
import sys

port, count = int(sys.argv[1]), int(sys.argv[2])
connections = []
for _ in range(16):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connections.append((connection, connection.makefile("rb")))
value = b"v" * 100
done = {"get": 0, "set": 0}
for i in range(count):
    connection, answers = connections[i % 16]
    key = b"key-%d" % (i * 7919 % 997)
    if i % 10 == 0:
        connection.sendall(b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value))
        assert answers.readline() == b"STORED\r\n"
        done["set"] += 1
    else:
        connection.sendall(b"get %s\r\n" % key)
        while answers.readline() != b"END\r\n":
            pass
        done["get"] += 1
print(done["get"], done["set"])
