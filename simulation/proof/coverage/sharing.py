"""A case with one falsehood, which reuses the results of the true case that the falsehood does not affect."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cached_property
from typing import TypeVar

from simulation.checks.conformance.engine import conformance
from simulation.checks.conformance.facts import DERIVED
from simulation.checks.conformance.log_lines import log_lines
from simulation.checks.conformance.metrics import metrics
from simulation.checks.conformance.statements import answers
from simulation.checks.evidence.case import CannotTell, Case
from simulation.checks.evidence.relations import Relation
from simulation.checks.evidence.wal import WriteAheadLog
from simulation.contract.document import Contract
from simulation.history import History
from simulation.proof.coverage.conforming import Conforming
from simulation.proof.coverage.dependencies import Notes, Thing, WatchedHistory
from simulation.proof.coverage.stating import Stating
from simulation.scenario.model import Scenario

_AT_ONCE = timedelta(minutes=10)
"""How long before a fact something may speak of it, at most: what is slow is dated when it began."""
_R = TypeVar("_R", bound=Relation)
_T = TypeVar("_T")


class TrueCase:
    """The case of the true history; notes what each function whose result checks share has read of it."""

    def __init__(
        self, case: Case, watched: WatchedHistory, notes: Notes, conforming: Conforming, stating: Stating
    ) -> None:
        self.case, self.conforming, self.stating = case, conforming, stating
        self._watched, self._notes = watched, notes
        self._things: dict[object, frozenset[Thing]] = {}

    def looked_at(self, find: Callable[[Case], object]) -> frozenset[Thing]:
        """What ``find`` reads, also when it raises ``CannotTell``."""
        if find not in self._things:
            self._notes.take()
            with suppress(CannotTell):
                find(self._watched.case(self.case))
            self._things[find] = self._notes.take()
        return self._things[find]


class FalseCase(Case):
    """The case of a history with one falsehood.

    :param true: the case to reuse. :param log: the write-ahead log with the falsehood. :param changed: what it changes.
    :param first: the number of the first transaction that it changes; 0: of none. :param begins: the instant of the
        first event that it changes.
    """

    def __init__(
        self,
        history: History,
        true: TrueCase,
        log: WriteAheadLog,
        changed: frozenset[Thing],
        *,
        first: int,
        begins: datetime,
    ) -> None:
        super().__init__(history, true.case.governance)
        self._true, self._log, self._changed, self._first = true, log, changed, first
        self._begins = begins

    def rows(self, kind: type[_R]) -> tuple[_R, ...]:
        concerned = ("relation", kind.relation) in self._changed
        return super().rows(kind) if concerned else self._true.case.rows(kind)

    def remembered(self, find: Callable[[Case], _T]) -> _T:
        if find not in self._remembered:
            self._remembered[find] = self._found(find)
        return super().remembered(find)

    def _found(self, find: Callable[[Case], object]) -> object:
        if find is conformance:
            return self._true.conforming.again(self, self._changed, first=self._first)
        if find in (answers, metrics, log_lines):
            return self._true.stating.again(find, self, self._changed, self._since)
        shared = self._true.looked_at(find).isdisjoint(self._changed)
        return self._true.case.remembered(find) if shared else find(self)

    @cached_property
    def _since(self) -> datetime | None:
        """Before when rows and facts are as they were; None: a fact is found otherwise, so that any may differ."""
        stand = all(self._true.looked_at(find).isdisjoint(self._changed) for find in DERIVED.values())
        return self._begins - _AT_ONCE if stand else None

    @cached_property
    def wal(self) -> WriteAheadLog:
        return self._log if self._log.transactions else super().wal

    @cached_property
    def contract(self) -> Contract:
        return self._true.case.contract

    @cached_property
    def scenario(self) -> Scenario:
        return self._true.case.scenario
