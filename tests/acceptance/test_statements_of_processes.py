"""Faults at a statement of backends in processes of their own, and two deliveries at once, as the jury sees it."""

from __future__ import annotations

from pathlib import Path

from simulation.assembly.request import prepare
from simulation.events import FaultInjected, Interleaved
from simulation.paths import ROOT
from simulation.progress import Silent
from simulation.run import RunResult, run
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
MET = """
  - {id: met, kind: two_at_once, at: day 0 00:00, transaction: POST /stripe, statement: 3, order: "ORDER"}
"""


def _run(base: Path, faults: str, folder: Path, target: Path) -> RunResult:
    """The scenario ``base`` with other faults, each of which heals by itself."""
    head, _, _ = base.read_text(encoding="utf-8").partition("\nfaults:\n")
    file = folder / "struck.yaml"
    file.write_text(f"{head}\nfaults:\n" + faults.replace("}\n", ", expect: {self_heals: true}}\n"))
    return run(prepare(scenario=str(file), seed=1, out=folder / "reports", target=target), Silent())


def _found(result: RunResult) -> set[str]:
    return {check.check for check in result.verdict.results if check.findings}


def test_the_staging_platform_under_gunicorn_survives_them(tmp_path: Path) -> None:
    result = _run(SMOKE, STRUCK, tmp_path, STAGING)

    assert result.verdict.outcome == "pass", _found(result)
    struck = {event.fault_id: event.detail for event in result.history.of(FaultInjected)}
    assert struck.keys() == {"lost", "deadlock", "killed", "cut", "met"}
    assert struck["killed"].startswith("kill at statement 4 of transaction 1 of settlement: SELECT")
    (met,) = result.history.of(Interleaved)
    assert {step.side for step in met.steps} == {"first", "second"}
    assert met.first == met.second == "POST /api/webhooks/stripe"


def test_a_naive_backend_credits_twice_what_is_delivered_twice_at_once(tmp_path: Path) -> None:
    """Its first delivery has looked, and not committed, when the second one looks."""
    naive = made_naive(copy_of_league(tmp_path))
    caught = _run(LEAGUE, MET.replace("ORDER", "0"), tmp_path, naive)

    (met,) = caught.history.of(Interleaved)
    assert ("second", "waits for the other side's lock") in {(step.side, step.note) for step in met.steps}
    assert {"exactly_once", "three_way_reconciliation"} & _found(caught), _found(caught)


def test_one_delivery_after_the_other_shows_nothing_of_it(tmp_path: Path) -> None:
    naive = made_naive(copy_of_league(tmp_path))
    assert _found(_run(LEAGUE, MET.replace("ORDER", ""), tmp_path, naive)) == set()
