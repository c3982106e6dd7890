"""Survival curves against a count by hand, and at their edges."""

from __future__ import annotations

import math

import pytest

from simulation.proof.endurance.survival import Lasted, curve_of


def _lives(*days: float, over: tuple[float, ...] = ()) -> list[Lasted]:
    return [*(Lasted(days=day, called=True) for day in days), *(Lasted(days=day, called=False) for day in over)]


def test_the_curve_is_the_product_of_those_who_go_on():
    """Six lives; one is over on day 3, so that four are left for the call on day 4."""
    curve = curve_of(_lives(2, 4, 6, over=(3, 7, 7)), horizon=7)
    assert [(day, share.value) for day, share in curve.steps] == [
        (0, 1),
        (2, pytest.approx(5 / 6)),
        (4, pytest.approx(5 / 6 * 3 / 4)),
        (6, pytest.approx(5 / 6 * 3 / 4 * 2 / 3)),
    ]
    assert (curve.lives, curve.ended, curve.horizon) == (6, 3, 7)
    assert curve.median == 6


def test_the_interval_is_greenwoods_on_the_log_log_scale():
    curve = curve_of(_lives(2, 4, over=(5, 5)), horizon=5)
    share = curve.at(2)
    assert share is not None
    variance = (1 / (4 * 3)) / math.log(3 / 4) ** 2
    width = 1.959964 * math.sqrt(variance)
    assert share.low == pytest.approx((3 / 4) ** math.exp(width), abs=1e-4)
    assert share.high == pytest.approx((3 / 4) ** math.exp(-width), abs=1e-4)


def test_nobody_was_ever_called():
    curve = curve_of(_lives(over=(14,) * 20), horizon=14)
    share = curve.at(14)
    assert share is not None
    assert share.value == share.high == 1
    assert share.low == pytest.approx(0.025 ** (1 / 20), abs=1e-6), "20 of 20 does not prove that it never happens"
    assert curve.median is None


def test_somebody_was_called_in_every_life():
    curve = curve_of(_lives(1, 2, 3), horizon=14)
    share = curve.at(14)
    assert share is not None
    assert share.value == share.low == 0
    assert 0 < share.high < 1


def test_nothing_is_said_of_days_that_no_life_had():
    curve = curve_of(_lives(1, over=(14,)), horizon=14)
    assert curve.at(30) is None
    share = curve.at(0.5)
    assert share is not None
    assert share.value == 1
