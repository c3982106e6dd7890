"""Faults of the environment: the reason, the remedy, never a pass, and nothing left running."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from simulation.assembly.request import prepare
from simulation.environment.clock_library import LIBRARY_VARIABLE
from simulation.environment.containers import ContainerPostgres
from simulation.environment.engine import OWNER_LABEL, connect, need_image
from simulation.environment.server import running
from simulation.environment.workspace import workspace
from simulation.errors import EnvironmentFault
from simulation.progress import Silent
from simulation.run import run
from tests.integration.containers.conftest import NOON, container


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Each of these tests removes what it started, however it went wrong."""
    before = _our_containers()
    yield
    assert _our_containers() == before


def _our_containers() -> set[str]:
    with closing(connect()) as engine:
        return {found.id for found in engine.containers.list(all=True, filters={"label": OWNER_LABEL})}


def test_an_engine_that_does_not_answer_ends_a_run_with_255_and_the_remedy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "simulation", "run", "smoke_2d", "--environment", "containers", "--out", tmp_path],
        env={**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/nobody"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 255
    assert "no Docker engine answers" in done.stderr
    assert "--environment embedded" in done.stderr


def test_an_image_that_is_not_here_and_cannot_be_pulled_names_make_images() -> None:
    with closing(connect()) as engine, pytest.raises(EnvironmentFault, match="make images"):
        need_image(engine, "127.0.0.1:1/absent:1")


def test_an_image_that_cannot_take_the_clock_is_refused_with_one_that_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "libfaketime.so.1").write_text("for another machine")
    monkeypatch.setenv(LIBRARY_VARIABLE, str(tmp_path / "libfaketime.so.1"))
    with pytest.raises(EnvironmentFault, match="cannot live in simulated time") as refused, container():
        pass
    assert "glibc" in refused.value.remedy


def _fill_the_disk() -> None:
    """A platform would shrug these errors off, and be blamed for what came of them."""
    with (
        workspace() as folder,
        running(ContainerPostgres(folder=folder, now=NOON, disk_megabytes=96)) as server,
        server.superuser("postgres") as connection,
        contextlib.suppress(psycopg.Error),
    ):
        connection.execute("CREATE TABLE filler (text text)")
        for _ in range(64):
            connection.execute(
                "INSERT INTO filler SELECT string_agg(md5(i::text), '') FROM generate_series(1, 200000) i"
            )


def test_a_full_disk_is_told_as_such_whatever_went_wrong_because_of_it() -> None:
    with pytest.raises(EnvironmentFault, match="no room is left"):
        _fill_the_disk()


class _Assassin(Silent):
    """Kills the run's containers once two simulated events have passed on day 0."""

    def __init__(self) -> None:
        self.killed: list[str] = []

    def at(self, now: object) -> None:
        if not self.killed:
            with closing(connect()) as engine:
                for found in engine.containers.list(filters={"label": OWNER_LABEL}):
                    if "postgres" in found.image.tags[0]:
                        found.kill()
                        self.killed.append(found.id)


def test_a_container_killed_mid_run_ends_the_run_without_a_verdict(tmp_path: Path) -> None:
    assassin = _Assassin()
    request = prepare(scenario="smoke_2d", seed=1, environment="containers", out=tmp_path)
    with pytest.raises(EnvironmentFault, match="died"):
        run(request, assassin)
    assert assassin.killed
    assert not list(tmp_path.rglob("verdict.json"))
    assert list(tmp_path.rglob("history.jsonl"))
