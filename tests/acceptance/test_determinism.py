"""A planted nondeterminism is found by running twice, with the first event in which the histories part."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from simulation.assembly.request import prepare
from simulation.environment.workspace import PREFIX
from simulation.events import PlatformLog
from simulation.paths import SCENARIOS_FOLDER
from simulation.progress import Silent
from simulation.proof.determinism import Difference, first_difference
from simulation.run import carry_out, run
from simulation.run_directory import RunDirectory
from simulation.sabotage.patches import Patches
from simulation.sabotage.trial import SCENARIOS
from simulation.staging.money import payouts
from simulation.targets.builtin import target


def _unseeded_uuid(plot: Patches) -> None:
    """Ids drawn from the machine's entropy."""
    plot.replace(target, "Platform", lambda real: lambda *args, **named: real(*args, **{**named, "new_id": uuid.uuid4}))


def _unordered_query(plot: Patches) -> None:
    """Transfers in whatever order the database has them."""
    ordered = payouts._DUE_TRANSFERS.text
    shuffled = re.sub(r"ORDER BY .* LIMIT", "ORDER BY random() LIMIT", ordered)
    assert shuffled != ordered
    plot.replace(payouts, "_DUE_TRANSFERS", lambda _real: text(shuffled))


def _history(out: Path, plant: Callable[[Patches], None]) -> Path:
    request = prepare(scenario=str(SCENARIOS / "payday.yaml"), seed=1, environment="embedded", out=out)
    directory = RunDirectory.create(out=out, scenario=request.scenario.name, seed=1)
    plot = Patches()
    with plot.under_way():
        plant(plot)
        carry_out(request, directory, Silent(), plant=plot.plant)
    return directory.history


@pytest.mark.parametrize("plant", [_unseeded_uuid, _unordered_query])
def test_a_planted_nondeterminism_is_found(plant: Callable[[Patches], None], tmp_path: Path) -> None:
    live: Callable[[], Path] = partial(_history, tmp_path, plant)
    differences: list[Difference | None] = []
    while not any(differences) and len(differences) < 3:
        differences.append(first_difference(live(), live()))  # a shuffled order may come out the same now and then

    found: Any = next(filter(None, differences), None)
    assert found is not None
    assert found.first != found.second
    assert found.at.startswith("2026-")


def test_the_folder_of_a_run_has_no_name_in_its_history(tmp_path: Path) -> None:
    """It is another one each time, and there lies what the platform cannot read in this scenario."""
    scenario = str(SCENARIOS_FOLDER / "runbooks" / "authentication_service_unavailable.yaml")
    result = run(prepare(scenario=scenario, seed=1, out=tmp_path), Silent())

    said = [line for event in result.history.of(PlatformLog) for line in event.lines if "cannot be read" in line]
    assert said
    assert all("the primary's signing key cannot be read: No such file or directory" in line for line in said)
    assert PREFIX not in result.directory.history.read_text(encoding="utf-8")
