"""A runbook as the operator's robot carries it out: sections of steps, each one command with the answer it must give.

The grammar is documented for its writers in ``fixtures/runbooks/README.md``; ``parser`` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum, StrEnum
from pathlib import Path

_KEY = "Idempotency-Key: "
_SEGMENT = r"[^/\s\"']+"
_END = r"(?=[\s\"'?]|$)"


class Section(StrEnum):
    """Sections of a runbook; values are the audit trail's phase names. Which a runbook has depends on its kind."""

    DETECTION = "detection"
    DIAGNOSIS = "diagnosis"
    RECOVERY = "recovery"
    PREREQUISITES = "prerequisites"
    STEPS = "steps"
    VERIFICATION = "verification"
    ROLLBACK = "rollback"
    ESCALATION = "escalation"
    DOCUMENTATION = "documentation"

    @property
    def heading(self) -> str:
        """The section's heading in the Markdown file."""
        return self.value.capitalize()


_ONLY_WHEN_FAILED = (Section.ROLLBACK, Section.ESCALATION)


class Kind(Enum):
    """What a runbook is for; the value is the sections it has, in the file's order (simulation/DESIGN.md, Runbooks)."""

    FAILURE = (
        Section.DETECTION,
        Section.DIAGNOSIS,
        Section.RECOVERY,
        Section.VERIFICATION,
        Section.ROLLBACK,
        Section.ESCALATION,
        Section.DOCUMENTATION,
    )
    TASK = (Section.PREREQUISITES, Section.STEPS, Section.VERIFICATION, Section.ROLLBACK, Section.ESCALATION)

    @property
    def happy_path(self) -> tuple[Section, ...]:
        """The sections that an execution goes through when every answer is as expected."""
        return tuple(section for section in self.value if section not in _ONLY_WHEN_FAILED)


class Outcome(StrEnum):
    """Where a branch leads, when not to another step."""

    CONTINUE = "continue"
    ESCALATE = "escalate"
    ESCALATE_AS_PARTIAL = "escalate as partial"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A step to go to: ``step`` counts from 1 within its section."""

    section: Section
    step: int = 1


@dataclass(frozen=True, kw_only=True)
class Branch:
    """``if [CAPTURE] is VALUE, …``; a branch without a capture is ``otherwise, …``."""

    line: int
    capture: str | None
    negated: bool
    value: str
    target: Place | Outcome

    def holds(self, captures: Mapping[str, str]) -> bool:
        """Whether this branch is taken, given the captures so far. A capture may be missing if its step was left
        out."""
        return self.capture is None or (captures.get(self.capture) == self.value) is not self.negated


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command and its documented answer."""

    section: Section
    number: int
    title: str
    line: int
    """Line of the command in the file."""
    command: str
    output_line: int
    """Line in the file at which its expected output begins."""
    expected: tuple[str, ...]
    """Lines of output, with wildcards as ``match`` reads them."""
    exit_status: int
    writes: bool
    branches: tuple[Branch, ...]

    def may_come_again(self, repeatable: Sequence[str]) -> bool:
        """Whether it may be typed again where nobody answered: it only reads, or each of its POSTs is done once under
        its key, or does again only what is still to be done.

        :param repeatable: the target's ``repeatable_requests`` (:class:`~simulation.events.governance.Governance`).
        """
        _, *posts = self.command.split("-X POST")
        return not self.writes or (bool(posts) and all(_done_once(post, repeatable) for post in posts))


def _done_once(post: str, repeatable: Sequence[str]) -> bool:
    return _KEY in post or any(re.search(_in_a_command(pattern), post) for pattern in repeatable)


def _in_a_command(pattern: str) -> str:
    """A regular expression for the address of a POST as it is typed, whose segments may be variables of the shell."""
    method, _, path = pattern.partition(" ")
    address = _SEGMENT.join(re.escape(part) for part in path.split("*"))
    return f"{address}{_END}" if method == "POST" else "(?!)"


@dataclass(frozen=True, kw_only=True)
class Runbook:
    """One runbook: for the failure that ``alert`` reports, or for the task that ``trigger`` describes."""

    path: Path
    name: str
    version: str
    date: date
    kind: Kind
    alert: str | None
    trigger: str | None
    irreversible: Mapping[str, str]
    """Canonical relation → why its rows may stay changed after Rollback."""
    break_glass: str | None
    """Why this runbook needs the break-glass token; None if it does not."""
    roles: tuple[str, ...]
    steps: Mapping[Section, tuple[Step, ...]]
    sha256: str
    """Digest of the file's bytes: identifies what exactly was carried out."""

    @property
    def writes(self) -> bool:
        """Whether any step of the happy path changes the platform."""
        return any(step.writes for step in self.steps_from(self.first))

    @property
    def commands(self) -> tuple[str, ...]:
        """All that it may have the operator type."""
        return tuple(step.command for steps in self.steps.values() for step in steps)

    @property
    def first(self) -> Place:
        """Where an execution begins."""
        return Place(section=self.kind.happy_path[0])

    def steps_from(self, start: Place) -> Iterator[Step]:
        """Steps of the happy path from ``start`` on."""
        path = self.kind.happy_path
        for section in path[path.index(start.section) :]:
            for step in self.steps[section]:
                if section is not start.section or step.number >= start.step:
                    yield step
