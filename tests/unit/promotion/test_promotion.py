"""Each of the seven checks holds for a release that is in order, and fails for each way in which one is not."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulation.errors import UsageError
from simulation.paths import OPENAPI, RELEASES_FOLDER, SCHEMA_SNAPSHOT
from simulation.promotion.checks import CHECKS, Promotion
from simulation.promotion.compatibility import breaking_changes
from simulation.promotion.release import load_release
from simulation.promotion.separation import read_env
from simulation.promotion.snapshot import rewrite
from simulation.targets.builtin import openapi

LOOKS = {check.name: check.look for check in CHECKS}
STAGING = {
    "PLATFORM_ENV": "staging",
    "DATABASE_URL": "postgresql://staging-db/platform",
    "STRIPE_API_KEY": "sk_test_one",
    "STRIPE_WEBHOOK_SECRET": "whsec_one",
    "ADMIN_JWT_SECRET": "one",
    "INGESTION_ENDPOINT_URL": "https://staging.provider.test",
}
PRODUCTION = {
    **STAGING,
    "PLATFORM_ENV": "production",
    "STRIPE_API_KEY": "sk_live_two",
    "STRIPE_WEBHOOK_SECRET": "whsec_two",
    "INGESTION_ENDPOINT_URL": "https://scores.provider.test",
}


def promotion(**changes: Any) -> Promotion:
    """The rehearsal's release with its own schema deployed."""
    release = load_release(RELEASES_FOLDER / "rehearsal.yaml")
    whole = Promotion(
        folder=RELEASES_FOLDER,
        release=release,
        staging=STAGING,
        production=PRODUCTION,
        deployed_schema=SCHEMA_SNAPSHOT.read_text,
    )
    return replace(whole, **changes)


def of_release(**changes: Any) -> Promotion:
    return promotion(release=promotion().release.model_copy(update=changes))


def found(name: str, subject: Promotion) -> str:
    return "\n".join(LOOKS[name](subject))


def test_the_checks_stand_in_the_specifications_order() -> None:
    assert [check.name for check in CHECKS] == [
        "schema", "openapi", "compatibility", "stripe", "ingestion", "tests", "checklist",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["schema", "openapi", "compatibility", "stripe", "ingestion"])
def test_it_holds_for_a_release_in_order(name: str) -> None:
    assert found(name, promotion()) == ""


# --- 1: schema -------------------------------------------------------------------------------------------------------


def test_a_column_that_is_deployed_and_not_in_the_snapshot_is_drift() -> None:
    drifted = SCHEMA_SNAPSHOT.read_text().replace(
        "    email text NOT NULL,\n", "    email text NOT NULL,\n    x int,\n"
    )
    assert "+    x int," in found("schema", promotion(deployed_schema=lambda: drifted))


def test_another_header_is_no_drift() -> None:
    dated = "-- Iteration 07: later\n-- Generated: 2027-01-01\n" + SCHEMA_SNAPSHOT.read_text()
    assert found("schema", promotion(deployed_schema=lambda: dated)) == ""


# --- 2: OpenAPI ------------------------------------------------------------------------------------------------------


def test_the_committed_document_is_what_the_routes_make() -> None:
    assert OPENAPI.read_text() == openapi.text(), "run: make openapi"


def test_a_document_that_was_not_regenerated_is_found(tmp_path: Path) -> None:
    stale = tmp_path / "openapi.json"
    stale.write_text(OPENAPI.read_text().replace('"/api/users"', '"/api/people"'))
    assert '+    "/api/users": {' in found("openapi", promotion(openapi=stale))


# --- 3: compatibility ------------------------------------------------------------------------------------------------

Spoil = Callable[[dict[str, Any]], object]
JOIN, START = "/api/custom-contests/{contest_id}/join", "/api/admin/runbooks/start"
COMPLETE = "/api/admin/runbooks/complete"


def _post(document: dict[str, Any], path: str) -> dict[str, Any]:
    operation: dict[str, Any] = document["paths"][path]["post"]
    return operation


