"""The smallest backend that can be simulated: one page, one timer. What it does wrong is said by WRONG."""

import os
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

WRONG = os.environ.get("WRONG", "")


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if WRONG == "stranger":
            try:
                socket.getaddrinfo("hooks.slack.com", 443)
            except socket.gaierror as error:
                print(f"stranger: {error}", flush=True)
        if WRONG == "slow":
            time.sleep(20)
        if WRONG == "tells":
            print(f"answered {self.path}", flush=True)
        body = f"{time.time():.0f}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def tick() -> None:
    while True:
        time.sleep(300)
        print(f"tick at {time.time():.0f}", flush=True)
        if WRONG == "dies":
            print("out of memory", flush=True)
            os._exit(3)
        if WRONG == "back-off":
            time.sleep(2)
            print(f"tried again at {time.time():.0f}", flush=True)


if WRONG == "exits":
    sys.exit("no configuration, no service")
if WRONG == "deaf":
    deaf = socket.create_server(("127.0.0.1", 8081))
    time.sleep(3600)
threading.Thread(target=tick, daemon=True).start()
HTTPServer(("127.0.0.1", 8080), Page).serve_forever()
