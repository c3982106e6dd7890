"""The smallest backend that can be simulated: one page, one timer. What it does wrong is said by WRONG."""

import contextlib
import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

WRONG = os.environ.get("WRONG", "")


OUT_OF_THE_ORDINARY = {
    "/compressed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x00\xff",
    "/latin": b"HTTP/1.1 200 OK\r\nX-Name: Jos\xe9\r\nSet-Cookie: =;;=\xff\r\nContent-Length: 2\r\n\r\nok",
    "/status": b"HTTP/1.1 999 Evil\r\nContent-Length: 2\r\n\r\nok",
    "/garbage": b"\x00\x01garbage\r\n\r\n" * 50,
    "/half": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf",
    "/headers": b"HTTP/1.1 200 OK\r\n" + b"X: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n" * 5000 + b"\r\n",
    "/closed": b"",
}


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path in OUT_OF_THE_ORDINARY:
            self.close_connection = True
            self.wfile.write(OUT_OF_THE_ORDINARY[self.path])
            return
        if self.path == "/endless":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                self.wfile.write(b"x" * 1_000_000)
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


def ask(url: str) -> None:
    headers = {"Authorization": f"Bearer {os.environ['STRIPE_SECRET_KEY']}"}
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(urllib.request.Request(url, headers=headers)).close()


def tick() -> None:
    if WRONG == "prints":
        while True:
            print("again and again \x1b[31m", flush=True)
    first = True
    while True:
        time.sleep(300 if WRONG != "idle" else 3_000_000)
        if WRONG == "asks":
            ask("https://api.stripe.com/v1/products")
            ask("https://scores.provider.test/odd/leaderboard")
        print(f"tick at {time.time():.0f}", flush=True)
        if WRONG == "naps":
            time.sleep(0.005)
            print(f"napped at {time.time():.0f}", flush=True)
        if WRONG == "dies":
            print("out of memory", flush=True)
            os._exit(3)
        if WRONG == "back-off":
            time.sleep(2)
            print(f"tried again at {time.time():.0f}", flush=True)
        if WRONG == "many back-offs":
            for _ in range(12 if first else 1):
                time.sleep(1)
            first = False
            print(f"tried again at {time.time():.0f}", flush=True)


if WRONG == "late":
    began = time.monotonic()
    while time.monotonic() < began + 2:  # a timer of its own, counted by its own clock
        time.sleep(0.05)
if WRONG == "exits":
    sys.exit("no configuration, no service")
if WRONG == "deaf":
    deaf = socket.create_server(("127.0.0.1", 8081))
    time.sleep(3600)
threading.Thread(target=tick, daemon=True).start()
HTTPServer(("127.0.0.1", 8080), Page).serve_forever()
