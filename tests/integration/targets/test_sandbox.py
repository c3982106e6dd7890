"""The sandbox of a backend, and what is said where the machine bars namespaces."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.targets.process.sandbox import open_sandbox

_UNSHARE = {"x86_64": 272, "aarch64": 97}
BARRED = f"""\
import ctypes, struct
from simulation.errors import EnvironmentFault
from simulation.targets.process.sandbox import open_sandbox

unshare = {_UNSHARE.get(platform.machine(), 0)}
rules = ((0x20, 0, 0, 0), (0x15, 0, 1, unshare), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000))
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))

class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("rules", ctypes.c_void_p)]

libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Filter(len(rules), ctypes.addressof(program))), 0, 0) == 0
try:
    with open_sandbox():
        print("a sandbox")
except EnvironmentFault as fault:
    print(fault)
"""
"""Loads a seccomp filter under which unshare(2) answers EPERM, as a container's does."""


@pytest.mark.skipif(platform.machine() not in _UNSHARE, reason="the number of unshare(2) is not known here")
def test_where_namespaces_are_barred_the_reason_and_the_remedy_are_said() -> None:
    said = subprocess.run([sys.executable, "-c", BARRED], capture_output=True, text=True, check=True).stdout
    assert "cannot be given a network of its own: unshare: unshare failed: Operation not permitted" in said
    assert "remedy: allow user namespaces" in said


def test_a_sandbox_has_processes_of_its_own(tmp_path: Path) -> None:
    with open_sandbox() as sandbox:
        sandbox.mount(files={}, workspace=tmp_path)
        sandbox.start("list", command=["ls", "/proc"], directory=tmp_path, environment={"PATH": "/usr/bin:/bin"},
            output=tmp_path / "out")  # fmt: skip
        while sandbox.ended("list") is None:
            pass
        pids = [word for word in (tmp_path / "out").read_text().split() if word.isdigit()]
    assert len(pids) == 2, "the first process, and ls"