def _schema(document: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    name = content["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    schema: dict[str, Any] = document["components"]["schemas"][name]
    return schema


def _request(document: dict[str, Any], path: str) -> dict[str, Any]:
    return _schema(document, _post(document, path)["requestBody"])


def _answer(document: dict[str, Any], path: str) -> dict[str, Any]:
    fields: dict[str, Any] = _schema(document, _post(document, path)["responses"]["200"])["properties"]
    return fields


def _codes(document: dict[str, Any], path: str, status: str) -> list[str]:
    content = _post(document, path)["responses"][status]["content"]["application/json"]
    codes: list[str] = content["schema"]["properties"]["error"]["enum"]
    return codes


def _ranking(document: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = document["components"]["schemas"]["Ranking"]["properties"]
    return fields


BREAKS: dict[str, tuple[Spoil, str]] = {
    "an endpoint removed": (lambda d: d["paths"].pop("/health"), "GET /health: removed"),
    "a method removed": (lambda d: d["paths"][JOIN].pop("post"), f"POST {JOIN}: removed"),
    "a field of the answer renamed": (
        lambda d: _answer(d, START).update(id=_answer(d, START).pop("execution_id")),
        f"POST {START}: field of the answer execution_id: removed",
    ),
    "a field within an answer's lists renamed": (
        lambda d: _ranking(d).update(place=_ranking(d).pop("rank")),
        "field of the answer settlement.results.rankings.rank: removed",
    ),
    "a field's type changed": (
        lambda d: _answer(d, START).update(execution_id={"type": "integer"}),
        "execution_id: string uuid before, integer now",
    ),
    "a field that may be null now": (
        lambda d: _answer(d, START).update(
            execution_id={"anyOf": [_answer(d, START)["execution_id"], {"type": "null"}]}
        ),
        "execution_id: string uuid before, null or string uuid now",
    ),
    "a field of the answer that may be missing now": (
        lambda d: d["components"]["schemas"]["StartedExecution"].update(required=[]),
        "execution_id: may be missing now",
    ),
    "another status of success": (
        lambda d: _post(d, START)["responses"].update({"201": _post(d, START)["responses"].pop("200")}),
        f"POST {START}: answer 200: removed",
    ),
    "an error's code renamed": (
        lambda d: _codes(d, START, "403").remove("forbidden"),
        "field of the answer 403 error: forbidden is gone",
    ),
    "a field of the request renamed": (
        lambda d: _request(d, START)["properties"].update(by=_request(d, START)["properties"].pop("executed_by")),
        f"POST {START}: field of the request executed_by: removed",
    ),
    "a field of the request demanded": (
        lambda d: _request(d, START)["required"].append("system_state_before"),
        "system_state_before: required now",
    ),
    "a new field of the request demanded": (
        lambda d: (
            _request(d, START)["properties"].update(shift={"type": "string"}),
            _request(d, START)["required"].append("shift"),
        ),
        "field of the request shift: required now",
    ),
    "a field within the request demanded": (
        lambda d: d["components"]["schemas"]["ScoringRules"]["required"].append("cut"),
        "field of the request scoring.cut: required now",
    ),
    "a type of the request narrowed": (
        lambda d: _request(d, START)["properties"].update(executed_by={"type": "string", "format": "uuid"}),
        "executed_by: string before, string uuid now",
    ),
    "a value of the request refused now": (
        lambda d: _request(d, COMPLETE)["properties"]["status"]["enum"].remove("partial"),
        "field of the request status: partial is gone",
    ),
    "a parameter demanded": (
        lambda d: d["paths"]["/health"]["get"].update(parameters=[{"in": "query", "name": "q", "required": True}]),
        "query parameter q: required now",
    ),
    "a parameter removed": (lambda d: _post(d, JOIN)["parameters"].clear(), "path parameter contest_id"),
    "a parameter's type changed": (
        lambda d: _post(d, JOIN)["parameters"][0].update(schema={"type": "integer"}),
        "path parameter contest_id: string uuid before, integer now",
    ),
    "a token demanded": (lambda d: d["paths"]["/health"]["get"].update(security=[{"admin": []}]), "needs a token now"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_a_breaking_change_is_named(case: str) -> None:
    spoil, message = BREAKS[case]
    before: dict[str, Any] = openapi.document()
    after = copy.deepcopy(before)
    spoil(after)
    assert any(message in line for line in breaking_changes(before, after))


def test_additions_break_nothing() -> None:
    before: dict[str, Any] = openapi.document()
    after = copy.deepcopy(before)
    after["paths"]["/api/new"] = {"get": {"responses": {}}}
    _answer(after, START)["more"] = {"type": "string"}
    _request(after, START)["properties"]["optional"] = {"type": "string"}
    _request(after, START)["required"].remove("executed_by")
    _request(after, START)["properties"]["executed_by"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    _codes(after, START, "403").append("shift_over")
    _post(after, START)["responses"]["429"] = _post(after, START)["responses"]["403"]
    assert breaking_changes(before, after) == []


def test_a_breaking_change_needs_a_new_major_version_and_the_mobile_app(tmp_path: Path) -> None:
    broken = tmp_path / "openapi.json"
    document: dict[str, Any] = openapi.document()
    del document["paths"]["/health"]
    broken.write_text(json.dumps(document))
    for changes in ({}, {"version": "v1.0.0"}, {"mobile_app_updated": "Mo, 24 Nov"}):
        assert "GET /health: removed" in found("compatibility", replace(of_release(**changes), openapi=broken))
    both = of_release(version="v1.0.0", mobile_app_updated="Mo, 24 Nov")
    assert found("compatibility", replace(both, openapi=broken)) == ""


def test_an_unknown_previous_release_compares_with_nothing_and_fails() -> None:
    assert "the API of v0.0.9 is not known" in found("compatibility", of_release(previous="v0.0.9"))


# --- 4 and 5: separation ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "where", "name", "value", "message"),
    [
        ("stripe", "production", "STRIPE_API_KEY", "sk_test_one", "STRIPE_API_KEY is the same"),
        ("stripe", "production", "STRIPE_WEBHOOK_SECRET", "whsec_one", "STRIPE_WEBHOOK_SECRET is the same"),
        ("stripe", "production", "STRIPE_API_KEY", "sk_test_two", "of production does not begin with sk_live_"),
        ("stripe", "staging", "STRIPE_API_KEY", "sk_live_one", "of staging does not begin with sk_test_"),
        ("stripe", "staging", "STRIPE_API_KEY", "", "STRIPE_API_KEY is missing in staging"),
        ("ingestion", "production", "INGESTION_ENDPOINT_URL", STAGING["INGESTION_ENDPOINT_URL"], "is the same"),
        ("ingestion", "production", "INGESTION_ENDPOINT_URL", "https://staging.provider.test/x", "the same host"),
        ("ingestion", "production", "INGESTION_ENDPOINT_URL", "http://scores.provider.test", "is not https"),
        ("ingestion", "production", "INGESTION_ENDPOINT_URL", "", "is missing in production"),
        ("ingestion", "production", "PLATFORM_ENV", "staging", "PLATFORM_ENV of production does not say production"),
    ],
)
def test_what_both_environments_share_is_found_and_never_shown(
    check: str, where: str, name: str, value: str, message: str
) -> None:
    variables: dict[str, Any] = {"staging": STAGING, "production": PRODUCTION}
    said = found(check, promotion(**{where: {**variables[where], name: value}}))
    assert message in said
    assert "_one" not in said
    assert "_two" not in said


def test_variables_with_which_the_platform_does_not_start_are_found() -> None:
    missing = {name: value for name, value in PRODUCTION.items() if name != "ADMIN_JWT_SECRET"}
    said = found("ingestion", promotion(production=missing))
    assert "does not start with the variables of production: 'ADMIN_JWT_SECRET' is missing" in said


def test_an_environment_file_is_read_and_a_bad_line_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "some.env"
    file.write_text("# staging\n\nexport A='1'\nB=2=3\n")
    assert read_env(file) == {"A": "1", "B": "2=3"}
    file.write_text("A=1\nsk_live_secret\n")
    with pytest.raises(UsageError, match=r"some\.env:2: is no assignment") as refused:
        read_env(file)
    assert "sk_live_secret" not in str(refused.value)


# --- 6: tests --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("print('1 failed'); raise SystemExit(1)", "exit code 1"),
        ("print('no tests ran')", "no test passed"),
        ("print('0 passed')", "no test passed"),
    ],
)
def test_tests_that_fail_or_do_not_run_are_found(program: str, message: str) -> None:
    assert message in found("tests", of_release(tests=(sys.executable, "-c", program)))


def test_tests_that_pass_hold() -> None:
    assert found("tests", of_release(tests=("python", "-c", "print('12 passed in 1 s')"))) == ""


def test_a_test_command_that_does_not_exist_is_found() -> None:
    assert "no-such-program" in found("tests", of_release(tests=("no-such-program",)))


# --- 7: checklist ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rollback_procedure": "missing.md"}, "rollback procedure: missing.md is not there"),
        ({"rollback_procedure": "rehearsal.yaml"}, "has no section Rollback"),
        ({"rollback_snapshot": "missing.sql"}, "rollback snapshot: missing.sql is not there"),
        ({"rollback_snapshot": "ROLLBACK.md"}, "ROLLBACK.md is not there, or is no schema"),
        ({}, "dashboards: API_BASE_URL is not set"),
    ],
)
def test_a_gap_in_the_checklist_is_found(changes: dict[str, str], message: str) -> None:
    assert message in found("checklist", of_release(**changes))


def test_metrics_that_cannot_be_read_are_found() -> None:
    said = found("checklist", promotion(api_base_url="http://127.0.0.1:9"))
    assert "the platform's metrics cannot be read: ConnectError" in said


def test_a_release_file_without_anybody_on_call_is_refused(tmp_path: Path) -> None:
    text = (RELEASES_FOLDER / "rehearsal.yaml").read_text()
    file = tmp_path / "release.yaml"
    file.write_text(text[: text.index("on_call:")])
    with pytest.raises(UsageError, match=r"on_call: is missing"):
        load_release(file)


def test_a_snapshot_that_is_written_anew_keeps_the_heading_of_its_iteration(tmp_path: Path) -> None:
    file, heading = tmp_path / "schema.sql", "-- Iteration 07\n-- Commit: 1234567\n"
    file.write_text(f"{heading}--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE old ();\n")
    rewrite(file, "-- Schema of the staging platform.\n--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE new ();\n")
    assert file.read_text() == f"{heading}--\n-- PostgreSQL database dump\n--\n\nCREATE TABLE new ();\n"
