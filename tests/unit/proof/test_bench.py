"""The bench says where CPU goes, and two benches can be compared."""

from __future__ import annotations

import os
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import pytest

from simulation.clock_file import write_clock_file
from simulation.errors import UsageError
from simulation.history import History, Recorder
from simulation.proof.bench.clock_reads import ClockReads
from simulation.proof.bench.figures import figures_of, read_figures, write_figures
from simulation.proof.bench.floor import Asked, Floor, origin_of
from simulation.proof.bench.profile import PhaseCpu, Profile, Sampler, subsystem_of

START = datetime(2026, 3, 1, tzinfo=UTC)
PROFILE = Profile(
    imports=0.5,
    phases={"living 2 days": PhaseCpu(own=2.0, postgres=1.0, children=0.0)},
    subsystems={"staging/money": 1.5, "world/monitoring": 0.5},
    origins={"job:settlement": 2.0},
    events=7,
    digest="abc",
)
FLOOR = Floor(
    days_seconds=2.0,
    floor_seconds=1.0,
    replayed=12,
    asked=Asked(statements=Counter({"monitor": 3, "observer": 2}), commits=4, clock_writes=9, clock_reads=None),
)


@pytest.mark.parametrize(
    ("cause", "origin"),
    [
        ("job:settlement:2026-03-01T00:05:00+00:00", "job:settlement"),
        ("provider:open", "provider:open"),
        ("execution:7", "execution"),
        ("monitor", "monitor"),
    ],
)
def test_causes_of_one_kind_have_one_origin(cause: str, origin: str) -> None:
    assert origin_of(cause) == origin


def test_a_sample_belongs_to_the_innermost_code_of_ours() -> None:
    frames: list[FrameType | None] = []
    recorder = Recorder.__new__(Recorder)
    recorder.events = Spy(frames)  # type: ignore[assignment]
    recorder._file = None
    recorder.history()
    assert subsystem_of(frames[0]) == "history.py"
    assert subsystem_of(None) == "loop"
    assert subsystem_of(sys._getframe()) == "loop"


class Spy(list):  # type: ignore[type-arg]
    """Events that note who reads them."""

    def __init__(self, frames: list[FrameType | None]) -> None:
        super().__init__()
        self._frames = frames

    def __iter__(self):
        self._frames.append(sys._getframe().f_back)
        return super().__iter__()


def test_the_sampler_sees_what_takes_cpu_time() -> None:
    sampler = Sampler()
    with sampler.sampling():
        while not sampler.subsystems:
            History([])
    assert set(sampler.subsystems) <= {"history.py", "loop"}
    assert sampler.origins.total() == sampler.subsystems.total()


def test_every_open_of_the_clock_file_is_counted_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "now"
    write_clock_file(file, START)
    with ClockReads(file) as reads:
        reads.collect()
        before = reads.number
        if before is None:
            pytest.skip("no inotify here")
        for _ in range(3):
            os.close(os.open(file, os.O_RDONLY))
        (tmp_path / "other").touch()
        reads.collect()
        assert reads.number == before + 3


def test_figures_are_read_as_they_were_written(tmp_path: Path) -> None:
    figures = figures_of({"whole run (s)": 8.0}, PROFILE, FLOOR)
    assert figures["CPU of the run (s)"] == {"imports": 0.5, "living 2 days: own": 2.0, "living 2 days: postgres": 1.0}
    assert figures["counts"]["statements of monitor"] == 3
    assert "reads of the clock file" not in figures["counts"]
    write_figures(tmp_path / "figures.json", figures, digest="abc", scenario="smoke_2d")
    assert read_figures(tmp_path / "figures.json") == figures


@pytest.mark.parametrize("content", ["", "[]", '{"figures": {"seconds": {}}}'])
def test_a_file_that_is_no_bench_is_refused_with_its_name(tmp_path: Path, content: str) -> None:
    file = tmp_path / "figures.json"
    file.write_text(content)
    with pytest.raises(UsageError, match=r"figures\.json: no figures of a bench"):
        read_figures(file)
