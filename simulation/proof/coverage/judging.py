"""Judges a history with one falsehood: which checks notice it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from simulation.checks.base import Check, CheckResult
from simulation.checks.catalogue import CHECKS
from simulation.checks.conformance.engine import conformance
from simulation.checks.conformance.log_lines import log_lines
from simulation.checks.conformance.metrics import metrics
from simulation.checks.conformance.statements import answers
from simulation.checks.evidence.case import CannotTell, Case
from simulation.checks.evidence.wal import WriteAheadLog
from simulation.events import Transaction
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History
from simulation.proof.coverage.conforming import Conforming
from simulation.proof.coverage.dependencies import Notes, Thing, WatchedHistory, things_changed
from simulation.proof.coverage.edits import Edits
from simulation.proof.coverage.falsehood import Falsehood
from simulation.proof.coverage.sharing import FalseCase, TrueCase
from simulation.proof.coverage.stating import Stating


@dataclass(frozen=True, kw_only=True)
class Reaction:
    """``noticed_by``: checks with a finding that the true history does not have; ``doubted_by``: those now unknown."""

    noticed_by: tuple[str, ...]
    doubted_by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Looked:
    check: Check
    result: CheckResult
    things: frozenset[Thing]


class Jury:
    """All checks, with the result of each for the true history and what it read there."""

    def __init__(self, history: History, *, checks: Sequence[Check] = CHECKS) -> None:
        self._history = history
        started = history.started
        true = Case(history, started.governance if started is not None else NO_GOVERNANCE)
        self._log = WriteAheadLog(history.of(Transaction))
        self._log.fold()
        notes = Notes()
        watched = WatchedHistory(history, notes)
        conforming = Conforming(watched, notes, true)
        stating = Stating(true)
        self._true = TrueCase(true, watched, notes, conforming, stating)
        self._looked = tuple(_looked(checks, watched, notes, true, conforming, stating))

    def react(self, falsehood: Falsehood, *, everyone: bool = False) -> Reaction:
        """Judge the history with this falsehood.

        :param everyone: run all checks and reuse nothing: the same result, slower.
        """
        changed = things_changed(self._history, falsehood.edits)
        false = self._history.with_events(falsehood.edits)
        case = Case(false, self._true.case.governance) if everyone else self._shared(false, falsehood.edits, changed)
        noticed, doubted = [], []
        for looked in self._looked:
            if everyone or looked.things & changed:
                result = looked.check.examine(case)
                if any(finding not in looked.result.findings for finding in result.findings):
                    noticed.append(looked.check.name)
                elif result.unknown is not None and looked.result.unknown is None:
                    doubted.append(looked.check.name)
        return Reaction(noticed_by=tuple(noticed), doubted_by=tuple(doubted))

    def _shared(self, false: History, edits: Edits, changed: frozenset[Thing]) -> Case:
        transactions = {event.xid: event for event in edits.values() if isinstance(event, Transaction)}
        log = self._log.with_transactions(transactions)
        begins = min(event.at for event in edits.values())
        return FalseCase(false, self._true, log, changed, first=min(transactions, default=0), begins=begins)


def _looked(
    checks: Sequence[Check],
    watched: WatchedHistory,
    notes: Notes,
    true: Case,
    conforming: Conforming,
    stating: Stating,
) -> Iterator[_Looked]:
    """Run each check on the true history; the findings of the contract's rules are taken from ``conforming``."""
    for check in checks:
        notes.take()
        case = watched.case(true)
        with suppress(CannotTell):
            case.give(conformance, conforming.found(), conforming.things)
        for find in (answers, metrics, *((log_lines,) if true.contract.log is not None else ())):
            with suppress(CannotTell):
                case.give(find, true.remembered(find), stating.things(find))
        result = check.examine(case)
        yield _Looked(check=check, result=result, things=notes.take())
