"""The pages of a campaign: ``campaign.html``, ``campaign.md`` for a CI's summary, and ``junit.xml``."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from xml.etree.ElementTree import Element, SubElement  # only written here, never parsed

from jinja2 import Environment
from markupsafe import Markup

from simulation.errors import command
from simulation.proof.campaign.coverage import AREAS
from simulation.proof.campaign.memory import Memory, Since
from simulation.proof.campaign.result import Case, Result
from simulation.proof.campaign.summary import Cause, Summary
from simulation.reporting.html import page_environment
from simulation.reporting.junit import clean, document
from simulation.reporting.markdown import plain, table, within_step_summary
from simulation.reporting.times import duration
from simulation.reporting.words import mark
from simulation.words import plural

_MOST_OF_A_LIST = 60
"""Of what was never reached, in each area: pairs of kinds are more than a thousand."""
_FEW = 8
"""Of these, named where there is one line."""
_HEADLINES = {
    "pass": "The platform lived through every run",
    "fail": "The platform did not live through every run",
    "unknown": "It cannot be said whether the platform lived through every run",
    "broke_off": "The machine kept runs from their verdict",
    "lost": "The machine kept runs from their verdict",
}


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """All that the pages tell. ``share``, ``never``: area → reached, of how many; what was not.

    :param wall_seconds: of each case. :param since: None: there is no earlier campaign to compare with.
    """

    summary: Summary
    share: Mapping[str, tuple[int, int]]
    never: Mapping[str, Sequence[str]]
    wall_seconds: Mapping[Case, float]
    memory: Memory
    since: Since | None

    @property
    def outcome(self) -> str:
        """A case that is flaky fails the campaign: one of its two verdicts is wrong."""
        return "fail" if self.since is not None and self.since.flaky else self.summary.outcome

    @property
    def exit_code(self) -> int:
        return 1 if self.outcome == "fail" else self.summary.exit_code

    @property
    def headline(self) -> str:
        return _HEADLINES[self.outcome]

    @property
    def wall_median_seconds(self) -> float:
        return statistics.median(self.wall_seconds.values()) if self.wall_seconds else 0.0

    @property
    def never_in_words(self) -> tuple[str, ...]:
        """A line for each area of which something was never reached, the first few by name."""
        return tuple(
            f"never reached, {AREAS[area]}: {', '.join(names[:_FEW])}"
            + (f" and {len(names) - _FEW} more" if len(names) > _FEW else "")
            for area, names in self.never.items()
            if names
        )

    def age(self, cause: Cause) -> str:
        """``new``, ``known since …``, ``back``; empty without an earlier campaign."""
        if self.since is None:
            return ""
        first = self.memory.causes[cause.key].wall_first[:10]
        if cause.key in self.since.new:
            return "new"
        return f"{'back; first seen' if cause.key in self.since.back else 'known since'} {first}"

    def commands(self, cause: Cause) -> tuple[str, ...]:
        """Live its shortest run again, and shrink it."""
        shortest = cause.shortest
        kept = f"FOLDER/{shortest.folder}"
        shrink = (command("shrink", kept),) if shortest.folder and shortest.case.draw == "own" else ()
        return (shortest.case.command, *shrink)

    def cases_of(self, scenario: str, draw: str) -> tuple[Result, ...]:
        """A grid of the page."""
        return tuple(
            result for result in self.summary.results if result.case.scenario == scenario and result.case.draw == draw
        )


def render_html(campaign: Campaign) -> str:
    """The whole document: it loads nothing and needs no script."""
    return _environment().get_template("campaign.html.j2").render(campaign=campaign, css=_css())


@cache
def _environment() -> Environment:
    environment = page_environment()
    environment.globals.update(mark=mark, plural=plural, areas=AREAS, most=_MOST_OF_A_LIST)
    environment.filters.update(duration=duration)
    return environment


def _css() -> Markup:
    assets = files("simulation.reporting") / "assets"
    text = "".join((assets / name).read_text(encoding="utf-8") for name in ("report.css", "campaign.css"))
    return Markup(text)  # noqa: S704 - ours, and nothing of a run is in it


def render_markdown(campaign: Campaign) -> str:
    """A page of Markdown, cut to what GitHub shows as the summary of a step."""
    summary = campaign.summary
    counts = ", ".join(f"{number} {mark(outcome).word}" for outcome, number in summary.counts.items())
    scenarios = ", ".join(summary.plan.scenarios)
    lines = [
        f"## {mark(campaign.outcome).symbol} Campaign: {mark(campaign.outcome).word.upper()}",
        "",
        plain(f"{plural(len(summary.results), 'run')} of {scenarios}: {counts or 'none'}; {summary.plan.made_by}."),
        *([plain(f"{plural(summary.left, 'case')} left.")] if summary.left else []),
        "",
        *_findings(campaign),
        *_since(campaign.since),
        "### Reached",
        "",
        *table(
            ("what", "reached", "of"), ((AREAS[area], reached, of) for area, (reached, of) in campaign.share.items())
        ),
        "",
        *(plain(line) for line in campaign.never_in_words),
        "",
        *_unjudged(summary),
        "### Closest to a limit",
        "",
        *table(
            ("limit", "closest", "bound", "left", "run"),
            (
                (margin.what, margin.closest, margin.limit, f"{margin.left:.0%}", str(result.case))
                for margin, result in summary.near_misses
            ),
        ),
    ]
    return within_step_summary(lines)


def _findings(campaign: Campaign) -> list[str]:
    if not campaign.summary.causes:
        return ["No finding.", ""]
    rows = (
        (cause.first.sentence, len(cause.results), campaign.age(cause), " · ".join(campaign.commands(cause)))
        for cause in campaign.summary.causes
    )
    return ["### Findings", "", *table(("finding", "runs", "since", "again"), rows), ""]


def _since(since: Since | None) -> list[str]:
    if since is None:
        return []
    told = [f"{len(since.new)} new, {len(since.known)} known, {len(since.back)} back, {len(since.gone)} gone"]
    told += [f"gone: {known.sentence}" for known in since.gone.values()]
    told += [f"flaky: {flaky}" for flaky in since.flaky or ()]
    if since.flaky is None:
        told.append("histories are not compared: the code is not the same commit, or was changed")
    return [f"### Since {since.last.wall_began[:10]}", "", *(f"- {plain(line)}" for line in told), ""]


def _unjudged(summary: Summary) -> list[str]:
    rows = [(str(result.case), mark(result.outcome).word, result.said) for result in summary.unjudged]
    return ["### Without a verdict", "", *table(("run", "ended", "why"), rows), ""] if rows else []


def render_junit(campaign: Campaign) -> str:
    """A suite for each scenario and draw, a test for each seed, and one that fails where cases are left.

    Each state and kind of fault that was never reached is a test that is skipped: of it the campaign says nothing.
    """
    plan = campaign.summary.plan
    suites = [
        _suite(f"{scenario} {draw}", campaign.cases_of(scenario, draw))
        for scenario in plan.scenarios
        for draw in plan.draws
    ]
    own = Element("testsuite", {"name": "campaign", "tests": "2", "failures": "0", "errors": "0", "skipped": "0"})
    flaky = () if campaign.since is None else campaign.since.flaky or ()
    _own_case(own, "every case was lived", [f"left: {case}" for case in campaign.summary.some_left])
    _own_case(own, "the same code lives a case alike every time", [str(one) for one in flaky])
    return document("campaign", [*suites, own, _never(campaign)])


def _never(campaign: Campaign) -> Element:
    missing = [(area, name) for area in ("kinds", "states") for name in campaign.never.get(area, ())]
    counts = {"tests": str(len(missing)), "failures": "0", "errors": "0", "skipped": str(len(missing))}
    suite = Element("testsuite", {"name": "never reached", **counts})
    for area, name in missing:
        case = SubElement(suite, "testcase", {"classname": f"never reached.{area}", "name": clean(name), "time": "0"})
        SubElement(case, "skipped", {"message": "no run reached it"})
    return suite


def _own_case(suite: Element, name: str, wrong: Sequence[str]) -> None:
    case = SubElement(suite, "testcase", {"classname": "campaign", "name": name, "time": "0"})
    if wrong:
        suite.set("failures", str(int(suite.attrib["failures"]) + 1))
        SubElement(case, "failure", {"message": clean(wrong[0])}).text = clean("\n".join(wrong))


def _suite(name: str, results: Sequence[Result]) -> Element:
    outcomes = [result.outcome for result in results]
    failed, passed = outcomes.count("fail"), outcomes.count("pass")
    suite = Element(
        "testsuite",
        {
            "name": clean(name),
            "tests": str(len(outcomes)),
            "failures": str(failed),
            "errors": str(len(outcomes) - failed - passed),
            "skipped": "0",
        },
    )
    for result in results:
        case = SubElement(
            suite, "testcase", {"classname": clean(name), "name": f"seed {result.case.seed}", "time": "0"}
        )
        if result.outcome != "pass":
            sentences = [found.sentence for found in result.findings] or [result.said or result.outcome]
            tag = "failure" if result.outcome == "fail" else "error"
            SubElement(case, tag, {"message": clean(sentences[0])}).text = clean("\n".join(sentences))
            SubElement(case, "system-out").text = clean(result.case.command)
    return suite
