"""``ctrf-report.json`` is a report in the Common Test Report Format, and says what the verdict says."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from simulation.reporting.ctrf import render_ctrf
from simulation.reporting.view import Report
from tests.unit.reporting.ctrf_schema import Document


@pytest.mark.parametrize("name", ["passed", "failed", "unknown"])
def test_it_is_valid_and_has_a_test_for_each_criterion(name: str, request: pytest.FixtureRequest) -> None:
    report: Report = request.getfixturevalue(name)
    document = Document.model_validate_json(render_ctrf(report))
    assert [test.name for test in document.results.tests] == [criterion.text for criterion in report.criteria]
    assert document.results.extra["outcome"] == report.outcome


def test_each_outcome_has_its_status(failed: Report, unknown: Report) -> None:
    tests = [
        *json.loads(render_ctrf(failed))["results"]["tests"],
        *json.loads(render_ctrf(unknown))["results"]["tests"],
    ]
    statuses = {(test["rawStatus"], test["status"]) for test in tests}
    assert statuses == {("pass", "passed"), ("fail", "failed"), ("unknown", "other"), ("not_verified", "skipped")}


def test_a_failure_carries_its_findings(failed: Report) -> None:
    failures = [test for test in json.loads(render_ctrf(failed))["results"]["tests"] if test["status"] == "failed"]
    assert len(failures) == 6
    assert "the prize was transferred twice" in failures[0]["trace"]


def test_the_model_of_these_tests_refuses_what_the_format_does_not_know(passed: Report) -> None:
    document = json.loads(render_ctrf(passed))
    document["results"]["tests"][0]["outcome"] = "pass"
    with pytest.raises(ValidationError, match="outcome"):
        Document.model_validate_json(json.dumps(document))
