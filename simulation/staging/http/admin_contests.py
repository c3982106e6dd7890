"""Endpoints of admins for contests."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, Response, jsonify, request

from simulation.staging import lifecycle, parsing
from simulation.staging.canonical import row_json
from simulation.staging.contests import admin_views as contest_desk
from simulation.staging.contests import contests
from simulation.staging.contests.terms import schedule_of
from simulation.staging.context import Context
from simulation.staging.http import requests
from simulation.staging.operations import database_sessions as database_desk
from simulation.staging.parsing import Body
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels
from simulation.staging.settlement import settlement


def blueprint(runtime: Runtime, levels: ServiceLevels) -> Blueprint:
    """Looking at contests, and acting on one with a reason."""
    routes = Blueprint("admin_contests", __name__, url_prefix="/api/admin/contests")
    _add_pages(routes, runtime, levels)
    _add_actions(routes, runtime, levels)
    return routes


def _add_pages(routes: Blueprint, runtime: Runtime, levels: ServiceLevels) -> None:
    @routes.get("")
    def contest_list() -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(contests=[row_json(row) for row in contest_desk.contests(runtime, request.args.get("status"))])

    @routes.get("/<uuid:contest_id>")
    def contest(contest_id: UUID) -> Response:
        requests.admin_context(runtime, levels)
        row, settled = contest_desk.contest(runtime, contest_id)
        return jsonify({**row_json(row), "settlement": row_json(settled) if settled else None})

    @routes.get("/<uuid:contest_id>/audit")
    def audit(contest_id: UUID) -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(audit=[row_json(row) for row in contest_desk.audit(runtime, contest_id)])

    @routes.get("/<uuid:contest_id>/ingestion-events")
    def ingestion_events(contest_id: UUID) -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(ingestion_events=[row_json(row) for row in contest_desk.ingestion_events(runtime, contest_id)])

    @routes.get("/<uuid:contest_id>/validation-errors")
    def validation_errors(contest_id: UUID) -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(validation_errors=[row_json(row) for row in contest_desk.validation_errors(runtime, contest_id)])


def _add_actions(routes: Blueprint, runtime: Runtime, levels: ServiceLevels) -> None:
    def asked() -> tuple[Context, Body, str]:
        context, body = requests.admin_context(runtime, levels), requests.body()
        return context, body, parsing.text_of(body, "reason")

    @routes.post("/<uuid:contest_id>/cancel")
    def cancel(contest_id: UUID) -> Response:
        context, _, reason = asked()
        refunds = lifecycle.cancel(runtime, context, contest_id, reason)
        return jsonify(success=True, status="CANCELLED", refunds_requested=refunds)

    @routes.post("/<uuid:contest_id>/force-lock")
    def force_lock(contest_id: UUID) -> Response:
        context, _, reason = asked()
        lifecycle.force_lock(runtime, context, contest_id, reason)
        return jsonify(success=True, status="LOCKED")

    @routes.post("/<uuid:contest_id>/end-blocking-sessions")
    def end_blocking_sessions(contest_id: UUID) -> Response:
        context, _, reason = asked()
        return jsonify(success=True, ended=database_desk.end_holders(runtime, context, contest_id, reason))

    @routes.post("/<uuid:contest_id>/mark-error")
    def mark_error(contest_id: UUID) -> Response:
        context, _, reason = asked()
        lifecycle.mark_error(runtime, context, contest_id, reason)
        return jsonify(success=True, status="ERROR")

    @routes.post("/<uuid:contest_id>/resolve-error")
    def resolve_error(contest_id: UUID) -> Response:
        context, body, reason = asked()
        target = parsing.text_of(body, "to_status")
        lifecycle.resolve_error(runtime, context, contest_id, target, reason)
        return jsonify(success=True, status=target)

    @routes.post("/<uuid:contest_id>/update-times")
    def update_times(contest_id: UUID) -> Response:
        context, body, reason = asked()
        contests.update_times(runtime, context, contest_id, schedule_of(body), reason)
        return jsonify(success=True)

    @routes.post("/<uuid:contest_id>/settle", endpoint="settle")
    @routes.post("/<uuid:contest_id>/settlement-run", endpoint="settlement_run")
    def settle(contest_id: UUID) -> Response:
        context, _, reason = asked()
        settled = settlement.settle(runtime, context, contest_id, reason=reason)
        return jsonify(
            success=True,
            status="COMPLETE",
            settlement_run_id=str(settled.settlement_run_id),
            settlement_id=str(settled.settlement_id),
            already_settled=settled.already,
        )
