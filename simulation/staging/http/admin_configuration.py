"""Endpoints of admins for the settings that operations may change."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from simulation.staging import configuration, parsing
from simulation.staging.http import requests
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels


def blueprint(runtime: Runtime, levels: ServiceLevels) -> Blueprint:
    """Look, publish, validate, activate. Going back is activating the version before; 0 is the deployment's."""
    routes = Blueprint("admin_configuration", __name__, url_prefix="/api/admin/configuration")

    @routes.get("")
    def page() -> Response:
        requests.admin_context(runtime, levels)
        return jsonify(configuration.page(runtime))

    @routes.post("")
    def publish() -> tuple[Response, int]:
        context, body = requests.admin_context(runtime, levels), requests.body()
        reason = parsing.text_of(body, "reason")
        version = configuration.publish(runtime, context, body.get("settings"), reason)
        return jsonify(version=version, active=False), 201

    @routes.post("/<int:version>/validate")
    def validate(version: int) -> Response:
        context = requests.admin_context(runtime, levels)
        findings = configuration.validate(runtime, context, version)
        return jsonify(version=version, valid=not findings, findings=findings)

    @routes.post("/<int:version>/activate")
    def activate(version: int) -> Response:
        context, body = requests.admin_context(runtime, levels), requests.body()
        configuration.activate(runtime, context, version, parsing.text_of(body, "reason"))
        return jsonify(success=True, version=version, active=True)

    return routes
