from __future__ import annotations

from xml.etree import ElementTree

import pytest

from simulation.checks.base import Finding
from simulation.history import History
from simulation.reporting.junit import render_junit
from simulation.reporting.view import Report, build_report
from tests.unit.reporting.junit_schema import violations
from tests.unit.reporting.sample import failed_verdict


@pytest.mark.parametrize("name", ["passed", "failed", "unknown"])
def test_jenkins_and_gitlab_accept_the_file(name: str, request: pytest.FixtureRequest) -> None:
    assert violations(render_junit(request.getfixturevalue(name))) == []


def test_the_rules_of_these_tests_refuse_what_jenkins_refuses(passed: Report) -> None:
    text = render_junit(passed).replace("<testsuites ", '<testsuites skipped="1" ')
    assert violations(text) == ["attribute skipped is not allowed on testsuites"]


def test_there_is_one_case_for_each_criterion(passed: Report) -> None:
    root = ElementTree.fromstring(render_junit(passed))
    cases = root.findall("testsuite/testcase")
    assert [case.get("name") for case in cases] == [criterion.text for criterion in passed.criteria]
    assert root.get("tests") == str(len(cases))


def test_not_verified_is_skipped_and_counted(passed: Report) -> None:
    root = ElementTree.fromstring(render_junit(passed))
    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    assert sum(int(suite.get("skipped", "")) for suite in root) == 1
    assert len(root.findall(".//skipped")) == 1


def test_a_failure_carries_its_findings_and_how_to_see_it_again(failed: Report) -> None:
    root = ElementTree.fromstring(render_junit(failed))
    failures = root.findall(".//failure")
    assert root.get("failures") == str(len(failures)) == "6"
    assert "the prize was transferred twice" in (failures[0].text or "")
    assert "about contest duel, stripe_object_id tr_second" in (failures[0].text or "")
    assert "simulate run founder_absence_14d --seed 7" in "".join(root.itertext())


def test_unknown_is_an_error(unknown: Report) -> None:
    root = ElementTree.fromstring(render_junit(unknown))
    messages = {error.get("message") for error in root.findall(".//error")}
    assert messages == {"audit_completeness: the write-ahead log witness recorded no transaction"}
    assert root.get("failures") == "0"


def test_what_xml_cannot_hold_does_not_break_it(history: History) -> None:
    finding = Finding(check="exactly_once", subject="a\x00b\x1b]]>", message="<&>")
    root = ElementTree.fromstring(render_junit(build_report(history, failed_verdict(finding))))
    assert "a�b�]]>: <&>" in "".join(root.itertext())
