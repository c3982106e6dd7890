"""What happens to the accounts of a contest's payers before its prizes are due."""

from __future__ import annotations

from simulation.clock import SimProcess
from simulation.history import caused_by
from simulation.scenario.faults.accounts import TO_ANSWER, AccountsPaused, AccountsRestricted
from simulation.scenario.faults.planned import PlannedFault
from simulation.words import plural
from simulation.world.faults.context import FaultContext, carries_out


@carries_out(AccountsRestricted)
def ask_and_stop(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """Stripe asks for a document, stops transfers when it has not come in time, and lets them go on once it has."""
    yield around.kernel.until(fault.starts_at)
    accounts = _of_payers(around, fault)
    with caused_by(f"fault:{fault.fault_id}"):
        for account in accounts:
            around.twin.accounts.ask_for_document(account, until=fault.starts_at + TO_ANSWER)
    yield around.kernel.until(fault.starts_at + TO_ANSWER)
    with caused_by(f"fault:{fault.fault_id}"):
        detail = f"Stripe stops transfers to {plural(len(accounts), 'account')}"
        around.injector.strike(fault, {"contest": str(fault.contest)}, detail=detail, touches=False)
        for account in accounts:
            around.twin.accounts.suspend(account)
    yield around.kernel.until(fault.over_by)
    with caused_by(f"fault:{fault.fault_id}"):
        for account in accounts:
            around.twin.accounts.set_onboarding(account, finished=True)


@carries_out(AccountsPaused)
def pause(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """Nothing leaves the accounts for their owners' banks, for a while."""
    yield around.kernel.until(fault.starts_at)
    accounts = _of_payers(around, fault)
    with caused_by(f"fault:{fault.fault_id}"):
        detail = f"to banks nothing leaves: {plural(len(accounts), 'account')} paused"
        around.injector.strike(fault, {"contest": str(fault.contest)}, detail=detail, touches=False)
        for account in accounts:
            around.twin.accounts.pause_payouts(account, paused=True)
    yield around.kernel.until(fault.over_by)
    with caused_by(f"fault:{fault.fault_id}"):
        for account in accounts:
            around.twin.accounts.pause_payouts(account, paused=False)


def _of_payers(around: FaultContext, fault: PlannedFault) -> list[str]:
    """The accounts that can be paid of those who paid for the contest, in the order in which they did."""
    owners = around.payers.user_ids(str(fault.contest))
    found = (around.twin.accounts.of_user(user_id) for user_id in owners)
    return [account for account in found if account is not None]
