"""Endpoints of admins for refund requests, refunds and disputes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel

from simulation.staging.canonical import row_json
from simulation.staging.http.admission import once
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import (
    ADMIN,
    ASKED,
    CONTEST,
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
from simulation.staging.money import acknowledgement, disputes, refund_requests, returned_refunds

_UNKNOWN_REQUEST = {404: ("refund_request_not_found",)}
_DECIDED = {409: ("refund_request_decided",)}


class OfRequest(BaseModel):
    """The refund request that an address names."""

    request_id: UUID


class OfRefund(BaseModel):
    """The refund that an address names."""

    refund_id: UUID


class OfDispute(BaseModel):
    """The dispute that an address names."""

    dispute_id: UUID


class RequestsAsked(Query):
    status: Text | None = None


class DisputesAsked(Query):
    acknowledged: Literal["true", "false"] | None = None


class RefundsAsked(Query):
    status: Text | None = None


class Acknowledge(Reasoned):
    acknowledged: Flag


class RefundRequest(Answer):
    id: UUID
    contest_instance_id: UUID
    user_id: UUID
    reason: str
    status: str
    decided_by: UUID | None
    decided_at: datetime | None
    decision_reason: str | None
    created_at: datetime
    contest_status: str
    settled: bool
    asked_in_time: bool
    payments: int
    refunds_booked: int
    refunds_completed: int


class RefundRequests(Answer):
    refund_requests: list[RefundRequest]


class DecidedRequest(Done):
    status: Literal["granted", "refused"]


class GrantedRequest(DecidedRequest):
    refunds_requested: int


class ReopenedRequest(Done):
    reopened: bool


class Refund(Answer):
    id: UUID
    payment_intent_id: UUID
    contest_instance_id: UUID
    user_id: UUID
    amount_cents: int
    currency: str
    status: str
    attempt_count: int
    max_attempts: int
    next_attempt_at: datetime
    first_attempted_at: datetime | None
    claimed_at: datetime | None
    stripe_refund_id: str | None
    idempotency_key: str
    reason: str
    failure_reason: str | None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    owed_cents: int


class Refunds(Answer):
    refunds: list[Refund]


class Dispute(Answer):
    id: UUID
    stripe_dispute_id: str
    payment_intent_id: UUID
    contest_instance_id: UUID
    user_id: UUID
    amount_cents: int
    currency: str
    fee_cents: int
    reinstated_cents: int
    status: str
    reason: str
    acknowledged_at: datetime | None
    acknowledged_by: UUID | None
    created_at: datetime
    updated_at: datetime
    contest_status: str
    settle_time: datetime | None
    booked_cents: int


class Disputes(Answer):
    disputes: list[Dispute]


class Acknowledged(Done):
    acknowledged: bool


def blueprint(api: Api) -> APIBlueprint:
    """Looking at requests and disputes, and deciding on one with a reason."""
    routes = api.routes("money", security="admin")
    _add_requests(routes, api)
    _add_refunds(routes, api)
    _add_disputes(routes, api)
    return routes


def _add_requests(routes: APIBlueprint, api: Api) -> None:
    runtime = api.runtime
    common = (ADMIN, NAMED, SENT_ONCE, CONTEST, _UNKNOWN_REQUEST)

    @routes.get("/refund-requests", responses=answers(RefundRequests, ADMIN, ASKED))
    def refund_request_list(query: RequestsAsked) -> Response:
        rows = refund_requests.requests(runtime, status=query.status)
        return jsonify(refund_requests=[row_json(row) for row in rows])

    late = {409: (*_DECIDED[409], "contest_settled", "asked_after_lock")}

    @routes.post("/refund-requests/<uuid:request_id>/grant", responses=answers(GrantedRequest, *common, late))
    def grant(header: MayComeAgain, path: OfRequest, body: Reasoned) -> Response:
        made = once(header, lambda context: refund_requests.grant(runtime, context, path.request_id, body.reason))
        return jsonify(success=True, status="granted", refunds_requested=made)

    early = {409: (*_DECIDED[409], "asked_in_time")}

    @routes.post("/refund-requests/<uuid:request_id>/refuse", responses=answers(DecidedRequest, *common, early))
    def refuse(header: MayComeAgain, path: OfRequest, body: Reasoned) -> Response:
        once(header, lambda context: refund_requests.refuse(runtime, context, path.request_id, body.reason))
        return jsonify(success=True, status="refused")

    @routes.post("/refund-requests/<uuid:request_id>/reopen", responses=answers(ReopenedRequest, *common))
    def reopen(header: MayComeAgain, path: OfRequest, body: Reasoned) -> Response:
        reopened = once(header, lambda context: refund_requests.reopen(runtime, context, path.request_id, body.reason))
        return jsonify(success=True, reopened=reopened)


def _add_refunds(routes: APIBlueprint, api: Api) -> None:
    runtime = api.runtime

    @routes.get("/refunds", responses=answers(Refunds, ADMIN, ASKED))
    def refund_list(query: RefundsAsked) -> Response:
        return jsonify(refunds=[row_json(row) for row in returned_refunds.refunds(runtime, status=query.status)])

    refused = {404: ("refund_not_found",), 409: ("refund_not_returned",)}

    @routes.post(
        "/refunds/<uuid:refund_id>/acknowledge", responses=answers(Acknowledged, ADMIN, NAMED, SENT_ONCE, refused)
    )
    def acknowledge_refund(header: MayComeAgain, path: OfRefund, body: Acknowledge) -> Response:
        once(
            header,
            lambda context: acknowledgement.acknowledge(
                runtime,
                context,
                returned_refunds.TO_ACKNOWLEDGE,
                path.refund_id,
                acknowledged=body.acknowledged,
                reason=body.reason,
            ),
        )
        return jsonify(success=True, acknowledged=body.acknowledged)


def _add_disputes(routes: APIBlueprint, api: Api) -> None:
    runtime = api.runtime

    @routes.get("/disputes", responses=answers(Disputes, ADMIN, ASKED))
    def dispute_list(query: DisputesAsked) -> Response:
        acknowledged = None if query.acknowledged is None else query.acknowledged == "true"
        return jsonify(disputes=[row_json(row) for row in disputes.disputes(runtime, acknowledged=acknowledged)])

    unknown = {404: ("dispute_not_found",)}

    @routes.post(
        "/disputes/<uuid:dispute_id>/acknowledge", responses=answers(Acknowledged, ADMIN, NAMED, SENT_ONCE, unknown)
    )
    def acknowledge(header: MayComeAgain, path: OfDispute, body: Acknowledge) -> Response:
        once(
            header,
            lambda context: acknowledgement.acknowledge(
                runtime,
                context,
                disputes.TO_ACKNOWLEDGE,
                path.dispute_id,
                acknowledged=body.acknowledged,
                reason=body.reason,
            ),
        )
        return jsonify(success=True, acknowledged=body.acknowledged)
