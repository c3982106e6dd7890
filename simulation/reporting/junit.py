"""``junit.xml``: one test case for each criterion, a suite for each section.

A criterion that fails is a failure with its findings, one that is unknown an error, one that is not verified skipped.
Valid for Jenkins' xUnit plugin, whose schema is the strictest in use: nothing skipped is counted on the root.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree  # only written here, never parsed
from xml.etree.ElementTree import Element, SubElement

from simulation.reporting.parts.criteria import CriterionView, SectionView
from simulation.reporting.text import finding_lines
from simulation.reporting.view import Report
from simulation.reporting.words import plural

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, escaped or not."""


def render_junit(report: Report) -> str:
    """The document, with a declaration and a trailing newline."""
    name = f"{report.facts.scenario} seed {report.facts.seed}"
    return document(name, [_suite(report, section) for section in report.sections])


def document(name: str, suites: Iterable[Element]) -> str:
    """Suites under one root that has their sums."""
    root = Element("testsuites", {"name": clean(name)})
    root.extend(suites)
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.attrib[count]) for suite in root)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(report: Report, section: SectionView) -> Element:
    outcomes = [criterion.outcome for criterion in section.criteria]
    suite = Element(
        "testsuite",
        {
            "name": section.title,
            "tests": str(len(outcomes)),
            "failures": str(outcomes.count("fail")),
            "errors": str(len([o for o in outcomes if o not in ("pass", "fail", "not_verified")])),
            "skipped": str(outcomes.count("not_verified")),
        },
    )
    for criterion in section.criteria:
        suite.append(_case(report, section, criterion))
    return suite


def _case(report: Report, section: SectionView, criterion: CriterionView) -> Element:
    classname = f"{report.facts.scenario}.{section.key}"
    case = Element("testcase", {"classname": classname, "name": clean(criterion.text), "time": "0"})
    if criterion.outcome == "fail":
        lines = [line for finding in criterion.findings for line in finding_lines(finding, report.calendar)]
        _child(case, "failure", message=plural(len(criterion.findings), "finding"), text="\n".join(lines))
    elif criterion.outcome == "not_verified":
        _child(case, "skipped", message="; ".join(criterion.doubts) or "not verified")
    elif criterion.outcome != "pass":
        _child(case, "error", message="; ".join(criterion.doubts) or criterion.outcome)
    _child(case, "system-out", text="decided by " + ", ".join(_looked(criterion)) + f"\n{report.facts.reproduce}")
    return case


def _looked(criterion: CriterionView) -> list[str]:
    return [f"{result.check} ({result.examined} looked at)" for result in criterion.checks]


def _child(parent: Element, tag: str, *, message: str = "", text: str = "") -> None:
    child = SubElement(parent, tag, {"message": clean(message)} if message else {})
    child.text = clean(text) or None


def clean(text: str) -> str:
    """What XML cannot hold replaced."""
    return _FORBIDDEN.sub("�", text)
