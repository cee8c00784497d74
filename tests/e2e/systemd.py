#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""systemd.py ADDRESS: listens as systemd does for sd_notify, at a path or, with @
first, at an abstract address; prints each message on a line."""
import socket
import sys

address = sys.argv[1]
heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
heard.bind("\0" + address[1:] if address.startswith("@") else address)
print("listening", flush=True)
while True:
    print(heard.recv(4096).decode().replace("\n", " "), flush=True)
