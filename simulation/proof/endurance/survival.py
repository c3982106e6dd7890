"""Survival curves (Kaplan and Meier) with their intervals. A life that ended before anybody was called is censored: of
it is known only that it lasted at least so long."""

from __future__ import annotations

import bisect
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of lives between 0 and 1, with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The share of lives in which nobody had been called.

    :param steps: day, and the share from then on; the first is day 0. :param horizon: days that a life has.
    :param lives: how many there were. :param ended: in how many somebody was called.
    """

    steps: tuple[tuple[float, Share], ...]
    horizon: float
    lives: int
    ended: int

    def at(self, day: float) -> Share | None:
        """None: no life was so long."""
        if day > self.horizon:
            return None
        return self.steps[bisect.bisect_right([at for at, _ in self.steps], day) - 1][1]

    @property
    def median(self) -> float | None:
        """Days until somebody was called in half of the lives; None: in fewer."""
        return next((day for day, share in self.steps if share.value <= 0.5), None)


@dataclass(frozen=True, kw_only=True)
class Lasted:
    """``days`` until somebody was called, or (``called`` is false) until the life was over."""

    days: float
    called: bool


def curve_of(lives: Sequence[Lasted], *, horizon: float) -> Curve:
    """The estimate with its interval at every step: by the log-log transformation, which stays between 0 and 1; where
    nobody, or everybody, has been called, that of Clopper and Pearson.

    :param lives: one at least. :param horizon: days that the longest of them would have had.
    """
    sample = stats.CensoredData.right_censored(
        np.array([life.days for life in lives]), np.array([not life.called for life in lives])
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where no interval can be had, it says nan
        survival = stats.ecdf(sample).sf
        interval = survival.confidence_interval(CONFIDENCE, method="log-log")
    at_risk = len(lives)
    steps = [(0.0, _exact(at_risk, at_risk))]
    for day, value, low, high in zip(
        survival.quantiles, survival.probabilities, interval.low.probabilities, interval.high.probabilities, strict=True
    ):
        if value == steps[-1][1].value:
            continue
        known = bool(np.isfinite(low) and np.isfinite(high))
        share = Share(value=float(value), low=float(low), high=float(high)) if known else _exact(0, at_risk)
        steps.append((float(day), share))
    return Curve(
        steps=tuple(steps),
        horizon=horizon,
        lives=at_risk,
        ended=sum(life.called for life in lives),
    )


def _exact(kept: int, lives: int) -> Share:
    interval = stats.binomtest(kept, lives).proportion_ci(CONFIDENCE, method="exact")
    return Share(value=kept / lives, low=float(interval.low), high=float(interval.high))
