"""The share of what a platform wrote that its contract lets the jury judge."""

from __future__ import annotations

from simulation.checks.conformance.share import Share


def test_nothing_written_is_nothing_judged() -> None:
    assert Share(judged=0, free=0, without_rule=0).percent == 0


def test_a_hundred_percent_means_all() -> None:
    almost = Share(judged=99_999, free=1, without_rule=0)

    assert almost.sentence.startswith("99.9 % ")
    assert Share(judged=7, free=0, without_rule=0).sentence.startswith("100.0 % ")


def test_a_target_without_a_contract_is_told_so() -> None:
    nothing = Share(judged=0, free=0, without_rule=12)

    assert nothing.sentence == "0.0 % of what the platform wrote was judged by its contract: the target declares none"
