"""Everything that the scenario announces happened, and every witness recorded it.

Source: fixtures/spec/requirements.md (06C: Test scenario).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.called_off import CANCELLED, called_off
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import NO_KEYS, Keys
from simulation.checks.evidence.money import grouped
from simulation.checks.evidence.tasks import promised_tasks_done
from simulation.checks.lifecycle import PATH
from simulation.checks.turned_away import paid_already, refusals, told_why
from simulation.events import (
    ClockProof,
    DatabaseAccess,
    EntrantAction,
    FaultInjected,
    FaultScheduled,
    ProviderPublication,
    Transaction,
    WebhookAttempt,
    WitnessSummary,
)
from simulation.scenario.contest import Contest
from simulation.scenario.orders import Orders

_WITNESSES: tuple[WitnessName, ...] = ("wal", "access_log", "stripe_journal", "exchange", "provider")
WitnessName = Literal["wal", "access_log", "stripe_journal", "exchange", "provider"]
_CLOCKS = ("postgres", "python", "shell")


@check("Everything the scenario promises happened: faults, stages, entrants, boards, webhooks, tasks", needs_end=True)
def promised_events(case: Case, inquiry: Inquiry) -> None:
    _faults(case, inquiry)
    for plan in case.scenario.contests if case.scenario.profile == "contests" else ():
        _stages(case, inquiry, plan)
        _people(case, inquiry, plan)
    for orders in case.scenario.orders:
        _buyers(case, inquiry, orders)
    ends = {item.tournament for item in case.events(ProviderPublication) if item.final}
    ends |= {key for key, tournament in case.scenario.tournaments.items() if tournament.cancelled}
    for tournament in sorted({plan.tournament for plan in case.scenario.contests if plan.tournament}):
        inquiry.examine()
        if tournament not in ends:
            keys = Keys(tournament=tournament)
            inquiry.find(f"tournament {tournament}", "no final board was published", keys=keys)
    _webhooks(case, inquiry)
    promised_tasks_done(case, inquiry)


def _faults(case: Case, inquiry: Inquiry) -> None:
    """Every scheduled fault struck. The schedule comes from the scenario, or from a stored plan in its place."""
    scheduled = {fault.fault_id: fault for fault in case.events(FaultScheduled)}
    met = {strike.fault_id for strike in case.events(FaultInjected)}
    for fault_id in sorted(scheduled):
        inquiry.examine()
        if fault_id not in met:
            keys, seen = Keys(fault_id=fault_id), (scheduled[fault_id],)
            inquiry.find(f"fault {fault_id}", "never met its victim", keys=keys, events=seen)


def _stages(case: Case, inquiry: Inquiry, plan: Contest) -> None:
    contest = next((item for item in case.contests if item.key == plan.key), None)
    off = contest is not None and contest.contest_id in case.remembered(called_off)
    path = (PATH[0], CANCELLED) if off else PATH
    for status in path:
        inquiry.examine()
        if contest is None or case.arrival(contest.contest_id, status) is None:
            keys = contest.keys if contest else Keys(contest=plan.key)
            inquiry.find(plan.key, f"never reached {status}", keys=keys, expected=" → ".join(path))


def _people(case: Case, inquiry: Inquiry, plan: Contest) -> None:
    """As many entrants as planned joined; where there is a fee, as many also paid late, paid twice or never paid."""
    acts: dict[str, set[str]] = {}
    late = 0
    for action in case.events(EntrantAction):
        if action.contest == plan.key:
            acts.setdefault(action.action, set()).add(action.person)
            late += action.action == "joined" and (plan.lock - action.at).total_seconds() <= 3_600
    refused = refusals(case, plan.key)
    late_joiners = 0 if _is_called_off_early(case, plan) else plan.late_joiners
    promised = [("joined", plan.entrants - plan.late_joiners + late_joiners), ("late joiners", late_joiners)]
    if plan.entry_fee_cents:
        promised += [
            ("paid_late", plan.late_payers),
            ("paid_twice", plan.double_payers),
            ("never_paid", plan.non_payers),
        ]
    for what, count in promised:
        inquiry.examine()
        actual = late if what == "late joiners" else len(acts.get(what, ()))
        if actual < count:
            message = f"fewer entrants than promised: {what.replace('_', ' ')}"
            inquiry.find(
                plan.key,
                message,
                keys=Keys(contest=plan.key),
                expected=count,
                actual=f"{actual}{told_why(refused)}",
                events=refused[:1],
            )


def _buyers(case: Case, inquiry: Inquiry, orders: Orders) -> None:
    """As many as planned ordered, paid twice (or came to, and were told that it is paid) or never paid."""
    acts: dict[str, set[str]] = {}
    for action in case.events(EntrantAction):
        if action.contest == orders.key:
            acts.setdefault(action.action, set()).add(action.person)
    refused = refusals(case, orders.key)
    acts.setdefault("paid_twice", set()).update(
        one.person for one in case.remembered(paid_already) if one.contest == orders.key
    )
    promised = (("ordered", orders.buyers), ("paid_twice", orders.double_payers), ("never_paid", orders.non_payers))
    for what, count in promised:
        inquiry.examine()
        if len(acts.get(what, ())) < count:
            inquiry.find(
                orders.key,
                f"fewer buyers than promised: {what.replace('_', ' ')}",
                keys=Keys(contest=orders.key),
                expected=count,
                actual=f"{len(acts.get(what, ()))}{told_why(refused)}",
                events=refused[:1],
            )


def _is_called_off_early(case: Case, plan: Contest) -> bool:
    """Before its lock, so that whoever comes in the last hour may find it closed."""
    off = case.remembered(called_off)
    return any(
        item.key == plan.key and item.contest_id in off and off[item.contest_id].organizer for item in case.contests
    )


def _webhooks(case: Case, inquiry: Inquiry) -> None:
    """Every webhook was delivered or finally given up; one that Stripe would still retry is unfinished."""
    for event_id, attempts in grouped(case.events(WebhookAttempt), lambda attempt: attempt.event_id).items():
        inquiry.examine()
        last = max(attempts, key=lambda attempt: attempt.seq)
        delivered = any(attempt.status is not None and 200 <= attempt.status < 300 for attempt in attempts)
        if not delivered and last.next_attempt_at is not None:
            inquiry.find(
                f"webhook {event_id}",
                "neither delivered nor dead",
                keys=Keys(stripe_event_id=event_id, stripe_object_id=last.object_id),
                actual=f"attempt {last.attempt} answered {last.status}, next at {last.next_attempt_at:%Y-%m-%d %H:%M}",
                events=(last,),
            )


@check("Every witness watched, and all clocks agreed", needs_end=True)
def witnesses_present(case: Case, inquiry: Inquiry) -> None:
    summaries = {summary.witness: summary for summary in case.events(WitnessSummary)}
    for name in (name for name in _WITNESSES if not (name == "provider" and case.lacks("provider"))):
        summary = summaries.get(name)
        if summary is None:
            inquiry.cannot_tell(f"witness {name} left no summary")
        elif summary.records == 0:
            inquiry.cannot_tell(f"witness {name} recorded nothing")
        elif summary.problem is not None:
            inquiry.cannot_tell(f"witness {name}: {summary.problem}")
        elif (held := _held(case, name)) < summary.records:
            inquiry.cannot_tell(f"witness {name} saw {summary.records} records, the history holds {held}")
        else:
            inquiry.examine()
    _gapless(case, inquiry)
    _clocks(case, inquiry)


def _held(case: Case, witness: WitnessName) -> float:
    """How many of a witness's records are in the history; infinite for a witness that does not record all it counts."""
    if witness == "wal":
        return sum(len(transaction.changes) for transaction in case.events(Transaction))
    if witness == "access_log":
        return sum(access.count for access in case.events(DatabaseAccess))
    return math.inf


