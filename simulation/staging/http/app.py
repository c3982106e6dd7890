"""The Flask application: request ids, JSON errors, and the blueprints put together."""

from __future__ import annotations

import json

from flask import Flask, Response, jsonify
from sqlalchemy.exc import TimeoutError as PoolExhausted
from werkzeug.exceptions import HTTPException

from simulation.staging.errors import ApiError, SettlementRefused
from simulation.staging.http import (
    admin_authentication,
    admin_backups,
    admin_configuration,
    admin_contests,
    admin_database,
    admin_escalation,
    admin_money,
    admin_operations,
    admin_scores,
    admin_stripe,
    dashboard_pages,
    dashboards,
    payments,
    people,
    public,
    requests,
    runbooks,
)
from simulation.staging.jobs import Job, JobBook
from simulation.staging.operations.dashboards import Dashboards
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels


def make_app(
    runtime: Runtime, jobs: tuple[Job, ...], book: JobBook, levels: ServiceLevels, boards: Dashboards
) -> Flask:
    """The application with all its endpoints."""
    app = Flask("staging-contest-platform", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 4 * 1024 * 1024

    @app.before_request
    def assign_request_id() -> None:
        requests.assign_request_id(runtime)

    @app.after_request
    def count(response: Response) -> Response:
        response.headers["X-Request-Id"] = requests.request_id()
        levels.requests.count(failed=response.status_code >= 500)
        return response

    _handle_errors(app, runtime)
    app.register_blueprint(public.blueprint(runtime, levels))
    app.register_blueprint(people.blueprint(runtime))
    app.register_blueprint(payments.blueprint(runtime, levels))
    app.register_blueprint(runbooks.blueprint(runtime, levels))
    app.register_blueprint(admin_contests.blueprint(runtime, levels))
    app.register_blueprint(admin_configuration.blueprint(runtime, levels))
    app.register_blueprint(admin_authentication.blueprint(runtime, levels))
    app.register_blueprint(admin_database.blueprint(runtime, levels))
    app.register_blueprint(admin_backups.blueprint(runtime, levels))
    app.register_blueprint(admin_escalation.blueprint(runtime, levels, jobs, book))
    app.register_blueprint(dashboards.numbers(boards))
    app.register_blueprint(dashboard_pages.pages(boards))
    app.register_blueprint(admin_money.blueprint(runtime, levels))
    app.register_blueprint(admin_stripe.blueprint(runtime, levels))
    app.register_blueprint(admin_scores.blueprint(runtime, levels))
    app.register_blueprint(admin_operations.blueprint(runtime, levels, jobs, book))
    return app


def _handle_errors(app: Flask, runtime: Runtime) -> None:
    @app.errorhandler(ApiError)
    def api_error(error: ApiError) -> tuple[Response, int]:
        return jsonify(error=error.code, message=error.message), error.status

    @app.errorhandler(SettlementRefused)
    def settlement_refused(error: SettlementRefused) -> tuple[Response, int]:
        details = json.dumps(error.details, sort_keys=True, default=str)
        return jsonify(error=error.code, message=f"the settlement was refused: {details}"), 409

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> tuple[Response, int]:
        code = error.name.lower().replace(" ", "_")
        return jsonify(error=code, message=error.description), error.code or 500

    @app.errorhandler(PoolExhausted)
    def pool_exhausted(_: PoolExhausted) -> tuple[Response, int]:
        runtime.log.error("Admin", "database connection pool exhausted", request_id=requests.request_id())
        return jsonify(error="database_connection_pool_exhausted", message="try again"), 503

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> tuple[Response, int]:
        runtime.log.error("Admin", "unexpected error", error=repr(error), request_id=requests.request_id())
        return jsonify(error="internal_error", message=f"unexpected error, request {requests.request_id()}"), 500
