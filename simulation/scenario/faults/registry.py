"""Every kind of fault: the families, and what follows from them.

Who adds a kind adds its class to its family, and to the union at the family's end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, get_args

from pydantic import Field

from simulation.documents.refusal import suggest
from simulation.scenario.faults.accounts import AccountKinds
from simulation.scenario.faults.calls import PartialKinds
from simulation.scenario.faults.concurrency import ConcurrencyKinds
from simulation.scenario.faults.database import DatabaseKinds
from simulation.scenario.faults.disputes import DisputeKinds
from simulation.scenario.faults.events import EventKinds
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.identity import IdentityKinds
from simulation.scenario.faults.needs import Need
from simulation.scenario.faults.operator import OperatorCrash, OperatorKinds
from simulation.scenario.faults.organizing import OrganizingKinds
from simulation.scenario.faults.paying import PayingKinds
from simulation.scenario.faults.payments import PaymentKinds
from simulation.scenario.faults.people import PeopleKinds
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.programs import ProgramKinds
from simulation.scenario.faults.provider import ProviderKinds
from simulation.scenario.faults.refunds import RefundKinds
from simulation.scenario.faults.rule import BrokenRule
from simulation.scenario.faults.statements import StatementKinds
from simulation.scenario.faults.stripe import StripeKinds
from simulation.scenario.faults.together import broken_together
from simulation.scenario.faults.transfers import TransferKinds
from simulation.scenario.faults.unannounced import UnannouncedKinds
from simulation.scenario.faults.winners import WinnerKinds

if TYPE_CHECKING:
    from simulation.scenario.model import Scenario

_Kinds = (
    TransferKinds
    | WinnerKinds
    | AccountKinds
    | StripeKinds
    | PartialKinds
    | ProgramKinds
    | PaymentKinds
    | PayingKinds
    | DatabaseKinds
    | IdentityKinds
    | PeopleKinds
    | OrganizingKinds
    | RefundKinds
    | DisputeKinds
    | EventKinds
    | UnannouncedKinds
    | ProviderKinds
    | OperatorKinds
    | StatementKinds
    | ConcurrencyKinds
)
KINDS: Mapping[str, type[Fault]] = {kind.name(): kind for kind in get_args(_Kinds)}
"""Every kind, by its name."""

if TYPE_CHECKING:
    AnyFault = Fault
else:
    AnyFault = Annotated[_Kinds, Field(discriminator="kind")]
    """A fault as a scenario writes it: which class it is, its ``kind`` says."""


def kind_of(planned: PlannedFault) -> type[Fault]:
    """The class of a planned fault's kind."""
    return KINDS[planned.kind]


def drawn_kinds(met: Collection[Need]) -> list[type[Fault]]:
    """Those that a target can suffer, in the order in which a swarm draws them.

    :param met: what the target has.
    """
    suffered = (kind for kind in KINDS.values() if all(need in met for need in kind.needs))
    return sorted(suffered, key=lambda kind: kind.drawn)


def broken_fault_rules(
    scenario: Scenario,
    *,
    runbooks: frozenset[str] | None = None,
    steps: Mapping[str, int] = MappingProxyType({}),
    usual_platform: bool = False,
) -> Iterator[BrokenRule]:
    """Every fault that may strike nobody, stands in another one's way, or waits for a runbook that is not there.

    What they do together is said when each keeps its own rules.

    :param runbooks: names of the runbooks there are; None: they are not asked for.
    :param steps: how many an execution of a runbook has in which nothing fails, as far as it is known.
    :param usual_platform: it keeps the rules of ``fixtures/spec/platform.md``, and the alerts and runbooks are those
        that come along: a fault that is sure to end otherwise than expected is refused, too.
    """
    alone = tuple(_each_alone(scenario, runbooks, steps, usual_platform))
    yield from alone or broken_together(scenario, usual_platform=usual_platform)


def _each_alone(
    scenario: Scenario, runbooks: frozenset[str] | None, steps: Mapping[str, int], usual_platform: bool
) -> Iterator[BrokenRule]:
    for index, fault in enumerate(scenario.faults):
        unknown = tuple(_of_runbook(fault, runbooks)) if runbooks is not None else ()
        rules = (
            *unknown,
            *_of_steps(fault, steps),
            *fault.out_of_range(),
            *fault.broken(scenario, scenario.faults[:index]),
            *(fault.unproven(scenario) if usual_platform and not unknown else ()),
        )
        for rule in rules:
            yield replace(rule, path=("faults", index, *rule.path))


def _of_steps(fault: Fault, steps: Mapping[str, int]) -> Iterator[BrokenRule]:
    most = steps.get(fault.expect.runbook or "")
    if isinstance(fault, OperatorCrash) and most is not None and fault.nth > most:
        yield BrokenRule(
            path=("nth",),
            problem=f"fault {fault.id} waits for step {fault.nth} of {fault.expect.runbook}, which has {most}",
            remedy=f"{most} or fewer",
        )


def _of_runbook(fault: Fault, runbooks: frozenset[str]) -> Iterator[BrokenRule]:
    if fault.expect.runbook is not None and fault.expect.runbook not in runbooks:
        yield BrokenRule(
            path=("expect", "runbook"),
            problem=f"fault {fault.id} expects the runbook {fault.expect.runbook!r}, which does not exist",
            remedy=f"write it; {suggest(fault.expect.runbook, sorted(runbooks))}" if runbooks else "write it",
        )
