"""How each fault ended, whatever was expected of it: the one place that jury and report take it from.

Source: simulation/DESIGN.md (Faults).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from pydantic import ValidationError

from simulation.checks.alert_causes import REACH, short_of_money
from simulation.checks.evidence.case import CannotTell, Case, WitnessedExecution
from simulation.checks.evidence.relations import PaymentRow, RefundRow, Relation, TransferRow
from simulation.events import AlertFired, Escalated, Exchange, FaultInjected, FaultScheduled, StripeObject
from simulation.scenario.faults.registry import KINDS

_R = TypeVar("_R", bound=Relation)
EndingKind = Literal["never", "self", "runbook", "terminal", "open"]
_FINAL = ("completed", "failed_terminal")
_PEOPLES = {"payment_intent", "user_id"}
"""Keys of a strike that say whom it struck."""
_UNPAID = ("REQUIRES_PAYMENT_METHOD", "REQUIRES_CONFIRMATION", "REQUIRES_ACTION", "PROCESSING")


@dataclass(frozen=True, kw_only=True)
class FaultEnding:
    """What a fault struck, who answered, and how it was left."""

    strikes: tuple[FaultInjected, ...]
    transfers: tuple[TransferRow, ...]
    """The transfers that it struck."""
    given_up: tuple[TransferRow, ...]
    """Those of them that were given up, and not for another fault that is expected to end so."""
    unpaid: tuple[PaymentRow, ...]
    """Payments that it struck and that still wait, though Stripe has the money."""
    executions: tuple[WitnessedExecution, ...]
    """Those that it called for."""
    escalated: tuple[Escalated, ...]
    at_rest: bool | None
    """The run came to rest, or all that is open at its end are refunds of payments that this fault did not strike;
    None: its history breaks off, so that nobody knows."""

    @property
    def unfinished(self) -> tuple[TransferRow, ...]:
        """Its transfers that were neither made nor given up."""
        return tuple(row for row in self.transfers if row.status not in _FINAL)

    @property
    def completed(self) -> tuple[WitnessedExecution, ...]:
        return tuple(execution for execution in self.executions if status_of(execution) == "completed")

    @property
    def kind(self) -> EndingKind:
        """In a word. ``open``: nobody recovered it, or people beyond operations had to."""
        if not self.strikes:
            return "never"
        if self.given_up:
            return "terminal"
        if self.unfinished or self.unpaid or self.escalated or self.at_rest is False:
            return "open"
        if self.executions:
            return "runbook" if self.completed else "open"
        return "self" if self.at_rest else "open"


def expected_kind(fault: FaultScheduled) -> EndingKind:
    """The ending that the scenario expects."""
    return "self" if fault.expectation == "self_heals" else fault.expectation


def status_of(execution: WitnessedExecution) -> str:
    """How an execution ended, or that it did not."""
    return execution.ended.status if execution.ended else "in progress"


def fault_endings(case: Case) -> Mapping[str, FaultEnding]:
    """Fault id → how it ended, of every fault of the schedule. Relations that were not observed have no rows."""
    return {fault.fault_id: _ending(case, fault) for fault in case.events(FaultScheduled)}


def _ending(case: Case, fault: FaultScheduled) -> FaultEnding:
    strikes = _strikes(case, fault)
    transfers = _struck_transfers(case, strikes)
    cause = f"fault:{fault.fault_id}"
    return FaultEnding(
        strikes=strikes,
        transfers=transfers,
        given_up=tuple(_given_up(case, fault, transfers)),
        unpaid=tuple(_unpaid(case, strikes)),
        executions=tuple(
            execution for execution in case.executions if strikes and _called_for(case, fault, strikes, execution)
        ),
        escalated=tuple(event for event in case.events(Escalated) if event.cause == cause),
        at_rest=_at_rest(case, strikes) if case.whole else None,
    )


def _strikes(case: Case, fault: FaultScheduled) -> tuple[FaultInjected, ...]:
    return tuple(strike for strike in case.events(FaultInjected) if strike.fault_id == fault.fault_id)


def _at_rest(case: Case, strikes: Sequence[FaultInjected]) -> bool:
    """A refund that stays open keeps the world from its rest and says nothing of a fault that struck other payments:
    one whose victims are named and are none of the refund's, or one that names nobody, where another fault names it."""
    if case.ended.converged_at is not None:
        return True
    open_refunds = [
        row
        for row in case.remembered(_refunds)
        if any(line.startswith(f"refund {row.refund_id} is ") for line in case.ended.pending)
    ]
    if not open_refunds or len(open_refunds) != len(case.ended.pending):
        return False
    intents = {row.payment_id: row.stripe_payment_intent_id for row in case.remembered(_payments)}
    theirs = [
        {row.refund_id, row.stripe_refund_id, row.payment_id, row.user_id, intents.get(row.payment_id)}
        for row in open_refunds
    ]
    victims = _victims(strikes)
    if all(_PEOPLES & set(strike.keys) for strike in strikes):
        return not any(victims & one for one in theirs)
    named = _victims([strike for strike in case.events(FaultInjected) if strike.fault_id != strikes[0].fault_id])
    return all(named & one and not victims & one for one in theirs)


