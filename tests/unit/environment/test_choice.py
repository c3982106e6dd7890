"""What ``auto`` chooses, and the reason it gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.environment import engine as docker_presence
from simulation.environment import engine_address
from simulation.environment.choice import choose


def test_what_was_asked_for_is_taken() -> None:
    assert (choose("compose").name, choose("compose").reason) == ("compose", "asked for")


def test_without_an_engine_auto_is_embedded_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody")
    assert (choose().name, choose().reason) == ("embedded", "auto: no Docker engine answers")


def test_without_docker_at_all_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "XDG_RUNTIME_DIR", "DOCKER_CONFIG"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(engine_address, "DEFAULT_SOCKET", str(tmp_path / "docker.sock"))
    assert choose().reason == "auto: no Docker engine on this machine"


def test_with_an_engine_and_the_image_auto_is_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_presence, "what_is_missing", lambda: None)
    assert choose().name == "containers"
    assert "an engine answers and has postgres:" in choose().reason


def test_without_the_image_auto_is_embedded_and_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_presence, "what_is_missing", lambda: "the image is not here ('make images' builds it)")
    assert choose().name == "embedded"
    assert "make images" in choose().reason
