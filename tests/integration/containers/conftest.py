"""Container tests: skipped where no engine or no image is here, unless CI forbids it; what they used is printed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulation.environment.choice import provide
from simulation.environment.engine import what_is_missing
from simulation.environment.server import PostgresServer, running
from simulation.environment.workspace import workspace

REQUIRED = "SIMULATE_REQUIRE_DOCKER"
_REMEDY = "start an engine (as root: apt-get install docker.io, dockerd &), then: make images"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_used: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if Path(__file__).parent in item.path.parents]
    lacks = what_is_missing() if ours and not os.environ.get(REQUIRED) else None
    if lacks is not None:
        for item in ours:
            item.add_marker(pytest.mark.skip(reason=f"{lacks}; {_REMEDY}; with {REQUIRED}=1 this fails instead"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _used:
        terminalreporter.write_line(line)


def note_used(server: PostgresServer) -> None:
    """Show at the end which container and image a test had."""
    _used.append(f"{server.name}: {server.detail}")


@contextmanager
def container() -> Iterator[PostgresServer]:
    """A server in a container of its own, at noon."""
    with workspace() as folder, running(provide("containers", folder=folder, now=NOON)) as server:
        note_used(server)
        server.prepare_template(lambda _url: None)
        yield server


@pytest.fixture(scope="session")
def server() -> Iterator[PostgresServer]:
    """One container for the tests that leave it as it was."""
    with container() as server:
        yield server
