"""Typed rows of the canonical relations: the target protocol's columns, except those that no check needs."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationInfo,
    model_validator,
)

from simulation.checks.evidence.keys import Keys
from simulation.contract.business import Business


def _from_text(value: Any) -> Any:
    """JSON columns arrive as documents or as text, depending on the target's database driver."""
    return json.loads(value) if isinstance(value, str) else value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) else value


Instant = Annotated[datetime, AwareDatetime]
Text = Annotated[str, BeforeValidator(_text)]


Currency = Annotated[str, StringConstraints(to_lower=True)]
"""ISO 4217, in lower case, however the target writes it."""


class Relation(BaseModel):
    """Base of all rows; ``relation`` is the canonical name. An id that is a number in the database is a text here."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True, defer_build=True)
    relation: ClassVar[str]

    @property
    def keys(self) -> Keys:
        """The ids that the row is about; each relation defines its own."""
        return Keys()


class ContestRow(Relation):
    relation = "contests"
    contest_id: str
    name: str
    status: str
    settled_at: Instant | None = None
    paid_out_at: Instant | None = None

    @property
    def keys(self) -> Keys:
        return Keys(contest_id=self.contest_id)


class EntryRow(Relation):
    relation = "entries"
    entry_id: str | None = None
    """Where entries of the ledger refer to it."""
    contest_id: str
    user_id: str
    roster: Annotated[tuple[str, ...], BeforeValidator(_from_text)] = ()


class PaymentRow(Relation):
    relation = "payments"
    payment_id: str
    contest_id: str
    user_id: str
    stripe_payment_intent_id: str | None = None
    status: str
    amount_cents: int

    @property
    def keys(self) -> Keys:
        return Keys(
            payment_id=self.payment_id,
            payment_intent_id=self.stripe_payment_intent_id,
            contest_id=self.contest_id,
            user_id=self.user_id,
        )


class PostingRow(Relation):
    """An entry of the ledger. A single one has neither ``direction`` nor ``transaction_id``, and a signed amount."""

    relation = "postings"
    posting_id: str
    transaction_id: Text
    contest_id: str | None = None
    user_id: str | None = None
    account: str
    entry_type: str
    direction: str = ""
    amount_cents: int
    currency: Currency
    reference_type: str
    reference_id: str
    idempotency_key: str
    stripe_event_id: str | None = None
    created_at: Instant

    @model_validator(mode="before")
    @classmethod
    def _single(cls, row: Any, info: ValidationInfo) -> Any:
        """In a ledger of single entries each is a transaction of its own."""
        business = info.context if isinstance(info.context, Business) else Business()
        chart = business.books
        if chart is None or chart.entries == "single" or not isinstance(row, dict):
            return {"transaction_id": row["posting_id"], **row} if isinstance(row, dict) else row
        lacking = [name for name in ("transaction_id", "direction") if name not in row]
        if lacking:
            raise ValueError(f"no {lacking[0]}: declare business.ledger with `entries: single` if each stands alone")
        return row

    @property
    def debit_cents(self) -> int:
        """The amount in cents with the sign of a debit: credits are negative."""
        return self.amount_cents if self.direction == "DEBIT" else -self.amount_cents

    @property
    def keys(self) -> Keys:
        referred = {name: self.reference_id for kind, name in _REFERENCES.items() if kind == self.reference_type}
        return Keys(
            posting_id=self.posting_id,
            account=self.account,
            contest_id=self.contest_id,
            user_id=self.user_id,
            stripe_event_id=self.stripe_event_id,
            **referred,
        )


_REFERENCES = {
    "payment_intent": "payment_id",
    "refund": "refund_id",
    "settlement": "settlement_id",
    "payout_transfer": "transfer_id",
    "dispute": "dispute_id",
}
"""A posting's ``reference_type`` → the field of :class:`Keys` that its ``reference_id`` belongs in."""


class Ranking(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)
    user_id: str
    rank: int
    score: int
    payout_cents: int


class Results(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)
    rankings: tuple[Ranking, ...]
    platform_cents: int


