"""A planted defect can be taken out of a run at a simulated instant: what it replaced is back, and it acts no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from simulation.clock import Kernel, SimulationClock
from simulation.sabotage.patches import Patches

START = datetime(2026, 3, 1, tzinfo=UTC)


class _Platform:
    def answer(self) -> str:
        return "right"


def _lived(patches: Patches, *, asked_at: list[int]) -> list[str]:
    """What the platform answers at these hours."""
    kernel = Kernel(SimulationClock(start=START))
    sim = SimpleNamespace(kernel=kernel, scenario=SimpleNamespace(start=START))
    answers: list[str] = []
    platform = _Platform()

    def ask(hour: int):
        yield kernel.until(START + timedelta(hours=hour))
        answers.append(platform.answer())

    with patches.under_way():
        patches.replace(_Platform, "answer", lambda _: lambda self: "wrong")
        patches.at(day=0, hour=3, act=lambda _: answers.append("meddled at 3"))
        patches.at(day=0, hour=6, act=lambda _: answers.append("meddled at 6"))
        patches.plant(sim)
        for hour in asked_at:
            kernel.spawn(ask(hour))
        kernel.run_until(START + timedelta(hours=12))
    return answers


def test_without_an_instant_it_stays_to_the_end() -> None:
    assert _lived(Patches(), asked_at=[1, 9]) == ["wrong", "meddled at 3", "meddled at 6", "wrong"]


def test_from_the_instant_on_it_is_gone() -> None:
    until = START + timedelta(hours=6)

    assert _lived(Patches(until=until), asked_at=[5, 6, 9]) == ["meddled at 3", "wrong", "right", "right"]


def test_what_cannot_be_called_like_the_original_is_refused() -> None:
    """Else the platform would break in its own way, and the defect never act."""

    def takes_four(one: int, two: int, three: int, *, four: int) -> int:
        return one + two + three + four

    class Owner:
        function = staticmethod(takes_four)

    with Patches().under_way() as patches:
        with pytest.raises(TypeError, match="takes_four too many positional arguments: it has got other parameters"):
            patches.replace(Owner, "function", lambda real: lambda one, two, *, four: real(one, two, 0, four=four))
        patches.replace(Owner, "function", lambda real: lambda *more, **named: -real(*more, **named))
        assert Owner.function(1, 2, 3, four=4) == -10
    assert Owner.function(1, 2, 3, four=4) == 10
