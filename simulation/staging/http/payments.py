"""Endpoints of the money coming in: intents from entrants, events from Stripe."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from simulation.staging import parsing
from simulation.staging.context import SYSTEM, Context
from simulation.staging.errors import ApiError
from simulation.staging.http import requests
from simulation.staging.money import payments, webhooks
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels


def blueprint(runtime: Runtime, levels: ServiceLevels) -> Blueprint:
    """Payment intents and the webhook."""
    routes = Blueprint("payments", __name__)

    @routes.post("/api/payments/intents")
    def create_intent() -> Response:
        context = requests.user_context(runtime)
        key = request.headers.get("Idempotency-Key", "").strip()
        if not key or len(key) > 255:
            raise ApiError(400, "IDEMPOTENCY_KEY_REQUIRED", "the header Idempotency-Key must have 1 to 255 characters")
        body = requests.body()
        parsing.require(body, "contest_instance_id", "amount_cents")
        intent = payments.create_intent(
            runtime,
            context,
            key=key,
            contest_id=parsing.uuid_of(body["contest_instance_id"], "contest_instance_id"),
            amount_cents=parsing.integer_of(body, "amount_cents", minimum=0),
        )
        return jsonify(
            payment_intent_id=str(intent.payment_intent_id), client_secret=intent.client_secret, status=intent.status
        )

    @routes.post("/api/webhooks/stripe")
    def receive_event() -> Response:
        context = Context(actor=SYSTEM, request_id=requests.request_id())
        try:
            processed = webhooks.receive(runtime, context, request.get_data(), request.headers.get("Stripe-Signature"))
        except ApiError as error:
            levels.webhook_refusals.count(failed=error.code == "STRIPE_SIGNATURE_INVALID")
            raise
        levels.webhook_refusals.count(failed=False)
        if not processed:
            levels.webhook_duplicates.count()
        return jsonify(received=True, duplicate=not processed)

    return routes
