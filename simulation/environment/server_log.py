"""What PostgreSQL's own log says of the machine it runs on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from simulation.environment.causes import (
    BROKEN_FILES,
    KILLED,
    NO_DESCRIPTOR,
    NO_MEMORY,
    NO_PROCESS,
    NO_ROOM,
    OF_SQLSTATE,
    STOPPED,
    Cause,
)  # fmt: skip
from simulation.errors import EnvironmentFault

_CAUSES = (NO_ROOM, NO_PROCESS, NO_DESCRIPTOR, NO_MEMORY, STOPPED, KILLED, BROKEN_FILES)
_WORTH_A_LOOK = re.compile(
    "|".join([*(cause.said.pattern for cause in _CAUSES), *(f'"state_code":"{state}"' for state in OF_SQLSTATE)]),
    re.IGNORECASE,
)
_FROM_ITSELF = ("LOG", "FATAL", "PANIC")
"""Severities of what the server says of itself; a statement's text, which a client chose, is logged as LOG, too."""
_TYPED = re.compile(r"^(?:statement|execute|parameters|duration)\b")

_RAISED = "at RAISE"
"""End of the context of an error that a statement raised on purpose (a fault of the scenario does): the machine has no
part in it, whatever its code."""


def first_fault(lines: Iterable[str], *, own_stops: int = 0) -> EnvironmentFault | None:
    """The first thing in a JSON log that is the machine's fault.

    :param own_stops: how often the run itself told the server to shut down.
    """
    for line in lines:
        if not _WORTH_A_LOOK.search(line):
            continue
        entry = _entry(line)
        cause = _cause_of(entry)
        if cause is STOPPED and own_stops:
            own_stops -= 1
        elif cause is not None:
            said = " ".join(str(entry.get("message", "")).split())
            return EnvironmentFault(problem=f"the run cannot go on: {cause.says}: {said}", remedy=cause.remedy)
    return None


def stops_in(lines: Iterable[str]) -> int:
    """How often the log says that the server was told to stop."""
    worth_a_look = (line for line in lines if _WORTH_A_LOOK.search(line))
    return sum(_cause_of(_entry(line)) is STOPPED for line in worth_a_look)


def _cause_of(entry: dict[str, object]) -> Cause | None:
    if str(entry.get("context", "")).endswith(_RAISED):
        return None
    state = OF_SQLSTATE.get(str(entry.get("state_code", "")))
    message = str(entry.get("message", ""))
    if state is not None or entry.get("error_severity") not in _FROM_ITSELF or _TYPED.match(message):
        return state
    return next((cause for cause in _CAUSES if cause.said.search(message)), None)


def _entry(line: str) -> dict[str, object]:
    try:
        document = json.loads(line)
    except ValueError:  # the last line of a server that was killed
        return {}
    return document if isinstance(document, dict) else {}
