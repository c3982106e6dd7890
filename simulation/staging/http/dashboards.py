"""Dashboards for admins: their numbers as JSON."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from simulation.staging.errors import ApiError
from simulation.staging.http import requests
from simulation.staging.operations.dashboards import Dashboards


def numbers(dashboards: Dashboards) -> Blueprint:
    """``GET /api/admin/dashboards/<name>``, with a bearer token as every admin endpoint."""
    routes = Blueprint("dashboard_numbers", __name__, url_prefix="/api/admin/dashboards")

    @routes.get("/<name>")
    def page(name: str) -> Response:
        requests.admin_context(dashboards.runtime, dashboards.levels)
        if name not in dashboards.pages:
            raise ApiError(404, "dashboard_not_found", f"dashboards are: {', '.join(dashboards.pages)}")
        return jsonify(dashboards.pages[name]())

    return routes
