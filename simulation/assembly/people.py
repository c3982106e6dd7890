"""People and companies around the platform: players, operator, hosting provider; and the faults they take part in."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from simulation.assembly.external import External
from simulation.assembly.foundation import Ground
from simulation.assembly.platform import Front, appoint, break_glass_of, token_of
from simulation.assembly.witnesses import Witnesses
from simulation.faults.injector import PlannedInjector
from simulation.scenario.faults.operator import OperatorCrash
from simulation.scenario.faults.registry import kind_of
from simulation.scenario.model import Scenario
from simulation.world.entrants.entrants import Entrants
from simulation.world.entrants.payers import Payers
from simulation.world.entrants.winners import Winners
from simulation.world.faults.context import FaultContext
from simulation.world.faults.start import TimedFaults
from simulation.world.hosting.api import HostingApi
from simulation.world.hosting.provider import HostingProvider, Size
from simulation.world.operator.robot import OperatorRobot, Successor
from simulation.world.ports import Admin


def operator_on_shift(
    ground: Ground,
    front: Front,
    admin: Admin,
    hosting: HostingProvider | None,
    injector: PlannedInjector,
    look: Callable[[], None],
) -> OperatorRobot:
    """The operator, who answers alerts and carries out runbooks.

    :param look: takes fingerprints; called before and after each task.
    """
    hosting_token = secrets.token_hex(16)
    operator = OperatorRobot(
        kernel=ground.kernel,
        recorder=ground.recorder,
        runbooks=ground.request.runbooks,
        app=front.exchange,
        context=front.context,
        operator=admin,
        token=token_of(front.target, admin),
        break_glass=break_glass_of(front.target, admin),
        settings=ground.request.scenario.operator,
        repeatable=front.target.governance.repeatable_requests,
        clock_file=ground.server.clock_file,
        folder=ground.folder,
        still_there=injector.on_operator_step,
        successor=_successor(ground, front),
        hosting=None if hosting is None else HostingApi(hosting, token=hosting_token),
        hosting_token=hosting_token,
        look=look,
    )
    ground.stack.callback(operator.close)
    return operator


def _successor(ground: Ground, front: Front) -> Successor | None:
    """A second operator; only for a run with a fault by which the first may be lost."""
    if not any(issubclass(kind_of(fault), OperatorCrash) for fault in ground.request.plan.faults):
        return None
    admin = appoint(front, ground.recorder, name="ops-user-456", email="ops-2@platform.test", role="ops")
    return Successor(
        operator=admin, token=token_of(front.target, admin), break_glass=break_glass_of(front.target, admin)
    )


def hosting_provider(ground: Ground, front: Front, witnesses: Witnesses) -> HostingProvider | None:
    """The hosting provider; None when it cannot restart the target."""
    if front.target.service is None:
        return None

    def resize(size: Size) -> None:
        """Restart the database server: read the write-ahead log before, and reconnect the witnesses after."""
        witnesses.wal.collect()
        ground.server.restart(
            {"max_connections": str(size.max_connections), "shared_buffers": f"{size.shared_buffers_mb}MB"}
        )
        witnesses.observer.reconnect()
        witnesses.wal.reconnect()

    return HostingProvider(
        kernel=ground.kernel,
        recorder=ground.recorder,
        context=front.context,
        service=front.target.service,
        resize=resize,
        look=lambda: witnesses.fingerprints.take("during"),
    )


def players(ground: Ground, external: External, front: Front) -> Entrants:
    """The entrants, who join contests and pay; a fault may make one of them leave."""
    entrants = Entrants(
        kernel=ground.kernel,
        recorder=ground.recorder,
        scenario=ground.request.scenario,
        seed=ground.request.seed,
        people=front.target.people(http=front.http, context=front.context),
        registry=external.registry,
        provider=external.provider,
        confirm=external.twin.pay,
        intent_of=external.twin.intent_of,
        purses=external.purses,
    )
    external.injector.on_departure = lambda user_id, fault_id: entrants.leave(user_id, fault_id=fault_id)
    return entrants


def _followers(scenario: Scenario) -> dict[str, list[str]]:
    """Tournament → keys of its contests."""
    followers: dict[str, list[str]] = {key: [] for key in scenario.tournaments}
    for contest in scenario.contests:
        followers.setdefault(contest.tournament, []).append(contest.key)
    return followers


def timed_faults(ground: Ground, external: External, front: Front, operator: OperatorRobot) -> TimedFaults:
    """The faults that start at a planned time: actions of people, and failures of the platform's surroundings."""
    around = FaultContext(
        kernel=ground.kernel,
        injector=external.injector,
        registry=external.registry,
        database=ground.database,
        recorder=ground.recorder,
        twin=external.twin,
        people=front.target.people(http=front.http, context=front.context),
        payers=Payers(kernel=ground.kernel, registry=external.registry, names=external.twin.names),
        purses=external.purses,
        winners=Winners(kernel=ground.kernel, registry=external.registry, names=external.twin.names),
        entry_fees={contest.key: contest.entry_fee_cents for contest in ground.request.scenario.contests},
        currencies={contest.key: contest.currency for contest in ground.request.scenario.contests},
        governance=front.target.governance,
        service=front.target.service,
        provider=external.provider,
        followers=_followers(ground.request.scenario),
        signing_key=front.target.signing_key,
        stripe_key_file=front.target.stripe_key_file,
        under_way=lambda: operator.under_way,
    )
    faults = TimedFaults(plan=ground.request.plan, around=around)
    ground.stack.callback(faults.close)
    return faults
