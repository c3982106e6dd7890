"""A scenario of the profile ``payments``: orders in place of contests, and what is refused in one, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.assembly.request import prepare
from simulation.errors import UsageError
from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.faults.registry import KINDS
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario

SHOP = SCENARIOS_FOLDER / "shop_6d.yaml"


def _changed(folder: Path, old: str, new: str) -> Path:
    text = SHOP.read_text(encoding="utf-8")
    assert old in text
    file = folder / "shop.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return file


def _refused(folder: Path, old: str, new: str) -> str:
    with pytest.raises(UsageError) as refused:
        load_scenario(_changed(folder, old, new))
    return str(refused.value)


def test_what_is_stored_says_orders_and_loads_equal(tmp_path: Path) -> None:
    shop = load_scenario(SHOP)
    document = shop.model_dump(mode="json")

    assert not {"contests", "tournaments"} & document.keys()
    assert all("contest" not in fault for fault in document["faults"] if fault.get("orders"))
    assert Scenario.model_validate(document) == shop
    (tmp_path / "stored.yaml").write_text(shop.to_yaml(), encoding="utf-8")
    assert load_scenario(tmp_path / "stored.yaml") == shop


def test_what_is_stored_of_contests_is_as_before_there_were_orders() -> None:
    document = load_scenario(SCENARIOS_FOLDER / "smoke_2d.yaml").model_dump(mode="json")

    assert not {"profile", "orders"} & document.keys()


@pytest.mark.parametrize(
    "kind", ["transfer_timeout_before", "provider_outage", "contest_row_held", "contest_called_off", "entrant_leaves"]
)
def test_a_fault_of_contests_scores_or_prizes_is_not_of_orders(kind: str) -> None:
    assert not KINDS[kind].of_orders


def test_it_is_refused_at_its_line_with_the_reason(tmp_path: Path) -> None:
    said = _refused(tmp_path, "kind: refund_requested", "kind: entrant_leaves")

    line = SHOP.read_text(encoding="utf-8").split("\n").index("    kind: refund_requested") + 1
    assert f"shop.yaml:{line}" in said
    assert "aimed at contests, scores or payouts, and the profile payments has none" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    orders: spring_sale", "    orders: summer_sale", "no orders is called 'summer_sale'"),
        ("    buyers: 14", "    buyers: 1", "pay twice or never, of 1 buyers"),
        ("    closes: day 0 20:00", "    closes: day 0 01:10", "to order and pay"),
        ("    closes: day 0 20:00", "    closes: day 9 20:00", "is not within the window"),
        ("    amount_cents: 2511", "    amount_cents: 49", "49 is not accepted"),
        ("orders:\n", "contests: [{}]\norders:\n", "the profile payments has none: people buy"),
        ("profile: payments", "profile: contests", "orders are of the profile payments"),
    ],
    ids=lambda text: text[:40],
)
def test_a_mistake_is_told_in_the_words_of_orders(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in _refused(tmp_path, old, new)


def test_one_mistake_hides_no_other(tmp_path: Path) -> None:
    said = _refused(tmp_path, "    amount_cents: 2511\n    buyers: 14", "    amount_cents: 49\n    buyers: 0")

    assert "49 is not accepted" in said
    assert "0 is not accepted" in said


def test_a_mistake_of_orders_hides_none_of_other_orders_faults(tmp_path: Path) -> None:
    text = SHOP.read_text(encoding="utf-8").replace("buyers: 14", "buyers: 0", 1).replace("nth: 5", "nth: 50")
    file = tmp_path / "shop.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError) as refused:
        load_scenario(file)

    assert "0 is not accepted" in str(refused.value)
    assert "bank-asks waits for payer 50 of gift_cards" in str(refused.value)


def test_the_profile_of_scenario_and_target_must_be_the_same(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="profile is payments, and the target's is contests"):
        prepare(scenario="shop_6d", seed=1, out=tmp_path)
