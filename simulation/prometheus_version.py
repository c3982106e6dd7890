"""Where versions of Prometheus evaluate the same expression differently."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_VERSION = "2.42"
"""Debian 12's; its promtool evaluates a run's alerts again."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one version of Prometheus reads windows."""

    left_open: bool
    """From 3.0 a window and the lookback do not contain their left end."""
    clamp_after_threshold: bool
    """From 2.51 a counter's zero bounds what is extrapolated to the left, be it a whole or half a gap."""
    dot_matches_newline: bool
    """From 3.0 a dot in a regular expression matches every character."""
    atan2_keeps_name: bool
    """Before 2.48 the result of ``atan2`` keeps the metric's name."""
    first_value_has_no_spread: bool
    """Before 3.0 ``stddev`` and ``stdvar`` take the first value as it is, be it infinite or no number."""

    @classmethod
    def of(cls, version: str) -> Dialect:
        """The dialect of ``version``, e.g. ``2.42`` or ``3.5.3+ds1``. Raises ``ValueError`` for other text."""
        major, minor, *_ = version.split(".")
        number = (int(major), int(minor))
        third = number >= (3, 0)
        return cls(
            left_open=third,
            clamp_after_threshold=number >= (2, 51),
            dot_matches_newline=third,
            atan2_keeps_name=number < (2, 48),
            first_value_has_no_spread=not third,
        )


def evaluate_alike(one: str, other: str) -> bool:
    """Whether two versions evaluate every expression alike."""
    try:
        return Dialect.of(one) == Dialect.of(other)
    except ValueError:
        return False
