"""A run of a few events, written down as a test needs it, and what the contract's rules find in it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

from simulation.checks.conformance.engine import Complaint, Conformance, conformance
from simulation.checks.evidence.case import Case
from simulation.contract.document import Contract
from simulation.contract.file import load_contract
from simulation.events import Change, Event, Exchange, RunEnded, Transaction
from simulation.events.governance import Governance
from simulation.history import History
from tests.unit.checks.builder import AUDIT, GOVERNANCE, START


def contract(text: str) -> Contract:
    """A contract as a target folder would hold it, so that a test's own mistakes in it are refused."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "contract.yaml").write_text(dedent(text), encoding="utf-8")
        return load_contract(Path(folder))


def insert(table: str, **row: Any) -> Change:
    return Change(table=table, op="insert", new=row)


def update(table: str, **row: Any) -> Change:
    return Change(table=table, op="update", new=row)


def delete(table: str, **key: Any) -> Change:
    return Change(table=table, op="delete", key=key)


def minute(number: int) -> datetime:
    """An instant of the run."""
    return START + timedelta(minutes=number)


def audited(action: str, **columns: Any) -> Change:
    """The audit record of a transaction."""
    return insert(AUDIT, **{"id": f"audit-{action}", "action": action, "actor": "system", **columns})


@dataclass
class Seen:
    """What the witnesses saw, in order; each thing happens a minute after the one before it."""

    events: list[Event] = field(default_factory=list)
    whole: bool = True

    @property
    def now(self) -> datetime:
        return minute(len(self.events))

    def add(self, event: Event) -> Seen:
        self.events.append(event.model_copy(update={"seq": len(self.events) + 1, "at": self.now}))
        return self

    def write(self, *changes: Change) -> Seen:
        """A committed transaction; its xid is its number among all."""
        xid = 1 + sum(isinstance(event, Transaction) for event in self.events)
        return self.add(Transaction(xid=xid, changes=changes))

    def request(self, route: str, *, body: Any = None, answer: Any = None, status: int = 200, **other: Any) -> Seen:
        """Somebody's request, answered; ``r1`` is the first one's id."""
        method, _, path = route.partition(" ")
        number = 1 + sum(isinstance(event, Exchange) for event in self.events)
        return self.add(
            Exchange(
                request_id=f"r{number}",
                method=method,
                path=path,
                status=status,
                request_body=body,
                response_body=answer,
                **{"actor": "entrant", **other},
            )
        )

    def history(self) -> History:
        end = RunEnded(healthy_at=START, converged_at=START, converge_deadline=START, events_processed=1)
        closing = [end.model_copy(update={"seq": len(self.events) + 1, "at": self.now})]
        return History([*self.events, *(closing if self.whole else [])])

    def judged(self, by: Contract, *, governance: Governance = GOVERNANCE) -> Conformance:
        return conformance(Case(self.history(), governance, contract=by))

    def complaints(self, by: Contract) -> list[Complaint]:
        return self.judged(by).complaints


def told(complaints: list[Complaint]) -> list[str]:
    """Complaints as short texts: ``kind table.column row``."""
    return [f"{each.kind} {each.table}{'.' * bool(each.column)}{each.column} {each.row}".strip() for each in complaints]
