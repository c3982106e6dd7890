"""Which Docker engine is spoken to, and who named it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from simulation.environment import engine_address as place
from simulation.environment.engine_address import engine_address


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setattr(place, "DEFAULT_SOCKET", str(tmp_path / "absent.sock"))
    return tmp_path


def describe(home: Path, context: str, host: str, *, current: bool) -> None:
    folder = home / ".docker" / "contexts" / "meta" / hashlib.sha256(context.encode()).hexdigest()
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(json.dumps({"Name": context, "Endpoints": {"docker": {"Host": host}}}))
    if current:
        (home / ".docker" / "config.json").write_text(json.dumps({"currentContext": context}))


def test_the_current_context_names_the_engine(home: Path) -> None:
    describe(home, "colima", "unix:///home/x/.colima/default/docker.sock", current=True)
    assert str(engine_address()) == "unix:///home/x/.colima/default/docker.sock (docker context 'colima')"


def test_a_context_may_be_named_by_its_variable(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    describe(home, "far", "tcp://far:2376", current=False)
    monkeypatch.setenv("DOCKER_CONTEXT", "far")
    assert (engine_address().host, engine_address().socket) == ("tcp://far:2376", None)


def test_the_variable_of_the_host_comes_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    describe(home, "colima", "unix:///somewhere", current=True)
    monkeypatch.setenv("DOCKER_HOST", "unix:///named")
    assert str(engine_address()) == "unix:///named (DOCKER_HOST)"


@pytest.mark.parametrize(
    ("socket", "whose"),
    [
        ("run/docker.sock", "rootless Docker"),
        (".colima/default/docker.sock", "Colima"),
        ("run/podman/podman.sock", "Podman"),
    ],
)
def test_without_a_name_the_first_usual_socket_is_taken(home: Path, socket: str, whose: str) -> None:
    assert engine_address().named_by == "the default socket"
    (home / socket).parent.mkdir(parents=True)
    (home / socket).touch()
    assert engine_address().named_by == whose


def test_a_configuration_that_cannot_be_read_names_nothing(home: Path) -> None:
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text("[not json")
    assert engine_address().named_by == "the default socket"
