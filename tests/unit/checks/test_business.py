"""Rules of one business are held against it alone: its model, ledger, words, actors and identities at Stripe."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.automatic import lifecycle_automatic
from simulation.checks.base import Check, CheckResult
from simulation.checks.catalogue import CHECKS
from simulation.checks.evidence.case import CannotTell, Case
from simulation.checks.evidence.money import moved
from simulation.checks.evidence.relations import EntryRow, TransferRow
from simulation.checks.ingestion import ingestion_automatic, ingestion_errors_logged, scores_applied
from simulation.checks.ledger import clearing_accounts_drained, nothing_negative
from simulation.checks.lifecycle import lifecycle_order
from simulation.checks.prizes import expected_prizes
from simulation.checks.reconciliation import three_way_reconciliation
from simulation.contract.business import Business
from simulation.contract.document import Contract
from simulation.events import Change, ProviderAnswer, StripeMovement, Transaction
from simulation.history import History
from tests.unit.checks.builder import GOVERNANCE, START
from tests.unit.checks.story import passing

STORY = passing().history()
MODEL = """\
def settle(entries, board, terms):
    return [dict(user=entry["user"], rank=1, score=0, prize_cents=0) for entry in entries]
"""


def judged(check: Check, business: Business, history: History = STORY) -> CheckResult:
    return check.examine(Case(history, GOVERNANCE, contract=Contract(business=business)))


def unlabelled() -> History:
    """Transfers at Stripe say neither contest nor winner."""
    keys = {row.stripe_transfer_id: row.idempotency_key for row in Case(STORY, GOVERNANCE).rows(TransferRow)}
    return History(
        event.model_copy(update={"contest_id": None, "user_id": None, "idempotency_key": keys[event.source_id]})
        if isinstance(event, StripeMovement) and event.movement == "transfer"
        else event
        for event in STORY.events
    )


@pytest.mark.parametrize("by", ["idempotency_key", "transfer_id"])
def test_a_transfer_without_metadata_is_known_by_what_the_contract_names(by: Any) -> None:
    case = Case(unlabelled(), GOVERNANCE, contract=Contract(business=Business(identified_by=(by,))))
    labelled = Case(STORY, GOVERNANCE)

    assert moved(case, "transfer")
    assert [item.entrant for item in moved(case, "transfer")] == [item.entrant for item in moved(labelled, "transfer")]


def test_an_account_tells_the_winner_but_not_the_contest() -> None:
    case = Case(unlabelled(), GOVERNANCE, contract=Contract(business=Business(identified_by=("account_id",))))
    labelled = Case(STORY, GOVERNANCE)

    assert [item.user_id for item in moved(case, "transfer")] == [item.user_id for item in moved(labelled, "transfer")]


def test_a_transfer_that_nothing_identifies_is_found() -> None:
    assert judged(three_way_reconciliation, Business(), unlabelled()).findings
    assert not judged(three_way_reconciliation, Business(identified_by=("idempotency_key",)), unlabelled()).findings


def test_prizes_are_held_against_the_models_own_and_no_other() -> None:
    own = judged(expected_prizes, Business(model="model.py", model_source=MODEL))

    assert {finding.message for finding in own.findings} >= {"settled otherwise than the scores say"}
    assert not judged(expected_prizes, Business()).findings


def test_a_model_that_breaks_is_unknown_and_blames_nobody() -> None:
    source = "def settle(entries, board, terms):\n    return 1 // 0\n"

    broken = judged(expected_prizes, Business(model="model.py", model_source=source))

    assert (broken.outcome, broken.findings) == ("unknown", ())
    assert "model.py:2: settle raised ZeroDivisionError" in str(broken.unknown)


def test_an_account_that_the_chart_does_not_have_is_not_judged_and_named() -> None:
    chart = {"accounts": {"contest_pool:{contest}": "clearing"}, "movements": {}}

    result = judged(nothing_negative, Business.model_validate({"ledger": chart}))

    assert (result.outcome, result.findings) == ("unknown", ())
    assert str(result.undeclared).startswith("business.ledger.accounts: ")


def test_a_chart_without_a_clearing_account_drains_nothing() -> None:
    chart = {"accounts": {"stripe": "asset"}, "movements": {}}

    result = judged(clearing_accounts_drained, Business.model_validate({"ledger": chart}))

    assert (result.outcome, result.findings) == ("unknown", ())


def test_a_kind_of_account_is_a_rule() -> None:
    """Winnings that were an asset would have ended with a debit; as a clearing account they end empty."""
    accounts = {"stripe": "asset", "platform": "clearing", "contest_pool:{contest}": "clearing"}
    chart = {"accounts": accounts, "movements": {}}

    result = judged(clearing_accounts_drained, Business.model_validate({"ledger": chart}))

    assert [finding.subject for finding in result.findings] == ["platform"]


def test_statuses_are_followed_in_the_targets_own_words() -> None:
    words = {"SCHEDULED": "SCHEDULED", "LOCKED": "LIVE"}

    own = judged(lifecycle_order, Business.model_validate({"statuses": {"contests": words}}))

    assert any("moved from SCHEDULED to LIVE" in finding.message for finding in own.findings)


def test_the_documented_business_is_the_default() -> None:
    for check in CHECKS:
        assert judged(check, Business()).findings == check.run(STORY, GOVERNANCE).findings, check.name


def test_without_a_score_provider_the_clock_is_the_only_signal() -> None:
    silent = History(event for event in STORY.events if not isinstance(event, ProviderAnswer))
    without = Business(without={"provider": "referees send the scores by mail"})

    assert judged(lifecycle_automatic, Business(), silent).findings
    assert judged(lifecycle_automatic, without, silent).findings == ()
    for check in (ingestion_automatic, ingestion_errors_logged, scores_applied):
        assert judged(check, without, silent).outcome == "not_verified"


def test_several_actors_may_act_for_the_system() -> None:
    """The trail of the story names one; whom nobody declared is somebody's hand."""
    unnamed = GOVERNANCE.model_copy(update={"system_actor": ""})

    def outcome(*actors: str) -> str:
        case = Case(STORY, unnamed, contract=Contract(business=Business(system_actors=actors)))
        return lifecycle_automatic.examine(case).outcome

    assert outcome("cron/doors", "system") == "pass"
    assert outcome("cron/doors") == "fail"
    assert outcome() == "unknown"


def test_where_ids_are_numbers_a_relation_is_the_table_that_its_query_names() -> None:
    """Rows of every table are numbered from 1."""
    rows = [Change(table=table, op="insert", key={"id": 1}, new={"id": 1}) for table in ("pools", "cashouts", "topups")]
    log = History([Transaction(seq=1, at=START, xid=1, changes=tuple(rows))])

    def table(**shown_by: str) -> str | None:
        case = Case(log, GOVERNANCE, contract=Contract(business=Business(shown_by=shown_by)))
        return case.table_of("transfers", ["1"])

    assert table(transfers="cashouts") == "cashouts"
    assert table(transfers="topups") == "topups"
    with pytest.raises(CannotTell):
        table(transfers="refunds")


def test_an_id_that_is_a_number_is_read_as_text() -> None:
    row = {"contest_id": 7, "user_id": 12, "roster": "[1, 2]"}

    entry = EntryRow.model_validate(row)

    assert (entry.contest_id, entry.user_id, entry.roster) == ("7", "12", ("1", "2"))
