"""Endpoints of organizers and entrants."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, jsonify

from simulation.staging import lifecycle, parsing
from simulation.staging.access import users
from simulation.staging.canonical import iso
from simulation.staging.contests import contests
from simulation.staging.contests.terms import terms_of
from simulation.staging.errors import ApiError
from simulation.staging.http import requests
from simulation.staging.money import refund_requests
from simulation.staging.runtime import Runtime


def blueprint(runtime: Runtime) -> Blueprint:
    """Users and contests before they begin."""
    routes = Blueprint("people", __name__)
    _add_users(routes, runtime)
    _add_contests(routes, runtime)
    return routes


def _add_users(routes: Blueprint, runtime: Runtime) -> None:
    @routes.post("/api/users")
    def create_user() -> tuple[Response, int]:
        body = requests.body()
        email = parsing.text_of(body, "email")
        if "@" not in email[1:]:
            raise ApiError(400, "invalid_field", "email must be an e-mail address")
        user_id = users.create(
            runtime, None, name=parsing.text_of(body, "name"), email=email, request_id=requests.request_id()
        )
        return jsonify(user_id=str(user_id)), 201

    @routes.post("/api/users/<uuid:user_id>/connected-account")
    def connect_account(user_id: UUID) -> Response:
        context = requests.user_context(runtime)
        if context.actor != user_id:
            raise ApiError(403, "forbidden", "only the user may do this")
        return jsonify(stripe_connected_account_id=users.connect_account(runtime, context, user_id))

    @routes.delete("/api/users/<uuid:user_id>")
    def delete_user(user_id: UUID) -> Response:
        context = requests.user_context(runtime)
        if context.actor != user_id:
            raise ApiError(403, "forbidden", "only the user may do this")
        users.delete(runtime, context, user_id)
        return jsonify(success=True)


def _add_contests(routes: Blueprint, runtime: Runtime) -> None:
    @routes.post("/api/custom-contests")
    def create_contest() -> tuple[Response, int]:
        context = requests.user_context(runtime)
        contest_id = contests.create(runtime, context, terms_of(requests.body()))
        return jsonify(contest_instance_id=str(contest_id), status="SCHEDULED"), 201

    @routes.post("/api/custom-contests/<uuid:contest_id>/publish")
    def publish(contest_id: UUID) -> Response:
        contests.publish(runtime, requests.user_context(runtime), contest_id)
        return jsonify(contest_instance_id=str(contest_id), status="SCHEDULED", published=True)

    @routes.post("/api/custom-contests/<uuid:contest_id>/join")
    def join(contest_id: UUID) -> Response:
        context = requests.user_context(runtime)
        joined_at = contests.join(runtime, context, contest_id, requests.body().get("roster"))
        return jsonify(contest_instance_id=str(contest_id), user_id=str(context.actor), joined_at=iso(joined_at))

    @routes.post("/api/custom-contests/<uuid:contest_id>/refund-request")
    def ask_for_refund(contest_id: UUID) -> tuple[Response, int]:
        context, reason = requests.user_context(runtime), parsing.text_of(requests.body(), "reason")
        request_id, status = refund_requests.create(runtime, context, contest_id, reason)
        return jsonify(refund_request_id=str(request_id), status=status), 201

    @routes.post("/api/custom-contests/<uuid:contest_id>/lock")
    def lock(contest_id: UUID) -> Response:
        reason = parsing.text_of(requests.body(), "reason")
        lifecycle.force_lock(runtime, requests.user_context(runtime), contest_id, reason, organizer_only=True)
        return jsonify(contest_instance_id=str(contest_id), status="LOCKED")

    @routes.post("/api/custom-contests/<uuid:contest_id>/cancel")
    def cancel(contest_id: UUID) -> Response:
        reason = parsing.text_of(requests.body(), "reason")
        refunds = lifecycle.cancel(runtime, requests.user_context(runtime), contest_id, reason, organizer_only=True)
        return jsonify(contest_instance_id=str(contest_id), status="CANCELLED", refunds_requested=refunds)
