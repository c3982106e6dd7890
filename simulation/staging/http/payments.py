"""The endpoint by which entrants pay."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint
from pydantic import Field, StringConstraints

from simulation.staging.http.admission import caller
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import CONTEST, SENT, USER, Answer, Body, Cents, Query, answers
from simulation.staging.money import payments

_REFUSED = {
    400: ("IDEMPOTENCY_KEY_REQUIRED", "amount_mismatch"),
    403: ("not_a_participant",),
    409: ("contest_not_open_for_payment", "PAYMENT_ALREADY_PROCESSED", "contest_left", "idempotency_key_reused"),
    502: ("STRIPE_API_ERROR",),
}


class IdempotencyKey(Query):
    key: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)] = Field(
        alias="Idempotency-Key"
    )


class CreateIntent(Body):
    contest_instance_id: UUID
    amount_cents: Cents


class PaymentIntent(Answer):
    payment_intent_id: UUID
    client_secret: str
    status: str


def add(routes: APIBlueprint, api: Api) -> None:
    """Payment intents."""

    @routes.post("/api/payments/intents", responses=answers(PaymentIntent, USER, SENT, CONTEST, _REFUSED))
    def create_intent(header: IdempotencyKey, body: CreateIntent) -> Response:
        intent = payments.create_intent(
            api.runtime,
            caller(),
            key=header.key,
            contest_id=body.contest_instance_id,
            amount_cents=body.amount_cents,
        )
        return jsonify(
            payment_intent_id=str(intent.payment_intent_id), client_secret=intent.client_secret, status=intent.status
        )
