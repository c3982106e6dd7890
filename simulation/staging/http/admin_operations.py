"""Endpoints of admins for operations: diagnostics, running a job now, payout transfers, admin rights."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

from flask import Blueprint, Response, jsonify, request

from simulation.staging import parsing
from simulation.staging.access import users
from simulation.staging.canonical import row_json
from simulation.staging.errors import ApiError
from simulation.staging.http import requests
from simulation.staging.jobs import Job, JobBook
from simulation.staging.money import payout_admin_views as payout_desk
from simulation.staging.money import payout_batches, payouts, webhooks
from simulation.staging.operations import diagnostics, metrics
from simulation.staging.runtime import Runtime
from simulation.staging.scores import poller
from simulation.staging.service_levels import ServiceLevels

STRIPE_KEEPS_EVENTS = timedelta(days=30)


def blueprint(runtime: Runtime, levels: ServiceLevels, jobs: tuple[Job, ...], book: JobBook) -> Blueprint:
    """Everything under `/api/admin` besides contests and runbooks."""
    routes = Blueprint("admin_operations", __name__, url_prefix="/api/admin")
    _add_pages(routes, runtime, levels, jobs, book)
    _add_runs(routes, runtime, levels)
    _add_transfers(routes, runtime, levels)

    @routes.post("/users/<uuid:user_id>/revoke-admin")
    def revoke_admin(user_id: UUID) -> Response:
        context = requests.admin_context(runtime, levels)
        reason = parsing.text_of(requests.body(), "reason")
        if users.find(runtime, user_id) is None:
            raise ApiError(404, "user_not_found", f"no user {user_id}")
        return jsonify(success=True, revoked=users.revoke_admin(runtime, context, user_id, reason))

    return routes


def _add_pages(
    routes: Blueprint, runtime: Runtime, levels: ServiceLevels, jobs: tuple[Job, ...], book: JobBook
) -> None:
    @routes.get("/diagnostics/health")
    def health() -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(diagnostics.health(runtime))

    @routes.get("/diagnostics/jobs")
    def job_list() -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(diagnostics.jobs(jobs, book))

    @routes.get("/diagnostics/payouts")
    def payout_page() -> Response:
        requests.admin_context(runtime, levels)
        given = request.args.get("stuck_minutes", str(metrics.STUCK_PAYOUT_MINUTES))
        if not given.isdecimal() or not 0 <= int(given) <= 1_000_000:
            raise ApiError(400, "invalid_field", "stuck_minutes must be a whole number of minutes")
        return jsonify(diagnostics.payouts(runtime, int(given)))

    @routes.get("/diagnostics/stripe")
    def stripe_page() -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(diagnostics.stripe_page(runtime))

    @routes.get("/diagnostics/ingestion")
    def ingestion_page() -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(diagnostics.ingestion(runtime))

    @routes.get("/diagnostics/payments")
    def payment_page() -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(diagnostics.payments(runtime))

    @routes.get("/diagnostics/database")
    def database_page() -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(diagnostics.database(runtime))

    @routes.get("/diagnostics/settlements")
    def settlement_page() -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(diagnostics.settlements(runtime))


def _add_runs(routes: Blueprint, runtime: Runtime, levels: ServiceLevels) -> None:
    @routes.post("/diagnostics/run-payout-scheduler")
    def run_payout_scheduler() -> Response:
        context = requests.admin_context(runtime, levels)
        runtime.log.info("Admin", "payout scheduler run by hand", user_id=context.actor, request_id=context.request_id)
        return jsonify(success=True, result=asdict(payouts.run(runtime, context, ignore_backoff=True)))

    @routes.post("/diagnostics/run-ingestion-poller")
    def run_ingestion_poller() -> Response:
        context = requests.admin_context(runtime, levels)
        runtime.log.info("Admin", "ingestion poller run by hand", user_id=context.actor, request_id=context.request_id)
        return jsonify(success=True, result=asdict(poller.run(runtime, context)))

    @routes.post("/diagnostics/replay-stripe-events")
    def replay_stripe_events() -> Response:
        context, body = requests.admin_context(runtime, levels), requests.body()
        since = parsing.time_of(body, "since") if body.get("since") else datetime.now(UTC) - STRIPE_KEEPS_EVENTS
        return jsonify(success=True, result=asdict(webhooks.replay(runtime, context, since)))


def _add_transfers(routes: Blueprint, runtime: Runtime, levels: ServiceLevels) -> None:
    @routes.get("/payout-jobs")
    def payout_batches_page() -> Response:
        requests.admin_context(runtime, levels)
        given = request.args.get("state")
        state = next((known for known in payout_batches.STATES if known == given), None)
        if given is not None and state is None:
            raise ApiError(400, "invalid_field", f"state is one of {', '.join(payout_batches.STATES)}")
        return jsonify(payout_jobs=[row_json(row) for row in payout_batches.batches(runtime, state)])

    @routes.post("/payout-jobs/<uuid:job_id>/review")
    def review(job_id: UUID) -> Response:
        context, body = requests.admin_context(runtime, levels), requests.body()
        reviewed, reason = parsing.boolean_of(body, "reviewed"), parsing.text_of(body, "reason")
        payout_batches.review(runtime, context, job_id, reviewed=reviewed, reason=reason)
        return jsonify(success=True, reviewed=reviewed)

    @routes.get("/payout-transfers")
    def transfers() -> Response:
        requests.admin_context(runtime, levels)
        contest_id = request.args.get("contest_id")
        rows = payout_desk.transfers(
            runtime,
            status=request.args.get("status"),
            contest_id=parsing.uuid_of(contest_id, "contest_id") if contest_id else None,
        )
        return jsonify(payout_transfers=[row_json(row) for row in rows])

    @routes.get("/payout-transfers/<uuid:transfer_id>")
    def transfer(transfer_id: UUID) -> Response:
        requests.admin_context(runtime, levels)
        row, attempts = payout_desk.transfer(runtime, transfer_id)
        return jsonify({**row_json(row), "attempts": [row_json(attempt) for attempt in attempts]})

    @routes.get("/payout-transfers/<uuid:transfer_id>/at-stripe")
    def transfer_at_stripe(transfer_id: UUID) -> Response:
        requests.admin_context(runtime, levels)
        made = payout_desk.transfers_at_stripe(runtime, transfer_id)
        return jsonify(payout_transfer_id=str(transfer_id), stripe_transfers=[asdict(item) for item in made])

    @routes.post("/payout-transfers/<uuid:transfer_id>/acknowledge")
    def acknowledge(transfer_id: UUID) -> Response:
        context, body = requests.admin_context(runtime, levels), requests.body()
        acknowledged, reason = parsing.boolean_of(body, "acknowledged"), parsing.text_of(body, "reason")
        payout_desk.acknowledge(runtime, context, transfer_id, acknowledged=acknowledged, reason=reason)
        return jsonify(success=True, acknowledged=acknowledged)
