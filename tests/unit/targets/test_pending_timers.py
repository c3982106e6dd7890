"""The deadline of a sleeping thread is read from its system call; the kernel's tables say who is at rest."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from simulation.targets.process import quiescence
from simulation.targets.process.pending_timers import Awake, seconds_left
from simulation.targets.process.quiescence import ThreadTable, parent_of, tasks

_NOW = datetime(2026, 3, 1, tzinfo=UTC)


@contextmanager
def _python(code: str) -> Iterator[subprocess.Popen[str]]:
    """A program that says ``ready`` and then does ``code``."""
    program = subprocess.Popen(
        [sys.executable, "-c", f"print('ready', flush=True)\n{code}"], stdout=subprocess.PIPE, stdin=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        yield program
    finally:
        program.kill()
        program.communicate()


def _until(found: object, wanted: object) -> object:
    """Look again until it is as wanted, for ten real seconds at most."""
    deadline = time.monotonic() + 10
    value = found()  # type: ignore[operator]
    while value != wanted and time.monotonic() < deadline:
        value = found()  # type: ignore[operator]
    return value


def _left(program: subprocess.Popen[str]) -> float | str | None:
    try:
        return seconds_left(program.pid, program.pid, now=_NOW)
    except Awake:
        return "awake"


@pytest.mark.parametrize(
    "wait",
    [
        "import select; select.select([], [], [], 1000)",
        "import select; select.poll().poll(1000_000)",
        "import select; select.epoll().poll(1000)",
        "import time; time.sleep(1000)",
        "import threading; threading.Event().wait(1000)",
        "import signal; signal.sigtimedwait([signal.SIGUSR1], 1000)",
    ],
)
def test_what_is_left_of_a_wait_is_read_from_its_system_call(wait: str) -> None:
    with _python(wait) as program:

        def near() -> bool:
            left = _left(program)
            return isinstance(left, float) and 900 < left <= 1000

        assert _until(near, True)


def test_a_wait_without_an_end_has_no_deadline() -> None:
    with _python("import sys; sys.stdin.read()") as program:
        assert _until(lambda: _left(program), None) is None


def test_one_that_does_not_wait_is_not_taken_for_one_that_waits_for_ever() -> None:
    with _python("while True: pass") as program:
        assert _left(program) == "awake"


def test_a_program_that_waits_is_at_rest_and_one_that_works_is_not() -> None:
    with _python("import sys\nsys.stdin.readline()\nwhile True: pass") as program:
        threads = ThreadTable(belongs=lambda pid: pid == program.pid, ancestors=lambda: [os.getpid()])
        assert _until(lambda: threads.at_rest(nothing_else=lambda: True), True)
        assert threads.processes() == [program.pid]
        assert not threads.at_rest(nothing_else=lambda: False)
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
        assert _until(lambda: threads.at_rest(nothing_else=lambda: True), False) is False
        threads.close()


@pytest.mark.parametrize("kept", [True, False])
def test_a_grandchild_that_was_left_behind_belongs_too(kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not kept:  # a kernel without lists of children
        monkeypatch.setattr(quiescence, "_KEEPS_CHILDREN", False)
        monkeypatch.setattr(quiescence, "open", _no_such_table, raising=False)
    leaves_one = """
import os, subprocess, sys
sys.stdin.readline()
child = subprocess.Popen(['sleep', '1000'])
print(child.pid, flush=True)
sys.stdin.readline()
child.kill(); child.wait()
"""
    with _python(leaves_one) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        us = os.getpid()
        threads = ThreadTable(belongs=lambda pid: us not in (pid, 1) and _ancestor(pid, us), ancestors=lambda: [us])
        assert program.pid in threads.processes()
        program.stdin.write("\n")
        program.stdin.flush()
        child = int(program.stdout.readline())
        assert child in threads.processes()
        program.stdin.write("\n")
        program.stdin.flush()
        program.wait()
        assert child not in threads.processes()
        assert program.pid not in threads.processes()
        threads.close()


def _ancestor(pid: int, ancestor: int) -> bool:
    while pid > 1:
        pid = parent_of(pid)
        if pid == ancestor:
            return True
    return False


def _no_such_table(path: str, *arguments: object, **options: object) -> object:
    if str(path).endswith("/children"):
        raise FileNotFoundError(path)
    return open(path, *arguments, **options)  # type: ignore[call-overload]


def test_threads_of_a_program_that_ended_are_none() -> None:
    with _python("") as program:
        program.wait()
    assert tasks(program.pid) == []
