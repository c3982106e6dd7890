"""States that a campaign must have reached at least once; each is read from a run's history.

A campaign that passes and never came to one of them says nothing about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from simulation.checks.evidence.case import CannotTell, Case
from simulation.checks.evidence.relations import TransferRow
from simulation.events import (
    EntrantAction,
    Escalated,
    ExecutionEnded,
    ExecutionStarted,
    ExecutionTakenOver,
    FaultInjected,
    StripeCall,
    StripeMovement,
    WebhookAttempt,
)
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History
from simulation.paths import RUNBOOKS_FOLDER

_TRANSFERS, _PAID = "/v1/transfers", "payment_intent.succeeded"
_NOT_FOLLOWED = ("README", "escalation")
"""Documents beside the runbooks that nobody carries out on a shift."""
_ALL_ATTEMPTS = 3

Reached = Callable[[Case], bool]


def _transfer_calls(case: Case) -> Iterator[StripeCall]:
    return (call for call in case.events(StripeCall) if call.method == "POST" and call.path == _TRANSFERS)


def _tried_three_times(case: Case) -> bool:
    tried = Counter(call.idempotency_key for call in _transfer_calls(case))
    return max(tried.values(), default=0) >= _ALL_ATTEMPTS


def _replayed(case: Case) -> bool:
    return any(call.replayed for call in _transfer_calls(case))


def _given_up(case: Case) -> bool:
    return any(row.status == "failed_terminal" for row in case.rows(TransferRow))


def _some_given_up_some_paid(case: Case) -> bool:
    ended: dict[str, set[str]] = {}
    for row in case.rows(TransferRow):
        ended.setdefault(row.contest_id, set()).add(row.status)
    return any({"failed_terminal", "completed"} <= statuses for statuses in ended.values())


def _balance_short(case: Case) -> bool:
    return any(call.error_code == "balance_insufficient" for call in _transfer_calls(case))


def _webhook_after_the_lock(case: Case) -> bool:
    """The first delivery that was taken, of a payment made before the lock."""
    locks = {contest.key: contest.plan.lock for contest in case.contests}
    due = {
        action.payment_intent_id: locks[action.contest]
        for action in case.events(EntrantAction)
        if action.payment_intent_id and action.contest in locks and action.at < locks[action.contest]
    }
    return any(at > due[paid] for paid, at in _first_taken(case).items() if paid in due)


def _first_taken(case: Case) -> Mapping[str, datetime]:
    """Payment intent → when the notice of its payment was taken first."""
    taken: dict[str, datetime] = {}
    for attempt in case.events(WebhookAttempt):
        if attempt.event_type == _PAID and attempt.status is not None and attempt.status < 300:
            taken.setdefault(attempt.object_id, attempt.at)
    return taken


def _taken_twice(case: Case) -> bool:
    taken = Counter(
        attempt.event_id
        for attempt in case.events(WebhookAttempt)
        if attempt.status is not None and attempt.status < 300
    )
    return max(taken.values(), default=0) > 1


def _two_events_of_one_payment(case: Case) -> bool:
    events: dict[str, set[str]] = {}
    for attempt in case.events(WebhookAttempt):
        if attempt.event_type == _PAID:
            events.setdefault(attempt.object_id, set()).add(attempt.event_id)
    return any(len(ids) > 1 for ids in events.values())


def _delivery_refused(case: Case) -> bool:
    return any(attempt.status is not None and attempt.status >= 400 for attempt in case.events(WebhookAttempt))


def _paid_after_the_lock(case: Case) -> bool:
    locks = {contest.contest_id: contest.plan.lock for contest in case.contests}
    return any(
        movement.movement == "charge" and movement.contest_id in locks and movement.at > locks[movement.contest_id]
        for movement in case.events(StripeMovement)
    )


def _moved_while_payout_was_pending(case: Case, kinds: tuple[str, ...]) -> bool:
    """Money went back between a contest's settlement and the end of its payouts."""
    for movement in case.events(StripeMovement):
        if movement.movement in kinds and movement.contest_id:
            settled, paid = (case.arrival(movement.contest_id, status) for status in ("SETTLED", "PAID_OUT"))
            if settled is not None and settled.at <= movement.at and (paid is None or movement.at <= paid.at):
                return True
    return False


def _refund_while_payout_is_pending(case: Case) -> bool:
    return _moved_while_payout_was_pending(case, ("refund",))


def _chargeback_while_payout_is_pending(case: Case) -> bool:
    return _moved_while_payout_was_pending(case, ("adjustment",))


