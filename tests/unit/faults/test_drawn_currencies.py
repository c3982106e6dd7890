"""A swarm draws contests in every currency that the world knows, and leaves all else as it was."""

from simulation.currency import CURRENCIES, in_steps
from simulation.faults.conditions import fits
from simulation.faults.drawn_currencies import with_currencies
from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.file import load_scenario


def test_some_seeds_have_contests_in_other_currencies_and_keep_every_rule() -> None:
    scenario = load_scenario(SCENARIOS_FOLDER / "founder_absence_14d.yaml")
    drawn = [with_currencies(scenario, seed) for seed in range(1, 41)]

    changed = [one for one in drawn if one != scenario]
    assert 5 <= len(changed) <= 20
    assert {contest.currency for one in changed for contest in one.contests} == set(CURRENCIES)
    for one in changed:
        assert fits(one)
        assert one.faults == scenario.faults
        for before, after in zip(scenario.contests, one.contests, strict=True):
            assert after.entry_fee_cents == in_steps(before.entry_fee_cents, after.currency)
            same = {"currency": before.currency, "entry_fee_cents": before.entry_fee_cents}
            assert after.model_copy(update=same) == before


def test_a_seed_draws_the_same_currencies_again() -> None:
    scenario = load_scenario(SCENARIOS_FOLDER / "smoke_2d.yaml")
    assert [with_currencies(scenario, seed) for seed in range(20)] == [
        with_currencies(scenario, seed) for seed in range(20)
    ]
