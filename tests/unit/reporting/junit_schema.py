"""What readers of ``junit.xml`` accept: junit-10.xsd, which Jenkins' xUnit plugin enforces, and GitLab's documentation.

The schema's rules in words of our own: an element has no attribute and no child that is not named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element


class Rule(NamedTuple):
    required: frozenset[str]
    optional: frozenset[str]
    children: frozenset[str]


def _rule(required: str, optional: str, children: str) -> Rule:
    return Rule(*(frozenset(names.split()) for names in (required, optional, children)))


_OUTCOME = _rule("", "type message", "")
_TEXT = _rule("", "", "")
RULES = {
    "testsuites": _rule("", "name time tests failures errors", "testsuite"),
    "testsuite": _rule(
        "name tests failures errors",
        "group time skipped timestamp hostname id package file log url",
        "testsuite properties testcase system-out system-err",
    ),
    "testcase": _rule(
        "name",
        "time classname group",
        "skipped error failure rerunFailure rerunError flakyFailure flakyError system-out system-err",
    ),
    "failure": _OUTCOME,
    "error": _OUTCOME,
    "skipped": _OUTCOME,
    "system-out": _TEXT,
    "system-err": _TEXT,
    "properties": _rule("", "", "property"),
    "property": _rule("name value", "", ""),
}
_TIME = re.compile(r"(\d{1,3}(,\d{3})*|\d*)(\.\d*)?")
_GITLABS_MOST_BYTES = 30 * 1024 * 1024


def violations(text: str) -> list[str]:
    """Everything that a reader would refuse or lose; empty for a good file."""
    root = ElementTree.fromstring(text.encode())
    found = [] if root.tag in ("testsuites", "testsuite") else [f"the root is {root.tag}"]
    return [*found, *_structure(root), *_of_gitlab(root, text)]


def _structure(element: Element) -> Iterator[str]:
    rule = RULES[element.tag]
    for name in sorted(rule.required - element.attrib.keys()):
        yield f"{element.tag} has no {name}"
    for name in sorted(element.attrib.keys() - rule.required - rule.optional):
        yield f"attribute {name} is not allowed on {element.tag}"
    if "time" in element.attrib and not _TIME.fullmatch(element.attrib["time"]):
        yield f"time {element.attrib['time']}"
    if rule.children and (element.text or "").strip():
        yield f"text in {element.tag}"
    for child in element:
        if child.tag in rule.children:
            yield from _structure(child)
        else:
            yield f"{child.tag} is not allowed in {element.tag}"


def _of_gitlab(root: Element, text: str) -> Iterator[str]:
    """It drops a case that has the class name and name of an earlier one, and a file beyond its limit."""
    seen: set[tuple[str | None, str | None]] = set()
    for case in root.iter("testcase"):
        key = case.get("classname"), case.get("name")
        if key in seen or None in key:
            yield f"a second case {key}"
        seen.add(key)
    if len(text.encode()) > _GITLABS_MOST_BYTES:
        yield "the file is too large"
