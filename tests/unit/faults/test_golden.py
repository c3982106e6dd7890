"""What scenarios and seeds mean does not change by accident: documents and plans are, byte for byte, as recorded.

A stored run is made again from its scenario, its seed and its ``faults.json``. Who changes on purpose what they mean
records it anew, in a commit of its own that says which seeds and why::

    python tests/unit/faults/test_golden.py
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.faults.plan import FaultPlan
from simulation.faults.swarm import swarm
from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.faults.needs import MET_INSIDE, met_by_processes
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario

RECORDED = Path(__file__).with_name("golden.json")
SEEDS = range(1, 101)
SWARMED = ("founder_absence_14d", "month_30d")
MET = {False: MET_INSIDE, True: met_by_processes(["scores"])}
SCENARIOS = sorted(str(file.relative_to(SCENARIOS_FOLDER)) for file in SCENARIOS_FOLDER.rglob("*.yaml"))


def digest(scenario: Scenario, seed: int) -> str:
    """Over all that a run writes down of its faults: the scenario's two documents, ``faults.json``, announcements."""
    plan = FaultPlan.from_scenario(scenario, seed)
    scheduled = [event.model_dump(mode="json", exclude={"title"}) for event in plan.scheduled]
    parts = (
        scenario.to_yaml(),
        json.dumps(scenario.model_dump(mode="json")),
        plan.to_json(),
        json.dumps(scheduled),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def of_scenario(name: str) -> str:
    return digest(load_scenario(SCENARIOS_FOLDER / name), 1)


def of_swarm(name: str, *, processes: bool) -> Iterator[tuple[str, str]]:
    scenario = load_scenario(SCENARIOS_FOLDER / f"{name}.yaml")
    for seed in SEEDS:
        yield str(seed), digest(swarm(scenario, seed, met=MET[processes]), seed)


def recorded() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(RECORDED.read_text())
    return found


def place(name: str, *, processes: bool) -> str:
    return f"swarm of {name}, {'target in processes of its own' if processes else 'platform that comes along'}"


@pytest.mark.parametrize("name", recorded()["scenarios"])
def test_a_scenario_means_what_it_meant(name: str) -> None:
    """One that is new is not recorded yet, and nothing can have become of it."""
    assert of_scenario(name) == recorded()["scenarios"][name], "if its file was changed on purpose, record it anew"


@pytest.mark.parametrize("processes", [False, True], ids=["inside", "processes"])
@pytest.mark.parametrize("name", SWARMED)
def test_a_seed_draws_what_it_drew(name: str, processes: bool) -> None:
    assert dict(of_swarm(name, processes=processes)) == recorded()[place(name, processes=processes)]


if __name__ == "__main__":
    found: dict[str, dict[str, str]] = {"scenarios": {name: of_scenario(name) for name in SCENARIOS}}
    for swarmed in SWARMED:
        for kills in (False, True):
            found[place(swarmed, processes=kills)] = dict(of_swarm(swarmed, processes=kills))
    RECORDED.write_text(json.dumps(found, indent=1) + "\n")
