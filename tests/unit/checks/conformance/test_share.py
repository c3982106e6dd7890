"""The share of what a platform wrote that its contract lets the jury judge."""

from __future__ import annotations

import pytest

from simulation.checks.conformance import share
from simulation.checks.conformance.share import Share
from simulation.checks.verdict import judge
from tests.unit.checks.story import passing


def test_nothing_written_is_nothing_judged() -> None:
    assert Share(judged=0, free=0, without_rule=0).percent == 0


def test_a_hundred_percent_means_all() -> None:
    almost = Share(judged=99_999, free=1, without_rule=0)

    assert almost.sentence.startswith("99.9 % ")
    assert Share(judged=7, free=0, without_rule=0).sentence.startswith("100.0 % ")


def test_a_target_without_a_contract_is_told_so() -> None:
    nothing = Share(judged=0, free=0, without_rule=12)

    assert nothing.sentence == "0.0 % of what the platform wrote was judged by its contract: the target declares none"


def test_judging_never_raises_because_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise KeyError("odd")

    monkeypatch.setattr(share, "conformance", broken)
    assert judge(passing().history()).written is None
