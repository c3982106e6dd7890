"""What faults that strike by themselves have to do with: the run's clock, its plan, and where something can be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from simulation.clock import Kernel, SimProcess
from simulation.currency import CurrencyCode
from simulation.environment.protocol import Database
from simulation.events.governance import Governance
from simulation.faults.injector import PlannedInjector
from simulation.faults.subjects import Registry
from simulation.history import Recorder, caused_by
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.registry import kind_of
from simulation.world.entrants.payers import Payers
from simulation.world.entrants.purses import Purses
from simulation.world.entrants.winners import Winners
from simulation.world.ports import People, Service
from simulation.world.provider.provider import ScoreProvider
from simulation.world.stripe.twin import StripeTwin

ROLE = "platform"
"""Another worker or console of the platform has the platform's rights, and nobody else has any."""


@dataclass(kw_only=True)
class FaultContext:
    """Shared by all faults of a run that strike by themselves."""

    kernel: Kernel
    injector: PlannedInjector
    registry: Registry
    database: Database
    recorder: Recorder
    twin: StripeTwin
    people: People
    payers: Payers
    purses: Purses
    winners: Winners
    entry_fees: Mapping[str, int]
    """By key of the contest, in the smallest unit of its currency."""
    currencies: Mapping[str, CurrencyCode]
    """By key of the contest."""
    governance: Governance
    service: Service | None
    """The platform, where somebody else than its own process can stop it."""
    provider: ScoreProvider
    followers: Mapping[str, Sequence[str]]
    """Keys of the contests that are played on a tournament, by its key."""
    signing_key: Path | None = None
    """Where the platform's identity service keeps its key, if a fault can take it away."""
    stripe_key_file: Path | None = None
    """From where the platform reads its key of Stripe's API, if a fault can roll it."""
    under_way: Callable[[], bool] = lambda: False
    """Whether a runbook is being carried out now."""
    _sessions: list[psycopg.Connection[Any]] = field(default_factory=list)

    def session(self, application: str, *, role: str = ROLE) -> psycopg.Connection[Any]:
        """A database session, of the platform's role unless named, closed at the end of the run at the latest."""
        session = psycopg.connect(self.database.conninfo(role, application=application))
        self._sessions.append(session)
        return session

    @contextmanager
    def doing(self, fault: PlannedFault) -> Iterator[None]:
        """What Stripe or a bank does meanwhile comes from this fault; of some kinds no event of it is delivered."""
        lost_for = fault.fault_id if kind_of(fault).unannounced else None
        with caused_by(f"fault:{fault.fault_id}"), self.twin.undelivered(lost_for):
            yield

    def close(self) -> None:
        """End every session. Safe to call twice, and after the other side has ended them."""
        for session in self._sessions:
            session.close()
        self._sessions.clear()


Act = Callable[[FaultContext, PlannedFault], SimProcess]
"""Carries one fault out: waits for its time, strikes, and ends when it is over."""

ACTS: dict[str, Act] = {}
"""What carries out the faults of each kind that strikes by itself, by the kind's name."""


def carries_out(kind: type[Fault]) -> Callable[[Act], Act]:
    """Marks the act of a kind: its faults are carried out by the function below."""

    def marked(act: Act) -> Act:
        assert kind.name() not in ACTS, f"{kind.name()} has an act already"
        ACTS[kind.name()] = act
        return act

    return marked
