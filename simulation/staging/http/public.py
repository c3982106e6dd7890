"""Endpoints without authentication: liveness, metrics, signing up, and events from Stripe, which carry a signature."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from flask import Response, jsonify, request
from flask_openapi.blueprint import APIBlueprint
from pydantic import Field

from simulation.staging.access import users
from simulation.staging.context import SYSTEM, Context
from simulation.staging.errors import ApiError
from simulation.staging.http import metrics_page
from simulation.staging.http.admission import request_id
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import SENT, Answer, Body, Query, Text, answers, text_answer
from simulation.staging.money import webhooks
from simulation.staging.operations import metrics


class Health(Answer):
    status: Literal["ok"]


class SignUp(Body):
    name: Text
    email: Text


class SignedUp(Answer):
    user_id: UUID


class StripeSignature(Query):
    signature: str | None = Field(default=None, alias="Stripe-Signature")


class ReceivedEvent(Answer):
    received: bool
    duplicate: bool


def blueprint(api: Api) -> APIBlueprint:
    """`/health`, `/metrics`, `/api/users` and the webhook."""
    runtime, levels = api.runtime, api.levels
    routes = api.routes("public")

    @routes.get("/health", responses=answers(Health))
    def health() -> Response:
        return jsonify(status="ok")

    @routes.get(metrics_page.PATH, responses=text_answer("text/plain"))
    def exposition() -> Response:
        # A GET is answered by `metrics_page`; here comes what it passes on: a HEAD, and the error of a GET.
        if metrics_page.FAILURE in request.environ:
            raise request.environ[metrics_page.FAILURE]
        return Response(metrics.exposition(runtime, levels, api.book), content_type=metrics_page.CONTENT_TYPE)

    @routes.post("/api/users", responses=answers(SignedUp, SENT, {409: ("email_taken",)}, status=201))
    def create_user(body: SignUp) -> tuple[Response, int]:
        if "@" not in body.email[1:]:
            raise ApiError(400, "invalid_field", "email must be an e-mail address")
        user_id = users.sign_up(runtime, name=body.name, email=body.email, request_id=request_id())
        return jsonify(user_id=str(user_id)), 201

    refused = {
        400: ("STRIPE_SIGNATURE_INVALID", "invalid_event"),
        409: ("PAYMENT_INTENT_NOT_FOUND",),
        500: ("webhook_processing_failed",),
        503: ("contest_busy",),
    }
    event = {"content": {"application/json": {"schema": {"type": "object"}}}, "required": True}

    @routes.post("/api/webhooks/stripe", request_body=event, responses=answers(ReceivedEvent, refused))
    def receive_event(header: StripeSignature) -> Response:
        context = Context(actor=SYSTEM, request_id=request_id())
        try:
            received = webhooks.receive(runtime, context, request.get_data(), header.signature)
        except ApiError as error:
            levels.webhook_refusals.count(failed=error.code == "STRIPE_SIGNATURE_INVALID")
            raise
        levels.webhook_refusals.count(failed=False)
        if received.repeated:
            levels.webhook_duplicates.count()
        return jsonify(received=True, duplicate=not received.processed)

    return routes
