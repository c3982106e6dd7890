"""Everything that is wrong with a runbook's text, gathered while it is read, so that its writer sees all of it at
once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from simulation.errors import UsageError


class Part(Enum):
    """Which part of the grammar a complaint is about; the value is its name in messages."""

    FRONT_MATTER = "front matter"
    SECTIONS = "sections"
    STEPS = "steps"
    BRANCHES = "branches"


@dataclass(frozen=True, kw_only=True)
class Complaint:
    part: Part
    line: int
    error: UsageError


class Complaints:
    """Complaints about one file, in the order in which they were found."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Complaint] = []

    def add(self, part: Part, *, line: int, problem: str, remedy: str) -> None:
        error = UsageError(place=f"{self.file}:{line}", problem=problem, remedy=remedy)
        self.found.append(Complaint(part=part, line=line, error=error))

    def add_error(self, part: Part, error: UsageError) -> None:
        """Take in an error whose place is a line of the file."""
        self.found.append(Complaint(part=part, line=int(error.place.rpartition(":")[2]), error=error))
