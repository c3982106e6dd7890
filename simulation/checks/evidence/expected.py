"""What each contest should settle to, from outside the platform: who joined, who paid, what the provider published.

The platform's results are never read here, only the time of its settlement in the write-ahead log: from then on the
contest's books are closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from simulation.checks.evidence.case import CannotTell, Case, PlannedContest, Undeclared
from simulation.checks.evidence.model import (
    ExpectedSettlement,
    PaidEntry,
    Rounds,
    Rules,
    declared_settlement,
    expected_settlement,
)
from simulation.checks.evidence.money import Moved, grouped, misfits, moved, withdrawn
from simulation.checks.evidence.relations import SettlementRow
from simulation.contract.model import ModelError
from simulation.currency import currency_of
from simulation.events import EntrantAction, ProviderPublication


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A contest's expected settlement and the events from which it was computed."""

    contest: PlannedContest
    settlement: ExpectedSettlement
    publication: ProviderPublication
    closed_at: datetime

    def prize_cents(self, user_id: str) -> int:
        """The prize that an entrant should win in cents; 0 without a prize."""
        return next((placing.payout_cents for placing in self.settlement.placings if placing.user_id == user_id), 0)


def expected_settlements(case: Case) -> Mapping[str, Expected]:
    """Contest id → expected settlement, for every settled contest. Call it through :meth:`Case.remembered`."""
    closed = case.remembered(closing_times)
    wrong = misfits(case)
    charges = tuple(charge for charge in moved(case, "charge") if charge.payment_intent_id not in wrong)
    return {
        contest.contest_id: _expected(case, contest, charges, closed[contest.contest_id])
        for contest in case.contests
        if contest.contest_id in closed
    }


def closing_times(case: Case) -> Mapping[str, datetime]:
    """Contest id → when its settlement was committed."""
    settled = _settled(case)
    table = case.table_showing(SettlementRow.relation, settled)
    committed = {change.row_id: change.transaction.at for change in case.wal.of(table or "") if change.op == "insert"}
    missing = [contest_id for settlement_id, contest_id in settled.items() if settlement_id not in committed]
    if missing:
        raise CannotTell(f"settlement of {case.name(missing[0])} is not in the write-ahead log")
    return {contest_id: committed[settlement_id] for settlement_id, contest_id in settled.items()}


def _settled(case: Case) -> Mapping[str, str]:
    """Settlement id → contest id. A row of which another column is wrong still tells when its contest was settled."""
    rows = case.history.rows(SettlementRow.relation)
    if rows is None:
        raise CannotTell(f"relation {SettlementRow.relation} was not observed")
    if any(row.get("settlement_id") is None for row in rows):
        raise CannotTell(f"relation {SettlementRow.relation} has a row without settlement_id")
    return {str(row["settlement_id"]): str(row.get("contest_id")) for row in rows}


def _expected(case: Case, contest: PlannedContest, charges: tuple[Moved, ...], closed_at: datetime) -> Expected:
    publication, gone = _last_final(case, contest, closed_at), case.remembered(withdrawn)
    payers = {
        charge.user_id
        for charge in charges
        if charge.contest_id == contest.contest_id and charge.movement.at <= closed_at and charge.entrant not in gone
    }
    entries = [
        PaidEntry(user_id=action.user_id, roster=action.roster)
        for action in _joins(case, contest)
        if action.user_id is not None
        and (action.user_id in payers or not contest.plan.entry_fee_cents)
        and (contest.contest_id, action.user_id) not in gone
    ]
    settlement = _settlement(case, contest, entries, publication.rounds)
    return Expected(contest=contest, settlement=settlement, publication=publication, closed_at=closed_at)


def _settlement(
    case: Case, contest: PlannedContest, entries: Sequence[PaidEntry], rounds: Mapping[str, Rounds]
) -> ExpectedSettlement:
    """By the documented model, or by the target's own.

    :raises CannotTell: it declares none, its own cannot be used, or a roster has a player who was never published.
    """
    unknown = sorted({player for entry in entries for player in entry.roster} - rounds.keys())
    if unknown:
        raise CannotTell(f"{contest.key}: the provider never published player {unknown[0]!r}")
    rules = Rules(
        entry_fee_cents=contest.plan.entry_fee_cents,
        payout_percent=contest.plan.payout_percent,
        missed_round_strokes=contest.plan.missed_round_strokes,
        guaranteed_pool_cents=contest.plan.guaranteed_pool_cents,
        step=currency_of(contest.plan.currency).step,
    )
    business = case.business
    if business.model == "undeclared":
        raise Undeclared("business.model", "its contract")
    if business.model == "documented":
        return expected_settlement(entries, rounds=rounds, rules=rules)
    try:
        return declared_settlement(business.model_source, entries, rounds=rounds, rules=rules)
    except ModelError as error:
        raise CannotTell(f"{contest.key}: {error}") from error


def _joins(case: Case, contest: PlannedContest) -> list[EntrantAction]:
    """One join for each person, with the last roster that they submitted."""
    joins = [
        action for action in case.events(EntrantAction) if action.action == "joined" and action.contest == contest.key
    ]
    return [actions[-1] for actions in grouped(joins, lambda action: action.user_id).values()]


def _last_final(case: Case, contest: PlannedContest, closed_at: datetime) -> ProviderPublication:
    finals = [
        publication
        for publication in case.events(ProviderPublication)
        if publication.tournament == contest.plan.tournament and publication.final and publication.at <= closed_at
    ]
    if not finals:
        raise CannotTell(f"{contest.key}: settled, but the provider published no final board before that")
    return finals[-1]
