"""The probe tells when the processor is idle, and never waits for longer than a moment."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.environment.process import one_cpu
from simulation.targets.process.event_loop import EventLoop
from simulation.targets.process.idle_probe import IdleProbe

pytestmark = pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="this kernel has no class for idle work")


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    opened = EventLoop()
    yield opened
    opened.close()


@pytest.fixture
def probe(loop: EventLoop) -> Iterator[IdleProbe]:
    with one_cpu():
        opened = IdleProbe(loop)
        yield opened
        opened.close()


def test_an_idle_processor_is_noticed(probe: IdleProbe) -> None:
    assert any(probe.wait(in_vain=False) for _ in range(60_000))


def test_after_an_idle_moment_in_vain_it_only_pauses(probe: IdleProbe) -> None:
    assert probe.wait(in_vain=True) is False


@pytest.mark.parametrize("in_vain", [False, True])
def test_a_wait_ends_when_there_is_something_to_serve(probe: IdleProbe, loop: EventLoop, in_vain: bool) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        served: list[bytes] = []
        loop.watch(ours, lambda: served.append(ours.recv(1)))
        theirs.send(b"x")
        probe.wait(in_vain=in_vain)
        assert loop.turn(0)
        loop.forget(ours)
    assert served == [b"x"]
    assert any(probe.wait(in_vain=False) for _ in range(60_000)), "what was asked then is asked anew"


def test_its_child_is_of_the_lowest_class_and_goes_with_it(loop: EventLoop) -> None:
    with one_cpu():
        opened = IdleProbe(loop)
        assert any(opened.wait(in_vain=False) for _ in range(60_000))
        pid = opened._echo.pid
        assert os.sched_getscheduler(pid) == os.SCHED_IDLE
        opened.close()
    assert not Path(f"/proc/{pid}").exists()


def test_with_several_processors_there_is_no_child(monkeypatch: pytest.MonkeyPatch, loop: EventLoop) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    opened = IdleProbe(loop)
    assert opened.wait(in_vain=False) is False
    opened.close()
