"""The Flask application: request ids, admission, JSON errors, and the blueprints put together."""

from __future__ import annotations

import json

from flask import Response, jsonify, request
from flask_openapi.blueprint import APIBlueprint
from flask_openapi.models.info import Info
from flask_openapi.openapi import OpenAPI
from sqlalchemy.exc import TimeoutError as PoolExhausted
from werkzeug.exceptions import HTTPException

from simulation.staging.errors import ApiError, SettlementRefused
from simulation.staging.http import (
    admin_authentication,
    admin_backups,
    admin_configuration,
    admin_contests,
    admin_database,
    admin_diagnostics,
    admin_escalation,
    admin_money,
    admin_scores,
    admin_stripe,
    admin_transfers,
    admin_users,
    admission,
    dashboard_pages,
    dashboards,
    payments,
    people,
    public,
    runbook_pages,
    runbooks,
)
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import JsonRequest, Refused, refuse
from simulation.staging.http.metrics_page import MetricsPage

ADMIN, USER = "admin", "user"
"""Security schemes: a bearer token; the header that names a user."""
_ADMIN_PREFIX = "/api/admin"
_ADMIN_MODULES = (
    admin_authentication,
    admin_backups,
    admin_configuration,
    admin_contests,
    admin_database,
    admin_diagnostics,
    admin_escalation,
    admin_money,
    admin_scores,
    admin_stripe,
    admin_transfers,
    admin_users,
    dashboards,
    runbooks,
)
VERSION = "0.1.0"


def make_app(api: Api) -> OpenAPI:
    """The application with all its endpoints."""
    app = OpenAPI(
        "staging-contest-platform",
        static_folder=None,
        info=Info(title="Staging contest platform", version=VERSION),
        security_schemes={
            ADMIN: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            USER: {"type": "apiKey", "in": "header", "name": "X-User-Id"},
        },
        validation_error_callback=refuse,
        validation_error_status=500,
        validation_error_model=Refused,
        doc_ui=False,
    )
    app.request_class = JsonRequest
    app.config["MAX_CONTENT_LENGTH"] = 4 * 1024 * 1024
    _frame_requests(app, api)
    _handle_errors(app, api)
    pages = (dashboard_pages.blueprint(api), runbook_pages.blueprint(api))
    for blueprint in (public.blueprint(api), *pages, _of_users(api), _of_admins(api)):
        app.register_api(blueprint)
    app.wsgi_app = MetricsPage(app.wsgi_app, api)  # type: ignore[method-assign]
    return app


def _frame_requests(app: OpenAPI, api: Api) -> None:
    @app.before_request
    def assign_request_id() -> None:
        admission.assign_request_id(api.runtime)

    @app.before_request
    def admit_first() -> None:
        """Authenticate before answering 404 or 405: only admins may learn which addresses exist."""
        if request.routing_exception is not None and request.path.startswith(f"{_ADMIN_PREFIX}/"):
            admission.admit_admin(api.runtime, api.levels)

    @app.after_request
    def count(response: Response) -> Response:
        response.headers["X-Request-Id"] = admission.request_id()
        api.levels.requests.count(failed=response.status_code >= 500)
        return response


def _of_users(api: Api) -> APIBlueprint:
    routes = api.routes("user", security=USER)
    routes.before_request(lambda: admission.admit_user(api.runtime))
    people.add(routes, api)
    payments.add(routes, api)
    return routes


def _of_admins(api: Api) -> APIBlueprint:
    routes = api.routes("admin", _ADMIN_PREFIX)
    routes.before_request(lambda: admission.admit_admin(api.runtime, api.levels))
    for module in _ADMIN_MODULES:
        routes.register_api(module.blueprint(api))
    return routes


def _handle_errors(app: OpenAPI, api: Api) -> None:
    log = api.runtime.log

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
        log.error("Admin", "database connection pool exhausted", request_id=admission.request_id())
        return jsonify(error="database_connection_pool_exhausted", message="try again"), 503

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> tuple[Response, int]:
        log.error("Admin", "unexpected error", error=repr(error), request_id=admission.request_id())
        return jsonify(error="internal_error", message=f"unexpected error, request {admission.request_id()}"), 500
