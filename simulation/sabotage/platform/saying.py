"""Answers and metrics that say something else than what is so, while every row is right.

Planted in what the platform sends: after it has answered, one place of the document, or the lines of one metric, come
out wrong. The mistakes stand in ``saying.toml``.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any, Literal

from flask import Response, request
from pydantic import BaseModel, ConfigDict, TypeAdapter

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry, Plant
from simulation.staging import platform

DEFECTS = DefectRegistry("statements")
Mistake = Literal["one more", "null", "gone", "an hour ago", "the other", "empty", "text", "status 500"]


class WrongStatement(BaseModel):
    """``route``: regular expression for ``METHOD /path``; ``place``: keys down to the wrong value, ``*`` for each item
    of a list; for ``GET /metrics`` the metric's name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    breaks: str
    origin: str
    route: str
    place: str
    mistake: Mistake
    caught_by: str
    scenario: str = "payday"


def _statements() -> Sequence[WrongStatement]:
    text = (files("simulation.sabotage.platform") / "saying.toml").read_text(encoding="utf-8")
    return TypeAdapter(list[WrongStatement]).validate_python(tomllib.loads(text)["mistake"])


def _planted(wrong: WrongStatement) -> Plant:
    def plant(patches: Patches) -> None:
        def make(real: Any) -> Any:
            def make_app(*arguments: Any) -> Any:
                app = real(*arguments)
                app.after_request(lambda response: _sent(patches, wrong, response))
                return app

            return make_app

        patches.replace(platform, "make_app", make)

    plant.__name__, plant.__doc__ = wrong.name, wrong.breaks
    return plant


def _sent(patches: Patches, wrong: WrongStatement, response: Response) -> Response:
    if response.status_code >= 400 or not re.fullmatch(wrong.route, f"{request.method} {request.path}"):
        return response
    text = response.get_data(as_text=True)
    false = _false_page(text, wrong) if response.mimetype == "text/plain" else _false_answer(text, wrong)
    if false != text or wrong.mistake == "status 500":
        patches.trigger()
        response.set_data(false)
        response.status_code = 500 if wrong.mistake == "status 500" else response.status_code
    return response


def _false_page(text: str, wrong: WrongStatement) -> str:
    mine = re.compile(rf"{wrong.place}(\{{.*\}})? (\S+)")
    lines = [(line, mine.fullmatch(line)) for line in text.split("\n")]
    if wrong.mistake == "gone":
        return "\n".join(line for line, found in lines if not found)
    return "\n".join(f"{line[: found.start(2)]}{float(found[2]) + 1:g}" if found else line for line, found in lines)


def _false_answer(text: str, wrong: WrongStatement) -> str:
    document = json.loads(text)
    _spoil(document, wrong.place.split("."), _MISTAKES[wrong.mistake])
    return text if document == json.loads(text) else json.dumps(document)


def _spoil(document: Any, place: list[str], mistake: Callable[[Any], Any]) -> None:
    key, *below = place
    keys = range(len(document)) if key == "*" and isinstance(document, list) else [key]
    for each in keys:
        if isinstance(document, dict) and each not in document:
            continue
        if below:
            _spoil(document[each], below, mistake)
        else:
            document[each] = mistake(document[each])


def _an_hour_ago(value: Any) -> Any:
    """The instant an hour earlier, in its own form."""
    if value is None:
        return None
    return (datetime.fromisoformat(value) - timedelta(hours=1)).isoformat()


_MISTAKES: dict[Mistake, Callable[[Any], Any]] = {
    "one more": lambda value: value + 1 if isinstance(value, (int, float)) else value,
    "null": lambda _value: None,
    "an hour ago": _an_hour_ago,
    "the other": lambda value: not value,
    "empty": lambda value: type(value)(),
    "text": lambda _value: "unknown",
    "status 500": lambda value: value,
}

for _wrong in _statements():
    DEFECTS.sabotage(_wrong.caught_by, origin=_wrong.origin, scenario=_wrong.scenario)(_planted(_wrong))
