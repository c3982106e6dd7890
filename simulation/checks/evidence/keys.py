"""The ids that a finding is about, named as in the canonical relations.

They are fields, so that a report, a script or an engineer need not parse them out of a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from simulation.events import AlertFired


@dataclass(frozen=True, kw_only=True)
class Keys:
    """A field is None if the finding is not about a single thing of that kind, or the check does not know which."""

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
    """The name of the alert rule; ``alert_id`` identifies one firing of it."""
    alert_id: str | None = None
    runbook: str | None = None
    execution_id: str | None = None
    task_id: str | None = None
    job: str | None = None
    request_id: str | None = None
    """A request to the platform."""
    program: str | None = None
    service: str | None = None
    """The hosted service: ``platform`` or ``database``."""
    transaction: str | None = None
    """A transaction's number within the run, as the write-ahead log's witness counts."""
    table: str | None = None
    row_id: str | None = None
    column: str | None = None

    def named(self) -> dict[str, str]:
        """Name → id of those that are known."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in values if value is not None}


NO_KEYS = Keys()
"""For findings about the run as a whole, or about something that has no id."""


def shared(several: Iterable[Keys]) -> Keys:
    """The ids that are equal in all of them."""
    known: list[Mapping[str, str]] = [keys.named() for keys in several]
    first = known[0] if known else {}
    return Keys(**{name: value for name, value in first.items() if all(other.get(name) == value for other in known)})


def keys_of_alert(alert: AlertFired) -> Keys:
    """Keys of one firing of an alert: the rule, the alert's id, and the runbook that it names."""
    return Keys(alert=alert.alert, alert_id=alert.alert_id, runbook=alert.runbook)