def _money_back_after_the_payout(case: Case) -> bool:
    for movement in case.events(StripeMovement):
        if movement.movement in ("refund", "adjustment") and movement.contest_id:
            paid = case.arrival(movement.contest_id, "PAID_OUT")
            if paid is not None and movement.at > paid.at:
                return True
    return False


def _two_runbooks_at_once(case: Case) -> bool:
    ended = {end.execution_id: end.at for end in case.events(ExecutionEnded)}
    last: datetime | None = None
    for started in case.events(ExecutionStarted):
        if last is not None and started.at < last:
            return True
        last = max(filter(None, (last, ended.get(started.execution_id))), default=None)
    return False


def _fault_within_a_runbook(case: Case) -> bool:
    ended = {end.execution_id: end.at for end in case.events(ExecutionEnded)}
    during = [
        (start.at, ended[start.execution_id]) for start in case.events(ExecutionStarted) if start.execution_id in ended
    ]
    return any(start <= strike.at < end for strike in case.events(FaultInjected) for start, end in during)


def _two_faults_of_one_transfer(case: Case) -> bool:
    struck: dict[str, set[str]] = {}
    for strike in case.events(FaultInjected):
        if "payout_transfer_id" in strike.keys:
            struck.setdefault(strike.keys["payout_transfer_id"], set()).add(strike.fault_id)
    return any(len(faults) > 1 for faults in struck.values())


def _runbook_failed(case: Case) -> bool:
    return any(end.status == "failed" for end in case.events(ExecutionEnded))


def _people_were_told(case: Case) -> bool:
    return bool(case.events(Escalated))


_STATES: Mapping[str, tuple[str, Reached]] = {
    "transfer tried three times": ("every attempt at a transfer was needed", _tried_three_times),
    "transfer answered from its key": ("Stripe knew the key and did nothing a second time", _replayed),
    "transfer given up": ("a prize stays owed", _given_up),
    "payout partly given up": ("of one contest's prizes some were paid and some given up", _some_given_up_some_paid),
    "balance too small for a prize": ("Stripe refused a transfer for want of money", _balance_short),
    "two faults of one transfer": ("two faults struck the same transfer", _two_faults_of_one_transfer),
    "webhook after the lock": ("a payment made in time is heard of after the lock", _webhook_after_the_lock),
    "webhook taken twice": ("the same event was taken twice", _taken_twice),
    "two events of one payment": ("two events told of one payment", _two_events_of_one_payment),
    "delivery refused": ("the platform answered a delivery with an error", _delivery_refused),
    "paid after the lock": ("an entrant paid after the lock", _paid_after_the_lock),
    "refund while its payout is pending": (
        "a fee went back between settlement and payout",
        _refund_while_payout_is_pending,
    ),
    "chargeback while its payout is pending": (
        "a bank took a fee back between settlement and payout",
        _chargeback_while_payout_is_pending,
    ),
    "money back after the payout": ("a fee went back when the prizes were paid", _money_back_after_the_payout),
    "two runbooks at once": ("a runbook was begun while another was under way", _two_runbooks_at_once),
    "fault within a runbook": ("a fault struck while a runbook was carried out", _fault_within_a_runbook),
    "runbook failed": ("a runbook could not be carried out to its end", _runbook_failed),
    "people were told": ("something was escalated", _people_were_told),
}


def _runbooks() -> Iterable[str]:
    return sorted(file.stem for file in RUNBOOKS_FOLDER.glob("*.md") if file.stem not in _NOT_FOLLOWED)


STATES: Mapping[str, str] = {
    **{name: what for name, (what, _) in _STATES.items()},
    **{f"runbook {name}": "it was carried out to its end" for name in _runbooks()},
    **{f"operator gone in {name}": "the next operator took it over" for name in _runbooks()},
}
"""Every state, with what it is."""


def states_of(history: History) -> frozenset[str]:
    """Those that the run reached. What cannot be told from its history counts as not reached."""
    started = history.started
    case = Case(history, started.governance if started is not None else NO_GOVERNANCE)
    return frozenset((*_seen(case), *_of_runbooks(case))) & STATES.keys()


def _seen(case: Case) -> Iterator[str]:
    for name, (_, reached) in _STATES.items():
        try:
            if reached(case):
                yield name
        except CannotTell:
            continue


def _of_runbooks(case: Case) -> Iterator[str]:
    runbooks = {started.execution_id: started.runbook for started in case.events(ExecutionStarted)}
    for ended in case.events(ExecutionEnded):
        if ended.status == "completed":
            yield f"runbook {ended.runbook}"
    for taken in case.events(ExecutionTakenOver):
        yield f"operator gone in {runbooks.get(taken.execution_id, '')}"
