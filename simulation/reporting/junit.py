"""``junit.xml``: one test case for each criterion, a suite for each section.

A criterion that fails is a failure with its findings, one that is unknown an error, one that is not verified skipped.
"""

from __future__ import annotations

import re
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
    root = Element("testsuites", {"name": f"{report.facts.scenario} seed {report.facts.seed}"})
    for section in report.sections:
        root.append(_suite(report, section))
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.attrib[name]) for suite in root)))
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
    case = Element("testcase", {"classname": classname, "name": _clean(criterion.text), "time": "0"})
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
    child = SubElement(parent, tag, {"message": _clean(message)} if message else {})
    child.text = _clean(text) or None


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
