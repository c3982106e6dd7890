"""The benches of campaigns and shrinking choose what they say they choose."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from simulation.checks.base import Finding
from simulation.checks.cause import Cause
from simulation.proof.bench.kills import _children, _workers
from simulation.proof.shrink.life import Lived
from simulation.sabotage.bench import A_DOZEN, TEN, _shows, _with_a_dozen
from simulation.sabotage.catalogue import CATALOGUE
from simulation.sabotage.trial import SCENARIOS
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.payments import WebhookDuplicated
from simulation.scenario.faults.registry import KINDS
from simulation.scenario.file import load_scenario

_A_CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"


def test_ten_defects_of_the_platform_are_planted_each_with_the_kind_that_brings_it_out() -> None:
    assert len(TEN) == 10
    assert {CATALOGUE[name].how for name in TEN} == {"platform"}
    assert set(TEN.values()) <= set(KINDS.values())


@pytest.mark.parametrize("kind", [None, WebhookDuplicated])
def test_each_life_has_a_dozen_faults_one_of_the_kind_and_is_another(kind: type[Fault] | None) -> None:
    calm = load_scenario(SCENARIOS / "payday.yaml").model_copy(update={"faults": ()})
    lives = list(islice(_with_a_dozen(calm, kind), 3))

    assert [len(life.scenario.faults) for life in lives] == [A_DOZEN] * 3
    assert all(kind in {None, *map(type, life.scenario.faults)} for life in lives)
    assert len({life.key for life in lives}) == 3


@pytest.mark.parametrize(
    ("outcome", "check", "shows"),
    [
        ("fail", "exactly_once", True),
        ("fail", "double_entry", False),
        ("broke off", "exactly_once", False),
        ("unknown", "exactly_once", False),
    ],
)
def test_a_defect_shows_itself_by_a_finding_of_a_run_that_ended(outcome: str, check: str, shows: bool) -> None:
    finding = Finding(check=check, subject="", message="two events")
    lived = Lived(
        outcome=outcome,
        causes={Cause(check=check, message="… events"): finding},
        named={},
        strikes={},
        triggers=(),
        digest="",
        directory=Path(),
    )
    assert _shows(lived, CATALOGUE["duplicate-event-counted-twice"]) is shows


def test_a_worker_is_a_child_that_has_children() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _A_CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "1\n"
        assert parent.pid in _children(os.getpid())
        assert parent.pid in _workers(os.getpid())
        assert not list(_workers(parent.pid))
        parent.communicate("\n")
