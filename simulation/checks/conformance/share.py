"""How much of what a platform wrote could be judged by its contract, and what the contract leaves out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TypedDict

from simulation.checks.conformance.engine import conformance
from simulation.checks.conformance.metrics import metrics
from simulation.checks.conformance.statements import answers
from simulation.checks.evidence.case import Case
from simulation.contract.document import Contract
from simulation.contract.rules import Free


@dataclass(frozen=True, kw_only=True)
class FreeColumn:
    """A column (``table.column``) whose value cannot be known from outside in at least one kind of write, and why."""

    column: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Share:
    """Counts of column values in the write-ahead log: judged by a rule, left free by one, without any rule.

    ``answers`` and ``metrics``: how many answers, and metrics at scrapes, were judged; ``not_judged``: those that were
    not, with the reason and how often.
    """

    judged: int
    free: int
    without_rule: int
    free_columns: tuple[FreeColumn, ...] = ()
    columns_without_rule: tuple[str, ...] = ()
    answers: int = 0
    metrics: int = 0
    not_judged: tuple[tuple[str, int], ...] = ()

    @property
    def percent(self) -> float:
        """Percentage of all values that were judged; 0 where nothing was written."""
        total = self.judged + self.free + self.without_rule
        return 100 * self.judged / total if total else 0.0

    @property
    def sentence(self) -> str:
        """The share in words, rounded down, so that 100 % means all."""
        tenths = int(self.percent * 10)
        share = f"{tenths // 10}.{tenths % 10} % of what the platform wrote was judged by its contract"
        if not self.judged:
            return f"{share}: the target declares none"
        said = f"; {self.answers} answers and {self.metrics} readings of metrics, too" if self.answers else ""
        return share + said


def share_of(case: Case) -> Share | None:
    """The share for a run; None when it cannot be told. Never raises: the checks of the contract say why."""
    try:
        found, said = case.remembered(conformance), _statements(case)
    except Exception:
        return None
    counted: Counter[str] = Counter()
    without_rule = set()
    for (table, column, how), count in found.cells.items():
        counted[how] += count
        if how == "undeclared" and count:
            without_rule.add(f"{table}.{column}")
    free = {(table, column) for (table, column, how), count in found.cells.items() if how == "free" and count}
    return Share(
        judged=counted["judged"],
        free=counted["free"],
        without_rule=counted["undeclared"],
        free_columns=tuple(
            FreeColumn(column=f"{table}.{column}", reason=_reason(case.contract, table, column))
            for table, column in sorted(free)
        ),
        columns_without_rule=tuple(sorted(without_rule)),
        **said,
    )


class _Said(TypedDict):
    answers: int
    metrics: int
    not_judged: tuple[tuple[str, int], ...]


def _statements(case: Case) -> _Said:
    """What of the target's answers and metrics was judged. A target that declares none has said nothing to judge."""
    if not (case.contract.answers or case.contract.metrics):
        return _Said(answers=0, metrics=0, not_judged=())
    told, measured = case.remembered(answers), case.remembered(metrics)
    return _Said(
        answers=told.judged["answers"],
        metrics=measured.judged["metrics"],
        not_judged=tuple(sorted((told.not_judged + measured.not_judged).items())),
    )


def _reason(contract: Contract, table: str, column: str) -> str:
    """The reasons that the writes of a table give for leaving a column free, each once."""
    declared = contract.tables[table]
    rules = (declared.rules_of(write).get(column) for write in declared.writes)
    return "; ".join(dict.fromkeys(rule.free for rule in rules if isinstance(rule, Free)))
