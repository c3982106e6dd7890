"""What a person sees while a campaign is under way: done, rate, time left, findings so far."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

from rich.console import Console
from rich.status import Status

from simulation.proof.campaign.result import Outcome, Result
from simulation.words import plural

_LINE_WALL_SECONDS = 20
"""Between two lines of a log that is no terminal."""


class CampaignProgress:
    """A status line on a terminal; elsewhere a line now and then. What does not pass is told at once.

    :param total: cases of this campaign, done before or not; None: it ends with the time. :param before: verdicts that
        were there before.
    :param minutes: the campaign's wall-clock time; None: it ends with its cases.
    """

    def __init__(self, console: Console, *, total: int | None, before: Iterable[Result], minutes: float | None) -> None:
        self._console, self._total, self._minutes = console, total, minutes
        self._outcomes: Counter[Outcome] = Counter()
        self._causes: set[str] = set()
        for result in before:
            self._outcomes[result.outcome] += 1
            self._causes |= {found.key for found in result.findings}
        self._began = self._said = time.monotonic()
        self._lived = 0
        self._status: Status | None = console.status("", spinner="dots") if console.is_terminal else None

    def __enter__(self) -> CampaignProgress:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def ended(self, result: Result) -> None:
        """A case has ended."""
        self._lived += 1
        self._outcomes[result.outcome] += 1
        new = [found for found in result.findings if found.key not in self._causes]
        self._causes |= {found.key for found in new}
        if result.outcome != "pass":
            said = result.findings[0].sentence if result.findings else result.said
            self._print(f"{result.outcome:9} {result.case}: {said}")
        if self._status is not None:
            self._status.update(self.line(time.monotonic() - self._began))
        elif time.monotonic() - self._said > _LINE_WALL_SECONDS:
            self._said = time.monotonic()
            self._print(self.line(self._said - self._began))

    def line(self, wall_seconds: float) -> str:
        """``120 of 1,000 done, 11.8 a minute, 75 min left; 119 pass, 1 fail; 1 cause found``."""
        done = self._outcomes.total()
        of = "" if self._total is None else f" of {self._total:,}"
        rate = self._lived / wall_seconds * 60 if wall_seconds else 0.0
        counts = ", ".join(f"{number} {outcome}" for outcome, number in sorted(self._outcomes.items()))
        left = self._left(done, rate, wall_seconds)
        causes = plural(len(self._causes), "different finding") if self._causes else "no finding"
        return f"{done:,}{of} done, {rate:.1f} a minute{left}; {counts}; {causes}"

    def _left(self, done: int, rate: float, wall_seconds: float) -> str:
        bounds = []
        if self._total is not None and rate:
            bounds.append((self._total - done) / rate)
        if self._minutes is not None:
            bounds.append(max(0.0, self._minutes - wall_seconds / 60))
        return f", {_span(min(bounds))} left" if bounds else ""

    def _print(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)


def _span(minutes: float) -> str:
    return f"{minutes * 60:.0f} s" if minutes < 2 else f"{minutes:.0f} min"