def _gapless(case: Case, inquiry: Inquiry) -> None:
    """Events and transactions are numbered from 1 without gaps, so that a removed one is noticed."""
    for missing in case.remembered(_gaps):
        inquiry.cannot_tell(f"{missing} is missing from the history")


def _gaps(case: Case) -> Sequence[str]:
    numbered = {
        "event": (event.seq for event in case.history.events),
        "transaction": (transaction.xid for transaction in case.events(Transaction)),
    }
    first = {
        what: next((expected for expected, number in enumerate(numbers, start=1) if number != expected), None)
        for what, numbers in numbered.items()
    }
    return [f"{what} {expected}" for what, expected in first.items() if expected is not None]


def _clocks(case: Case, inquiry: Inquiry) -> None:
    proofs = case.events(ClockProof)
    for proof in proofs:
        inquiry.examine()
        if proof.kernel_time != proof.subject_time:
            inquiry.find(
                f"clock of {proof.subject}",
                "differs from the simulated clock",
                keys=NO_KEYS,
                expected=proof.kernel_time.isoformat(),
                actual=proof.subject_time.isoformat(),
                events=(proof,),
            )
    for subject in _CLOCKS:
        if not any(proof.subject == subject for proof in proofs):
            inquiry.cannot_tell(f"the clock of {subject} was not compared")
