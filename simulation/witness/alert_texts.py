"""Alert annotations (the text for people): as the monitor rendered them against promtool's.

They are compared when an alert begins to fire, because the monitor's text is recorded then. An alert that begins while
another one of the same rule already fires is left out, because the other one's text at that time is not recorded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import promql_parser

from simulation.events import AlertFired, AlertResolved, AnnotationDifference, Event

_SET = r"\{(?:[^\"{}]|\"(?:[^\"\\]|\\.)*\")*\}"
_TEST = re.compile(
    r"^ +alertname: (?P<name>.+?), time: (?P<time>[^,\s]+),\s*$(?P<rest>.*?)(?=^ +(?:alertname|expr): |\Z)",
    re.MULTILINE | re.DOTALL,
)
_ALERT = re.compile(rf"Labels:(?P<labels>{_SET})\s+Annotations:(?P<annotations>{_SET})")
_PAIR = re.compile(r"(\w+)=(\"(?:[^\"\\]|\\.)*\")")


def begun(events: Iterable[Event]) -> list[list[AlertFired]]:
    """Groups of alerts of one rule that began to fire at the same scrape, while no other of that rule was firing."""
    firing: dict[str, set[str]] = {}
    groups: dict[tuple[str, int], list[AlertFired]] = {}
    alone: set[tuple[str, int]] = set()
    for event in events:
        if isinstance(event, AlertFired):
            key = (event.alert, event.scrape)
            others = firing.setdefault(event.alert, set()) - {one.alert_id for one in groups.get(key, ())}
            groups.setdefault(key, []).append(event)
            firing[event.alert].add(event.alert_id)
            if not others:
                alone.add(key)
        elif isinstance(event, AlertResolved):
            firing.get(event.alert, set()).discard(event.alert_id)
    return [group for key, group in groups.items() if key in alone]


def tests(groups: Iterable[list[AlertFired]], *, interval_seconds: int) -> Iterator[dict[str, Any]]:
    """``alert_rule_test`` entries of a promtool test file."""
    for group in groups:
        yield {
            "eval_time": f"{group[0].scrape * interval_seconds}s",
            "alertname": group[0].alert,
            "exp_alerts": [{"exp_labels": alert.labels, "exp_annotations": alert.annotations} for alert in group],
        }


def differences(text: str, *, scrape_seconds: int) -> Iterator[AnnotationDifference]:
    """Alerts for which promtool reports the expected labels but different annotations.

    :param text: what promtool said about one test file. :param scrape_seconds: interval of the scrapes.
    """
    for test in _TEST.finditer(text):
        elapsed = 0.0 if test["time"] == "0s" else promql_parser.parse_duration(test["time"]).total_seconds()
        expected, _, got = test["rest"].partition("got:")
        found = _alerts(got)
        for labels, texts in _alerts(expected).items():
            if labels in found and found[labels] != texts:
                yield AnnotationDifference(
                    alert=f"{test['name']}{{{', '.join(f'{name}={json.dumps(value)}' for name, value in labels)}}}",
                    scrape=int(elapsed) // scrape_seconds,
                    by_monitor=dict(texts),
                    by_promtool=dict(found[labels]),
                )


def _alerts(text: str) -> Mapping[tuple[tuple[str, str], ...], dict[str, str]]:
    return {tuple(sorted(_pairs(one["labels"]).items())): _pairs(one["annotations"]) for one in _ALERT.finditer(text)}


def _pairs(text: str) -> dict[str, str]:
    return {name: json.loads(value) for name, value in _PAIR.findall(text)}
