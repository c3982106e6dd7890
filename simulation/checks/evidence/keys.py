"""The ids that a finding is about, under the names that the canonical relations have for them.

A report, a script or an engineer follows them; nobody has to read them out of a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from simulation.events import AlertFired


@dataclass(frozen=True, kw_only=True)
class Keys:
    """None: the finding is about no single one of these, or the check does not know which."""

    fault_id: str | None = None
    contest: str | None = None
    """The scenario's key of the contest: there may be no ``contest_id`` because it was never created."""
    contest_id: str | None = None
    user_id: str | None = None
    tournament: str | None = None
    payment_id: str | None = None
    payment_intent_id: str | None = None
    refund_id: str | None = None
    dispute_id: str | None = None
    settlement_id: str | None = None
    payout_job_id: str | None = None
    transfer_id: str | None = None
    posting_id: str | None = None
    account: str | None = None
    """An account of the ledger."""
    stripe_event_id: str | None = None
    stripe_object_id: str | None = None
    stripe_request_id: str | None = None
    idempotency_key: str | None = None
    alert: str | None = None
    """The rule that fired; ``alert_id`` is the one time that it did."""
    alert_id: str | None = None
    runbook: str | None = None
    execution_id: str | None = None
    task_id: str | None = None
    job: str | None = None
    request_id: str | None = None
    """A request to the platform."""
    program: str | None = None
    service: str | None = None
    """What hosting runs: ``platform`` or ``database``."""
    transaction: str | None = None
    """A transaction of the write-ahead log, by the number that it has in the run."""
    table: str | None = None
    row_id: str | None = None
    column: str | None = None

    def named(self) -> dict[str, str]:
        """Name → id of those that are known."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in values if value is not None}


NO_KEYS = Keys()
"""For what is about the run as a whole, or about a thing that has no id."""


def shared(several: Iterable[Keys]) -> Keys:
    """What all of them have in common."""
    known: list[Mapping[str, str]] = [keys.named() for keys in several]
    first = known[0] if known else {}
    return Keys(**{name: value for name, value in first.items() if all(other.get(name) == value for other in known)})


def keys_of_alert(alert: AlertFired) -> Keys:
    """The rule, the one time that it fired, and the runbook that it asks for."""
    return Keys(alert=alert.alert, alert_id=alert.alert_id, runbook=alert.runbook)
