"""What tests share: one real Postgres per test process, a fresh database per test."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import hypothesis
import pytest

from simulation.environment.caller import without_python
from simulation.environment.embedded import EmbeddedPostgres, embedded_postgres
from simulation.environment.protocol import Database
from simulation.environment.workspace import workspace
from simulation.staging.schema import migrate
from simulation.targets.process import sandbox
from simulation.targets.process.sandbox import what_bars_a_sandbox

hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")
_numbers = itertools.count(1)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    # Started by nohup: what the tests start would ignore a closed terminal, too.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts background jobs with Ctrl-C ignored, and programs inherit that: tests of Ctrl-C would wait forever.
    signal.signal(signal.SIGINT, signal.default_int_handler)
for _name in os.environ.keys() - without_python(os.environ).keys():
    # A command that finds one of Python's variables starts itself anew: called within a test, it would end the tests.
    del os.environ[_name]
SERVER_START = datetime(2026, 3, 1, tzinfo=UTC)
"""Simulated instant at which the shared test server starts; its clock only moves forward."""

_OF_PROCESSES = (
    "integration/targets/",
    "acceptance/test_process_target.py",
    "acceptance/test_node_backend.py",
    "acceptance/test_points_league.py",
    "acceptance/test_shop.py",
    "acceptance/test_statements_of_processes.py",
    "integration/containers/test_runs.py::test_a_backend_in_processes_of_its_own",
)
"""Tests of backends in processes of their own, which need namespaces."""
GIT_REQUIRED = "SIMULATE_REQUIRE_GIT"
NAMESPACES_REQUIRED = "SIMULATE_REQUIRE_NAMESPACES"


_sandboxes: list[str] = []
"""One for each sandbox that the present test asked for."""
_permitted = sandbox._permitted


def _permitted_and_noted(unshare: str) -> tuple[str, ...]:
    _sandboxes.append(unshare)
    return _permitted(unshare)


sandbox._permitted = _permitted_and_noted


def _is_of_processes(item: pytest.Item) -> bool:
    return any(place in f"{item.path.as_posix()}::{item.name}" for place in _OF_PROCESSES)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the remedy, what this machine forbids; everything else runs without."""
    ours = [item for item in items if _is_of_processes(item)]
    bars = what_bars_a_sandbox() if ours and not os.environ.get(NAMESPACES_REQUIRED) else None
    if bars is not None:
        reason = f"{bars.problem}; {bars.remedy}; with {NAMESPACES_REQUIRED}=1 this fails instead"
        for item in ours:
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What is about commits needs ``git``, which a run does without."""
    _sandboxes.clear()
    if item.get_closest_marker("needs_git") and shutil.which("git") is None and not os.environ.get(GIT_REQUIRED):
        pytest.skip(f"no git on this machine: apt-get install git; with {GIT_REQUIRED}=1 this fails instead")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """A test that needs namespaces and is not listed would fail, not be skipped, where they are forbidden."""
    yield
    assert _is_of_processes(item) or not _sandboxes, (
        "it starts a backend in a process of its own: list it in conftest.py"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Every reason once, with how many tests it kept from running: each says what to do."""
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.stats.get("skipped", ())
    )
    if reasons:
        terminalreporter.section(f"{reasons.total()} tests did not run here; how to have them")
    for reason, number in reasons.most_common():
        terminalreporter.write_line(f"{number:>4}  {reason}")


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A real server under a simulated clock, with the staging platform's schema as its template."""
    with workspace() as folder, embedded_postgres(folder=folder, now=SERVER_START) as server:
        server.prepare_template(migrate)
        yield server


@pytest.fixture
def database(postgres: EmbeddedPostgres) -> Iterator[Database]:
    """A database of the test's own, cloned from the template, with roles, grants and a WAL slot."""
    name = f"test_{next(_numbers)}"
    yield postgres.clone(name)
    postgres.drop(name)
