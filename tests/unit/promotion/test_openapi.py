"""What the document knows of an endpoint: its path, what it takes, all that it answers, who may call it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pydantic import BaseModel

from simulation.staging.http.declaration import Answer, Body
from simulation.targets.builtin import openapi

DOCUMENT: dict[str, Any] = openapi.document()
PATHS: dict[str, Any] = DOCUMENT["paths"]
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


def _schema(content: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = content["content"]["application/json"]["schema"]
    schema: dict[str, Any] = SCHEMAS[given["$ref"].rpartition("/")[2]]
    return {**schema, "properties": {**schema["properties"], **given.get("properties", {})}}


def test_an_endpoint_says_who_may_call_it() -> None:
    assert PATHS["/api/admin/contests"]["get"]["security"] == [{"admin": []}]
    assert PATHS["/api/custom-contests"]["post"]["security"] == [{"user": []}]
    assert "security" not in PATHS["/health"]["get"]
    assert set(DOCUMENT["components"]["securitySchemes"]) == {"admin", "user"}


def test_every_endpoint_of_admins_asks_for_their_token() -> None:
    operations = {
        f"{method} {path}": operation
        for path, methods in PATHS.items()
        for method, operation in methods.items()
        if path.startswith("/api/admin/")
    }
    assert len(operations) > 50
    for name, operation in operations.items():
        assert operation["security"] == [{"admin": []}], name
        assert {"401", "403", "500", "503"} <= set(operation["responses"]), name


def test_fields_of_the_body_have_types_and_say_whether_they_are_required() -> None:
    schema = _schema(PATHS["/api/payments/intents"]["post"]["requestBody"])
    assert schema["properties"]["amount_cents"]["type"] == "integer"
    assert schema["required"] == ["contest_instance_id", "amount_cents"]


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


def test_fields_of_the_answer_have_types_and_are_all_there_is() -> None:
    answer = _schema(PATHS["/api/admin/runbooks/start"]["post"]["responses"]["200"])
    assert {name: field["format"] for name, field in answer["properties"].items()} == {
        "execution_id": "uuid",
        "timestamp": "date-time",
    }
    assert answer["additionalProperties"] is False


def test_every_status_of_an_endpoint_has_its_codes() -> None:
    responses = PATHS["/api/admin/runbooks/complete"]["post"]["responses"]
    codes = {
        status: _schema(answer)["properties"]["error"]["enum"]
        for status, answer in responses.items()
        if status != "200"
    }
    assert codes == {
        "400": ["invalid_field", "invalid_json", "invalid_status", "missing_required_fields"],
        "401": ["unauthorized"],
        "403": ["break_glass_not_allowed", "break_glass_not_needed", "forbidden"],
        "404": ["execution_id_not_found"],
        "409": ["execution_already_final"],
        "413": ["request_entity_too_large"],
        "500": ["internal_error"],
        "503": ["authentication_unavailable", "database_connection_pool_exhausted"],
    }


def test_no_two_models_share_a_name() -> None:
    """In the document a model is known by its name alone."""
    models = {(model.__module__, model.__name__) for model in (*_all(Answer), *_all(Body))}
    assert [name for name, count in Counter(name for _, name in models).items() if count > 1] == []


def _all(model: type[BaseModel]) -> list[type[BaseModel]]:
    return [model, *(found for child in model.__subclasses__() for found in _all(child))]