class SettlementRow(Relation):
    relation = "settlements"
    settlement_id: str
    contest_id: str
    settled_at: Instant
    participant_count: int
    total_pool_cents: int
    results: Annotated[Results, BeforeValidator(_from_text)]

    @property
    def keys(self) -> Keys:
        return Keys(settlement_id=self.settlement_id, contest_id=self.contest_id)


class PayoutJobRow(Relation):
    relation = "payout_jobs"
    job_id: str
    contest_id: str
    settlement_id: str
    status: str
    total_payouts: int
    completed_count: int
    failed_count: int

    @property
    def keys(self) -> Keys:
        return Keys(payout_job_id=self.job_id, contest_id=self.contest_id, settlement_id=self.settlement_id)


class TransferRow(Relation):
    relation = "transfers"
    transfer_id: str
    contest_id: str
    user_id: str
    amount_cents: int
    currency: Currency | None = None
    """None where the target does not say: then the contest's."""
    status: str
    attempt_count: int
    max_attempts: int
    stripe_transfer_id: str | None = None
    idempotency_key: str
    failure_reason: str | None = None
    created_at: Instant

    @property
    def keys(self) -> Keys:
        return Keys(
            transfer_id=self.transfer_id,
            contest_id=self.contest_id,
            user_id=self.user_id,
            stripe_object_id=self.stripe_transfer_id,
        )


CAME_BACK = ("returned", "owed")
"""Statuses of a refund whose money is back at Stripe: nobody has seen to it yet, and somebody has."""


class RefundRow(Relation):
    relation = "refunds"
    refund_id: str
    payment_id: str
    contest_id: str
    user_id: str
    amount_cents: int
    currency: Currency | None = None
    """None where the target does not say: then the contest's."""
    status: str
    stripe_refund_id: str | None = None
    reason: str | None = None
    failure_reason: str | None = None

    @property
    def keys(self) -> Keys:
        return Keys(
            refund_id=self.refund_id,
            payment_id=self.payment_id,
            contest_id=self.contest_id,
            user_id=self.user_id,
            stripe_object_id=self.stripe_refund_id,
        )


class DisputeRow(Relation):
    relation = "disputes"
    dispute_id: str
    stripe_dispute_id: str
    payment_id: str
    amount_cents: int
    fee_cents: int

    @property
    def keys(self) -> Keys:
        return Keys(dispute_id=self.dispute_id, payment_id=self.payment_id, stripe_object_id=self.stripe_dispute_id)


class StripeEventRow(Relation):
    relation = "stripe_events"
    stripe_event_id: str
    event_type: str
    processing_status: str

    @property
    def keys(self) -> Keys:
        return Keys(stripe_event_id=self.stripe_event_id)


class ExecutionRow(Relation):
    relation = "runbook_executions"
    id: str
    runbook_name: str
    runbook_version: str
    executed_by: str
    status: str
    start_time: Instant
    end_time: Instant | None = None
    duration_seconds: int | None = None
    error_reason: str | None = None
    system_state_before: Annotated[JsonValue, BeforeValidator(_from_text)] = None
    system_state_after: Annotated[JsonValue, BeforeValidator(_from_text)] = None

    @property
    def keys(self) -> Keys:
        return Keys(execution_id=self.id, runbook=self.runbook_name)


class IngestionEventRow(Relation):
    relation = "ingestion_events"
    event_id: str
    contest_id: str
    received_at: Instant
    validation_status: str
    payload_sha256: str | None = None

    @property
    def keys(self) -> Keys:
        return Keys(contest_id=self.contest_id, table=self.relation, row_id=self.event_id)


class IngestionErrorRow(Relation):
    relation = "ingestion_errors"
    error_id: str
    contest_id: str
    error_code: str = Field(min_length=1)
    created_at: Instant


class SettlementRunRow(Relation):
    relation = "settlement_runs"
    run_id: str
    contest_id: str
    status: str


class UserRow(Relation):
    relation = "users"
    user_id: str
    stripe_account_id: str | None = None
