"""The door on 127.0.0.1: one request at a time, numbered, with nothing of the machine reaching the platform."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import pytest

from simulation.world.network.loopback import LoopbackServer


def answers(door: LoopbackServer, *curl: str) -> str:
    """What curl prints; the door is served meanwhile."""
    with subprocess.Popen(["curl", "-sS", *curl], stdout=subprocess.PIPE, text=True) as process:
        door.serve_one()
        output, _ = process.communicate(timeout=10)
    return output


def address_of(door: LoopbackServer) -> tuple[str, int]:
    there = urlsplit(door.url)
    assert there.hostname is not None
    assert there.port is not None
    return there.hostname, there.port


def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    shown = (
        "REQUEST_METHOD",
        "PATH_INFO",
        "QUERY_STRING",
        "HTTP_HOST",
        "SERVER_NAME",
        "SERVER_PORT",
        "HTTP_X_REQUEST_ID",
    )
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
    return [" ".join((*(environ[name] for name in shown), body)).encode()]


@pytest.fixture
def door() -> Iterable[LoopbackServer]:
    opened = LoopbackServer(echo)
    yield opened
    opened.close()


def test_a_request_arrives_whole_and_says_nothing_of_the_port(door: LoopbackServer) -> None:
    door.label_requests("exec-3")
    assert answers(door, "--data", "body", f"{door.url}/a/b?c=d") == (
        "POST /a/b c=d platform.test platform.test 80 exec-3-req-1 body"
    )


def test_requests_are_numbered_unless_they_have_an_id(door: LoopbackServer) -> None:
    door.label_requests("exec-1")
    answers(door, door.url)
    answers(door, "-H", "X-Request-Id: mine", door.url)
    answers(door, door.url)
    assert door.take_request_ids() == ("exec-1-req-1", "mine", "exec-1-req-2")
    assert door.take_request_ids() == ()


def test_what_the_application_raises_is_the_callers(door: LoopbackServer) -> None:
    def broken(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise ZeroDivisionError("harness fault")

    failing = LoopbackServer(broken)
    with pytest.raises(ZeroDivisionError, match="harness fault"):
        answers(failing, failing.url)
    failing.close()


def test_a_peer_that_goes_away_does_no_harm(door: LoopbackServer) -> None:
    host, port = address_of(door)
    socket.create_connection((host, port)).close()
    door.serve_one()
    assert answers(door, f"{door.url}/after").startswith("GET /after")


def test_a_request_without_the_addresss_secret_is_not_served_and_not_counted(door: LoopbackServer) -> None:
    host, port = address_of(door)
    assert answers(door, "-o", "/dev/null", "-w", "%{http_code}", f"http://{host}:{port}/api/users") == "404"
    assert answers(door, "-o", "/dev/null", "-w", "%{http_code}", f"{door.url}x/api/users") == "404"
    assert door.take_request_ids() == ()
    assert answers(door, f"{door.url}/ours").startswith("GET /ours")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user: run the tests as root")
def test_another_users_connection_is_closed_before_it_says_a_word(door: LoopbackServer) -> None:
    host, port = address_of(door)
    program = f"import socket; k = socket.create_connection(('{host}', {port}), 10); print(k.recv(10))"
    with subprocess.Popen(
        ["/usr/bin/env", "python3", "-c", program], user=65534, group=65534, extra_groups=[], cwd="/",
        env={"PATH": "/usr/bin:/bin"}, stdout=subprocess.PIPE, text=True,
    ) as stranger:  # fmt: skip
        door.serve_one()
        said, _ = stranger.communicate(timeout=10)
    assert said == "b''\n"
    assert answers(door, f"{door.url}/ours").startswith("GET /ours")
