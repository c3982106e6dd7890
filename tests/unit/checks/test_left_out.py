"""What was not judged is told once for each cause, however many checks it stops."""

from __future__ import annotations

from simulation.checks.left_out import in_words
from simulation.checks.verdict import judge
from simulation.contract.business import Business
from simulation.contract.document import Contract
from simulation.events import Observation
from simulation.history import History
from simulation.reporting.html import render_html
from simulation.reporting.summary import render_summary
from simulation.reporting.view import build_report
from tests.unit.checks.story import passing

HISTORY = passing().history()
WITHOUT_TRANSFERS = History(
    event for event in HISTORY.events if not (isinstance(event, Observation) and event.relation == "transfers")
)


def test_a_relation_that_is_missing_is_one_gap_with_all_the_checks_that_it_stops() -> None:
    verdict = judge(WITHOUT_TRANSFERS)

    (gap,) = [item for item in verdict.left_out if item.what == "relation transfers"]
    assert {"transfers_final", "exactly_once", "convergence"} <= set(gap.checks)
    assert gap.why == ""
    assert f"relation transfers ({len(gap.checks)} checks)" in in_words(verdict.left_out)


def test_what_a_business_does_not_have_is_told_with_its_reason() -> None:
    contract = Contract(business=Business(without={"transfers": "prizes stay in wallets"}, paid_out="wallet"))

    verdict = judge(WITHOUT_TRANSFERS, contract=contract)

    (gap,) = [item for item in verdict.left_out if item.what == "transfers"]
    assert gap.why == "prizes stay in wallets"
    assert "given_up_for_cause" in gap.checks
    assert in_words(verdict.left_out).endswith("1 declared absent: transfers")


def test_the_documented_platform_leaves_nothing_out() -> None:
    assert in_words(judge(HISTORY).left_out) == ""


def test_the_summary_says_it() -> None:
    verdict = judge(WITHOUT_TRANSFERS)

    assert "Not judged: 1 not declared: relation transfers" in render_summary(build_report(WITHOUT_TRANSFERS, verdict))


def test_the_report_lists_each_gap_with_its_checks_and_each_absence_with_its_reason() -> None:
    contract = Contract(business=Business(without={"refunds": "what was paid stays in the wallet"}))
    verdict = judge(WITHOUT_TRANSFERS, contract=contract)

    page = render_html(build_report(WITHOUT_TRANSFERS, verdict))

    assert "relation transfers</th><td>the target does not declare it</td>" in page
    assert "refunds</th><td>what was paid stays in the wallet</td><td>none is about this alone</td>" in page
