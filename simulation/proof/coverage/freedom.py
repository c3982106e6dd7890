"""Columns that a target's contract leaves free: their values cannot be known outside the target, so a falsehood in
them need not be noticed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulation.checks.conformance.writes import Tables, read_writes
from simulation.checks.evidence.case import Case
from simulation.contract.document import Contract, Write
from simulation.contract.rules import Document, Free, Rule
from simulation.events import Transaction
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History


@dataclass(frozen=True, kw_only=True)
class Freedom:
    """``writes``: (transaction id, index of the change in it) → the write that the contract declares for it."""

    contract: Contract
    writes: Mapping[tuple[int, int], Write]

    @classmethod
    def of(cls, history: History) -> Freedom:
        started = history.started
        governance = started.governance if started is not None else NO_GOVERNANCE
        contract = Case(history, governance).contract
        tables = Tables(keys={name: table.key for name, table in contract.tables.items()})
        read = read_writes(history.of(Transaction), contract, governance, tables)
        writes = {
            (transaction.xid, number): item.write
            for transaction, items in read
            for number, item in enumerate(items)
            if item.write is not None
        }
        return cls(contract=contract, writes=writes)

    def reason(self, table: str, change: tuple[int, int], fact: Sequence[str]) -> str | None:
        """Why a column (``fact[0]``), or a place in its document (``fact[1:]``), is free in a change, or None."""
        write = self.writes.get(change)
        if write is None:
            return None
        return _reason(self.contract.tables[table].rules_of(write).get(fact[0]), fact[1:])


def _reason(rule: Rule | None, keys: Sequence[str]) -> str | None:
    if isinstance(rule, Free):
        return rule.free
    if isinstance(rule, Document) and keys:
        return _reason(rule.document.get(keys[0]), keys[1:])
    return None
