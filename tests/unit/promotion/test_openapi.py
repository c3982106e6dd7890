"""What the generated document knows of an endpoint: its path, what it takes, what it answers, who may call it."""

from __future__ import annotations

from typing import Any

from simulation.targets.builtin import openapi

PATHS: dict[str, Any] = openapi.document()["paths"]


def test_an_admin_endpoint_needs_a_token_and_an_open_one_does_not() -> None:
    assert PATHS["/api/admin/contests"]["get"]["security"] == [{"admin": []}]
    assert "security" not in PATHS["/health"]["get"]


def test_fields_of_the_body_have_types_and_say_whether_they_are_required() -> None:
    schema = PATHS["/api/payments/intents"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["amount_cents"] == {"type": "integer"}
    assert schema["required"] == ["amount_cents", "contest_instance_id"]


def test_what_a_function_beside_the_endpoint_reads_is_known_too() -> None:
    cancel = PATHS["/api/admin/contests/{contest_id}/cancel"]["post"]
    assert "reason" in cancel["requestBody"]["content"]["application/json"]["schema"]["properties"]
    create = PATHS["/api/custom-contests"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "entry_fee_cents" in create["required"]


def test_path_query_and_headers_are_parameters() -> None:
    kinds = {
        (parameter["in"], parameter["name"])
        for path, method in (
            ("/api/admin/contests/{contest_id}", "get"),
            ("/api/admin/diagnostics/payouts", "get"),
            ("/api/payments/intents", "post"),
        )
        for parameter in PATHS[path][method]["parameters"]
    }
    assert kinds == {("path", "contest_id"), ("query", "stuck_minutes"), ("header", "Idempotency-Key")}


def test_fields_of_the_answer_are_those_the_endpoint_names() -> None:
    answer = PATHS["/api/admin/runbooks/start"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer["properties"] == {"execution_id": {"type": "string"}, "timestamp": {"type": "string"}}
