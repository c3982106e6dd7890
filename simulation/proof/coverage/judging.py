"""What the jury says of a history with one falsehood in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulation.checks.base import Check, CheckResult
from simulation.checks.catalogue import CHECKS
from simulation.checks.evidence.case import Case
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History
from simulation.proof.coverage.dependencies import Notes, Thing, WatchedHistory, things_changed
from simulation.proof.coverage.falsehood import Falsehood


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """Checks with a finding that the true history does not have; and those that could not tell any more."""

    noticed_by: tuple[str, ...]
    doubted_by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Looked:
    check: Check
    result: CheckResult
    things: frozenset[Thing]


class Jury:
    """All checks, with what each says of the true history and what it looked at for that."""

    def __init__(self, history: History, *, checks: Sequence[Check] = CHECKS) -> None:
        self._history = history
        started = history.started
        self._governance = started.governance if started is not None else NO_GOVERNANCE
        notes = Notes()
        watched = WatchedHistory(history, notes)
        self._looked = [
            _Looked(check=check, result=check.examine(watched.case(self._governance)), things=notes.take())
            for check in checks
        ]

    def react(self, falsehood: Falsehood, *, everyone: bool = False) -> Reaction:
        """Judge again.

        :param everyone: ask also the checks that cannot be concerned, which say what they said before.
        """
        changed = things_changed(self._history, falsehood.edits)
        case = Case(self._history.with_events(falsehood.edits), self._governance)
        noticed, doubted = [], []
        for looked in self._looked:
            if everyone or looked.things & changed:
                result = looked.check.examine(case)
                if any(finding not in looked.result.findings for finding in result.findings):
                    noticed.append(looked.check.name)
                elif result.unknown is not None and looked.result.unknown is None:
                    doubted.append(looked.check.name)
        return Reaction(noticed_by=tuple(noticed), doubted_by=tuple(doubted))
