"""``junit.xml``: one test case for each criterion, a suite for each section.

A failed criterion is a failure with its findings, an unknown one an error, one that is not verified is skipped.
Valid for Jenkins' xUnit plugin, whose schema is the strictest in use: the root may not have a ``skipped`` count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree  # only written here, never parsed
from xml.etree.ElementTree import Element, SubElement

from simulation.reporting.parts.criteria import CriterionView, SectionView
from simulation.reporting.text import about, finding_lines
from simulation.reporting.view import Report
from simulation.words import plural

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 forbids, even escaped."""


def render_junit(report: Report) -> str:
    """The XML document, with a declaration and a trailing newline."""
    name = f"{report.facts.scenario} seed {report.facts.seed}"
    return document(name, [_suite(report, section) for section in report.sections])


def document(name: str, suites: Iterable[Element]) -> str:
    """An XML document: the suites under one root element with the sums of their counts."""
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
    suite.append(_properties(report))
    for criterion in section.criteria:
        suite.append(_case(report, section, criterion))
    return suite


def _properties(report: Report) -> Element:
    """Which run it was, for readers who have only this file; the same in each suite."""
    properties = Element("properties")
    for name, value in about(report).items():
        SubElement(properties, "property", {"name": name, "value": clean(value)})
    return properties


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
    lines = ["decided by " + ", ".join(_looked(criterion)), criterion.note, report.facts.reproduce]
    _child(case, "system-out", text="\n".join(line for line in lines if line))
    return case


def _looked(criterion: CriterionView) -> list[str]:
    return [f"{result.check} ({result.examined} looked at)" for result in criterion.checks]


def _child(parent: Element, tag: str, *, message: str = "", text: str = "") -> None:
    child = SubElement(parent, tag, {"message": clean(message)} if message else {})
    child.text = clean(text) or None


def clean(text: str) -> str:
    """The text with characters that XML forbids replaced by U+FFFD."""
    return _FORBIDDEN.sub("�", text)
