"""Shrinking keeps the finding that was there, spends few runs, and comes out the same however many run at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from simulation.assembly.request import RunRequest
from simulation.checks.base import Finding
from simulation.checks.cause import Cause
from simulation.errors import UsageError
from simulation.paths import SCENARIOS_FOLDER
from simulation.proof.shrink.life import Ground, Life, Lived
from simulation.proof.shrink.search import Step
from simulation.proof.shrink.shrink import Shrinking, Shrunk, cause_to_keep
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario

PAYDAY = load_scenario(SCENARIOS_FOLDER / "sabotage" / "payday.yaml")
TWICE = Cause(check="exactly_once", message="paid … times")
OTHER = Cause(check="faults_recovered", message="not recovered")
_NAMED = {TWICE: (), OTHER: ()}
DAY_1 = PAYDAY.start + timedelta(days=1)


def _finding(cause: Cause) -> Finding:
    return Finding(check=cause.check, subject="prize of somebody", message="paid 2 times")


@dataclass(frozen=True, kw_only=True)
class _World(Ground):
    """Runs that only look at which faults there are: all of ``needed`` must be there for the finding."""

    needed: frozenset[str] = frozenset()
    few: int = 0
    """Entrants of a contest without whom the finding does not come."""
    acts_at: tuple[datetime, ...] = ()
    """When the planted defect acts; the last time matters, where there is one."""
    never_taken_out: bool = False
    finding: Callable[[Scenario], Cause] = field(default=lambda _: TWICE)

    def request(self, life: Life) -> RunRequest:
        if any(contest.entrants < len(contest.payout_percent) for contest in life.scenario.contests):
            raise UsageError(place="x", problem="too few for the prizes", remedy="more")
        return cast(RunRequest, None)  # nobody looks at it: `live` makes the run up

    def live(self, life: Life) -> Lived:
        ids = {fault.id for fault in life.scenario.faults}
        until = life.defect_until if not self.never_taken_out else None
        acts = [at for at in self.acts_at if until is None or at < until]
        shows = self.needed <= ids and sum(contest.entrants for contest in life.scenario.contests) >= self.few
        shows = shows and (not self.acts_at or acts == list(self.acts_at))
        causes = {self.finding(life.scenario): _finding(TWICE)} if shows else {}
        strikes = {fault.id: DAY_1 + timedelta(hours=number) for number, fault in enumerate(life.scenario.faults)}
        return Lived(
            outcome="fail" if causes else "pass",
            causes=causes,
            named=_NAMED,
            strikes=strikes,
            triggers=acts,
            digest=life.key,
            directory=self.out / life.key,
        )


def _shrunk(world: _World, *, workers: int = 1, most_runs: int = 40, told: list[Step] | None = None) -> Shrunk:
    start = Life(scenario=PAYDAY, seed=3)
    shrinking = Shrinking(
        ground=world,
        start=start,
        lived=world.live(start),
        cause=TWICE,
        workers=workers,
        most_runs=most_runs,
        told=(told if told is not None else []).append,
    )
    return shrinking.carry_out()


def test_of_seven_faults_the_one_that_matters_stays(tmp_path: Path) -> None:
    found = _shrunk(_World(out=tmp_path, needed=frozenset({"account-closed"})))

    assert [fault.id for fault in found.life.scenario.faults] == ["account-closed"]
    assert len(found.life.scenario.contests) == 1
    assert found.whole
    assert found.tried <= 40


def test_two_faults_that_only_matter_together_stay(tmp_path: Path) -> None:
    found = _shrunk(_World(out=tmp_path, needed=frozenset({"webhook-twice", "account-closed"})))

    assert [fault.id for fault in found.life.scenario.faults] == ["webhook-twice", "account-closed"]


def test_a_finding_that_needs_no_fault_keeps_none(tmp_path: Path) -> None:
    found = _shrunk(_World(out=tmp_path))

    assert not found.life.scenario.faults
    assert [contest.entrants for contest in found.life.scenario.contests] == [4]


def test_people_who_are_needed_stay(tmp_path: Path) -> None:
    found = _shrunk(_World(out=tmp_path, few=6))

    assert sum(contest.entrants for contest in found.life.scenario.contests) == 6


def test_a_run_that_fails_otherwise_is_not_taken_for_the_same(tmp_path: Path) -> None:
    """Without webhook-twice there is a finding, too, but another one."""

    def either(scenario: Scenario) -> Cause:
        return TWICE if any(fault.id == "webhook-twice" for fault in scenario.faults) else OTHER

    found = _shrunk(_World(out=tmp_path, finding=either))

    assert [fault.id for fault in found.life.scenario.faults] == ["webhook-twice"]


@pytest.mark.parametrize("needed", [{"webhook-twice", "transfer-reset"}, {"two-events"}, set()])
def test_the_outcome_does_not_depend_on_how_many_run_at_a_time(needed: set[str], tmp_path: Path) -> None:
    alone, many = (_shrunk(_World(out=tmp_path, needed=frozenset(needed)), workers=workers) for workers in (1, 3))

    assert many.life == alone.life
    assert many.tried == alone.tried
    assert str(many.inevitable) == str(alone.inevitable)
    assert many.made >= alone.made


def test_each_scenario_is_run_once(tmp_path: Path) -> None:
    steps: list[Step] = []
    found = _shrunk(_World(out=tmp_path, needed=frozenset({"account-closed"})), told=steps)

    keys = [step.life.key for step in steps]
    assert len(keys) == len(set(keys)) == found.made - 1


def test_what_was_found_when_the_runs_are_used_up_is_kept_and_said(tmp_path: Path) -> None:
    found = _shrunk(_World(out=tmp_path, needed=frozenset({"webhook-twice", "transfer-reset"})), most_runs=12)

    assert {"webhook-twice", "transfer-reset"} <= {fault.id for fault in found.life.scenario.faults}
    assert not found.whole
    assert "a smaller one may exist" in found.how


def test_the_fault_that_strikes_last_makes_it_inevitable(tmp_path: Path) -> None:
    found = _shrunk(_World(out=tmp_path, needed=frozenset({"webhook-twice", "account-closed"})))

    assert found.inevitable.since == DAY_1 + timedelta(hours=1)
    assert found.inevitable.passes_until == found.inevitable.since
    assert "account-closed struck" in str(found.inevitable)


def test_the_last_act_of_a_defect_that_it_took_makes_it_inevitable(tmp_path: Path) -> None:
    acts = tuple(DAY_1 + timedelta(minutes=number) for number in range(60))
    found = _shrunk(_World(out=tmp_path, acts_at=acts))

    assert found.inevitable.since == acts[-1]
    assert found.tried <= 40


def test_a_defect_that_cannot_be_taken_out_is_told_as_unknown(tmp_path: Path) -> None:
    found = _shrunk(_World(out=tmp_path, acts_at=(DAY_1,), never_taken_out=True))

    assert found.inevitable.since is None
    assert "cannot be taken out" in str(found.inevitable)


def test_where_nothing_struck_nothing_can_be_withheld(tmp_path: Path) -> None:
    assert "nothing struck" in str(_shrunk(_World(out=tmp_path)).inevitable)


def test_the_file_tells_the_story_and_can_be_run(tmp_path: Path) -> None:
    found = _shrunk(_World(out=tmp_path, needed=frozenset({"account-closed"})))
    file = tmp_path / "story.yaml"
    file.write_text(found.to_yaml(), encoding="utf-8")

    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# seed: 3"
    assert "A winner's payout account is closed" in found.story
    head = " ".join(line.removeprefix("# ") for line in lines if line.startswith("#"))
    assert "Expected finding until it is mended: exactly_once: paid 2 times" in head
    assert load_scenario(file).faults == found.life.scenario.faults


def test_a_finding_is_chosen_by_its_check_or_refused_with_those_there_are(tmp_path: Path) -> None:
    lived = _World(out=tmp_path).live(Life(scenario=PAYDAY, seed=3))

    assert cause_to_keep(lived, check="exactly_once") == TWICE
    with pytest.raises(UsageError, match="these did: exactly_once"):
        cause_to_keep(lived, check="append_only")
