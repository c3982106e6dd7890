"""Endpoints of admins for prizes on their way: payout jobs and transfers, and banks that did not take them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Literal
from uuid import UUID

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel, JsonValue

from simulation.staging.canonical import row_json
from simulation.staging.http.admission import once
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import (
    ADMIN,
    ASKED,
    NAMED,
    SENT_ONCE,
    Answer,
    Done,
    Flag,
    MayComeAgain,
    Query,
    Reasoned,
    Text,
    answers,
)
from simulation.staging.money import acknowledgement, failed_bank_payouts, payout_admin_views, payout_batches

_UNKNOWN_JOB = {404: ("payout_job_not_found",)}
_UNKNOWN_TRANSFER = {404: ("payout_transfer_not_found",)}


class OfJob(BaseModel):
    """The payout job that an address names."""

    job_id: UUID


class OfTransfer(BaseModel):
    """The payout transfer that an address names."""

    transfer_id: UUID


class OfBankPayout(BaseModel):
    """The failed bank payout that an address names."""

    payout_id: UUID


class BankPayoutsAsked(Query):
    acknowledged: Literal["true", "false"] | None = None


class PayoutJobsAsked(Query):
    state: payout_batches.State | None = None


class TransfersAsked(Query):
    status: Text | None = None
    contest_id: UUID | None = None


class Review(Reasoned):
    reviewed: Flag


class AcknowledgeTransfer(Reasoned):
    acknowledged: Flag


class PayoutJob(Answer):
    id: UUID
    contest_id: UUID
    status: str
    total_payouts: int
    completed_count: int
    failed_count: int
    reviewed_at: datetime | None
    reviewed_by: UUID | None
    settled_at: datetime
    currency: str
    settled_cents: int
    completed_cents: int
    failed_cents: int
    unacknowledged: int


class PayoutJobs(Answer):
    payout_jobs: list[PayoutJob]


class ReviewedJob(Done):
    reviewed: bool


class PayoutTransfer(Answer):
    id: UUID
    payout_job_id: UUID
    contest_id: UUID
    user_id: UUID
    amount_cents: int
    currency: str
    reversed_cents: int
    owed_cents: int
    status: str
    attempt_count: int
    max_attempts: int
    stripe_transfer_id: str | None
    idempotency_key: str
    failure_reason: str | None
    held_reason: str | None
    held_since: datetime | None
    claimed_at: datetime | None
    first_attempted_at: datetime | None
    next_attempt_at: datetime | None
    completed_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: UUID | None
    created_at: datetime
    updated_at: datetime
    winner_deleted_at: datetime | None


class PayoutTransfers(Answer):
    payout_transfers: list[PayoutTransfer]


class Attempt(Answer):
    entry_type: str
    amount_cents: int
    currency: str
    metadata_json: dict[str, JsonValue]
    created_at: datetime


class TransferWithAttempts(PayoutTransfer):
    attempts: list[Attempt]


class TransferAtStripe(Answer):
    stripe_id: str
    amount_cents: int
    currency: str
    destination: str | None
    payout_transfer_id: str | None
    user_id: str | None


class TransfersAtStripe(Answer):
    payout_transfer_id: UUID
    stripe_transfers: list[TransferAtStripe]


class AcknowledgedTransfer(Done):
    acknowledged: bool


class FailedBankPayout(Answer):
    id: UUID
    stripe_payout_id: str
    user_id: UUID
    amount_cents: int
    currency: str
    failure_code: str
    acknowledged_at: datetime | None
    acknowledged_by: UUID | None
    created_at: datetime
    updated_at: datetime
    winner_deleted_at: datetime | None
    prizes_cents: int


class FailedBankPayouts(Answer):
    failed_bank_payouts: list[FailedBankPayout]


def blueprint(api: Api) -> APIBlueprint:
    """Look at payout jobs and transfers, note that somebody has looked."""
    routes = api.routes("transfers", security="admin")
    _add_jobs(routes, api)
    _add_transfers(routes, api)
    _add_bank_payouts(routes, api)
    return routes


def _add_bank_payouts(routes: APIBlueprint, api: Api) -> None:
    runtime = api.runtime

    @routes.get("/failed-bank-payouts", responses=answers(FailedBankPayouts, ADMIN, ASKED))
    def failed(query: BankPayoutsAsked) -> Response:
        acknowledged = None if query.acknowledged is None else query.acknowledged == "true"
        rows = failed_bank_payouts.failed_bank_payouts(runtime, acknowledged=acknowledged)
        return jsonify(failed_bank_payouts=[row_json(row) for row in rows])

    unknown = {404: ("failed_bank_payout_not_found",)}

    @routes.post(
        "/failed-bank-payouts/<uuid:payout_id>/acknowledge",
        responses=answers(AcknowledgedTransfer, ADMIN, NAMED, SENT_ONCE, unknown),
    )
    def acknowledge_failed(header: MayComeAgain, path: OfBankPayout, body: AcknowledgeTransfer) -> Response:
        once(
            header,
            lambda context: acknowledgement.acknowledge(
                runtime,
                context,
                failed_bank_payouts.TO_ACKNOWLEDGE,
                path.payout_id,
                acknowledged=body.acknowledged,
                reason=body.reason,
            ),
        )
        return jsonify(success=True, acknowledged=body.acknowledged)


def _add_jobs(routes: APIBlueprint, api: Api) -> None:
    runtime = api.runtime

    @routes.get("/payout-jobs", responses=answers(PayoutJobs, ADMIN, ASKED))
    def payout_jobs(query: PayoutJobsAsked) -> Response:
        return jsonify(payout_jobs=[row_json(row) for row in payout_batches.batches(runtime, query.state)])

    refused = {409: ("batch_not_partial", "transfers_not_acknowledged")}

    @routes.post(
        "/payout-jobs/<uuid:job_id>/review",
        responses=answers(ReviewedJob, ADMIN, NAMED, SENT_ONCE, _UNKNOWN_JOB, refused),
    )
    def review(header: MayComeAgain, path: OfJob, body: Review) -> Response:
        once(
            header,
            lambda context: payout_batches.review(
                runtime, context, path.job_id, reviewed=body.reviewed, reason=body.reason
            ),
        )
        return jsonify(success=True, reviewed=body.reviewed)


def _add_transfers(routes: APIBlueprint, api: Api) -> None:
    runtime = api.runtime

    @routes.get("/payout-transfers", responses=answers(PayoutTransfers, ADMIN, ASKED))
    def transfers(query: TransfersAsked) -> Response:
        rows = payout_admin_views.transfers(runtime, status=query.status, contest_id=query.contest_id)
        return jsonify(payout_transfers=[row_json(row) for row in rows])

    one = "/payout-transfers/<uuid:transfer_id>"

    @routes.get(one, responses=answers(TransferWithAttempts, ADMIN, NAMED, _UNKNOWN_TRANSFER))
    def transfer(path: OfTransfer) -> Response:
        row, attempts = payout_admin_views.transfer(runtime, path.transfer_id)
        return jsonify({**row_json(row), "attempts": [row_json(attempt) for attempt in attempts]})

    no_stripe = {502: ("STRIPE_API_ERROR",)}

    @routes.get(f"{one}/at-stripe", responses=answers(TransfersAtStripe, ADMIN, NAMED, _UNKNOWN_TRANSFER, no_stripe))
    def transfer_at_stripe(path: OfTransfer) -> Response:
        made = payout_admin_views.transfers_at_stripe(runtime, path.transfer_id)
        return jsonify(payout_transfer_id=str(path.transfer_id), stripe_transfers=[asdict(item) for item in made])

    refused = {409: ("transfer_not_failed",)}

    @routes.post(
        f"{one}/acknowledge",
        responses=answers(AcknowledgedTransfer, ADMIN, NAMED, SENT_ONCE, _UNKNOWN_TRANSFER, refused),
    )
    def acknowledge(header: MayComeAgain, path: OfTransfer, body: AcknowledgeTransfer) -> Response:
        once(
            header,
            lambda context: acknowledgement.acknowledge(
                runtime,
                context,
                payout_admin_views.TO_ACKNOWLEDGE,
                path.transfer_id,
                acknowledged=body.acknowledged,
                reason=body.reason,
            ),
        )
        return jsonify(success=True, acknowledged=body.acknowledged)
