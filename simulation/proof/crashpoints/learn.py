"""What one run's transactions are made of: each with its statements, and the calls to the outside around them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from simulation.assembly.request import prepare
from simulation.checks.verdict import judge
from simulation.events.governance import NO_GOVERNANCE
from simulation.faults.statements import Passing
from simulation.progress import Silent
from simulation.run import carry_out
from simulation.run_directory import RunDirectory
from simulation.targets.statements import operation_of

_WRITTEN = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)", re.IGNORECASE)
_LOCKING = frozenset({"OF", "SKIP", "NOWAIT", "SET"})
"""Words after UPDATE that name no table: FOR UPDATE OF, ON CONFLICT DO UPDATE SET."""


@dataclass(kw_only=True)
class Transaction:
    """One transaction of a job or request, as it passed."""

    operation: str
    number: int
    statements: list[str] = field(default_factory=list)
    """Without their parameters' values."""
    calls_after: set[int] = field(default_factory=set)
    """Numbers of statements after which, before the next, something outside is called."""
    committed: bool = False
    """With a COMMIT of its own; a single statement outside of a transaction has none."""

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """The tables that it writes, in the order of its statements."""
        found = (name for sql in self.statements for name in _WRITTEN.findall(sql))
        return tuple(dict.fromkeys(name for name in found if name.upper() not in _LOCKING))

    @property
    def shape(self) -> tuple[str, ...]:
        """Transactions of equal shape go through the same lines of the platform."""
        return self.operation, *(" ".join(sql.split()) for sql in self.statements)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of a job or request to Stripe or the score provider. ``number`` counts those of its operation."""

    operation: str
    number: int
    what: str


@dataclass(frozen=True, kw_only=True)
class Learned:
    """All that passed in one run, and what the jury said of it."""

    transactions: Sequence[Transaction]
    calls: Sequence[Call]
    outcome: str
    """The verdict's."""
    governed: frozenset[str]
    webhooks: str
    """The request by which Stripe's events come, as faults name it."""
    since: datetime
    """What passed before is the deployment's."""


class Notes:
    """Takes down what passes from ``since`` on. A new transaction begins with its first statement."""

    def __init__(self, since: datetime) -> None:
        self._since = since
        self.transactions: list[Transaction] = []
        self.calls: list[Call] = []
        self._open: dict[tuple[str, int], Transaction] = {}

    def take(self, passing: Passing) -> None:
        """The process's clock is the simulated one."""
        if datetime.now(UTC) < self._since:
            return
        if passing.at == "call":
            before = sum(call.operation == passing.operation for call in self.calls)
            self.calls.append(Call(operation=passing.operation, number=before + 1, what=passing.sql))
            for transaction in self._open.values():
                if transaction.operation == passing.operation and not transaction.committed:
                    transaction.calls_after.add(len(transaction.statements))
            return
        if passing.at == "connection":
            return
        key = passing.operation, passing.transaction
        if key not in self._open:
            self._open[key] = Transaction(operation=passing.operation, number=passing.transaction)
            self.transactions.append(self._open[key])
        if passing.at == "statement":
            self._open[key].statements.append(passing.sql)
        else:
            self._open[key].committed = True


def learn(scenario: str, *, seed: int, out: Path, target: Path | None = None) -> Learned:
    """Live the scenario once with nothing killed, and take down what passes.

    :param target: folder of a backend in processes of its own; None: the platform that comes along.
    """
    request = prepare(scenario=scenario, seed=seed, environment="embedded", out=out, target=target)
    notes = Notes(request.scenario.start)
    directory = RunDirectory.create(out=out, scenario=request.scenario.name, seed=seed)
    history = carry_out(replace(request, on_statement=notes.take), directory, Silent())
    governance = history.started.governance if history.started else NO_GOVERNANCE
    return Learned(
        transactions=notes.transactions,
        calls=notes.calls,
        outcome=judge(history).outcome,
        since=request.scenario.start,
        governed=frozenset(governance.governed_tables),
        webhooks=operation_of("POST", request.target.webhook),
    )
