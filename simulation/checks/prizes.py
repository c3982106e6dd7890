"""Prizes against the jury's own model, and whether each was paid or given up.

Source: fixtures/spec/platform.md (Money), fixtures/spec/requirements.md (C-28).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.books import books
from simulation.checks.evidence.called_off import called_off
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.expected import Expected, expected_settlements
from simulation.checks.evidence.model import Placing
from simulation.checks.evidence.relations import PayoutJobRow, Ranking, SettlementRow, TransferRow
from simulation.currency import money
from simulation.events import StripeObject
from simulation.words import plural


@check(
    "Every settlement equals our own model: pool, ranks, scores, prizes and remainder, to the cent",
    needs_end=True,
    about=("contests",),
)
def expected_prizes(case: Case, inquiry: Inquiry) -> None:
    settlements = {row.contest_id: row for row in case.rows(SettlementRow)}
    for contest_id, expected in case.remembered(expected_settlements).items():
        _totals(inquiry, expected, settlements[contest_id])
        _rankings(inquiry, expected, settlements[contest_id].results.rankings)
    for contest in case.contests:
        if contest.contest_id not in settlements and contest.contest_id not in case.remembered(called_off):
            inquiry.cannot_tell(f"{contest.key} was not settled")


def _totals(inquiry: Inquiry, expected: Expected, row: SettlementRow) -> None:
    model = expected.settlement
    paid = len(model.placings)
    keys, name, seen = replace(row.keys, contest=expected.contest.key), expected.contest.key, (expected.publication,)
    inquiry.examine()
    if row.participant_count != paid:
        what = "another number of participants than paid"
        inquiry.find(name, what, keys=keys, expected=paid, actual=row.participant_count, events=seen)
    for what, ours, theirs in (
        ("the pool", model.pool_cents, row.total_pool_cents),
        ("the platform's share", model.platform_cents, row.results.platform_cents),
        ("the sum of prizes and the platform's share", row.total_pool_cents, _accounted(row)),
    ):
        inquiry.examine()
        if ours != theirs:
            inquiry.find(
                name,
                f"{what} differs",
                keys=keys,
                amount_cents=abs(ours - theirs),
                expected=money(ours, expected.contest.plan.currency),
                actual=money(theirs, expected.contest.plan.currency),
                events=seen,
            )


def _accounted(row: SettlementRow) -> int:
    return sum(ranking.payout_cents for ranking in row.results.rankings) + row.results.platform_cents


def _rankings(inquiry: Inquiry, expected: Expected, rankings: tuple[Ranking, ...]) -> None:
    theirs: Mapping[str, Ranking] = {ranking.user_id: ranking for ranking in rankings}
    ours: Mapping[str, Placing] = {placing.user_id: placing for placing in expected.settlement.placings}
    for user_id in sorted(ours.keys() | theirs.keys()):
        inquiry.examine()
        wanted, found = ours.get(user_id), theirs.get(user_id)
        if _figures(wanted) != _figures(found):
            inquiry.find(
                f"{expected.contest.key}, entrant {user_id}",
                "settled otherwise than the scores say",
                keys=replace(expected.contest.keys, user_id=user_id),
                amount_cents=abs(_prize(wanted) - _prize(found)),
                expected=_in_words(wanted, expected.contest.plan.currency),
                actual=_in_words(found, expected.contest.plan.currency),
                events=(expected.publication,),
            )


def _figures(placing: Placing | Ranking | None) -> tuple[int, int, int] | None:
    return None if placing is None else (placing.rank, placing.score, placing.payout_cents)


def _prize(placing: Placing | Ranking | None) -> int:
    return 0 if placing is None else placing.payout_cents


def _in_words(placing: Placing | Ranking | None, currency: str) -> str:
    if placing is None:
        return "not ranked"
    return f"rank {placing.rank}, score {placing.score}, {money(placing.payout_cents, currency)}"


@check("Every payout transfer was executed, or is terminal with its reason", needs_end=True, about=("contests",))
def transfers_final(case: Case, inquiry: Inquiry) -> None:
    if case.business.paid_out == "wallet":
        _winners_are_credited(case, inquiry)
        return
    made = {item.object_id: item for item in case.events(StripeObject) if item.object_type == "transfer"}
    transfers = case.rows(TransferRow)
    for row in transfers:
        inquiry.examine()
        problem = _unfinished(row, made, case.currency_of(row))
        if problem:
            inquiry.find(
                f"{case.name(row.contest_id)}, transfer {row.transfer_id}",
                problem,
                keys=row.keys,
                amount_cents=row.amount_cents,
                expected="completed, or failed_terminal with a reason",
                actual=f"{row.status} after {plural(row.attempt_count, 'attempt')}",
            )
    _winners_have_transfers(case, inquiry, transfers)
    _jobs_add_up(case, inquiry, transfers)


def _winners_are_credited(case: Case, inquiry: Inquiry) -> None:
    """Where prizes stay in wallets, what was settled must be in the winner's."""
    credited = case.remembered(books).credited("prize")
    for settlement in case.rows(SettlementRow):
        for ranking in settlement.results.rankings:
            inquiry.examine()
            currency = case.currency(settlement.contest_id)
            actual = credited[settlement.contest_id, ranking.user_id, currency]
            if actual != ranking.payout_cents:
                inquiry.find(
                    f"{case.name(settlement.contest_id)}, entrant {ranking.user_id}",
                    "the credit in the winner's wallet is not what was settled",
                    keys=replace(settlement.keys, user_id=ranking.user_id),
                    amount_cents=abs(actual - ranking.payout_cents),
                    expected=money(ranking.payout_cents, currency),
                    actual=money(actual, currency),
                )


