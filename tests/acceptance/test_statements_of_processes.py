"""Faults at a statement of backends in processes of their own, and two deliveries at once, as the jury sees it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from simulation.assembly.request import prepare
from simulation.events import Exchange, FaultInjected, Interleaved
from simulation.paths import ROOT
from simulation.progress import Silent
from simulation.run import RunResult, run
from simulation.targets.statements import operation_of
from tests.targets.node_support import copy_of_backend, require_node
from tests.targets.points_league_support import SCENARIO as LEAGUE
from tests.targets.points_league_support import copy_of_league, made_naive

STAGING = ROOT / "fixtures" / "targets" / "staging"
SMOKE = ROOT / "scenarios" / "smoke_2d.yaml"
STRUCK = """
  - {id: lost, kind: commit_answer_lost, at: day 0 00:00, transaction: POST /api/webhooks/stripe, nth: 2}
  - {id: deadlock, kind: deadlock_detected, at: day 0 00:00, transaction: lifecycle_reconciler, statement: 2}
  - {id: killed, kind: platform_killed_before_statement, at: day 0 00:00, transaction: settlement, statement: 4}
  - {id: cut, kind: platform_killed_after_commit, at: day 0 00:00, transaction: payout_scheduler, nth: 3}
  - {id: met, kind: two_at_once, at: day 0 00:00, transaction: POST /api/webhooks/stripe, nth: 4, order: "1"}
"""
STRUCK_NODE = """
  - {id: lost, kind: commit_answer_lost, at: day 0 00:00, transaction: POST /v2/hooks/stripe, nth: 2}
  - {id: met, kind: two_at_once, at: day 0 00:00, transaction: POST /v2/hooks/stripe, nth: 4, order: "1"}
  - {id: joined, kind: two_at_once, at: day 0 00:00, transaction: "SIGNUP", other: lifecycle_reconciler}
  - {id: killed, kind: platform_killed_before_statement, at: day 0 08:00, transaction: settlement, statement: 4}
  - {id: replicas, kind: two_at_once, at: day 1 00:00, transaction: payout_scheduler, nth: 2, order: "2"}
  - {id: cut, kind: platform_killed_after_commit, at: day 0 00:00, transaction: payout_scheduler, nth: 1}
"""
MET = """
  - {id: met, kind: two_at_once, at: day 0 00:00, transaction: POST /stripe, statement: 3, order: "ORDER"}
"""


SIGNUP = "POST /v2/games/{id}/signups"
SEEDS = "NAIVE_SEEDS"
"""Environment variable: `make naive` proves with a hundred (1-100) what every run of the tests proves with one."""


def _seeds() -> range:
    first, _, last = os.environ.get(SEEDS, "1").partition("-")
    return range(int(first), int(last or first) + 1)


def _run(base: Path, faults: str, folder: Path, target: Path, *, seed: int = 1) -> RunResult:
    """The scenario ``base`` with other faults, each of which heals by itself."""
    head, _, _ = base.read_text(encoding="utf-8").partition("\nfaults:\n")
    folder.mkdir(exist_ok=True)
    file = folder / "struck.yaml"
    file.write_text(f"{head}\nfaults:\n" + faults.replace("}\n", ", expect: {self_heals: true}}\n"))
    return run(prepare(scenario=str(file), seed=seed, out=folder / "reports", target=target), Silent())


def _found(result: RunResult) -> set[str]:
    return {check.check for check in result.verdict.results if check.findings}


def _reproducible(result: RunResult) -> list[tuple[Any, ...]]:
    """What of a run of processes is the same each time: what struck when, who went on when two met, and what was asked
    of the backend, with its answer's status. Ids that the backend makes, and which of its workers is asked, are not."""
    told: list[tuple[Any, ...]] = []
    for event in result.history.events:
        if isinstance(event, FaultInjected):
            told.append((event.at, event.fault_id, event.detail))
        elif isinstance(event, Interleaved):
            told.append((event.at, event.first, event.second, event.steps))
        elif isinstance(event, Exchange):
            told.append((event.at, event.actor, operation_of(event.method, event.path), event.status))
    return told


def test_the_staging_platform_under_gunicorn_survives_them_and_once_more_the_same_happens(tmp_path: Path) -> None:
    result, again = (_run(SMOKE, STRUCK, tmp_path / run, STAGING) for run in ("one", "again"))

    assert _reproducible(result) == _reproducible(again)
    assert result.verdict.outcome == "pass", _found(result)
    struck = {event.fault_id: event.detail for event in result.history.of(FaultInjected)}
    assert struck.keys() == {"lost", "deadlock", "killed", "cut", "met"}
    assert struck["killed"].startswith("kill at statement 4 of transaction 1 of settlement: SELECT")
    (met,) = result.history.of(Interleaved)
    assert {step.side for step in met.steps} == {"first", "second"}
    assert met.first == met.second == "POST /api/webhooks/stripe"


def test_the_node_backend_survives_them_and_two_of_its_replicas_at_once(tmp_path: Path) -> None:
    """In one process it has requests and jobs: the second side is a connection, a timer's job, or a second replica."""
    require_node()
    faults = STRUCK_NODE.replace("SIGNUP", SIGNUP)
    result = _run(SMOKE, faults, tmp_path, copy_of_backend(tmp_path, mended=True))

    assert result.verdict.outcome == "pass", _found(result)
    assert len(result.history.of(FaultInjected)) == 6
    met = {event.fault_id: event for event in result.history.of(Interleaved)}
    sides = {name: {step.side for step in event.steps} for name, event in met.items()}
    assert sides == {name: {"first", "second"} for name in ("met", "joined", "replicas")}
    assert (met["joined"].first, met["joined"].second) == (SIGNUP, "lifecycle_reconciler")
    assert met["replicas"].first == met["replicas"].second == "payout_scheduler"


@pytest.mark.parametrize("seed", _seeds())
def test_a_naive_backend_credits_twice_what_is_delivered_twice_at_once(tmp_path: Path, seed: int) -> None:
    """Its first delivery has looked, and not committed, when the second one looks."""
    naive = made_naive(copy_of_league(tmp_path))
    caught = _run(LEAGUE, MET.replace("ORDER", "0"), tmp_path, naive, seed=seed)

    (met,) = caught.history.of(Interleaved)
    assert ("second", "waits for the other side's lock") in {(step.side, step.note) for step in met.steps}
    assert {"exactly_once", "three_way_reconciliation"} & _found(caught), _found(caught)


def test_one_delivery_after_the_other_shows_nothing_of_it(tmp_path: Path) -> None:
    naive = made_naive(copy_of_league(tmp_path))
    assert _found(_run(LEAGUE, MET.replace("ORDER", ""), tmp_path, naive)) == set()