# --- what it struck -------------------------------------------------------------------------------------------------


def _struck_transfers(case: Case, strikes: Sequence[FaultInjected]) -> tuple[TransferRow, ...]:
    victims = _victims(strikes)
    return tuple(row for row in case.remembered(_transfers) if victims & {row.transfer_id, row.idempotency_key})


def _victims(strikes: Sequence[FaultInjected]) -> frozenset[str]:
    return frozenset(value for strike in strikes for value in strike.keys.values())


def _transfers(case: Case) -> tuple[TransferRow, ...]:
    return _rows(case, TransferRow)


def _payments(case: Case) -> tuple[PaymentRow, ...]:
    return _rows(case, PaymentRow)


def _refunds(case: Case) -> tuple[RefundRow, ...]:
    return _rows(case, RefundRow)


def _rows(case: Case, kind: type[_R]) -> tuple[_R, ...]:
    """Empty where they cannot be seen, which the checks about them say."""
    try:
        return case.rows(kind)
    except (CannotTell, ValidationError):
        return ()


def _given_up(case: Case, fault: FaultScheduled, transfers: Sequence[TransferRow]) -> Iterator[TransferRow]:
    """Whose winner another fault has, which is expected to end in a final failure, is that one's matter."""
    others = {
        row.user_id
        for other in case.events(FaultScheduled)
        if other.expectation == "terminal" and other.fault_id != fault.fault_id
        for row in _struck_transfers(case, _strikes(case, other))
    }
    for row in transfers:
        if row.status == "failed_terminal" and (fault.expectation == "terminal" or row.user_id not in others):
            yield row


def _unpaid(case: Case, strikes: Sequence[FaultInjected]) -> Iterator[PaymentRow]:
    victims = _victims(strikes)
    paid = {
        item.object_id
        for item in case.events(StripeObject)
        if item.object_type == "payment_intent" and item.status == "succeeded"
    }
    for row in case.remembered(_payments):
        struck = {row.payment_id, row.stripe_payment_intent_id} & victims
        if struck and row.status in _UNPAID and row.stripe_payment_intent_id in paid:
            yield row


# --- who answered ---------------------------------------------------------------------------------------------------


def _called_for(
    case: Case, fault: FaultScheduled, strikes: Sequence[FaultInjected], execution: WitnessedExecution
) -> bool:
    started = execution.started
    if started.cause == f"fault:{fault.fault_id}":
        return True
    if started.runbook == fault.runbook:
        return started.at >= strikes[0].at and _may_answer(case, execution, strikes[0])
    if started.cause.startswith("fault:"):
        return False
    return _finished_its_victim(case, strikes, execution) or _is_all_that_can_have_called(case, fault, execution)


def _may_answer(case: Case, execution: WitnessedExecution, strike: FaultInjected) -> bool:
    """Whether an execution may be the recovery from this fault.

    One that another fault caused may not, unless its alert already fired when this fault struck and so covers both.
    """
    if execution.started.cause == f"fault:{strike.fault_id}" or not execution.started.cause.startswith("fault:"):
        return True
    alerts = (alert for alert in case.events(AlertFired) if alert.alert_id == execution.started.alert_id)
    return any(alert.at <= strike.at for alert in alerts)


