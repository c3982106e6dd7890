"""Tells its clock, calls Stripe when it is asked to, and has a timer of five minutes."""

import os
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        said = (_stripe() if self.path == "/stripe" else f"{time.time():.0f}").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)


def _stripe() -> str:
    headers = {"Authorization": f"Bearer {os.environ['STRIPE_SECRET_KEY']}"}
    try:
        with urllib.request.urlopen(
            urllib.request.Request("https://api.stripe.com/v1/balance", headers=headers)
        ) as answer:
            return str(answer.status)
    except OSError as error:
        return str(error)


def _tick() -> None:
    while True:
        time.sleep(300)
        print(f"tick at {time.time():.0f}", flush=True)


threading.Thread(target=_tick, daemon=True).start()
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
