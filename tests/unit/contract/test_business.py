"""The part of a contract about the business: read, or refused with file, line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.contract.business import DOCUMENTED, DOCUMENTED_LEDGER, Business, Ledger
from simulation.contract.document import Contract
from simulation.contract.file import load_contract
from simulation.errors import UsageError

MODEL = "def settle(entries, board, terms):\n    return []\n"
WALLETS = """\
business:
  model: model.py
  paid_out: wallet
  system_actors: [cron]
  without: {refunds: nothing is ever given back}
  statuses: {contests: {open: SCHEDULED}}
  ledger:
    entries: single
    accounts: {"wallet:{user}": liability, "pot:{contest}": clearing}
    movements: {entry: {means: entry_fee, against: "pot:{contest}"}}
"""


def written(folder: Path, contract: str, model: str | None = MODEL) -> Path:
    (folder / "contract.yaml").write_text(contract)
    if model is not None:
        (folder / "model.py").write_text(model)
    return folder


def test_it_is_read_with_the_text_of_its_model(tmp_path: Path) -> None:
    business = load_contract(written(tmp_path, WALLETS)).works

    assert business.model_source == MODEL
    assert business.books is not None
    assert business.books.find("wallet:ann") == ("liability", {"user": "ann"})
    assert business.books.find("pot:7") == ("clearing", {"contest": "7"})
    assert business.books.find("house") is None


def test_a_history_keeps_it_and_gives_it_back(tmp_path: Path) -> None:
    contract = load_contract(written(tmp_path, WALLETS))

    assert Contract.model_validate(contract.document).works == contract.works


def test_a_documented_business_leaves_nothing_in_a_history(tmp_path: Path) -> None:
    contract = load_contract(written(tmp_path, "business: {model: documented}\n", None))

    assert contract.works == DOCUMENTED
    assert contract.document == {}


def test_the_documented_chart_tells_pool_and_winnings_apart() -> None:
    assert DOCUMENTED_LEDGER.find("contest_pool:c1") == ("clearing", {"contest": "c1"})
    assert DOCUMENTED_LEDGER.find("winnings_payable:c1:u1") == ("clearing", {"contest": "c1", "user": "u1"})


def test_a_name_is_not_taken_for_an_expression() -> None:
    chart = Ledger(entries="single", accounts={"a.b": "own"}, movements={})

    assert chart.find("a.b") == ("own", {})
    assert chart.find("axb") is None


@pytest.mark.parametrize(
    ("contract", "line", "problem"),
    [
        (WALLETS.replace("{user}", "{player}"), 9, "{player} stands for nothing"),
        (WALLETS.replace("{user}", "{user}:{user}"), 9, "{user}:{user} has {user} and {user}"),
        (WALLETS.replace("{user}", "{contest}:{order}"), 9, "{contest}:{order} has {contest} and {order}"),
        (WALLETS.replace('against: "pot:{contest}"', "against: pots"), 10, "pots is not among the accounts"),
        (WALLETS.replace("single", "double"), 10, "the other half is an entry itself"),
        (WALLETS.replace("nothing is ever given back", "none"), 5, "should have at least 10 characters"),
        (WALLETS.replace("refunds", "refund"), 5, "refund"),
        (WALLETS + "  model_source: x\n", 11, "unknown key"),
        (WALLETS.replace("model.py", "model.js"), 2, "model.js"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, contract: str, line: int, problem: str) -> None:
    with pytest.raises(UsageError) as refused:
        load_contract(written(tmp_path, contract))

    assert refused.value.place.endswith(f"contract.yaml:{line}")
    assert problem.lower() in refused.value.problem.lower()


def test_a_model_that_is_not_there_or_not_named_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="model"):
        load_contract(written(tmp_path, WALLETS, None))
    with pytest.raises(UsageError, match="does not name it"):
        load_contract(written(tmp_path, "business: {paid_out: wallet}\n"))


def test_a_model_with_a_mistake_is_refused_with_its_own_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        load_contract(written(tmp_path, WALLETS, "\nimport os\n"))

    assert refused.value.place.endswith("model.py:2")


def test_nothing_declared_is_the_documented_business_for_the_platform_that_comes_along() -> None:
    assert Contract().works == Business()