def _unfinished(row: TransferRow, made: Mapping[str, StripeObject], currency: str) -> str:
    if row.status == "failed_terminal":
        return "" if row.failure_reason else "failed for good without a reason"
    if row.status != "completed":
        return "neither executed nor given up"
    transfer = made.get(row.stripe_transfer_id or "")
    if transfer is None:
        return f"said to be completed, but Stripe knows no transfer {row.stripe_transfer_id}"
    if (transfer.amount_cents, transfer.currency) != (row.amount_cents, currency):
        moved = money(transfer.amount_cents, transfer.currency)
        return f"Stripe moved {moved} instead of {money(row.amount_cents, currency)}"
    return ""


def _winners_have_transfers(case: Case, inquiry: Inquiry, transfers: tuple[TransferRow, ...]) -> None:
    amounts = {(row.contest_id, row.user_id, case.currency_of(row)): row.amount_cents for row in transfers}
    for settlement in case.rows(SettlementRow):
        for ranking in settlement.results.rankings:
            inquiry.examine()
            currency = case.currency(settlement.contest_id)
            actual = amounts.get((settlement.contest_id, ranking.user_id, currency), 0)
            if actual != ranking.payout_cents:
                inquiry.find(
                    f"{case.name(settlement.contest_id)}, entrant {ranking.user_id}",
                    "the transfer is not what was settled",
                    keys=replace(settlement.keys, user_id=ranking.user_id),
                    amount_cents=abs(actual - ranking.payout_cents),
                    expected=money(ranking.payout_cents, currency),
                    actual=money(actual, currency),
                )


def _jobs_add_up(case: Case, inquiry: Inquiry, transfers: tuple[TransferRow, ...]) -> None:
    for job in case.rows(PayoutJobRow):
        inquiry.examine()
        statuses = [row.status for row in transfers if row.contest_id == job.contest_id]
        counted = (len(statuses), statuses.count("completed"), statuses.count("failed_terminal"))
        told = (job.total_payouts, job.completed_count, job.failed_count)
        if counted != told:
            inquiry.find(
                case.name(job.contest_id),
                "the payout job's counts are not its transfers'",
                keys=job.keys,
                expected="{} in all, {} completed, {} failed".format(*counted),
                actual="{} in all, {} completed, {} failed".format(*told),
            )
