#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""health.py PORT TLS_PORT DIR: an HTTP server that is well unless DIR/db.down
is there, hangs while DIR/http.hang is, and counts POSTs in DIR/posts; over TLS
with DIR/cert.pem besides."""
import http.server
import os
import ssl
import sys
import threading
import time

folder = sys.argv[3]


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        while os.path.exists(folder + "/http.hang"):
            time.sleep(0.05)
        down = os.path.exists(folder + "/db.down")
        body = b"database: " + (b"gone" if down else b"fine") + b"\n"
        self.send_response(503 if down else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        with open(folder + "/posts", "a") as posts:
            posts.write(self.path + "\n")
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


plain = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer)
secure = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
secure.socket = context.wrap_socket(secure.socket, server_side=True)
threading.Thread(target=secure.serve_forever, daemon=True).start()
print("listening", flush=True)
plain.serve_forever()
