"""What the platform reports about itself, and what the observer read from its database at the end."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from simulation.events.base import Event
from simulation.events.database import Row

ANSWERS = "answers, as /metrics does"
"""Subject of the sample that says whether a page was answered at all, as true or false."""


class Sample(Event):
    """One number or list the platform reports about itself, beside what the witness saw at that instant."""

    kind: Literal["sample"] = "sample"
    endpoint: str
    subject: str
    reported: JsonValue
    observed: JsonValue
    tolerance: float = 0.0
    """How far the two numbers may differ, because they are read one after the other and not at once."""


class SampleLacking(Event):
    """A page whose claims cannot be checked, because the target gives no data to compare with. Recorded once a page."""

    kind: Literal["sample_lacking"] = "sample_lacking"
    endpoint: str
    lacks: str


class Observation(Event):
    """A canonical relation (see ``simulation/targets/protocol.py``) as the observer read it at the end of the run."""

    kind: Literal["observation"] = "observation"
    relation: str
    rows: tuple[Row, ...]


class PlatformLog(Event):
    """Lines of the platform's log, in the order in which it wrote them; further ones follow in further events."""

    kind: Literal["platform_log"] = "platform_log"
    lines: tuple[str, ...]
