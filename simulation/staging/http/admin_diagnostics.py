"""Endpoints of admins for diagnosis, and for running a job now."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

from flask import Response, jsonify
from flask_openapi.blueprint import APIBlueprint
from pydantic import Field

from simulation.staging.http.admission import caller
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import ADMIN, ASKED, SENT, Body, Instant, Query, answers
from simulation.staging.http.diagnostic_answers import (
    DatabasePage,
    HealthPage,
    IngestionPage,
    JobsPage,
    PaymentsPage,
    PayoutsPage,
    RanIngestion,
    RanPayouts,
    ReplayedEvents,
    SettlementsPage,
    StripePage,
)
from simulation.staging.money import payouts, webhooks
from simulation.staging.operations import diagnostics, metrics
from simulation.staging.scores import poller

STRIPE_KEEPS_EVENTS = timedelta(days=30)


class PayoutsAsked(Query):
    stuck_minutes: Annotated[int, Field(ge=0, le=1_000_000)] = metrics.STUCK_PAYOUT_MINUTES


class ReplayEvents(Body):
    since: Instant | None = None
    """30 days ago when left out: so long Stripe keeps events."""


def blueprint(api: Api) -> APIBlueprint:
    """Read-only pages, and endpoints that run a job or a replay now."""
    routes = api.routes("diagnostics", "/diagnostics", security="admin")
    _add_pages(routes, api)
    _add_pages_of_money(routes, api)
    _add_runs(routes, api)
    return routes


def _add_pages(routes: APIBlueprint, api: Api) -> None:
    runtime = api.runtime

    @routes.get("/health", responses=answers(HealthPage, ADMIN))
    def health() -> Response:
        return jsonify(diagnostics.health(runtime))

    @routes.get("/jobs", responses=answers(JobsPage, ADMIN))
    def job_list() -> Response:
        return jsonify(diagnostics.jobs(api.jobs, api.book))

    @routes.get("/ingestion", responses=answers(IngestionPage, ADMIN))
    def ingestion() -> Response:
        return jsonify(diagnostics.ingestion(runtime))

    @routes.get("/database", responses=answers(DatabasePage, ADMIN))
    def database() -> Response:
        return jsonify(diagnostics.database(runtime))


def _add_pages_of_money(routes: APIBlueprint, api: Api) -> None:
    runtime = api.runtime

    @routes.get("/payouts", responses=answers(PayoutsPage, ADMIN, ASKED))
    def payout_page(query: PayoutsAsked) -> Response:
        return jsonify(diagnostics.payouts(runtime, query.stuck_minutes))

    @routes.get("/stripe", responses=answers(StripePage, ADMIN))
    def stripe() -> Response:
        return jsonify(diagnostics.stripe_page(runtime))

    @routes.get("/payments", responses=answers(PaymentsPage, ADMIN))
    def payments() -> Response:
        return jsonify(diagnostics.payments(runtime))

    @routes.get("/settlements", responses=answers(SettlementsPage, ADMIN))
    def settlements() -> Response:
        return jsonify(diagnostics.settlements(runtime))


def _add_runs(routes: APIBlueprint, api: Api) -> None:
    runtime = api.runtime

    @routes.post("/run-payout-scheduler", responses=answers(RanPayouts, ADMIN))
    def run_payout_scheduler() -> Response:
        context = caller()
        runtime.log.info("Admin", "payout scheduler run by hand", user_id=context.actor, request_id=context.request_id)
        return jsonify(success=True, result=asdict(payouts.run(runtime, context, ignore_backoff=True)))

    @routes.post("/run-ingestion-poller", responses=answers(RanIngestion, ADMIN))
    def run_ingestion_poller() -> Response:
        context = caller()
        runtime.log.info("Admin", "ingestion poller run by hand", user_id=context.actor, request_id=context.request_id)
        return jsonify(success=True, result=asdict(poller.run(runtime, context)))

    @routes.post("/replay-stripe-events", responses=answers(ReplayedEvents, ADMIN, SENT))
    def replay_stripe_events(body: ReplayEvents) -> Response:
        since = body.since or datetime.now(UTC) - STRIPE_KEEPS_EVENTS
        return jsonify(success=True, result=asdict(webhooks.replay(runtime, caller(), since)))
