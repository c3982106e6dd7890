"""What was opened before something failed is closed: left to the collector it would break another test as a warning."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest
from testcontainers.core import config

from simulation.environment import containers, engine
from simulation.environment.process import closed_unless_kept
from simulation.errors import EnvironmentFault
from simulation.targets.process import event_loop, idle_probe, sandbox
from simulation.world.operator.simulated_sleep import SleepSocket


def _no_namespaces(*_: Any, **__: Any) -> Any:
    raise EnvironmentFault(problem="no namespaces", remedy="none")


def _no_process(*_: Any, **__: Any) -> Any:
    raise OSError("no process can be started")


def _sandbox_without_namespaces(patch: pytest.MonkeyPatch, folder: Path) -> None:
    patch.setattr(sandbox, "_permitted", _no_namespaces)
    with sandbox.open_sandbox():
        pass


def _sandbox_without_processes(patch: pytest.MonkeyPatch, folder: Path) -> None:
    patch.setattr(sandbox, "_permitted", lambda _: ())
    patch.setattr(subprocess, "Popen", _no_process)
    with sandbox.open_sandbox():
        pass


def _probe_without_processes(patch: pytest.MonkeyPatch, folder: Path) -> None:
    patch.setattr(subprocess, "Popen", _no_process)
    patch.setattr(os, "sched_getaffinity", lambda _: {0})
    loop = event_loop.EventLoop()
    try:
        idle_probe.IdleProbe(loop)
    finally:
        loop.close()


def _sleep_where_none_can_listen(patch: pytest.MonkeyPatch, folder: Path) -> None:
    SleepSocket(folder / "absent" / "sleep")


def _engine_that_is_gone(patch: pytest.MonkeyPatch, folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(folder / "docker.sock"))
    patch.setenv("DOCKER_HOST", f"unix://{folder / 'docker.sock'}")
    engine.connect()


@pytest.mark.parametrize(
    "fails",
    [
        _sandbox_without_namespaces,
        _sandbox_without_processes,
        _probe_without_processes,
        _sleep_where_none_can_listen,
        _engine_that_is_gone,
    ],
)
def test_a_failed_start_leaves_no_socket_open(
    fails: Callable[[pytest.MonkeyPatch, Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gc.collect()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        with monkeypatch.context() as patch, pytest.raises((EnvironmentFault, OSError)):
            fails(patch, tmp_path)
        gc.collect()
    assert [str(warning.message) for warning in told] == []


def test_what_went_well_stays_open() -> None:
    with socket.socket() as opened:
        with closed_unless_kept(opened):
            pass
        assert opened.fileno() >= 0


def test_reading_the_attributes_of_every_module_asks_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """As freezegun does where the clock of a run begins: once ``containers`` was imported, this opened a socket."""
    assert config.testcontainers_config.ryuk_disabled, f"as {containers.__name__} has it"
    asked: list[str] = []
    monkeypatch.setattr(docker, "from_env", lambda: asked.append("engine"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = {name: getattr(config, name) for name in {*dir(config), "RYUK_DOCKER_SOCKET"}}
    assert (asked, values["RYUK_DOCKER_SOCKET"]) == ([], "/var/run/docker.sock")
