"""The file by which a second terminal finds the session."""

from __future__ import annotations

import fcntl
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from simulation.environment import workspace
from simulation.errors import UsageError
from simulation.interactive import session_file
from simulation.interactive.session_file import Session, find_session


@pytest.fixture
def roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(session_file, "candidate_roots", lambda: [tmp_path])
    return tmp_path


@pytest.fixture
def alive() -> Iterator[ExitStack]:
    """Holds the locks of workspaces whose process lives."""
    with ExitStack() as stack:
        yield stack


def brought_up(roots: Path, name: str, url: str, alive: ExitStack | None) -> Path:
    folder = roots / f"{workspace.PREFIX}{name}"
    folder.mkdir()
    lock = (folder / "lock").open("w", encoding="ascii")
    if alive is None:
        lock.close()
    else:
        fcntl.flock(alive.enter_context(lock), fcntl.LOCK_EX)
    Session(variables={"API_BASE_URL": url}, programs=folder).write(folder)
    return folder


def test_the_session_of_a_living_process_is_found(roots: Path, alive: ExitStack) -> None:
    brought_up(roots, "1-a", "http://127.0.0.1:1", alive)
    assert find_session().variables == {"API_BASE_URL": "http://127.0.0.1:1"}


def test_of_several_the_one_at_the_port_asked_for_is_found(roots: Path, alive: ExitStack) -> None:
    brought_up(roots, "1-a", "http://127.0.0.1:1", alive)
    brought_up(roots, "1-b", "http://127.0.0.1:2", alive)
    assert find_session(port=1).variables == {"API_BASE_URL": "http://127.0.0.1:1"}
    with pytest.raises(UsageError, match="no staging platform is up at port 3"):
        find_session(port=3)


def test_only_its_owner_may_read_the_file(roots: Path, alive: ExitStack) -> None:
    folder = brought_up(roots, "1-a", "http://127.0.0.1:1", alive)
    assert stat.S_IMODE((folder / "staging.json").stat().st_mode) == 0o600


def test_what_a_dead_process_left_is_no_session(roots: Path) -> None:
    brought_up(roots, "1-a", "http://127.0.0.1:1", None)
    with pytest.raises(UsageError, match="bring one up in another terminal: simulate staging up"):
        find_session()
