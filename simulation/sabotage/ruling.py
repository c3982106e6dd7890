"""What a trial proves about its entry: never triggered, missed, caught by an unnamed check only, or caught."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from simulation.sabotage.registry import Sabotage
from simulation.sabotage.trial import Seen, Trial

TrialResult = Literal["caught", "missed", "unnamed", "never triggered", "control failed"]


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """A sabotage with one seed, judged.

    :param named: the entry's checks that caught it. :param silent: those that did not.
    :param others: further checks that did.
    :param detection: simulated time from the first trigger to the first finding of a named check; None without either.
    """

    sabotage: Sabotage
    trial: Trial
    result: TrialResult
    named: tuple[str, ...]
    silent: tuple[str, ...]
    others: tuple[str, ...]
    detection: timedelta | None

    @property
    def good(self) -> bool:
        return self.result == "caught"


def rule(sabotage: Sabotage, trial: Trial, control: Trial) -> Ruling:
    """Judge a trial by its catalogue entry and its control run."""
    named = tuple(check for check in sabotage.caught_by if _spoke(sabotage, trial.seen.get(check)))
    silent = tuple(check for check in sabotage.caught_by if check not in named)
    others = tuple(sorted(check for check in trial.seen if check not in sabotage.caught_by))
    return Ruling(
        sabotage=sabotage,
        trial=trial,
        result=_result(trial, control, silent=silent, others=others, named=named),
        named=named,
        silent=silent,
        others=others,
        detection=_detection(trial, named),
    )


def _spoke(sabotage: Sabotage, seen: Seen | None) -> bool:
    """Whether the check has a finding; doubt counts only if the harness itself is broken, never for a platform."""
    return seen is not None and bool(seen.findings or sabotage.verdict == "unknown" or sabotage.family == "harness")


def _result(
    trial: Trial, control: Trial, *, named: tuple[str, ...], silent: tuple[str, ...], others: tuple[str, ...]
) -> TrialResult:
    if control.outcome != "pass":
        return "control failed"
    if not trial.triggers:
        return "never triggered"
    if trial.outcome == "pass":
        return "missed"
    if not silent:
        return "caught"
    return "unnamed" if not named and others else "missed"


def _detection(trial: Trial, named: tuple[str, ...]) -> timedelta | None:
    """A finding without a time of its own was made when the run was over."""
    instants = [trial.seen[check].first_at or trial.ended_at for check in named]
    dated = [instant for instant in instants if instant is not None]
    if not dated or not trial.triggers:
        return None
    return max(timedelta(), min(dated) - trial.triggers[0])
