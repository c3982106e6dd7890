"""The YAML between two ``---`` lines at the top of a runbook."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from simulation.documents.yaml import parse_yaml
from simulation.errors import UsageError
from simulation.world.operator.complaints import Complaints, Part
from simulation.world.operator.runbook import Kind, Section

_BLOCK = re.compile(r"\A---\n(?P<yaml>.*?\n)---\n", re.DOTALL)
_REMEDY = (
    "state name, version (1.0.0), date, alert (or trigger, for a task), roles and steps; "
    "steps lists 'reads' or 'writes' for each step of a section"
)

Effect = Literal["reads", "writes"]


class FrontMatter(BaseModel):
    """Who may carry the runbook out, for which alert, and what each of its steps does to the platform."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    date: date
    alert: str | None = Field(default=None, min_length=1)
    trigger: str | None = Field(default=None, min_length=1)
    roles: tuple[Literal["ops", "admin"], ...] = Field(min_length=1)
    steps: dict[Section, tuple[Effect, ...]]
    break_glass: str | None = Field(default=None, min_length=1)
    irreversible: dict[str, Annotated[str, Field(min_length=1)]] = {}

    @model_validator(mode="after")
    def _starts_in_one_way(self) -> FrontMatter:
        if (self.alert is None) is (self.trigger is None):
            raise ValueError("exactly one of alert (a failure runbook) and trigger (a task) starts a runbook")
        foreign = [section for section in self.steps if section not in self.kind.value]
        if foreign:
            raise ValueError(f"a runbook of this kind has no section {', '.join(foreign)}: take it out of steps")
        return self

    @property
    def kind(self) -> Kind:
        return Kind.TASK if self.alert is None else Kind.FAILURE


@dataclass(frozen=True, kw_only=True)
class Document:
    """A runbook file: front matter and body. The body has an empty line for each line of the front matter, so that its
    line numbers are the file's."""

    front: FrontMatter
    body: str
    steps_line: int


def split(text: str, complaints: Complaints) -> Document | None:
    """Separate front matter and Markdown; None, and complaints of the bad keys, when it cannot be read."""
    block = _BLOCK.match(text)
    if block is None:
        problem = "no front matter between two '---' lines"
        complaints.add(Part.FRONT_MATTER, line=1, problem=problem, remedy=_REMEDY)
        return None
    try:
        read = parse_yaml(block["yaml"], file=Path(complaints.file), first_line=2)
        front = FrontMatter.model_validate(read.value)
    except UsageError as error:
        complaints.add_error(Part.FRONT_MATTER, error)
        return None
    except ValidationError as error:
        for each in error.errors():
            _complain(each, block["yaml"], complaints)
        return None
    body = "\n" * block[0].count("\n") + text[block.end() :]
    return Document(front=front, body=body, steps_line=_line_of("steps", block["yaml"]))


def _complain(error: ErrorDetails, block: str, complaints: Complaints) -> None:
    where = ".".join(str(part) for part in error["loc"] if part != "[key]")
    value = f", value {error['input']!r}" if where else ""
    complaints.add(
        Part.FRONT_MATTER,
        line=_line_of(where.split(".")[0], block),
        problem=f"front matter: {where + ': ' if where else ''}{error['msg'].removeprefix('Value error, ')}{value}",
        remedy=_REMEDY,
    )


def _line_of(key: str, block: str) -> int:
    """Line of a top-level key in the file, 1 where it is missing."""
    for number, line in enumerate(block.splitlines(), start=2):
        if line.startswith(f"{key}:"):
            return number
    return 1
