"""Never triggered, missed, caught by others only, and caught are four different things."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from simulation.sabotage.registry import Sabotage
from simulation.sabotage.ruling import rule
from simulation.sabotage.trial import Seen, Trial

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ENTRY = Sabotage(
    name="pay-twice",
    family="paying",
    how="platform",
    breaks="Pays twice.",
    origin="a retry",
    caught_by=("exactly_once", "expected_prizes"),
    scenario="quiet",
    verdict="fail",
    plant=lambda _: None,
)
CONTROL = Trial(
    sabotage=None,
    scenario="quiet",
    seed=1,
    outcome="pass",
    triggers=(),
    ended_at=NOON + timedelta(days=1),
    seen={},
    broke_off=None,
    wall_seconds=1.0,
    directory=Path(),
)
FOUND = Seen(findings=1, first_at=NOON + timedelta(hours=1), message="twice", doubt=None)
UNDATED = Seen(findings=1, first_at=None, message="twice", doubt=None)
DOUBT = Seen(findings=0, first_at=None, message="", doubt="nothing to look at")


def _trial(outcome: str = "fail", **seen: Seen) -> Trial:
    return replace(CONTROL, sabotage=ENTRY.name, outcome=outcome, triggers=(NOON,), seen=seen)


def test_caught_when_every_named_check_found_it() -> None:
    ruling = rule(ENTRY, _trial(exactly_once=FOUND, expected_prizes=UNDATED, convergence=FOUND), CONTROL)

    assert ruling.result == "caught"
    assert ruling.others == ("convergence",)
    assert ruling.detection == timedelta(hours=1)


@pytest.mark.parametrize(
    ("trial", "result"),
    [
        (_trial(exactly_once=FOUND), "missed"),
        (_trial(convergence=FOUND), "unnamed"),
        (_trial("pass"), "missed"),
        (_trial("unknown", exactly_once=DOUBT, expected_prizes=DOUBT), "unnamed"),
        (replace(_trial(exactly_once=FOUND, expected_prizes=FOUND), triggers=()), "never triggered"),
    ],
    ids=["one of two silent", "others only", "a pass", "doubt is no finding", "had no chance"],
)
def test_not_caught(trial: Trial, result: str) -> None:
    doubts_count_as_others = {"unnamed"} if trial.outcome == "unknown" else set()

    assert rule(ENTRY, trial, CONTROL).result in {result} | ({"missed"} if doubts_count_as_others else set())


def test_a_control_that_fails_outranks_everything() -> None:
    ruling = rule(ENTRY, _trial(exactly_once=FOUND, expected_prizes=FOUND), replace(CONTROL, outcome="fail"))

    assert ruling.result == "control failed"


def test_doubt_is_enough_where_the_harness_is_broken() -> None:
    entry = replace(ENTRY, family="harness", verdict="unknown", caught_by=("exactly_once",))

    assert rule(entry, _trial("unknown", exactly_once=DOUBT), CONTROL).result == "caught"


def test_a_finding_without_a_time_was_made_at_the_end() -> None:
    ruling = rule(ENTRY, _trial(exactly_once=UNDATED, expected_prizes=UNDATED), CONTROL)

    assert ruling.detection == timedelta(days=1)
