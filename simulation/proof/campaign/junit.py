"""``junit.xml`` of a campaign: a suite for each scenario and draw, a test for each seed.

It is written while results are read, one by one: each suite into a file of its own until its counts are known.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree  # only written here, never parsed
from xml.etree.ElementTree import Element, SubElement
from xml.sax.saxutils import quoteattr

from simulation.proof.campaign.page import Campaign
from simulation.proof.campaign.result import Result
from simulation.reporting.junit import clean

_NEVER = ("kinds", "states")
"""Areas of which each thing that was never reached is a test."""


class _Suite:
    """One suite; its tests are in a temporary file."""

    def __init__(self, name: str, tests: TextIO) -> None:
        self.name, self._tests = name, tests
        self.counts = Counter[str]()

    def add(self, name: str, tag: str = "", told: Sequence[str] = (), out: str = "") -> None:
        """A test. ``tag``: ``failure``, ``error`` or ``skipped``; none: it passed. ``told``: why."""
        case = Element("testcase", {"classname": clean(self.name), "name": clean(name), "time": "0"})
        if tag:
            SubElement(case, tag, {"message": clean(told[0])}).text = clean("\n".join(told))
        if out:
            SubElement(case, "system-out").text = clean(out)
        self._tests.write(f"    {ElementTree.tostring(case, encoding='unicode')}\n")
        self.counts.update(("tests", tag))

    def end(self, into: TextIO) -> None:
        """Write all of it."""
        counted = {
            "tests": self.counts["tests"],
            "failures": self.counts["failure"],
            "errors": self.counts["error"],
            "skipped": self.counts["skipped"],
        }
        into.write(f"  <testsuite name={quoteattr(clean(self.name))} {_attributes(counted)}>\n")
        self._tests.seek(0)
        shutil.copyfileobj(self._tests, into)
        into.write("  </testsuite>\n")


def write_junit(file: Path, campaign: Campaign, results: Iterable[Result]) -> None:
    """One suite more tells whether cases are left or flaky, and one what was never reached: each state and kind of
    fault as a test that is skipped, since of it the campaign says nothing.

    :param results: in the order of the campaign's cases.
    """
    plan, new = campaign.summary.plan, file.with_name(f"{file.name}.new")
    with ExitStack() as opened, open(new, "w", encoding="utf-8") as into:

        def suite(name: str) -> _Suite:
            return _Suite(name, opened.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8")))

        suites = {f"{name} {draw}": suite(f"{name} {draw}") for name in plan.scenarios for draw in plan.draws}
        for result in results:
            _tell(suites[result.case.group], result)
        told = [*suites.values(), _own(suite("campaign"), campaign), _never(suite("never reached"), campaign)]
        sums = {
            counted: sum(one.counts[tag] for one in told)
            for counted, tag in (("tests", "tests"), ("failures", "failure"), ("errors", "error"))
        }
        into.write(f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites name="campaign" {_attributes(sums)}>\n')
        for one in told:
            one.end(into)
        into.write("</testsuites>\n")
    os.replace(new, file)


def _tell(suite: _Suite, result: Result) -> None:
    if result.outcome == "pass":
        suite.add(f"seed {result.case.seed}")
        return
    sentences = [found.sentence for found in result.findings] or [result.said or result.outcome]
    tag = "failure" if result.outcome == "fail" else "error"
    suite.add(f"seed {result.case.seed}", tag, sentences, result.case.command)


def _own(suite: _Suite, campaign: Campaign) -> _Suite:
    left = [f"left: {case}" for case in campaign.summary.some_left]
    flaky = [str(one) for one in campaign.flaky]
    suite.add("every case was lived", "failure" if left else "", left)
    suite.add("the same code lives a case alike every time", "failure" if flaky else "", flaky)
    return suite


def _never(suite: _Suite, campaign: Campaign) -> _Suite:
    for area in _NEVER:
        for name in campaign.never.get(area, ()):
            suite.add(name, "skipped", [f"{area}: no run reached it"])
    return suite


def _attributes(counted: dict[str, int]) -> str:
    return " ".join(f'{name}="{number}"' for name, number in counted.items())
