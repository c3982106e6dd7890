"""Trouble at Stripe while people buy: where it may stand, what is refused, and what swarms of a shop draw."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.assembly.request import prepare
from simulation.errors import UsageError
from simulation.faults.swarm import swarm
from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.faults.expectation import SELF_HEALS
from simulation.scenario.faults.needs import met_by_processes
from simulation.scenario.faults.registry import KINDS
from simulation.scenario.file import load_scenario
from tests.targets.shop_support import copy_of_shop

SHOP = SCENARIOS_FOLDER / "shop_6d.yaml"
ILL = ("stripe_slow", "stripe_flaky", "stripe_outage")


def with_faults(folder: Path, *faults: str, victims: bool = True) -> Path:
    """The shop's scenario with these faults besides, each a line of fields after its kind."""
    text = SHOP.read_text(encoding="utf-8")
    if not victims:
        text = text[: text.index("faults:")] + "faults:\n"
    for number, fields in enumerate(faults):
        text += f"\n  - {{id: ill-{number}, kind: {fields}, expect: {{self_heals: true}}}}\n"
    file = folder / "ill.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def line_of(file: Path, said: str) -> int:
    lines = file.read_text(encoding="utf-8").split("\n")
    return next(number for number, line in enumerate(lines, start=1) if said in line)


def refusal(file: Path) -> str:
    with pytest.raises(UsageError) as refused:
        load_scenario(file)
    return str(refused.value)


@pytest.mark.parametrize("kind", ILL)
def test_one_while_people_buy_is_taken_and_one_beside_it_is_refused_at_its_line(tmp_path: Path, kind: str) -> None:
    taken = load_scenario(with_faults(tmp_path, f"{kind}, at: day 1 09:00, minutes: 60", victims=False))
    assert [fault.kind for fault in taken.faults] == [kind]

    file = with_faults(tmp_path, f"{kind}, at: day 3 09:00, minutes: 60")
    said = refusal(file)
    assert f"ill.yaml:{line_of(file, 'ill-0')}" in said
    assert "nobody buys in it" in said
    assert "gift_cards from 2026-03-02 08:00 to 2026-03-02 20:00" in said


def test_who_may_turn_buyers_away_for_good_leaves_no_other_fault_its_victim(tmp_path: Path) -> None:
    said = refusal(with_faults(tmp_path, "stripe_outage, at: day 1 09:00, minutes: 60"))
    assert "may turn buyers of gift_cards away for good, and paid-too-little waits for prompt payer 2" in said
    flaky = load_scenario(with_faults(tmp_path, "stripe_flaky, at: day 1 09:00, minutes: 60"))
    assert flaky.faults[-1].kind == "stripe_flaky"


@pytest.mark.parametrize("kind", ["stripe_flaky", "stripe_outage"])
def test_an_answer_that_refuses_for_good_is_no_trouble_of_stripe(tmp_path: Path, kind: str) -> None:
    said = refusal(with_faults(tmp_path, f"{kind}, at: day 1 09:00, minutes: 60, status: 402", victims=False))
    assert "status 402: an answer that says it is no use to try again" in said


def test_of_two_at_once_one_would_hide_the_other(tmp_path: Path) -> None:
    slow, flaky = (f"{kind}, at: day 1 09:00, minutes: 60" for kind in ILL[:2])
    assert "one would hide the other" in refusal(with_faults(tmp_path, slow, flaky, victims=False))


@pytest.mark.parametrize("kind", ["stripe_rate_limited", "stripe_reserve", "api_key_rolled", "payout_timer_stopped"])
def test_what_is_about_payouts_alone_is_not_of_a_shop(kind: str) -> None:
    assert not KINDS[kind].of_orders


def test_a_seed_with_which_nobody_acts_meanwhile_is_refused_at_the_line_with_moments(tmp_path: Path) -> None:
    file = with_faults(tmp_path, "stripe_slow, at: day 1 09:00, minutes: 1", victims=False)
    with pytest.raises(UsageError) as refused:
        prepare(scenario=str(file), seed=1, out=tmp_path, target=copy_of_shop(tmp_path))
    said = str(refused.value)
    assert f"ill.yaml:{line_of(file, 'ill-0')}" in said
    assert "with seed 1 no buyer orders from 2026-03-02 09:00 to 2026-03-02 09:01" in said

    moment = said.split("at one of ")[1].split(",")[0]
    met = with_faults(tmp_path, f"stripe_slow, at: '{moment.replace(' ', 'T')}:00Z', minutes: 1", victims=False)
    request = prepare(scenario=str(met), seed=1, out=tmp_path, target=tmp_path / "shop" / "target")
    assert [fault.kind for fault in request.plan.faults] == ["stripe_slow"]


def test_a_swarm_of_a_shop_draws_them_and_whatever_else_is_of_orders() -> None:
    shop = load_scenario(SCENARIOS_FOLDER / "shop_14d.yaml")
    drawn = [fault for seed in range(12) for fault in swarm(shop, seed, met=met_by_processes([])).faults]
    kinds = {fault.kind for fault in drawn}
    assert kinds >= set(ILL)
    assert [kind for kind in kinds if not KINDS[kind].of_orders] == []
    assert {fault.expect for fault in drawn} == {SELF_HEALS}


def test_what_a_swarm_draws_and_nobody_meets_is_left_out(tmp_path: Path) -> None:
    target, text = copy_of_shop(tmp_path), SHOP.read_text(encoding="utf-8")
    sparse = tmp_path / "sparse.yaml"
    sold = text[: text.index("orders:")] + (
        "orders:\n  - {key: one, name: One, amount_cents: 900, buyers: 2, opens: day 0 01:00, closes: day 4 01:00}\n"
    )
    sparse.write_text(sold, encoding="utf-8")
    scenario = load_scenario(sparse)
    for seed in range(1, 9):
        drawn = {fault.kind for fault in swarm(scenario, seed, met=met_by_processes([])).faults}
        kept = {
            fault.kind
            for fault in prepare(scenario=str(sparse), seed=seed, out=tmp_path, target=target, swarmed=True).plan.faults
        }
        if drawn - kept:
            assert drawn - kept <= set(ILL)
            return
    pytest.fail("each seed met somebody: the scenario is no longer sparse")
