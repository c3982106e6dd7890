"""What the jury says of a history with one falsehood in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from simulation.checks.base import Check, CheckResult
from simulation.checks.catalogue import CHECKS
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.relations import Relation
from simulation.checks.evidence.wal import WriteAheadLog
from simulation.contract.document import Contract
from simulation.events import Transaction
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History
from simulation.proof.coverage.dependencies import Notes, Thing, WatchedHistory, things_changed
from simulation.proof.coverage.edits import Edits
from simulation.proof.coverage.falsehood import Falsehood
from simulation.scenario.model import Scenario

_R = TypeVar("_R", bound=Relation)


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
        self._true = Case(history, started.governance if started is not None else NO_GOVERNANCE)
        self._log = WriteAheadLog(history.of(Transaction))
        self._log.fold()
        notes = Notes()
        watched = WatchedHistory(history, notes)
        self._looked = [
            _Looked(check=check, result=check.examine(watched.case(self._true.governance)), things=notes.take())
            for check in checks
        ]

    def react(self, falsehood: Falsehood, *, everyone: bool = False) -> Reaction:
        """Judge again.

        :param everyone: ask also the checks that cannot be concerned, which say what they said before.
        """
        changed = things_changed(self._history, falsehood.edits)
        case = self._case(falsehood.edits, changed)
        noticed, doubted = [], []
        for looked in self._looked:
            if everyone or looked.things & changed:
                result = looked.check.examine(case)
                if any(finding not in looked.result.findings for finding in result.findings):
                    noticed.append(looked.check.name)
                elif result.unknown is not None and looked.result.unknown is None:
                    doubted.append(looked.check.name)
        return Reaction(noticed_by=tuple(noticed), doubted_by=tuple(doubted))

    def _case(self, edits: Edits, changed: frozenset[Thing]) -> Case:
        transactions = {event.xid: event for event in edits.values() if isinstance(event, Transaction)}
        return _FalseCase(
            self._history.with_events(edits), self._true, self._log.with_transactions(transactions), changed
        )


class _FalseCase(Case):
    """A case with one falsehood in it, which shares with the true one what the falsehood does not change."""

    def __init__(self, history: History, true: Case, log: WriteAheadLog, changed: frozenset[Thing]) -> None:
        super().__init__(history, true.governance)
        self._true, self._log, self._changed = true, log, changed

    def rows(self, kind: type[_R]) -> tuple[_R, ...]:
        return super().rows(kind) if ("relation", kind.relation) in self._changed else self._true.rows(kind)

    @cached_property
    def wal(self) -> WriteAheadLog:
        return self._log if self._log.transactions else super().wal

    @cached_property
    def contract(self) -> Contract:
        return self._true.contract

    @cached_property
    def scenario(self) -> Scenario:
        return self._true.scenario
