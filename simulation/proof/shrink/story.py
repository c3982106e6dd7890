"""The sentence that tells a shrunk run, and the file that repeats it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from datetime import datetime

from simulation.checks.base import Finding
from simulation.checks.cause import Cause
from simulation.proof.shrink.inevitable import Inevitability
from simulation.proof.shrink.life import Life, Lived
from simulation.scenario.faults.fault import Fault
from simulation.scenario.model import Scenario
from simulation.untrusted import printable
from simulation.words import plural

_WIDTH = 118
_LONGEST_NAME = 100


def sentence(life: Life, lived: Lived, cause: Cause, *, defect: str | None) -> str:
    """What happens, in one sentence."""
    struck = [_told(fault, lived.strikes) for fault in life.scenario.faults]
    faults = f", with {' and '.join(struck)}" if struck else ", without any fault"
    planted = f" and the planted defect {defect}" if defect else ""
    finding = lived.causes[cause]
    return printable(
        f"In {_place(life.scenario)}{faults}{planted}, {cause.check} finds: {finding.sentence.rstrip('.')}."
    )


def document(
    life: Life, *, story: str, cause: Cause, finding: Finding, inevitable: Inevitability, how: str, defect: str | None
) -> str:
    """The scenario as a file of ``scenarios/regressions``: its seed, the story and the expected finding on top."""
    named = life.scenario.model_copy(update={"name": name_of(life.scenario, cause), "description": story[:2_000]})
    planted = [f"Planted defect: {defect}. Without it the run passes, or this file is no regression."] if defect else []
    lines = [
        story,
        f"Expected finding until it is mended: {cause.check}: {printable(finding.message)}",
        *planted,
        str(inevitable),
        how,
    ]
    head = "".join(f"{line}\n" for text in lines for line in _comment(text))
    return f"# seed: {life.seed}\n{head}{named.to_yaml()}"


def name_of(scenario: Scenario, cause: Cause) -> str:
    """Of the file and of the scenario in it."""
    return f"{scenario.name}_{cause.check}"[:_LONGEST_NAME]


def _comment(text: str) -> Iterator[str]:
    yield from (f"# {line}" for line in textwrap.wrap(text, _WIDTH))


def _place(scenario: Scenario) -> str:
    """``2 days of 1 contest with 6 entrants``."""
    entrants = sum(contest.entrants for contest in scenario.contests)
    return (
        f"{plural(scenario.days, 'day')} of {plural(len(scenario.contests), 'contest')} with "
        f"{plural(entrants, 'entrant')}"
    )


def _told(fault: Fault, strikes: Mapping[str, datetime]) -> str:
    at = strikes.get(fault.id)
    when = "never met" if at is None else f"at {at:%Y-%m-%d %H:%M:%S}"
    aim = getattr(fault, "contest", None) or getattr(fault, "tournament", None)
    return f"“{fault.title}” ({fault.kind}{f' of {aim}' if aim else ''}, {when})"
