"""The catalogue of planted defects: wide enough, complete, and gone when a plot ends."""

from __future__ import annotations

import pytest

from simulation.checks.base import Check
from simulation.checks.catalogue import CHECKS
from simulation.checks.criteria import RULES, CriterionRule
from simulation.errors import UsageError
from simulation.paths import RUNBOOKS_FOLDER
from simulation.sabotage.catalogue import CATALOGUE, chosen
from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import Sabotage
from simulation.sabotage.trial import SCENARIOS
from simulation.scenario.file import load_scenario

FEWEST_ENTRIES = 60


def test_it_is_large_enough() -> None:
    assert len(CATALOGUE) >= FEWEST_ENTRIES


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_has_a_sabotage_that_it_must_catch(check: Check) -> None:
    catches = [entry.name for entry in CATALOGUE.values() if check.name in entry.caught_by]

    assert catches, (
        f"no sabotage names the check {check.name}: a check that was never seen to fail proves nothing. "
        f"Add an entry to simulation/sabotage/ with {check.name!r} among its checks"
    )


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.section == "failure"], ids=lambda rule: rule.text)
def test_every_failure_criterion_has_two(rule: CriterionRule) -> None:
    entries = [entry.name for entry in CATALOGUE.values() if set(entry.caught_by) & set(rule.checks)]

    assert len(entries) >= 2, f"{rule.text}: {entries}"


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.name)
def test_an_entry_is_complete(entry: Sabotage) -> None:
    assert entry.breaks.endswith(".")
    assert entry.origin
    assert entry.caught_by
    assert set(entry.caught_by) <= {check.name for check in CHECKS}
    assert (SCENARIOS / f"{entry.scenario}.yaml").is_file()
    assert entry.verdict == "fail" or entry.family == "harness"


@pytest.mark.parametrize("file", sorted(SCENARIOS.glob("*.yaml")), ids=lambda file: file.stem)
def test_its_scenarios_can_be_run(file: object) -> None:
    scenario = load_scenario(file, runbooks=RUNBOOKS_FOLDER)  # type: ignore[arg-type]

    assert scenario.days <= 5  # a payment that is forgotten takes three nights, and has to be played for afterwards


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.name)
def test_an_entry_plants_and_acts_only_once_it_has_a_chance(entry: Sabotage) -> None:
    patches = Patches()

    with patches.under_way():
        entry.plant(patches)

    assert not patches.triggers


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UsageError, match="no sabotage has this name"):
        chosen(["no-such-thing"])
