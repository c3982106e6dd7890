"""How much of what a platform wrote could be judged by its contract, and what the contract leaves out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from simulation.checks.conformance.engine import conformance
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
    """Counts of column values in the write-ahead log: judged by a rule, left free by one, without any rule."""

    judged: int
    free: int
    without_rule: int
    free_columns: tuple[FreeColumn, ...] = ()
    columns_without_rule: tuple[str, ...] = ()

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
        return share if self.judged else f"{share}: the target declares none"


def share_of(case: Case) -> Share | None:
    """The share for a run; None when it cannot be told. Never raises: the checks of the contract say why."""
    try:
        found = case.remembered(conformance)
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
    )


def _reason(contract: Contract, table: str, column: str) -> str:
    """The reasons that the writes of a table give for leaving a column free, each once."""
    declared = contract.tables[table]
    rules = (declared.rules_of(write).get(column) for write in declared.writes)
    return "; ".join(dict.fromkeys(rule.free for rule in rules if isinstance(rule, Free)))