def _finished_its_victim(case: Case, strikes: Sequence[FaultInjected], execution: WitnessedExecution) -> bool:
    """Whether an execution that no fault expects made one of its transfers, or gave it up.

    None where another fault that struck calls for the runbook by its kind: then that one may have been the reason.
    """
    struck = {strike.fault_id for strike in case.events(FaultInjected)} - {strikes[0].fault_id}
    usual = case.remembered(_usual_runbooks)
    if any(execution.started.runbook in usual.get(other, ()) for other in struck):
        return False
    finished = case.remembered(_finished_within)
    mine = {row.transfer_id for row in _struck_transfers(case, strikes)}
    return bool(mine & finished.get(execution.started.execution_id, frozenset()))


def _is_all_that_can_have_called(case: Case, fault: FaultScheduled, execution: WitnessedExecution) -> bool:
    """Whether an alert called for the execution though nothing had gone wrong that would not heal by itself.

    Of the faults that had struck before the alert the last one is named whose kind calls for the runbook, else the last
    of all. None where a fault that had struck expects any other ending, since its trouble may call for other runbooks
    than its own, where the money at Stripe did not suffice, or where the alert counts what several of them did
    lately: each alone would have healed.
    """
    if fault.expectation != "self_heals":
        return False
    alert = next((one for one in case.events(AlertFired) if one.alert_id == execution.started.alert_id), None)
    if alert is None or alert.cause.startswith("fault:"):
        return False
    strikes = [event.fault_id for event in case.events(FaultInjected) if event.at <= alert.at]
    others = {event.fault_id for event in case.events(FaultScheduled) if event.expectation != "self_heals"}
    if not strikes or others & set(strikes) or short_of_money(case, alert):
        return False
    lately = {event.fault_id for event in case.events(FaultInjected) if alert.at - REACH <= event.at <= alert.at}
    if len(lately & case.remembered(_adding_up_to).get(execution.started.runbook, frozenset())) > 1:
        return False
    usual = case.remembered(_usual_runbooks)
    likely = [fault_id for fault_id in strikes if execution.started.runbook in usual.get(fault_id, ())]
    return (likely or strikes)[-1] == fault.fault_id


def _adding_up_to(case: Case) -> Mapping[str, frozenset[str]]:
    """Runbook → the faults that its alert counts together."""
    counted: dict[str, set[str]] = {}
    for fault in case.events(FaultScheduled):
        kind = KINDS.get(fault.fault_kind)
        if kind is not None and kind.adds_to is not None:
            counted.setdefault(kind.adds_to, set()).add(fault.fault_id)
    return {runbook: frozenset(faults) for runbook, faults in counted.items()}


def _usual_runbooks(case: Case) -> Mapping[str, frozenset[str]]:
    """Fault id → the runbooks that its kind calls for."""
    called = {}
    for fault in case.events(FaultScheduled):
        kind = KINDS.get(fault.fault_kind)
        if kind is not None:
            named = (kind.expects.runbook, *kind.also_calls_for)
            called[fault.fault_id] = frozenset(runbook for runbook in named if runbook is not None)
    return called


def _finished_within(case: Case) -> Mapping[str, frozenset[str]]:
    """Execution id → the transfers that its requests brought to their final status, by the write-ahead log."""
    executions = {
        exchange.request_id: exchange.execution_id for exchange in case.events(Exchange) if exchange.execution_id
    }
    audit, column = case.governance.audit_table, case.governance.audit_columns.get("request_id")
    try:
        table = case.table_of("transfers", (row.transfer_id for row in case.remembered(_transfers)))
        status = case.own_column("transfers", "status")
    except (CannotTell, ValidationError):
        return {}  # the target does not show where it writes them
    found: dict[str, set[str]] = {}
    for change in case.wal.of(table or ""):
        before, after = (_final(case, row, status) for row in (change.before, change.after))
        if after and not before:
            for other in change.transaction.changes:
                execution = executions.get(str(other.new.get(column or ""))) if other.table == audit else None
                if execution is not None:
                    found.setdefault(execution, set()).add(change.row_id)
    return {execution: frozenset(rows) for execution, rows in found.items()}


def _final(case: Case, row: Mapping[str, object] | None, column: str) -> bool:
    word = str((row or {}).get(column, ""))
    return case.business.statuses.canonical("transfers", word) in _FINAL
