"""The rule files as promtool gets them.

``promtool test rules`` has one interval of evaluation for a test, and its clock begins in 1970. So rules that only look
at series are given as they are; where a group has an interval of its own, or an expression asks for the time, promtool
gets a copy: the groups of one interval, and the run's beginning added to every time that is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser
import yaml

_DATES = "minute|hour|day_of_week|day_of_month|day_of_year|days_in_month|month|year"
_STRING = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`"
_ASKED = re.compile(rf"{_STRING}|\btime\s*\(\s*\)|\b(?:{_DATES})\s*\(\s*\)|\btimestamp\s*\(|@\s*(?P<at>-?[\d.]+)")
_BRACKET = re.compile(rf"{_STRING}|[()]")


@dataclass(frozen=True, kw_only=True)
class JudgedRules:
    """Rules that promtool evaluates at one interval."""

    interval_seconds: int
    files: tuple[Path, ...]
    alerts: frozenset[str]
    """Names of their alerts."""
    groups: tuple[str, ...]
    """Names of their groups, in the order of evaluation."""


@dataclass(frozen=True, kw_only=True)
class Judging:
    """What can be judged, and the alerts that cannot."""

    rules: tuple[JudgedRules, ...]
    unjudged: tuple[str, ...]
    """Alerts that read what a group with another interval records."""


def judged(files: Sequence[Path], *, interval_seconds: int, epoch_seconds: int, folder: Path) -> Judging:
    """Copies go into ``folder``. A file that cannot be read as rules is passed on as it is, and promtool complains."""
    documents = {file: _read(file) for file in files}
    groups = [group for document in documents.values() for group in document.get("groups") or ()]
    by_interval: dict[int, list[dict[str, Any]]] = {}
    for group in groups:
        by_interval.setdefault(_interval(group, interval_seconds), []).append(group)
    if set(by_interval) <= {interval_seconds} and not any(map(asks_for_time, _expressions(groups))):
        return Judging(rules=(_as_given(files, groups, interval_seconds),), unjudged=())
    rules, unjudged = [], []
    for interval, own in sorted(by_interval.items()):
        others = [group for group in groups if not any(group is one for one in own)]
        kept, left = _without_reading(own, {str(rule["record"]) for rule in _rules(others) if "record" in rule})
        unjudged += left
        file = folder / f"alerts.{interval}s.rules.yml"
        document = {"groups": [_from_1970(group, epoch_seconds) for group in kept]}
        file.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
        rules.append(_as_given([file], kept, interval))
    return Judging(rules=tuple(rules), unjudged=tuple(sorted(unjudged)))


def _read(file: Path) -> Mapping[str, Any]:
    try:
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    return document if isinstance(document, dict) and isinstance(document.get("groups"), list) else {}


def _as_given(files: Sequence[Path], groups: Sequence[Mapping[str, Any]], interval: int) -> JudgedRules:
    alerts = frozenset(str(rule["alert"]) for rule in _rules(groups) if "alert" in rule)
    names = tuple(dict.fromkeys(str(group.get("name")) for group in groups))
    return JudgedRules(interval_seconds=interval, files=tuple(files), alerts=alerts, groups=names)


def _rules(groups: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (rule for group in groups for rule in group.get("rules") or ())


def _expressions(groups: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    return (str(rule.get("expr", "")) for rule in _rules(groups))


def _interval(group: Mapping[str, Any], default: int) -> int:
    text = group.get("interval")
    if not text or re.fullmatch(r"0[a-z]*", text):
        return default
    return int(promql_parser.parse_duration(text).total_seconds())


def _without_reading(groups: Sequence[dict[str, Any]], records: set[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """The groups without the rules that read one of ``records``; and the names of the alerts among those."""
    reads = re.compile(rf"(?<![\w:])(?:{'|'.join(map(re.escape, sorted(records)))})(?![\w:])" if records else r"(?!)")
    kept, left = [], []
    for group in groups:
        rules = group.get("rules") or []
        left += [str(rule["alert"]) for rule in rules if "alert" in rule and reads.search(str(rule.get("expr", "")))]
        kept.append({**group, "rules": [rule for rule in rules if not reads.search(str(rule.get("expr", "")))]})
    return kept, left


def _from_1970(group: Mapping[str, Any], epoch_seconds: int) -> dict[str, Any]:
    rules = [{**rule, "expr": from_1970(str(rule.get("expr", "")), epoch_seconds)} for rule in group.get("rules") or ()]
    return {**group, "rules": rules}


def asks_for_time(expression: str) -> bool:
    """Whether the result depends on the date."""
    return any(found[0][0] not in "\"'`" for found in _ASKED.finditer(expression))


def from_1970(expression: str, epoch_seconds: int) -> str:
    """``expression`` for a clock that shows 0 at ``epoch_seconds``."""
    made, position = "", 0
    while (found := _ASKED.search(expression, position)) is not None:
        made += expression[position : found.start()]
        text, position = found[0], found.end()
        word = re.match(r"\w*", text)
        name = word[0] if word else ""
        if found["at"] is not None:
            made += f"@ {float(found['at']) - epoch_seconds:.3f}"
        elif name == "time":
            made += f"(time() + {epoch_seconds})"
        elif name == "timestamp":
            end = _closing(expression, position)
            inner = from_1970(expression[position : end - 1], epoch_seconds)
            made, position = f"{made}(timestamp({inner}) + {epoch_seconds})", end
        elif name:
            made += f"{name}(vector(time() + {epoch_seconds}))"
        else:
            made += text
    return made + expression[position:]


def _closing(expression: str, position: int) -> int:
    """The end of the bracket that is open at ``position``."""
    depth = 1
    for found in _BRACKET.finditer(expression, position):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return found.end()
    return len(expression)
